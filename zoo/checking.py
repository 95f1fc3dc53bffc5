"""Holds a composed recipe against the signatures of the parts it names; finds every fault before saying any."""

from __future__ import annotations

import importlib
import pkgutil
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import ConfigDict, TypeAdapter, ValidationError

from zoo.errors import RecipeError, suggestion
from zoo.signature import MISSING, Parameter, Part, Signature, all_parts, parts_of, read_signature

_FEW = 3  # parts that a message names
_STRICT = ConfigDict(strict=True, allow_inf_nan=False, arbitrary_types_allowed=True)
_WORDS = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
    type(None): "null",
    Any: "anything",
}


@dataclass
class Checker:
    """Checks a configuration and fills in the defaults of the parts it names.

    Attributes:
        faults: one sentence each, starting with the key.
        renamed: dotted keys that were given under a former name -> the dotted keys that they have now. A key below
            another one is written with the present name of that one.
    """

    faults: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)

    def part(self, key: str, config: Any, kind: Signature) -> Any:
        """Checks the configuration of a part.

        Args:
            key: dotted key of the part in the recipe; empty for the recipe itself.
            config: what the recipe says there.
            kind: what kind of part is wanted.

        Returns:
            The configuration with `_target_` and defaults filled in.
        """
        if not isinstance(config, Mapping):
            self._fault(key, f"{config!r} is not a part: it needs keys, among them _target_", kind)
            return config
        target = config.get("_target_", kind.target if _stands_alone(kind) else None)
        if not isinstance(target, str):
            self._fault(key, "needs _target_, the import path of a part", kind)
            return config
        try:
            signature = read_signature(target)
        except RecipeError as error:
            self.faults.append(f"{_dotted(key, '_target_')}: {error}")
            return config
        if not signature.is_a(kind):
            self._fault(_dotted(key, "_target_"), f"{target} is not of kind {kind.target.rpartition('.')[2]}", kind)
            return config
        return {"_target_": target} | self.arguments(key, config, signature)

    def arguments(self, key: str, config: Mapping[str, Any], signature: Signature) -> dict[str, Any]:
        """Checks the keys of a part against its constructor's arguments, and fills in defaults."""
        config = self._present_names(key, config, signature)
        allowed = signature.parameters
        filled: dict[str, Any] = {}
        for name in config:
            if name not in allowed and not str(name).startswith("_") and not signature.is_open:
                hint = f"{suggestion(str(name), allowed)}{_others_with(str(name), signature)}"
                self.faults.append(f"{_dotted(key, name)}: unknown key; {hint}")
        for name, value in config.items():
            if name in allowed:
                filled[name] = self.value(_dotted(key, name), value, allowed[name].annotation)
            elif name != "_target_":
                filled[name] = value
        for name, parameter in allowed.items():
            if name not in config:
                self._default(key, name, parameter, filled)
        return filled

    def _present_names(self, key: str, config: Mapping[str, Any], signature: Signature) -> Mapping[str, Any]:
        """The keys of a part, former names replaced by those of today."""
        present = {}
        for name, value in config.items():
            new = signature.renamed.get(name, name)
            if new != name:
                self.renamed[_dotted(key, name)] = _dotted(key, new)
                if new in config:
                    self.faults.append(f"{_dotted(key, name)}: is now called {new}, and both are given; keep {new}")
                    continue
            present[new] = value
        return present

    def value(self, key: str, value: Any, annotation: Any) -> Any:
        """Checks one value against an annotation; returns it with the defaults of parts in it filled in."""
        inner = get_args(annotation)
        if _is_part(annotation):
            return self.part(key, value, read_signature(annotation.qualified))
        if not any(_holds_part(each) for each in inner):
            return self._plain(key, value, annotation)
        if type(None) in inner:
            return None if value is None else self.value(key, value, inner[0])
        if get_origin(annotation) is list:
            return self._each(key, value, dict(enumerate(value)) if isinstance(value, list) else None, inner[0])
        return self._each(key, value, value if isinstance(value, Mapping) else None, inner[-1])

    def _each(self, key: str, value: Any, items: Mapping[Any, Any] | None, annotation: Any) -> Any:
        """Checks the parts in a list or in a mapping of names to parts."""
        if items is None:
            self.faults.append(f"{key}: {value!r} does not hold parts by name")
            return value
        # null takes out a part that another recipe put in
        kept = {name: each for name, each in items.items() if each is not None or isinstance(value, list)}
        filled = {name: self.value(_dotted(key, name), each, annotation) for name, each in kept.items()}
        return list(filled.values()) if isinstance(value, list) else filled

    def _plain(self, key: str, value: Any, annotation: Any) -> Any:
        if not _is_valid(value, annotation):
            near = ""
            choices = [str(choice) for choice in _choices(annotation)]
            if choices and isinstance(value, str):
                near = f"; {suggestion(value, choices)}"
            self.faults.append(f"{key}: {value!r} is not {describe(annotation)}{near}")
        return value

    def _default(self, key: str, name: str, parameter: Parameter, filled: dict[str, Any]) -> None:
        if parameter.default is not MISSING:
            filled[name] = parameter.default
        elif (kind := _only_part(parameter.annotation)) is not None:
            filled[name] = self.part(_dotted(key, name), {}, kind)
        elif parameter.required:
            self.faults.append(f"{_dotted(key, name)}: missing; it must be {describe(parameter.annotation)}")

    def _fault(self, key: str, what: str, kind: Signature) -> None:
        self.faults.append(f"{key}: {what}; parts of this kind: {', '.join(available(kind)) or 'none'}")


def describe(annotation: Any) -> str:
    """A type in words, such as "a whole number, at least 1"."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if _is_part(annotation):
        words = f"a part of kind {annotation.__name__}"
    elif hasattr(annotation, "__metadata__"):
        words = ", ".join([describe(inner[0]), *(_bound(each) for each in annotation.__metadata__)])
    elif origin is Literal:
        words = "one of " + ", ".join(str(choice) for choice in inner)
    elif origin in (Union, types.UnionType):
        words = " or ".join(describe(each) for each in inner)
    elif origin in (list, Sequence):
        words = f"a list, each {describe(inner[0])}"
    elif origin in (dict, Mapping):
        words = f"names, each with {describe(inner[1])}"
    else:
        words = _WORDS.get(annotation, getattr(annotation, "__name__", str(annotation)))
    return words


def available(kind: Signature) -> list[str]:
    """Import paths of all the zoo's parts of a kind; estimators of scikit-learn's are none, though they fit."""
    zoo = importlib.import_module("zoo")
    packages = [
        f"zoo.{module.name}"
        for module in pkgutil.iter_modules(zoo.__path__)
        if module.ispkg and module.name != "sklearn"
    ]
    return [part for package in packages for part in parts_of(package, kind)]


def _is_valid(value: Any, annotation: Any) -> bool:
    choices = _choices(annotation)
    if value in choices:  # true and 1.0 equal 1, but are not what `Literal[1, 2]` means
        return any(value == choice and type(value) is type(choice) for choice in choices)
    try:
        TypeAdapter(annotation, config=_STRICT).validate_python(value)
    except ValidationError:
        return False
    return True


def _stands_alone(kind: Signature) -> bool:
    """Whether a kind is itself the only part of its kind, so that a recipe need not name it."""
    if kind.is_protocol:
        return False
    if kind.target.startswith("zoo.types."):
        return True
    package = kind.target.rsplit(".", 2)[0]
    if package == "zoo":
        return False
    names = {part.rpartition(".")[2] for part in parts_of(package, kind)}
    return names == {kind.target.rpartition(".")[2]}


def _only_part(annotation: Any) -> Signature | None:
    """The kind of part that an annotation asks for, null allowed or not, if it is the only one of its kind."""
    inner = get_args(annotation)
    wanted = inner[0] if len(inner) == 2 and inner[1] is type(None) else annotation
    kind = read_signature(wanted.qualified) if _is_part(wanted) else None
    return kind if kind is not None and _stands_alone(kind) else None


def _is_part(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Part)


def _holds_part(annotation: Any) -> bool:
    return _is_part(annotation) or any(_is_part(each) for each in get_args(annotation))


def _choices(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    return tuple(choice for each in get_args(annotation) for choice in _choices(each))


def _bound(constraint: Any) -> str:
    if isinstance(constraint, Ge):
        return f"at least {constraint.ge}"
    if isinstance(constraint, Gt):
        return f"above {constraint.gt}"
    if isinstance(constraint, Le):
        return f"at most {constraint.le}"
    if isinstance(constraint, Lt):
        return f"below {constraint.lt}"
    return str(constraint)


def _others_with(name: str, signature: Signature) -> str:
    """Which parts of the same package have a key that this one has not, such as "; zoo.data.Vectors has it"."""
    package = signature.target.rpartition(".")[0].rpartition(".")[0]
    if not package.startswith("zoo."):
        return ""
    have = [part for part in all_parts(package) if name in read_signature(part).parameters]
    return f"; {' and '.join(have)} ha{'s' if len(have) == 1 else 've'} it" if 0 < len(have) <= _FEW else ""


def _dotted(key: str, name: Any) -> str:
    return f"{key}.{name}" if key else str(name)
