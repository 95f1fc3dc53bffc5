"""Training on several replicas; what needs several processes is in test_several_machines.py."""

import json

import numpy as np
import pytest

from zoo.errors import InputError
from zoo.train.feed import Feed
from zoo.train.tf_config import task
from zoo.train.trainer import Trainer
from zoo.train.workers import Workers

CLUSTER = {"worker": ["one:2222", "two:2222"]}


def told(monkeypatch, value):
    monkeypatch.setenv("TF_CONFIG", value if isinstance(value, str) else json.dumps(value))
    return task()


def test_the_environment_says_which_worker_this_is(monkeypatch):
    assert told(monkeypatch, {"cluster": CLUSTER, "task": {"type": "worker", "index": 1}}).index == 1
    with_chief = {"cluster": {**CLUSTER, "chief": ["zero:2222"]}, "task": {"type": "worker", "index": 0}}
    found = told(monkeypatch, with_chief)
    assert found.index == 1  # TensorFlow counts the chief first
    assert found.addresses == ("zero:2222", "one:2222", "two:2222")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("", "is not set"),
        ("{", "is no JSON"),
        ([], "no mapping for it"),
        ({"task": {"type": "worker", "index": 0}}, "no mapping for cluster"),
        ({"cluster": CLUSTER}, "no mapping for task"),
        (
            {"cluster": CLUSTER, "task": {"type": "worker", "index": 2}},
            "worker 2, and the cluster has worker 0, worker 1",
        ),
        ({"cluster": CLUSTER, "task": {"type": "worker", "index": "0"}}, "worker '0'"),
        ({"cluster": {"ps": ["a:1"]}, "task": {"type": "ps", "index": 0}}, "has ps in its cluster"),
        ({"cluster": {"worker": ["one"]}, "task": {"type": "worker", "index": 0}}, "no list of host:port"),
        ({"cluster": {"worker": ["a:1", "a:1"]}, "task": {"type": "worker", "index": 0}}, "two workers one address"),
    ],
)
def test_what_the_environment_lacks_is_said_with_an_example(monkeypatch, value, problem):
    with pytest.raises(InputError) as refused:
        told(monkeypatch, value)
    assert problem in str(refused.value)
    assert '"task": {"type": "worker", "index": 0}' in str(refused.value)


def rows(feed, epoch):
    feed.start_epoch(epoch)
    return [batch.numpy() for batch in feed.training()]


def test_workers_share_each_batch_and_see_together_what_one_would(splits):
    whole = Feed(splits, 64, seed=3)
    shards = [Feed(splits, 64, seed=3, shard=(index, 2), devices=2) for index in range(2)]
    for epoch in (0, 1):
        pieces = [rows(shard, epoch) for shard in shards]
        assert {len(each) for each in pieces} == {12}  # equally many steps of two pieces
        for step, batch in enumerate(rows(whole, epoch)):
            mine = [piece for shard in pieces for piece in shard[2 * step : 2 * step + 2]]
            np.testing.assert_array_equal(np.concatenate(mine), batch)


def test_validation_rows_that_do_not_fill_all_pieces_are_left_out(splits):
    shards = [Feed(splits, 63, seed=3, shard=(index, 3)) for index in range(3)]
    seen = [[len(batch) for batch in shard.validation()] for shard in shards]
    assert seen == [[21, 12]] * 3  # of 100 rows 99: two steps, equal on all


def test_a_batch_that_replicas_cannot_share_is_refused():
    workers = Workers()
    workers.replicas = 3
    with pytest.raises(InputError, match="set it to 255 or 258"):
        workers.split(256, asked=True)
    assert workers.split(256, asked=False) == 255
    with pytest.raises(InputError, match="2 validation rows cannot be shared by 3 replicas"):
        workers.require_rows(100, 2)


def test_what_tensorflow_cannot_do_for_several_replicas_is_refused():
    with pytest.raises(ValueError, match="jit_compile goes with strategy=none"):
        Trainer(1, jit_compile=True, strategy="mirrored")
    with pytest.raises(ValueError, match="steps_per_execution must be 1 or left out with strategy=multi_worker"):
        Trainer(1, steps_per_execution=4, strategy="multi_worker")


def test_parts_that_need_a_whole_batch_are_named():
    import keras

    from zoo.models.conv_autoencoder import ConvAutoencoder
    from zoo.models.dense_autoencoder import DenseAutoencoder
    from zoo.networks.mlp import MLP
    from zoo.networks.noise_filter import NoiseFilter

    class Alone(MLP):
        needs_one_replica = "it ranks the rows"

    class Normed(MLP):
        def __init__(self, *arguments, **named):
            super().__init__(*arguments, **named)
            self.norm = keras.layers.BatchNormalization()

    workers = Workers()
    workers.replicas = 2
    workers.require_parts(ConvAutoencoder(latent_dim=2, widths=[4], normalisation="batch"))
    filtered = DenseAutoencoder(2, [4])
    filtered.encoder = NoiseFilter(Alone([4]))  # a part within a part
    filtered.decoder = Normed([4])
    Workers().require_parts(filtered)
    with pytest.raises(InputError, match=r"Alone .it ranks the rows.*BatchNormalization .it takes means"):
        workers.require_parts(filtered)
