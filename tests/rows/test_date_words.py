"""Dates with names of months and years of two digits: what is read in Python is read in the graph."""

import datetime

import numpy as np
import pandas as pd
import pytest

from zoo.data import MixedTable
from zoo.quiet import import_tensorflow
from zoo.rows.cell_texts import normalised
from zoo.rows.date_words import in_numbers, texts_in_numbers

WRITTEN = {
    "30-Aug-22": "2022-8-30",
    "30 August 2022": "2022-8-30",
    "30. Aug. 1999": "1999-8-30",
    "August 5, 2022": "2022-8-5",
    "Aug 5th 2022 10:30": "2022-8-5",
    "Monday, 1 May 1989": "1989-5-1",
    "31.12.69": "31.12.1969",
    "12/31/68": "12/31/2068",
    "2020-01-31": "2020-01-31",
    "20-01-31 ": "20-01-2031",
    "no date": "no date",
    "1.2.3": "1.2.3",
    "yz": "yz",
}


def test_python_and_the_graph_write_dates_alike():
    tf = import_tensorflow()
    assert {text: in_numbers(text) for text in WRITTEN} == WRITTEN
    found = texts_in_numbers(normalised(tf.constant(list(WRITTEN)))).numpy()
    assert [text.decode() for text in found] == list(WRITTEN.values())


@pytest.mark.parametrize("form", ["%d-%b-%y", "%B %d, %Y", "%d.%m.%y", "%m/%d/%y"])
def test_a_column_of_such_dates_is_the_same_as_of_plain_ones(form, tmp_path):
    days = [
        datetime.date(1985, 1, 1) + datetime.timedelta(int(n)) for n in np.random.default_rng(0).integers(0, 9000, 80)
    ]
    frame = pd.DataFrame({"plain": [day.isoformat() for day in days], "written": [day.strftime(form) for day in days]})
    frame.to_csv(tmp_path / "dates.csv", index=False)
    splits = MixedTable(str(tmp_path / "dates.csv")).load()
    assert splits.kind.reads == {"plain": "date", "written": "date"}
    np.testing.assert_allclose(splits.features[:, 5:], splits.features[:, :5], atol=1e-5)
    assert type(splits.kind).from_config(splits.kind.get_config()).get_config() == splits.kind.get_config()
