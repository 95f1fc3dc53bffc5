"""A built wheel, installed into an environment of its own and used from another folder, does what a clone does."""

import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from the source distribution, so that both hold what it holds."""
    dist = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(dist), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, text=True)
    (built,) = dist.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel):
    return zipfile.ZipFile(wheel).namelist()


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The commands' folder of an environment that has the wheel; what the wheel needs is that of the tests."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False)
    python = home / "bin/python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True, text=True)
    (site,) = home.glob("lib/python*/site-packages")
    (site / "needed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home / "bin"


def outside(command, folder, **variables):
    """Runs a command in a folder without the repository in sight."""
    hidden = {"PYTHONPATH", "MLFLOW_TRACKING_URI", "ZOO_RECIPES"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_wheel_holds_every_file_of_the_packages_and_the_recipes(names):
    for path in (ROOT / "recipes").glob("*.yaml"):
        assert f"zoo/recipes_shipped/{path.name}" in names
    there = [path for package in ("zoo", "serving") for path in (ROOT / package).rglob("*") if path.is_file()]
    wanted = {
        str(path.relative_to(ROOT))
        for path in there
        if path.suffix != ".pyc" and not path.is_relative_to(ROOT / "serving/store")
    }
    assert any(path.endswith(".html.j2") for path in wanted)
    assert not wanted - set(names)
    # git keeps the store's folder by an empty file, which comes along; what is exported there does not
    stray = [name for name in names if name.startswith(("tests/", "docs/", "mlruns/", "serving/store/"))]
    assert stray in ([], ["serving/store/.gitkeep"])


def test_its_metadata_say_what_pyproject_says(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (folder,) = {name.split("/")[0] for name in archive.namelist() if ".dist-info/" in name}
        metadata = Parser().parsestr(archive.read(f"{folder}/METADATA").decode())
        commands = archive.read(f"{folder}/entry_points.txt").decode()
    assert (metadata["Name"], metadata["Version"]) == (PROJECT["name"], PROJECT["version"])
    assert set(metadata.get_all("Provides-Extra")) == set(PROJECT["optional-dependencies"])
    assert "zoo = zoo.__main__:command" in commands
    assert "# The encoder zoo" in metadata.get_payload()
    always = {need.split(">")[0] for need in metadata.get_all("Requires-Dist") if "extra ==" not in need}
    assert not always & {"umap-learn", "apache-beam", "pyspark", "onnxruntime", "mkdocs"}


def test_installed_it_has_its_commands_and_recipes_and_imports_nothing_heavy(installed, tmp_path):
    status, said = outside([installed / "zoo", "run", "--help"], tmp_path)
    assert status == 0, said
    assert "vae_word2vec" in said
    script = (
        "import sys, zoo\n"
        "heavy = {'tensorflow', 'keras', 'mlflow', 'pandas', 'sklearn', 'pyarrow', 'scipy', 'gensim', 'faiss'}\n"
        "print(zoo.__file__, sorted(heavy & set(sys.modules)), len(zoo.list_recipes()))"
    )
    status, said = outside([installed / "python", "-c", script], tmp_path)
    assert status == 0, said
    file, heavy, recipes = said.split()
    assert Path(file).is_relative_to(installed.parent)
    assert (heavy, int(recipes)) == ("[]", len(list((ROOT / "recipes").glob("*.yaml"))))


@pytest.mark.slow
def test_installed_it_runs_the_main_job_from_another_folder(installed, tmp_path):
    small = ["data.limit=2000", "train.epochs=1", "train.batch_size=64", "judge.resamples=50", "page.map=pca", "~gates"]
    status, said = outside([installed / "zoo", "run", "recipe=vae_word2vec", *small], tmp_path, COLUMNS="100")
    assert status == 3, said
    assert (tmp_path / "mlruns/mlflow.db").is_file()


@pytest.mark.long
def test_installed_it_judges_an_array_encodes_a_file_and_serves(installed, tmp_path):
    script = (
        "import numpy, zoo\n"
        "rows = numpy.random.default_rng(0).normal(size=(400, 6)).astype('float32')\n"
        "numpy.save('rows.npy', rows)\n"
        "less = {'train': {'epochs': 1}, 'judge': {'resamples': 20}, 'model': {'latent_dim': 2}}\n"
        "zoo.run('dense_vectors', data=rows, publish=False, quiet=True, **less).save('mine')\n"
    )
    status, said = outside([installed / "python", "-c", script], tmp_path)
    assert status == 0, said
    status, said = outside([installed / "zoo", "encode", "name=./mine", "input=rows.npy", "output=codes.npy"], tmp_path)
    assert status == 0, said
    status, said = outside([installed / "zoo", "serve", "--help"], tmp_path)
    assert status == 0, said
    script = "import numpy; assert numpy.load('codes.npy').shape == (400, 2)"
    assert outside([installed / "python", "-c", script], tmp_path) == (0, "")
