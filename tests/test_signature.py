"""Signatures read from source text equal those of the imported classes."""

import inspect

import pytest

from zoo.errors import RecipeError
from zoo.lazy import module_name, public_names
from zoo.signature import MISSING, read_signature


@pytest.mark.parametrize(
    "target", ["zoo.data.WordVectors", "zoo.train.Trainer", "zoo.metrics.NeighbourOverlap", "zoo.evaluate.Judge"]
)
def test_arguments_and_defaults_equal_what_importing_gives(target):
    import importlib

    module, _, name = target.rpartition(".")
    imported = inspect.signature(getattr(importlib.import_module(module), name)).parameters
    read = read_signature(target).parameters
    assert list(read) == list(imported)
    for each, parameter in imported.items():
        required = parameter.default is inspect.Parameter.empty
        assert read[each].required == required
        if not required:
            assert read[each].default == parameter.default


def test_a_module_is_read_but_not_imported(tmp_path, monkeypatch):
    (tmp_path / "unimportable.py").write_text(
        "raise RuntimeError('imported')\n"
        "from somewhere import Base\n"
        "def function(x: int, *, y: 'list[float] | None' = None): ...\n"
        "class Child(Base):\n    def __init__(self, z=1 + 1, **kwargs): ...\n"
        "class Grandchild(Child): ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    function = read_signature("unimportable.function")
    assert function.parameters["x"].annotation is int
    assert function.parameters["y"].default is None
    assert function.parameters["y"].annotation == list[float] | None
    assert not function.is_open
    grandchild = read_signature("unimportable.Grandchild")
    assert grandchild.parameters["z"].default is MISSING  # an expression: the part will work it out
    assert not grandchild.parameters["z"].required
    assert grandchild.is_open
    assert grandchild.bases == ("unimportable.Child", "somewhere.Base")


def test_what_is_not_there_is_said_with_what_is():
    with pytest.raises(RecipeError, match="did you mean 'Gaussian'"):
        read_signature("zoo.bottlenecks.Gausian")
    with pytest.raises(RecipeError, match="did you mean 'bottlenecks'"):
        read_signature("zoo.bottleneck.Gaussian")
    with pytest.raises(RecipeError, match="is its package installed"):
        read_signature("no_such_package.Part")


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("VAE", "vae"),
        ("PCA", "pca"),
        ("MLP", "mlp"),
        ("DenseAutoencoder", "dense_autoencoder"),
        ("ReconstructionR2", "reconstruction_r2"),
    ],
)
def test_a_class_lives_in_the_file_of_its_name(name, module):
    assert module_name(name) == module


def test_packages_of_parts_list_their_parts_and_refuse_others():
    import zoo.metrics

    assert dir(zoo.metrics) == public_names(zoo.metrics.__path__)
    assert "ActiveUnits" in dir(zoo.metrics)
    with pytest.raises(AttributeError, match="did you mean 'ActiveUnits'"):
        zoo.metrics.ActiveUnit  # noqa: B018
