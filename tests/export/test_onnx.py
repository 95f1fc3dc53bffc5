"""ONNX Runtime gives what the encoder gives."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from zoo.errors import InputError, ZooError
from zoo.export._onnx import write_onnx
from zoo.export._signatures import calls_on_probes, write_saved_model
from zoo.export.exporter import Exporter
from zoo.quiet import import_tensorflow
from zoo.rows import RecordRows
from zoo.types import MISSING, OTHER, Splits

onnxruntime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
tf = import_tensorflow()
from zoo.encoder import Encoder  # noqa: E402
from zoo.models import ConvAutoencoder, DenseAutoencoder  # noqa: E402


@pytest.mark.parametrize("output", ["float32", "int8"])
def test_onnx_runtime_gives_the_same_codes(splits, tmp_path, output):
    tf.keras.utils.set_random_seed(0)
    model = DenseAutoencoder(3, [8], activation="gelu")  # whose error function ONNX has in another form
    model.build((None, 12))
    exporter = Exporter(store=str(tmp_path), precision="int8", output=output, onnx=True)
    exporter.require_writable("name")
    scale = exporter.lower(model, splits)
    with exporter.candidate("name", model, splits, {}, scale) as candidate:
        session = onnxruntime.InferenceSession(str(candidate.directory / "assets.extra" / "encoder.onnx"))
        rows = splits.take(splits.test)
        for count in (1, 100):
            (codes, *scales) = session.run(None, {"vector": rows[:count]})
            if output == "int8":
                assert codes.dtype == np.int8
                codes = codes * scales[0][:, None]
            expected = Encoder.from_model("m", model, code_scale=scale).encode(rows[:count])
            np.testing.assert_allclose(codes, expected, atol=1e-5)


def test_images_of_any_number_go_through_onnx(tmp_path, rng):
    images = rng.integers(0, 256, size=(40, 8, 8, 1), dtype=np.uint8)
    table = Splits(images, np.arange(20), np.arange(20, 30), np.arange(30, 40))
    model = ConvAutoencoder(4, [4, 8])
    model.build((None, 8, 8, 1))
    write_saved_model(tmp_path / "saved", model, table.kind)
    inputs, wanted = calls_on_probes(model, table)["serving_default"]
    assert write_onnx(tmp_path / "encoder.onnx", tmp_path / "saved", inputs, wanted) <= 1e-5
    wrong = {"embedding": wanted["embedding"] + 1e-3}
    assert write_onnx(tmp_path / "encoder.onnx", tmp_path / "saved", inputs, wrong) >= 9e-4
    session = onnxruntime.InferenceSession(str(tmp_path / "encoder.onnx"))
    assert session.run(None, {"image": inputs["image"][:1]})[0].shape == (1, 4)


def test_a_graph_that_onnx_cannot_express_is_refused(tmp_path):
    """One that looks strings up."""
    row_kind = RecordRows({"town": (MISSING, OTHER, "rome", "oslo")})

    class Module(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, name="town")])
        def encode(self, town):
            return {"embedding": tf.cast(row_kind.features({"town": town})["indices"], tf.float32)}

    module = Module()
    signature = module.encode.get_concrete_function()
    module.tables = row_kind.tables
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures={"serving_default": signature})
    inputs = {"town": np.asarray(["rome"], dtype=object)}
    with pytest.raises(ZooError, match=r"cannot be written as ONNX: .*leave export\.onnx at false"):
        write_onnx(tmp_path / "encoder.onnx", tmp_path / "saved", inputs, {"embedding": np.asarray([[2.0]])})
    assert not (tmp_path / "encoder.onnx").exists()


def test_rows_of_strings_are_refused_before_training(splits):
    of_strings = Splits(
        csr_array(np.ones((3, 3))), *np.arange(3)[:, None], kind=RecordRows({"town": (MISSING, OTHER, "rome")})
    )
    Exporter(onnx=False).check_exportable(of_strings)
    Exporter(onnx=True).check_exportable(splits)
    with pytest.raises(InputError, match="ONNX cannot look them up"):
        Exporter(onnx=True).check_exportable(of_strings)
