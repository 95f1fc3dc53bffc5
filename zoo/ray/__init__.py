"""Encoders for Ray Data, which hands batches of a dataset to actors on many machines.

    from zoo.ray import Encode
    coded = dataset.map_batches(
        Encode, fn_constructor_args=("vae_word2vec",), batch_format="pyarrow", batch_size=8192, concurrency=4
    )

Sweeps on Ray are `zoo.launchers.ray_tasks`.
"""

from zoo.ray.encode import Encode

__all__ = ["Encode"]
