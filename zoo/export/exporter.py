"""Exports a model as a versioned SavedModel: staged, verified by being served, renamed into place whole."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from zoo.encoder import EMBEDDINGS_FILE, Encoder
from zoo.errors import InputError, ZooError, one_line
from zoo.export._one_reading import require_one_reading
from zoo.export._onnx import ONNX_FILE, require_onnx, write_onnx
from zoo.export._pair_scorer import write_pair_scorer
from zoo.export._precision import round_weights
from zoo.export._served import difference_when_served, make_ready
from zoo.export._serving_requests import serialised_examples, write_warmup
from zoo.export._signatures import calls_on_probes, write_saved_model
from zoo.export.store import Store
from zoo.folders import require_writable
from zoo.quantization import scale_of
from zoo.quiet import import_tensorflow
from zoo.rows.example_schema import SCHEMA_FILE, schema_of
from zoo.types import Exported

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zoo.export._signatures import Calls
    from zoo.types import PositiveFloat, Splits

# files that say which checks an export has passed, named as TFX's Evaluator and InfraValidator name theirs
BLESSED, INFRA_BLESSED = "BLESSED", "INFRA_BLESSED"
_CALIBRATION_ROWS = 65_536
_REHEARSED = 4  # rows


class Exporter:
    """Writes SavedModels into a store that TF Serving polls: STORE/NAME/VERSION.

    Args:
        store: folder of the store.
        tolerance: largest difference allowed between the served and the in-memory model's values: absolute for
            values of up to 1, relative to the output's largest value beyond.
        precision: of the stored weights: `float16` halves them, `int8` (a scale for each output channel) quarters
            them. They are rounded before the encoder is judged.
        output: of the embeddings: `int8` has one scale for all dimensions, so that a search engine can take the
            integers as they are. They are judged as rounded.
        onnx: write `assets.extra/encoder.onnx` as well, for ONNX Runtime; needs the extra `onnx`.
        keep: keep encoders that are not blessed with their run as well, where `zoo.load` finds them.
    """

    def __init__(
        self,
        store: str = "serving/store",
        tolerance: PositiveFloat = 1e-5,
        precision: Literal["float32", "float16", "int8"] = "float32",
        output: Literal["float32", "int8"] = "float32",
        onnx: bool = False,
        keep: bool = True,
    ) -> None:
        self.store, self.tolerance, self.precision, self.output = store, tolerance, precision, output
        self.onnx, self.keep = onnx, keep

    def require_writable(self, name: str) -> None:
        """Makes STORE/NAME and tries to write there; raises InputError if it cannot, or if packages are missing."""
        if self.onnx:
            require_onnx()
        if "://" in self.store:
            raise InputError(
                f"export.store={self.store}: a folder on this machine is wanted; "
                f"python -m zoo.push {name} target={self.store} copies the champion from there"
            )
        require_writable(Path(self.store).expanduser() / name, "the store", "export.store=FOLDER")
        Store(self.store).require_labels()

    def check_exportable(self, splits: Splits) -> None:
        """Raises InputError if a table's encoder could not be written in a format that is asked for."""
        of_strings = any(held in {"text", "texts"} for _, held in splits.kind.table_schema())
        if self.onnx and (splits.categories or splits.kind.blocks or of_strings):
            raise InputError("export.onnx=true: its rows are strings, and ONNX cannot look them up; leave it at false")

    def newest_version(self, name: str) -> int:
        """The highest version number in the store; 0 if there is none."""
        return max(Store(self.store).versions(name), default=0)

    def lower(self, model: Any, splits: Splits) -> float | None:
        """Rounds a trained model to the precision it will be exported in, so that this is what is judged.

        Args:
            model: a trained model; its weights are rounded in place.
            splits: the table; training rows set the range of int8 embeddings.

        Returns:
            What a step of an int8 embedding stands for; None for float32.

        Raises:
            InputError: weights that the precision cannot hold.
        """
        round_weights(model, self.precision)
        if self.output == "float32":
            return None
        if model.gives_bytes:
            raise InputError("export.output=int8: the codes are bytes already; leave it at float32")
        encoder = Encoder.from_model("in memory", model, kind=splits.kind.plain())
        return scale_of(encoder.encode(splits.take(splits.train[:_CALIBRATION_ROWS])))

    def prepare(self) -> None:
        """Lets the process start that `candidate` will be served in; takes no time here."""
        make_ready()

    @contextlib.contextmanager
    def candidate(
        self,
        name: str,
        model: Any,
        splits: Splits,
        documents: Mapping[str, str | bytes],
        code_scale: float | None = None,
    ) -> Iterator[Exported]:
        """Exports a model beside the versions, where no server looks, and verifies it by serving it.

        Args:
            name: the encoder's name in the store.
            model: a built `zoo.models.Autoencoder`.
            splits: the table; test rows serve as probes, and all rows' codes go along as `embeddings.parquet`; of
                records with fields, so does what training rows teach of matches, as `pair_scorer.json`.
            documents: further files by path, such as `verdict.json`.
            code_scale: what `lower` gave.

        Yields:
            The candidate; `publish` turns it into a version. What was not published is removed afterwards.

        Raises:
            ZooError: the exported model could not be written, served, or gives other values; or raw cells give other
                codes than the features that the model was trained on.
        """
        with self.written(name, model, splits, documents, code_scale) as directory:
            with _explained(directory):
                calls = calls_on_probes(model, splits, code_scale)
                write_warmup(directory, name, {signature: inputs for signature, (inputs, _) in calls.items()})
            if self.onnx:
                self._require_close(write_onnx(directory / ONNX_FILE, directory, *calls["serving_default"]), "ONNX")
            yield self._verified(directory, calls)

    @contextlib.contextmanager
    def written(
        self,
        name: str,
        model: Any,
        splits: Splits,
        documents: Mapping[str, str | bytes],
        code_scale: float | None = None,
    ) -> Iterator[Path]:
        """As `candidate`, without serving it: enough for an encoder that no server will have.

        Yields:
            The SavedModel's folder, which is removed afterwards.
        """
        with Store(self.store).staged(name) as staged:
            directory = staged / "saved_model"  # the registry keeps the folder under this name
            require_one_reading(model, splits, self.tolerance)
            with _explained(directory):
                self._write_model(directory, model, splits, documents, code_scale)
                write_pair_scorer(directory, model, splits, code_scale)
                if splits.keys is not None:
                    _write_embeddings(directory / EMBEDDINGS_FILE, model, splits, code_scale)
            yield directory

    def rehearse(self, name: str, model: Any, splits: Splits, documents: Mapping[str, str | bytes]) -> None:
        """Writes what `candidate` writes, for a model that is not trained yet and a few rows, and removes it again.

        What is wrong with a part, a key or the store is so found before the training. Nothing is computed or served:
        that would take longer than all the rest.

        Args:
            name: as for `candidate`.
            model: a built model.
            splits: the table.
            documents: as for `candidate`.

        Raises:
            InputError: keys that cannot be written.
            ZooError: files that cannot be written.
        """
        if splits.keys is not None:
            _require_writable_keys(splits.keys.tolist())
        with Store(self.store).staged(name) as staged:
            directory = staged / "saved_model"
            arrays = splits.inputs(splits.test[:_REHEARSED])
            with _explained(directory):
                code_scale = None if self.output == "float32" else 1.0
                self._write_model(directory, model, splits, documents, code_scale)
                examples = {"examples": serialised_examples(arrays)}
                write_warmup(directory, name, {"serving_default": arrays, "serving_examples": examples})
            if self.onnx:
                codes = Encoder.from_model("rehearsed", model, kind=splits.kind).call("encode", arrays)
                write_onnx(directory / ONNX_FILE, directory, arrays, {"embedding": codes})

    def _write_model(
        self,
        directory: Path,
        model: Any,
        splits: Splits,
        documents: Mapping[str, str | bytes],
        code_scale: float | None,
    ) -> None:
        write_saved_model(directory, model, splits.kind, self.precision, code_scale)
        for file, content in {SCHEMA_FILE: schema_of(splits.kind), **documents}.items():
            (directory / file).parent.mkdir(parents=True, exist_ok=True)
            # a path that is not UTF-8 is shown with escapes
            whole = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
            (directory / file).write_bytes(whole)

    def publish(self, exported: Exported, name: str, version: int) -> Path:
        """Renames a candidate to STORE/NAME/VERSION, in one step.

        Raises:
            ZooError: the version is there already, or the rename failed.
        """
        return Store(self.store).publish(exported.directory, name, version)

    def stable(self, name: str, version: int) -> contextlib.AbstractContextManager[None]:
        """Lets servers call a version `stable`, unless the block fails; see `Store.stable_moved`."""
        return Store(self.store).stable_moved(name, version)

    def _verified(self, directory: Path, calls: Calls) -> Exported:
        difference = difference_when_served(directory, calls)
        self._require_close(difference, "exported")
        (directory / INFRA_BLESSED).touch()
        return Exported(directory, tuple(calls), difference)

    def _require_close(self, difference: float, what: str) -> None:
        if not difference <= self.tolerance:
            raise ZooError(
                f"the {what} model's values differ from the model's in memory by up to {difference:.2e}, "
                f"more than export.tolerance={self.tolerance:g}; nothing was published"
            )


@contextlib.contextmanager
def _explained(directory: Path) -> Iterator[None]:
    """Turns what writing files below a staged folder raises into a ZooError."""
    try:
        yield
    except (OSError, import_tensorflow().errors.OpError) as error:
        raise ZooError(f"the export to {directory.parents[1]} failed: {one_line(error)}") from error


def _require_writable_keys(keys: list[Any]) -> None:
    import pyarrow as pa

    try:
        pa.array(keys, pa.string())
    except (UnicodeEncodeError, pa.ArrowException) as error:
        wrong = next(key for key in keys if not _is_text(key))
        raise InputError(f"the key {wrong!r} cannot be written as UTF-8 text ({one_line(error)}); rename it") from None


def _is_text(key: Any) -> bool:
    try:
        return isinstance(key, str) and bool(key.encode("utf-8") or True)
    except UnicodeEncodeError:
        return False


def _write_embeddings(path: Path, model: Any, splits: Splits, code_scale: float | None) -> None:
    """Keys and codes of the whole table, block by block: what `encode_words` looks up, and of use by itself."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if splits.keys is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    number = pa.uint8() if model.gives_bytes else pa.float32()
    codes = pa.list_(number, model.latent_dim)
    schema = pa.schema([("key", pa.string()), ("embedding", codes)])
    encoder = Encoder.from_model("in memory", model, kind=splits.kind, code_scale=code_scale)
    start = 0
    with pq.ParquetWriter(path, schema) as writer:
        for block in encoder.encode_table(splits):
            keys = pa.array(splits.keys[start : start + len(block)].tolist(), pa.string())
            flat = pa.array(block.ravel(), number)
            writer.write_table(pa.table([keys, pa.FixedSizeListArray.from_arrays(flat, type=codes)], schema=schema))
            start += len(block)
