"""How many bytes a row of each representation takes, and where it is said."""

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console
from scipy import sparse

from zoo.evaluate.judge import Judge
from zoo.quiet import import_tensorflow

tf = import_tensorflow()

from zoo.bottlenecks import Linear, VectorQuantised  # noqa: E402
from zoo.encoder import Encoder  # noqa: E402
from zoo.likelihoods import Normal  # noqa: E402
from zoo.metrics import NeighbourOverlap  # noqa: E402
from zoo.models import Autoencoder  # noqa: E402
from zoo.networks import MLP  # noqa: E402
from zoo.report.tables import report_table  # noqa: E402
from zoo.representations._encoded_table import EncodedTable  # noqa: E402
from zoo.representations.raw import Raw  # noqa: E402


def encoded(splits, bottleneck, code_scale=None):
    parts = {"encoder": MLP([8]), "decoder": MLP([8]), "likelihood": Normal(), "bottleneck": bottleneck}
    model = Autoencoder(**parts)
    model.build((None, 12))
    return EncodedTable(Encoder.from_model("encoder", model, code_scale=code_scale), splits)


@pytest.mark.parametrize(
    ("bottleneck", "code_scale", "expected"),
    [
        (Linear(6), None, 24),
        (Linear(6), 0.1, 6),
        (VectorQuantised(6, groups=3, codes=16), None, 3),
        (VectorQuantised(6, groups=2, codes=300), None, 4),
    ],
)
def test_codes_take_what_they_are_stored_as(bottleneck, code_scale, expected, splits):
    encoder = encoded(splits, bottleneck, code_scale)
    assert encoder.bytes_per_row() == expected
    raw = Raw().fit("raw", splits, None)
    report = Judge(resamples=20).report([encoder, raw], {"overlap": NeighbourOverlap(k=3)}, splits)
    assert report.bytes_per_row == {"encoder": expected, "raw": 48}
    for width in (60, 120):
        console = Console(file=io.StringIO(), width=width)
        console.print(report_table(report))
        assert f"{expected} B" in console.file.getvalue()
        assert "48 B" in console.file.getvalue()


def test_raw_rows_take_what_the_table_holds(splits):
    images = replace(splits, features=np.zeros((600, 4, 4, 3), np.uint8))
    assert Raw().fit("raw", images, None).bytes_per_row() == 48
    held = sparse.csr_array((np.arange(600 * 12).reshape(600, 12) % 4 == 0).astype(np.float32))
    assert Raw().fit("raw", replace(splits, features=held), None).bytes_per_row() == 24
