"""Every part over two replicas comes to what it comes to on one, which has the batch of both."""

import json
import subprocess
import sys

import numpy as np
import pytest

from tests.conformance.test_parts import EXAMPLES, PARTS, SEES_THE_BATCH

RELATIVE = 2e-6  # float32 sums in another order
STEP = 1e-5  # of weights, beside steps of 0.01


def trained(parts):
    """What `replicated_parts` prints."""
    command = [sys.executable, "-m", "tests.train.replicated_parts", *sorted(parts)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1800, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def assert_alike(found):
    for name, part in found.items():
        assert "refused" not in part, (name, part)
        assert part["apart"] < STEP, name
        for one, two in zip(part["one"], part["two"], strict=True):
            assert two == pytest.approx(one, rel=RELATIVE), name


@pytest.mark.slow
def test_parts_that_see_the_batch_are_given_the_whole_of_it():
    assert set(EXAMPLES) >= SEES_THE_BATCH
    wanted = SEES_THE_BATCH - {"networks.ResidualDecoder"}  # made of what ResidualEncoder is made of
    found = trained(wanted)
    for first, second in found.pop("noise"):
        assert first != second  # each replica has noise of its own
    one, *others = found.pop("priors")
    for each in others:
        np.testing.assert_allclose(each, one, rtol=1e-5)
    assert set(found) >= wanted
    assert_alike(found)


@pytest.mark.long
@pytest.mark.parametrize("in_graphs", [False, True])
def test_every_part_trains_on_two_replicas_as_on_one(in_graphs):
    """In compiled graphs, which do not know how many rows a piece has, only what sees more than rows one by one."""
    parts = SEES_THE_BATCH if in_graphs else PARTS
    found = trained([*parts, *["--in-graphs"] * in_graphs])
    assert set(found) >= set(parts)
    del found["noise"], found["priors"]
    assert_alike(found)
