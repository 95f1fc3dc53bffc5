"""What a type of Arrow holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def is_text(kind: Any) -> bool:
    """Whether a type of Arrow is of strings, dictionaries of strings included."""
    import pyarrow as pa

    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(inner) or pa.types.is_large_string(inner) or pa.types.is_string_view(inner))


def is_numeric(kind: Any) -> bool:
    """Whether a type of Arrow is of numbers, true and false included."""
    import pyarrow as pa

    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal)
    return any(test(kind) for test in tests)


def is_list(kind: Any) -> bool:
    """Whether a type of Arrow is of lists."""
    import pyarrow as pa

    tests: tuple[Callable[[Any], bool], ...] = (
        pa.types.is_list,
        pa.types.is_large_list,
        pa.types.is_fixed_size_list,
    )
    return any(test(kind) for test in tests)
