"""A user's keras.json, KERAS_BACKEND and settings: the zoo's models come out right, and the user's settings stay."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
OTHERWISE = {"floatx": "float16", "image_data_format": "channels_first", "backend": "jax", "epsilon": 1e-7}
ENCODES = """
import sys, numpy as np
from zoo.models import ConvAutoencoder
from zoo.keras_settings import zoo_settings
with zoo_settings():
    import keras
    keras.utils.set_random_seed(0)
    model = ConvAutoencoder(3, [4])
    model.build((None, 8, 6, 1))
    rows = np.random.default_rng(0).integers(0, 256, size=(4, 8, 6, 1)).astype(np.float32)
    model.compile(optimizer=keras.optimizers.Adam(0.01))
    model.train_on_batch(rows)
    np.save(sys.argv[1], model.encode(rows))
print(keras.config.floatx(), keras.config.image_data_format(), keras.backend.backend())
"""


def python(script, *arguments, **variables):
    environment = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"}
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(
        command, env={**environment, "PYTHONPATH": str(ROOT), **variables}, capture_output=True, text=True, check=False
    )


def test_a_models_codes_do_not_depend_on_what_the_user_has_set(tmp_path, monkeypatch):
    (tmp_path / "keras.json").write_text(json.dumps(OTHERWISE))
    other = python(ENCODES, tmp_path / "other.npy", KERAS_HOME=str(tmp_path), KERAS_BACKEND="torch")
    assert other.stdout.split() == ["float16", "channels_first", "tensorflow"], other.stderr
    codes = np.load(tmp_path / "other.npy")
    assert codes.dtype == np.float32
    monkeypatch.setattr(sys, "argv", ["", str(tmp_path / "usual.npy")])
    exec(ENCODES, {})  # noqa: S102  in this process, where nothing is set
    np.testing.assert_allclose(codes, np.load(tmp_path / "usual.npy"), atol=1e-6)


def test_keras_that_runs_on_something_else_already_is_said_in_one_line(tmp_path):
    np.save(tmp_path / "rows.npy", np.random.default_rng(0).normal(size=(200, 8)).astype(np.float32))
    script = (
        "import os, sys, keras\nos.chdir(sys.argv[1])\nfrom zoo.run import main\n"
        "keras.backend.backend = lambda: 'torch'\n"  # no other one need be installed
        "sys.exit(main(['recipe=dense_vectors', 'data.path=rows.npy', 'model.latent_dim=2']))"
    )
    done = python(script, tmp_path)
    assert done.returncode == 2, done.stderr
    said = done.stderr.splitlines()[-1]
    assert said.startswith("error: Keras runs on torch in this process, and the zoo needs it on TensorFlow: import the")


@pytest.mark.long
def test_a_recipe_of_images_runs_beside_a_users_own_settings(tmp_path):
    (tmp_path / "keras.json").write_text(json.dumps(OTHERWISE | {"backend": "tensorflow"}))
    script = (
        "import os, sys, keras\nos.chdir(sys.argv[1])\nfrom zoo.run import main\n"
        "few = ['train.epochs=1', 'train.steps_per_epoch=2', 'judge.resamples=20', '~gates']\n"
        "few += [f'~baselines.{name}' for name in ('raw', 'patches', 'untrained')]\n"
        "few += ['~metrics.linear_probe', 'page=null']\n"
        "status = main(['recipe=conv_digits', *few])\n"
        "assert keras.config.image_data_format() == 'channels_first'\n"
        "assert keras.config.dtype_policy().name == 'float16'\n"
        "sys.exit(status)"
    )
    done = python(script, tmp_path, KERAS_HOME=str(tmp_path))
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
