"""What is installed with hashes is what is installed without."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# what `pip freeze` leaves out, and what other platforms alone need
NOT_FROZEN = {"setuptools", "wheel", "pywin32", "waitress"}
DEV = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def blocks(file):
    """Name -> version and hashes of each entry of a file for pip."""
    text = (ROOT / file).read_text()
    entry = re.compile(r"^([\w.-]+)(?:\[[^]]*\])?==([^\s;]+)(.*(?:\n    .*)*)", re.M)
    return {
        normal(found[1]): (found[2], re.findall(r"--hash=sha256:[0-9a-f]{64}\b", found[3]))
        for found in entry.finditer(text)
    }


def named(requirements):
    return {normal(re.match(r"[\w.-]+", each)[0]) for each in requirements} - {"encoder-zoo"}


def wanted(file):
    if file == "serving/requirements.txt":
        return named((ROOT / "serving" / "requirements.in").read_text().splitlines()[1:])
    extras = DEV["optional-dependencies"]
    more = [extras[name] for name in ("dev", "beam", "onnx", "sql", "umap")] if "dev" in file else []
    return named(sum(more, DEV["dependencies"]))


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt", "serving/requirements.txt"])
def test_hashed_versions_are_those_of_the_constraints(file):
    frozen = {name: version for name, (version, _) in blocks("constraints.txt").items()}
    hashed = blocks(file)
    assert wanted(file) <= set(hashed), "make requirements"
    differing = {name for name, (version, _) in hashed.items() if frozen.get(name) != version} - NOT_FROZEN
    assert not differing, "make requirements"
    assert all(hashes for _, hashes in hashed.values())
    assert len(re.findall("^[A-Za-z0-9]", (ROOT / file).read_text(), re.M)) == len(hashed)


def test_the_image_installs_what_the_server_imports():
    imported = set()
    for path in (ROOT / "serving").glob("*.py"):
        imported |= set(re.findall(r"^ *(?:import|from) (\w+)", path.read_text(), re.M))
    packages = {
        "grpc": "grpcio", "grpc_health": "grpcio-health-checking", "grpc_reflection": "grpcio-reflection",
        "fsspec": "fsspec", "httptools": "httptools", "httpx": "httpx", "numpy": "numpy", "orjson": "orjson",
        "tensorflow": "tensorflow",
        "tensorflow_serving": "tensorflow-serving-api", "uvicorn": "uvicorn", "uvloop": "uvloop",
    }  # fmt: skip
    assert {packages[name] for name in imported & set(packages)} <= wanted("serving/requirements.txt")
