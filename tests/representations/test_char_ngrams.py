"""The plain way with records: against scikit-learn's pipeline."""

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from zoo.errors import InputError
from zoo.representations import CharNgrams
from zoo.rows import TypedRecordRows
from zoo.rows.typed_field import TypedField
from zoo.types import Splits


@pytest.fixture
def splits(rng):
    words = ["".join(rng.choice(list("abcdef"), 5)) for _ in range(40)]
    raw = pa.table({"name": words, "town": (["Bern", "N/A"] * 20)})
    kind = TypedRecordRows({"name": TypedField("text", 64), "town": TypedField("text", 64)})
    return Splits(kind.read(raw), np.arange(30), np.arange(30, 30), np.arange(30, 40), raw=raw, kind=kind)


TRAINED = SimpleNamespace(model=SimpleNamespace(latent_dim=6))


def test_the_cosine_is_scikit_learns(splits):
    found = CharNgrams().fit("plain", splits, TRAINED).encode(splits.test)
    texts = [f"{name} bern" if i % 2 == 0 else name for i, name in enumerate(splits.raw.column("name").to_pylist())]
    weighted = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3)).fit(texts[:30]).transform(texts[30:])
    np.testing.assert_allclose((found @ found.T).toarray(), (weighted @ weighted.T).toarray())


def test_directions_are_as_many_as_the_code_has_and_copies_are_nearer_along_theirs(splits):
    svd, copies = (CharNgrams(each).fit(each, splits, TRAINED) for each in ("svd", "copies"))
    assert svd.encode(splits.test).shape == copies.encode(splits.test).shape == (10, 6)
    rewritten = splits.rewritten(splits.train, 9)

    def apart(one):  # the errors' share of the variance
        own, other = one.encode(splits.train), one.on(rewritten).encode(rewritten.test)
        return ((own - other) ** 2).sum() / own.var(axis=0).sum()

    assert apart(copies) < apart(svd)


def test_rows_without_texts_are_refused(splits):
    rows = Splits(np.ones((9, 3), np.float32), np.arange(5), np.arange(5, 6), np.arange(6, 9))
    with pytest.raises(InputError, match="CharNgrams is for records with their texts"):
        CharNgrams().fit("plain", rows, TRAINED)
