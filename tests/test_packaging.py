"""A built wheel, installed elsewhere and used from another folder, finds its recipes and runs."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with nothing but the wheel's content, and another one to work in."""
    dist, site, work = (tmp_path_factory.mktemp(name) for name in ("dist", "site", "work"))
    # the wheel is built from the source distribution, so that both hold what it holds
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(dist), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, text=True)
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(site)
    return names, site, work


def test_the_wheel_holds_the_recipes_and_the_type_marker(installed):
    names, _, _ = installed
    for path in (ROOT / "recipes").glob("*.yaml"):
        assert f"zoo/recipes_shipped/{path.name}" in names
    assert "zoo/py.typed" in names
    assert "serving/__main__.py" in names
    files = [path.name for path in (ROOT / "serving").iterdir() if path.is_file() and path.suffix != ".py"]
    assert {"README.md", "batching.config", "docker-compose.yml", "kubernetes.yaml"} <= set(files)
    assert not {f"serving/{file}" for file in files} - set(names)
    # git keeps the store's folder by an empty file, which comes along; what is exported there does not
    stray = [name for name in names if name.startswith(("tests/", "mlruns/", "serving/store"))]
    assert stray in ([], ["serving/store/.gitkeep"])


@pytest.mark.slow
def test_the_wheel_runs_the_main_job_from_another_folder(installed):
    _, site, work = installed
    script = (
        "import sys, zoo, zoo.run\n"
        f"assert zoo.__file__.startswith({str(site)!r}), zoo.__file__\n"
        "sys.exit(zoo.run.main(['recipe=vae_word2vec', 'data.limit=2000', 'train.epochs=1', 'train.batch_size=64',"
        " 'judge.resamples=50', '~gates']))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(site)}
    environment.pop("MLFLOW_TRACKING_URI", None)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=work, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 3, done.stderr
    assert (work / "mlruns/mlflow.db").is_file()
