"""Run as a script, in a process of its own that cannot import zoo: does a SavedModel give the expected values?

    python -I verify_saved_model.py SAVED_MODEL_DIRECTORY EXPECTED.npz

The file holds, for each signature, its inputs `SIGNATURE/in/NAME` and one output `SIGNATURE/out/NAME`; an array of
bytes holds base64, since NumPy would drop zeros at the end. Prints
one line of JSON: the largest difference over all signatures, absolute for values of up to 1 and relative to an output's
largest value beyond (pixels of 0 to 255 cannot agree to 1e-5).
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
        for name in sorted({key.partition("/")[0] for key in values.files}):
            signature = model.signatures[name]
            inputs = {key.rpartition("/")[2]: values[key] for key in values.files if key.startswith(f"{name}/in/")}
            ((output, wanted),) = (
                (key.rpartition("/")[2], values[key]) for key in values.files if key.startswith(f"{name}/out/")
            )
            if not np.isfinite(wanted).all():
                raise ValueError(f"signature {name}: the expected values are not finite")
            counts = {len(wanted), 1} if all(np.ndim(array) for array in inputs.values()) else {len(wanted)}
            for count in counts:  # a batch of one row is served as often as any
                taken = {key: tf.constant(array[:count] if np.ndim(array) else array) for key, array in inputs.items()}
                taken = {
                    key: tf.io.decode_base64(it) if inputs[key].dtype.kind == "S" else it for key, it in taken.items()
                }
                got = signature(**taken)[output].numpy()
                if got.shape != wanted[:count].shape:
                    raise ValueError(f"signature {name}: shape {got.shape}, not {wanted[:count].shape}")
                scale = max(1.0, float(np.max(np.abs(wanted))))
                largest = max(largest, float(np.max(np.abs(got - wanted[:count]), initial=0.0)) / scale)
    print(json.dumps({"largest_difference": largest}))  # noqa: T201  this is the script's answer


if __name__ == "__main__":
    main(*sys.argv[1:])
