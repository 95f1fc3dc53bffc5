"""Exports a model as a versioned SavedModel: staged, verified in a fresh process, renamed into place whole."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.encoder import EMBEDDINGS_FILE, OTHERS, READS_ROWS, Encoder
from zoo.errors import ZooError
from zoo.export._serving_requests import features_of_examples, serialised_examples, write_warmup
from zoo.folders import require_writable
from zoo.intakes.choose import intake_of
from zoo.quiet import import_tensorflow
from zoo.types import Exported

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zoo.types import Floats, Intake, PositiveFloat, Splits

    # signature -> its inputs, the name of an output, and the values expected of it
    _Calls = Mapping[str, tuple[Mapping[str, Any], str, Floats]]

_PROBES = 256
_NUMBERS = 2**24  # of the probes' reconstructions at most: 64 MiB
_DRAWN = 4
_STAGED = ".candidate-"


class Exporter:
    """Writes SavedModels into a store that TF Serving polls: STORE/NAME/VERSION.

    Args:
        store: folder of the store.
        tolerance: largest difference allowed between the exported and the in-memory model's values: absolute for
            values of up to 1, relative to the output's largest value beyond.
    """

    def __init__(self, store: str = "serving/store", tolerance: PositiveFloat = 1e-5) -> None:
        self.store, self.tolerance = store, tolerance

    def require_writable(self, name: str) -> None:
        """Makes STORE/NAME and tries to write there; raises InputError if it cannot."""
        require_writable(self._home(name), "the store", "export.store=FOLDER")

    def newest_version(self, name: str) -> int:
        """The highest version number in the store; 0 if there is none."""
        home = self._home(name)
        return max((int(path.name) for path in home.glob("*") if path.name.isdigit()), default=0)

    @contextlib.contextmanager
    def candidate(self, name: str, model: Any, splits: Splits, documents: Mapping[str, str]) -> Iterator[Exported]:
        """Exports a model beside the versions, where no server looks, and verifies it.

        Args:
            name: the encoder's name in the store.
            model: a built `zoo.models.Autoencoder`.
            splits: the table; test rows serve as probes, and all rows' codes go along as `embeddings.parquet`.
            documents: further files by name, such as `verdict.json`.

        Yields:
            The candidate; `publish` turns it into a version. What was not published is removed afterwards.

        Raises:
            ZooError: the exported model could not be written, loaded, or gives other values.
        """
        self._remove_abandoned(name)
        # the process number in the name tells an export under way from one that was killed
        staged = self._home(name) / f"{_STAGED}{os.getpid()}-{uuid.uuid4().hex[:8]}"
        directory = staged / "saved_model"  # the registry keeps the folder under this name
        try:
            try:
                _write(directory, model, intake_of(splits))
                if splits.keys is not None:
                    _write_embeddings(directory / EMBEDDINGS_FILE, model, splits)
                for file, text in documents.items():
                    (directory / file).write_text(text, encoding="utf-8")
                calls = _calls_on_probes(model, splits)
                write_warmup(directory, name, {signature: inputs for signature, (inputs, _, _) in calls.items()})
            except (OSError, import_tensorflow().errors.OpError) as error:
                raise ZooError(f"the export to {staged.parent} failed: {_one_line(error)}") from error
            yield self._verified(directory, calls)
        finally:
            shutil.rmtree(staged, ignore_errors=True)

    def publish(self, exported: Exported, name: str, version: int) -> Path:
        """Renames a candidate to STORE/NAME/VERSION, in one step.

        Raises:
            ZooError: the version is there already, or the rename failed.
        """
        target = self._home(name) / str(version)
        if target.exists():
            raise ZooError(f"{target} exists already; move it away, or set export.store=FOLDER")
        try:
            exported.directory.rename(target)
        except OSError as error:
            raise ZooError(f"{target} could not be put in place: {_one_line(error)}") from error
        return target

    def _home(self, name: str) -> Path:
        return Path(self.store).expanduser() / name

    def _remove_abandoned(self, name: str) -> None:
        for path in self._home(name).glob(f"{_STAGED}*"):
            process = path.name.removeprefix(_STAGED).partition("-")[0]
            if not Path(f"/proc/{process}").exists() and Path("/proc").exists():
                shutil.rmtree(path, ignore_errors=True)

    def _verified(self, directory: Path, calls: _Calls) -> Exported:
        difference = _difference_in_fresh_process(directory, calls)
        if not difference <= self.tolerance:
            raise ZooError(
                f"the exported model's values differ from the model's in memory by up to {difference:.2e}, "
                f"more than export.tolerance={self.tolerance:g}; nothing was published"
            )
        return Exported(directory, tuple(calls), difference)


def _write(directory: Path, model: Any, intake: Intake) -> None:
    """Writes the SavedModel. Keras' own export archive takes no look-up tables, and names only one input well."""
    tf = import_tensorflow()
    specs = intake.specs()
    number, codes = tf.TensorSpec((), tf.int32), tf.TensorSpec((None, model.latent_dim), tf.float32)

    def score(**arrays: Any) -> dict[str, Any]:
        scores = model.score(intake.features(arrays))
        threshold = tf.zeros_like(scores) + tf.convert_to_tensor(model.threshold)
        return {"score": scores, "threshold": threshold, "anomalous": scores > threshold}

    methods = [method for method in READS_ROWS if method != "score" and Encoder.can(model, method)]
    signatures = {
        READS_ROWS[method][0]: _traced(partial(_endpoint, model, method, intake), specs) for method in methods
    }
    signatures["score"] = _traced(score, specs)
    signatures["serving_examples"] = _traced(
        lambda examples: {"embedding": model.encode(intake.features(features_of_examples(examples, specs)))},
        {"examples": tf.TensorSpec((None,), tf.string, name="examples")},
    )
    signatures["decode"] = _traced(lambda codes: {"reconstruction": model.decode(codes)}, {"codes": codes})
    if model.is_generative:
        signatures["sample"] = _traced(
            lambda count, seed: {"reconstruction": model.sample(count, seed)}, {"count": number, "seed": number}
        )
    exported = tf.Module()  # what is to be saved must hang on it
    exported.weights = [variable.value for variable in model.variables]
    exported.tables = list(getattr(intake, "tables", ()))
    exported.threshold = model.threshold.value
    tf.saved_model.save(exported, str(directory), signatures=signatures)


def _traced(function: Any, specs: Mapping[str, Any]) -> Any:
    return import_tensorflow().function(function, autograph=False).get_concrete_function(**specs)


def _endpoint(model: Any, method: str, intake: Intake, **arrays: Any) -> dict[str, Any]:
    return {READS_ROWS[method][1]: getattr(model, method)(intake.features(arrays))}


def _calls_on_probes(model: Any, splits: Splits) -> _Calls:
    """What the model in memory gives for test rows, by signature."""
    intake = intake_of(splits)
    count = max(1, min(_PROBES, _NUMBERS // splits.width))
    encoder = Encoder.from_model("in memory", model, intake=intake)
    arrays = intake.arrays(splits.take(splits.test[:count]))
    calls = {
        READS_ROWS[method][0]: (arrays, READS_ROWS[method][1], encoder.call(method, arrays))
        for method in READS_ROWS
        if encoder.has(method)
    }
    codes = calls["serving_default"][2]
    calls["serving_examples"] = ({"examples": serialised_examples(arrays)}, "embedding", codes)
    calls["decode"] = ({"codes": codes}, OTHERS["decode"][1], encoder.decode(codes))
    if encoder.has("sample"):
        draw = {"count": np.int32(_DRAWN), "seed": np.int32(1)}
        calls["sample"] = (draw, OTHERS["sample"][1], encoder.sample(_DRAWN, seed=1))
    return calls


def _write_embeddings(path: Path, model: Any, splits: Splits) -> None:
    """Keys and codes of the whole table, block by block: what `encode_words` looks up, and of use by itself."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if splits.keys is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    codes = pa.list_(pa.float32(), model.latent_dim)
    schema = pa.schema([("key", pa.string()), ("embedding", codes)])
    encoder = Encoder.from_model("in memory", model, intake=intake_of(splits))
    rows = np.arange(len(splits))
    with pq.ParquetWriter(path, schema) as writer:
        for start, block in zip(range(0, len(rows), 65_536), splits.batches(rows, 65_536), strict=True):
            keys = pa.array(splits.keys[start : start + block.shape[0]].tolist(), pa.string())
            flat = pa.array(encoder.encode(block).ravel(), pa.float32())
            writer.write_table(pa.table([keys, pa.FixedSizeListArray.from_arrays(flat, type=codes)], schema=schema))


def _difference_in_fresh_process(directory: Path, calls: _Calls) -> float:
    with tempfile.TemporaryDirectory() as scratch:
        expected = Path(scratch) / "expected.npz"
        arrays: dict[str, Any] = {}
        for name, (inputs, output, values) in calls.items():
            arrays |= {f"{name}/in/{each}": _savable(array) for each, array in inputs.items()}
            arrays[f"{name}/out/{output}"] = values
        np.savez(expected, **arrays)
        script = Path(__file__).with_name("verify_saved_model.py")
        command = [sys.executable, "-I", str(script), str(directory), str(expected)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own script
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise ZooError(f"a fresh process could not use the exported model: {last}")
    return float(json.loads(done.stdout.splitlines()[-1])["largest_difference"])


def _savable(array: Any) -> Any:
    """Strings as NumPy saves them without pickling: bytes, which may end in zeros, as base64 in an array of bytes."""
    if np.asarray(array).dtype != object:
        return array
    if array.size and isinstance(array.flat[0], bytes):
        return np.asarray([base64.urlsafe_b64encode(each) for each in array], dtype=np.bytes_)
    return np.asarray(array, dtype=np.str_)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
