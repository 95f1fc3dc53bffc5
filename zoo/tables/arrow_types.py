"""What a type of Arrow holds."""

from __future__ import annotations

from typing import Any


def is_text(kind: Any) -> bool:
    """Whether a type of Arrow is of strings, dictionaries of strings included."""
    import pyarrow as pa

    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(inner) or pa.types.is_large_string(inner) or pa.types.is_string_view(inner))


def is_numeric(kind: Any) -> bool:
    """Whether a type of Arrow is of numbers, true and false and dictionaries of numbers included."""
    import pyarrow as pa

    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal)
    return any(test(inner) for test in tests)


def is_list(kind: Any) -> bool:
    """Whether a type of Arrow is of lists."""
    import pyarrow as pa

    names = ("is_list", "is_large_list", "is_fixed_size_list", "is_list_view", "is_large_list_view")
    return any(getattr(pa.types, name)(kind) for name in names)


def is_bytes(kind: Any) -> bool:
    """Whether a type of Arrow is of bytes, dictionaries of bytes included."""
    import pyarrow as pa

    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    names = ("is_binary", "is_large_binary", "is_fixed_size_binary", "is_binary_view")
    return any(getattr(pa.types, name)(inner) for name in names)


def is_nested(kind: Any) -> bool:
    """Whether a type of Arrow holds no single cell that can be read: structures, maps, lists, or bytes."""
    import pyarrow as pa

    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return is_list(kind) or is_bytes(kind) or bool(pa.types.is_nested(inner))


def innermost(kind: Any) -> Any:
    """The type in lists, or in lists of lists."""
    while is_list(kind):
        kind = kind.value_type
    return kind


def described(schema: Any, most: int = 12) -> str:
    """Columns and their types, such as `id (int64), name (text)`."""
    fields = [f"{field.name} ({'text' if is_text(field.type) else field.type})" for field in schema]
    return ", ".join(fields[:most]) + (f" and {len(fields) - most} more" if len(fields) > most else "")
