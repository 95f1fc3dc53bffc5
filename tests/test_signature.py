"""Signatures read from source text equal those of the imported classes."""

import collections.abc
import contextlib
import importlib
import inspect
import sys
import typing
from pathlib import Path

import numpy as np
import pytest
from recipe_parts import KINDS, PARTS

import zoo.parts
import zoo.types
from zoo.checking import describe
from zoo.errors import RecipeError
from zoo.lazy import module_name, public_names
from zoo.signature import MISSING, read_signature
from zoo.types import LayerArguments


def imported(target):
    module, _, name = target.rpartition(".")
    return getattr(importlib.import_module(module), name)


def constructor(part):
    """Python's own view of a constructor's arguments, those that go on to Keras by name, and their scope."""
    # of __init__ itself: of a class that inherits it, Python 3.11.2 gives that of Keras' __new__ (3.11.7 does not)
    own = part.__init__ is not object.__init__
    arguments = dict(list(inspect.signature(part.__init__).parameters.items())[1:]) if own else {}
    extra = [name for name, each in arguments.items() if each.kind is inspect.Parameter.VAR_KEYWORD]
    assert all(arguments.pop(name).annotation == "Unpack[LayerArguments]" for name in extra)
    owner = next(each for each in part.__mro__ if "__init__" in vars(each))
    return arguments, set(LayerArguments.__annotations__) if extra else set(), vars(sys.modules[owner.__module__])


@pytest.mark.parametrize("target", PARTS)
def test_what_is_read_equals_what_importing_gives(target):
    part = imported(target)
    arguments, to_keras, scope = constructor(part)
    read = read_signature(target)
    assert list(read.parameters) == [*arguments, *sorted(to_keras - set(arguments), reverse=True)]
    assert not read.is_open
    for name, argument in arguments.items():
        parameter = read.parameters[name]
        assert parameter.required == (argument.default is inspect.Parameter.empty)
        if isinstance(argument.default, tuple):
            assert parameter.default == list(argument.default)
        elif not parameter.required and parameter.default is not MISSING:
            assert parameter.default == argument.default
            assert type(parameter.default) is type(argument.default)
        names = {**vars(typing), **vars(collections.abc), **vars(zoo.types), **vars(zoo.parts), **scope}
        with contextlib.suppress(NameError):  # a class that only a type checker sees
            wanted = describe(eval(argument.annotation, names))  # noqa: S307
            assert describe(parameter.annotation).replace("a part of kind ", "") == wanted, name


def test_defaults_that_cannot_be_read_are_few():
    """The recipe that is kept with a run lacks them."""
    unread = {
        f"{target}.{name}"
        for target in PARTS
        for name, parameter in read_signature(target).parameters.items()
        if not parameter.required and parameter.default is MISSING and name not in LayerArguments.__annotations__
    }
    assert unread == set()


@pytest.mark.parametrize("target", PARTS)
def test_the_kind_of_a_part_is_that_of_its_class(target):
    part, read = imported(target), read_signature(target)
    for kind in KINDS:
        of_kind = imported(kind)
        if getattr(of_kind, "_is_protocol", False):
            methods = {name for name in vars(of_kind) if inspect.isfunction(vars(of_kind)[name]) and name[0] != "_"}
            # a Keras model's `fit` makes no baseline of it
            own = {name for base in part.__mro__ if base.__module__.startswith("zoo.") for name in vars(base)}
            assert read.is_a(read_signature(kind)) == (methods <= own), kind
        else:
            assert read.is_a(read_signature(kind)) == issubclass(part, of_kind), kind


def test_every_file_in_the_folders_of_parts_is_covered():
    assert len(PARTS) >= 72
    assert len(KINDS) >= 15
    folders = ("bottlenecks", "corruptions", "data", "likelihoods", "metrics", "models", "networks", "objectives")
    for folder in (*folders, "preprocessing"):
        names = public_names([Path(zoo.__file__).parent / folder])
        assert names
        assert {f"zoo.{folder}.{name}" for name in names} <= set(PARTS), folder


def test_activations_are_those_of_keras():
    from zoo.quiet import import_tensorflow

    import_tensorflow()
    import keras

    takes_more = {"glu", "threshold"}
    own = {name for name, each in vars(keras.activations).items() if inspect.isfunction(each) and name[0] != "_"}
    own -= {"get", "serialize", "deserialize"}
    names = set(typing.get_args(zoo.types.Activation))
    assert own - takes_more <= names
    x = np.linspace(-2, 2, 6, dtype=np.float32).reshape(2, 3)
    for name in names:
        assert keras.activations.get(name)(x).shape == x.shape


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
