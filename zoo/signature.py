"""Reads a part's constructor from its source text, so that a recipe is checked before anything heavy is imported.

A recipe names parts by import path. Importing them would import TensorFlow, which takes seconds; their source tells
all that a check needs: the arguments, their types and defaults, and what kind of part it is.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, is_typeddict

from zoo.errors import RecipeError, suggestion
from zoo.lazy import module_name, public_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Modules that are cheap to import: a name from them in an annotation is looked up for real. Any other is a part.
_LIGHT = {"builtins", "typing", "collections.abc", "annotated_types", "pathlib"}
_VALUES = "zoo.types"  # a package that is as cheap; its classes are parts all the same
MISSING: Any = object()


class Part:
    """Stands for a class that was not imported: `qualified` is its import path."""

    qualified = ""


@dataclass(frozen=True)
class Parameter:
    """An argument: its evaluated annotation, and its default (MISSING if there is none, or none to be read)."""

    name: str
    annotation: Any
    default: Any
    required: bool


@dataclass(frozen=True)
class Signature:
    """What the source says about a class or function.

    Attributes:
        target: its import path, where it is defined.
        parameters: by name, in order.
        is_open: it takes keyword arguments that the source does not name.
        bases: import paths of its base classes, nearest first.
        methods: names of its methods, inherited ones included where their source can be read.
        is_protocol: it only describes a kind of part.
        renamed: former names of parameters and what they are called now: the class attribute `renamed`, a plain
            dictionary, with those of its bases.
        held_as: of a source whose rows are no table, the one that reads the like from memory: the class attribute
            `held_as`, an import path.
        sparse_as: the one that reads sparse arrays from memory in its place: the class attribute `sparse_as`.
    """

    target: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    is_open: bool = False
    bases: tuple[str, ...] = ()
    methods: frozenset[str] = frozenset()
    is_protocol: bool = False
    renamed: Mapping[str, str] = field(default_factory=dict)
    held_as: str = ""
    sparse_as: str = ""

    def is_a(self, kind: Signature) -> bool:
        """Whether this class is of a kind: derived from it, or for a protocol, with all its methods."""
        if kind.is_protocol:
            return kind.methods <= self.methods
        return kind.target == self.target or kind.target in self.bases


@cache
def read_signature(target: str) -> Signature:
    """Reads the signature of the class or function at an import path.

    Raises:
        RecipeError: nothing is there; the message lists what is, and the nearest match.
    """
    module, name = _split(target)
    source = _Module.read(module)
    definition = source.definitions.get(name)
    if definition is not None:
        return source.signature(definition)
    if name in source.imports:
        return read_signature(source.imports[name])
    if source.folders and module_name(name) in _submodules(source.folders):
        return read_signature(f"{module}.{module_name(name)}.{name}")
    raise RecipeError(f"{module} has no part {name!r}; {suggestion(name, source.public())}")


def parts_of(package: str, kind: Signature) -> list[str]:
    """Import paths of the parts in a package that are of a kind."""
    return [name for name in all_parts(package) if read_signature(name).is_a(kind)]


def all_parts(package: str) -> list[str]:
    """Import paths of the parts in a package."""
    return [f"{package}.{name}" for name in _Module.read(package).public()]


def _split(target: str) -> tuple[str, str]:
    module, _, name = target.rpartition(".")
    if not module or not all(piece.isidentifier() for piece in target.split(".")):
        raise RecipeError(f"{target!r} is not an import path such as zoo.models.VAE")
    return module, name


def _submodules(folders: list[str]) -> set[str]:
    return {path.stem for folder in folders for path in Path(folder).glob("*.py")}


@dataclass(frozen=True)
class _Module:
    """A module's source, parsed."""

    name: str
    definitions: Mapping[str, ast.ClassDef | ast.FunctionDef]
    imports: Mapping[str, str]
    folders: list[str]

    @classmethod
    @cache
    def read(cls, name: str) -> _Module:
        try:
            spec = importlib.util.find_spec(name)
        except ModuleNotFoundError:
            spec = None
        if spec is None or (spec.origin is None and not spec.submodule_search_locations):
            raise RecipeError(f"there is no module {name!r}; {_nearest_module(name)}")
        text = ""
        if spec.origin and spec.origin.endswith(".py"):
            text = Path(spec.origin).read_text(encoding="utf-8")
        tree = ast.parse(text)
        definitions = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
        folders = list(spec.submodule_search_locations or ())
        return cls(name, definitions, dict(_imports(tree, name, bool(folders))), folders)

    def public(self) -> list[str]:
        """Names of the classes a recipe may name in this module."""
        own = [name for name in self.definitions if not name.startswith("_")]
        return sorted({*own, *public_names(self.folders)})

    def signature(self, node: ast.ClassDef | ast.FunctionDef) -> Signature:
        """What the source says about one of the module's definitions."""
        target = f"{self.name}.{node.name}"
        if isinstance(node, ast.FunctionDef):
            parameters, is_open = self._arguments(node, bound=False)
            return Signature(target, parameters, is_open)
        parents, unknown = self._parents(node)
        bases = tuple(base for parent in parents for base in (parent.target, *parent.bases)) + unknown
        own = {item.name: item for item in node.body if isinstance(item, ast.FunctionDef)}
        methods = frozenset(own) | frozenset().union(*(parent.methods for parent in parents))
        is_protocol = any(base.endswith(".Protocol") for base in unknown)
        if "__init__" in own:
            parameters, is_open = self._arguments(own["__init__"], bound=True)
        elif any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list):
            parameters, is_open = dict(self._fields(node)), False
        else:
            first = next(iter(parents), None)
            parameters, is_open = (dict(first.parameters), first.is_open) if first else ({}, bool(unknown))
        public = frozenset(name for name in methods if not name.startswith("_"))
        renamed = {old: new for parent in reversed(parents) for old, new in parent.renamed.items()}
        renamed |= {str(old): str(new) for old, new in (_attribute(node, "renamed") or {}).items()}
        instead = [str(_attribute(node, name) or "") for name in ("held_as", "sparse_as")]
        return Signature(target, parameters, is_open, bases, public, is_protocol, renamed, *instead)

    def _parents(self, node: ast.ClassDef) -> tuple[list[Signature], tuple[str, ...]]:
        """Base classes whose source lies in the same top-level package, and the import paths of the others."""
        parents, unknown = [], []
        for base in node.bases:
            path = self._resolve(ast.unparse(base))
            if path.partition(".")[0] == self.name.partition(".")[0]:
                parents.append(read_signature(path))
            else:
                unknown.append(path)
        return parents, tuple(unknown)

    def _resolve(self, name: str) -> str:
        first, _, rest = name.partition(".")
        home = self.imports.get(first) or (f"{self.name}.{first}" if first in self.definitions else first)
        return f"{home}.{rest}" if rest else home

    def _arguments(self, node: ast.FunctionDef, *, bound: bool) -> tuple[dict[str, Parameter], bool]:
        arguments = [*node.args.posonlyargs, *node.args.args][1 if bound else 0 :]
        defaults = [None] * (len(arguments) - len(node.args.defaults)) + list(node.args.defaults)
        pairs = [*zip(arguments, defaults, strict=True), *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)]
        parameters = {each.arg: self._parameter(each.arg, each.annotation, default) for each, default in pairs}
        if node.args.kwarg is None:
            return parameters, False
        extra = self._evaluate(node.args.kwarg.annotation)
        names = getattr(getattr(extra, "__args__", [None])[0], "__annotations__", None)  # Unpack[SomeTypedDict]
        if names is None:
            return parameters, True
        return parameters | {name: Parameter(name, str, MISSING, required=False) for name in names}, False

    def _fields(self, node: ast.ClassDef) -> Iterator[tuple[str, Parameter]]:
        for item in node.body:
            if (
                isinstance(item, ast.AnnAssign)
                and isinstance(item.target, ast.Name)
                and "ClassVar" not in ast.unparse(item.annotation)
            ):
                yield item.target.id, self._parameter(item.target.id, item.annotation, item.value)

    def _parameter(self, name: str, annotation: ast.expr | None, default: ast.expr | None) -> Parameter:
        value = MISSING
        if default is not None:
            try:
                value = ast.literal_eval(default)
            except ValueError:
                value = MISSING  # some expression: the part will work it out itself
        if isinstance(value, tuple):
            value = list(value)
        return Parameter(name, self._evaluate(annotation), value, required=default is None)

    def _evaluate(self, annotation: ast.expr | None) -> Any:
        if annotation is None:
            return Any
        text = annotation.value if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str) else None
        names = {node.id for node in ast.walk(ast.parse(text) if text else annotation) if isinstance(node, ast.Name)}
        scope = {name: self._value(name) for name in names}
        try:
            return eval(text or ast.unparse(annotation), {}, scope)  # noqa: S307  the text of an installed module
        except (TypeError, AttributeError):
            return Any  # an annotation that only a type checker can read

    def _value(self, name: str) -> Any:
        path = self._resolve(name)
        home, _, attribute = path.rpartition(".")
        if not home:
            return getattr(importlib.import_module("builtins"), name, Any)
        own = home == _VALUES or home.startswith(f"{_VALUES}.")
        value = getattr(importlib.import_module(home), attribute, Any) if own or home in _LIGHT else None
        if value is None or (own and isinstance(value, type) and not is_typeddict(value)):
            return type(attribute, (Part,), {"qualified": path})
        return value


def _attribute(node: ast.ClassDef, name: str) -> Any:
    """A class attribute that is written out, with or without an annotation; None without it."""
    for item in node.body:
        targets = item.targets if isinstance(item, ast.Assign) else [getattr(item, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            value = getattr(item, "value", None)
            return ast.literal_eval(value) if value else None
    return None


def _imports(tree: ast.Module, module: str, is_package: bool) -> Iterator[tuple[str, str]]:
    """Names that a module imports, those for type checking included, and the paths they stand for."""
    parent = module if is_package else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                yield (alias.asname, alias.name) if alias.asname else (first, first)
        elif isinstance(node, ast.ImportFrom):
            above = parent.split(".")[: len(parent.split(".")) - node.level + 1] if node.level else []
            home = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield alias.asname or alias.name, f"{home}.{alias.name}"


def _nearest_module(name: str) -> str:
    parent, _, last = name.rpartition(".")
    if not parent:
        return "is its package installed?"
    try:
        folders = _Module.read(parent).folders
    except RecipeError as error:
        return str(error)
    inside = {path.name for folder in folders for path in Path(folder).iterdir() if (path / "__init__.py").is_file()}
    return suggestion(last, inside | _submodules(folders) - {"__init__"}, what=f"in {parent}")
