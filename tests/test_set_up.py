"""Setting up: what pip is configured to is carried over to uv, and the versions are the pinned ones."""

import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
INSTALLER = ROOT / ".ci/install.py"


@pytest.fixture(scope="module")
def install():
    spec = importlib.util.spec_from_file_location("install", INSTALLER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def listing(configuration, tmp_path, **variables):
    """What pip itself says of a configuration file and the environment."""
    file = tmp_path / "pip.conf"
    file.write_text(configuration)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    environment = {**clean, "PIP_CONFIG_FILE": str(file), **variables}
    command = [sys.executable, "-m", "pip", "config", "list"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_settings_of_pip_are_put_into_the_words_of_uv(install, tmp_path):
    said = listing(
        "[global]\nindex-url = https://one.example/simple\nfind-links =\n  /a\n  /b\ncert = /global.pem\n"
        "[install]\ncert = /install.pem\nextra-index-url = https://two.example https://three.example\n",
        tmp_path,
        PIP_TIMEOUT="7",
        PIP_TRUSTED_HOST="one.example",
    )
    found = install.uv_environment(said, {"HOME": "/home"})
    assert found["UV_DEFAULT_INDEX"] == "https://one.example/simple"
    assert found["UV_INDEX"] == "https://two.example https://three.example"
    assert found["UV_FIND_LINKS"] == "/a,/b"
    assert found["SSL_CERT_FILE"] == "/install.pem"
    assert (found["UV_HTTP_TIMEOUT"], found["UV_INSECURE_HOST"]) == ("7", "one.example")
    assert (found["HOME"], found["UV_INDEX_STRATEGY"]) == ("/home", "unsafe-best-match")


def test_the_environment_goes_over_files_and_uvs_own_variables_over_all(install, tmp_path):
    said = listing("[global]\nindex-url = https://file.example\n", tmp_path, PIP_INDEX_URL="https://variable.example")
    assert install.uv_environment(said, {})["UV_DEFAULT_INDEX"] == "https://variable.example"
    assert install.uv_environment(said, {"UV_DEFAULT_INDEX": "https://uv.example"})["UV_DEFAULT_INDEX"] == (
        "https://uv.example"
    )


def test_without_settings_uv_is_left_alone(install):
    assert install.uv_environment("", {}) == {"UV_INDEX_STRATEGY": "unsafe-best-match"}


def test_uv_finds_what_pip_is_told_to_look_for(install, tmp_path):
    pytest.importorskip("uv", reason="uv is installed by make, where pip can get it")
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    with zipfile.ZipFile(wheels / "only_here-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("only_here.py", "")
        wheel.writestr("only_here-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: only-here\nVersion: 1.0\n")
        wheel.writestr(
            "only_here-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("only_here-1.0.dist-info/RECORD", "")
    said = listing(f"[global]\nno-index = true\nfind-links = {wheels}\n", tmp_path)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("UV_")}
    command = [sys.executable, "-m", "uv", "pip", "install", "--target", str(tmp_path / "here"), "only-here"]
    done = subprocess.run(command, env=install.uv_environment(said, clean), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "here/only_here.py").is_file()
