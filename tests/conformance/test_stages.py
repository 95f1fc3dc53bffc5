"""Every source, baseline and metric that scanning finds has what its kind promises."""

import importlib
import inspect

import pytest

from zoo.data.digits import Digits
from zoo.lazy import public_names
from zoo.representations import Raw
from zoo.signature import read_signature

PROMISES = {"data": ("Source", 9), "representations": ("Baseline", 12), "metrics": ("Metric", 17)}
PARTS = [(kind, name) for kind in PROMISES for name in public_names(importlib.import_module(f"zoo.{kind}").__path__)]


@pytest.mark.parametrize("kind", PROMISES)
def test_scanning_finds_them(kind):
    protocol, least = PROMISES[kind]
    signature = read_signature(f"zoo.types.{protocol}")
    found = [name for each, name in PARTS if each == kind and read_signature(f"zoo.{kind}.{name}").is_a(signature)]
    assert len(found) >= least


@pytest.mark.parametrize(("kind", "name"), PARTS)
def test_each_is_of_its_kind_keeps_its_arguments_and_documents_them(kind, name):
    protocol, _ = PROMISES[kind]
    signature = read_signature(f"zoo.{kind}.{name}")
    assert signature.is_a(read_signature(f"zoo.types.{protocol}"))
    part = getattr(importlib.import_module(f"zoo.{kind}"), name)
    documentation = inspect.getdoc(part)
    required = {"pairs": "wordsim353", "path": "table.npy", "name": "mnist", "data": Digits(), "of": Raw()}
    tables = {"CategoricalTable": {"dataset": "febrl1"}, "Vectors": {"path": "t.npy"}, "Baskets": {"path": "t.csv"}}
    tables |= {"Records": {"dataset": "febrl1"}, "MixedTable": {"path": "t.csv"}}
    tables |= {"ImageArray": {"path": "t.npy"}, "SparseMatrix": {"path": "t.npz"}}
    given = tables.get(name, {})  # one of several
    made = part(**{key: required[key] for key, each in signature.parameters.items() if each.required}, **given)
    for argument in signature.parameters:
        assert hasattr(made, argument), f"{name} does not keep its argument {argument}"
        assert f"{argument}:" in documentation, f"{name} does not document {argument}"
