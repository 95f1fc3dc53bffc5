"""Run as a script, in a process of its own that cannot import zoo: does a SavedModel give the expected values?

    python -I verify_saved_model.py SAVED_MODEL_DIRECTORY EXPECTED.npz

The file holds, for each signature, `SIGNATURE/input` and `SIGNATURE/output`. Prints one line of JSON: the largest
absolute difference over all signatures.
"""

import json
import os
import sys

sys.modules["zoo"] = None  # type: ignore[assignment]  # from here on `import zoo` fails, as on a server
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = os.environ.get("CUDA_VISIBLE_DEVICES", "")


def main(directory: str, expected: str) -> None:
    """Prints the largest absolute difference; raises if a signature is missing or gives another shape."""
    import numpy as np
    import tensorflow as tf

    model = tf.saved_model.load(directory)
    largest = 0.0
    with np.load(expected, allow_pickle=False) as values:
        for name in sorted({key.rpartition("/")[0] for key in values.files}):
            signature = model.signatures[name]
            (argument,) = signature.structured_input_signature[1]
            (output,) = signature.structured_outputs
            rows, wanted = values[f"{name}/input"], values[f"{name}/output"]
            for count in (len(rows), 1):  # a batch of one row is served as often as any
                got = signature(**{argument: tf.constant(rows[:count])})[output].numpy()
                if got.shape != wanted[:count].shape:
                    raise ValueError(f"signature {name}: shape {got.shape}, not {wanted[:count].shape}")
                largest = max(largest, float(np.max(np.abs(got - wanted[:count]), initial=0.0)))
            if not np.isfinite(wanted).all():
                raise ValueError(f"signature {name}: the expected values are not finite")
    print(json.dumps({"largest_difference": largest}))  # noqa: T201  this is the script's answer


if __name__ == "__main__":
    main(*sys.argv[1:])
