"""Tables from outside (TOML, stored JSON) into frozen classes, strictly; each fault with its file and key path.

`config.toml: unknown key 'prot' (did you mean 'port'?) @ $`. Nothing is coerced: "5" is not a number, and a number is
not a text. Numbers are finite. Knows no file and no class of ours; errors come out as OperatorError, one line for
each fault.
"""

import math
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, TypeVar, get_args, get_origin

import attrs
import tomli
from cattrs import (
    ClassValidationError,
    Converter,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
    transform_error,
)
from cattrs.gen import make_dict_structure_fn, mapping_structure_factory

from llmsim.errors import OperatorError

T = TypeVar("T")

TEXT_LIMIT_BYTES = 1 << 20
"""Largest TOML text that is read: far beyond any file made by hand, small enough to parse in a blink."""


def converter() -> Converter:
    """A converter that forbids unknown keys and coerces nothing; add hooks of your own to it."""
    strict = Converter(forbid_extra_keys=True, detailed_validation=True)
    strict.register_structure_hook(int, _int)
    strict.register_structure_hook(float, _float)
    strict.register_structure_hook(str, _str)
    strict.register_structure_hook(bool, _bool)
    strict.register_structure_hook(StrEnum, _choice)
    strict.register_structure_hook_factory(attrs.has, _class_hook)
    strict.register_structure_hook_factory(_is_tuple, _tuple_hook)
    strict.register_structure_hook_factory(_is_dict, _dict_hook)
    return strict


def structure(data: object, kind: type[T], name: str, using: Converter) -> T:
    """`data` as an instance of `kind`; `name` says in errors where it comes from.

    Raises:
        OperatorError: one line for each fault, with the path of its key.
    """
    try:
        return using.structure(data, kind)
    except (ClassValidationError, IterableValidationError, ValueError) as error:
        faults = transform_error(error, format_exception=_say)
        raise OperatorError("\n".join(f"{name}: {fault}" for fault in faults)) from None


def parse_toml(text: bytes, name: str) -> dict[str, Any]:
    """A TOML text as a table.

    Raises:
        OperatorError: not UTF-8, not TOML, or longer than TEXT_LIMIT_BYTES.
    """
    if len(text) > TEXT_LIMIT_BYTES:
        raise OperatorError(f"{name}: {len(text)} bytes, where at most {TEXT_LIMIT_BYTES} are read")
    try:
        return tomli.loads(text.decode())
    except UnicodeDecodeError as error:
        raise OperatorError(f"{name}: not UTF-8 at byte {error.start}") from None
    except tomli.TOMLDecodeError as error:
        raise OperatorError(f"{name}: not TOML: {error}") from None


def nearest(word: str, known: list[str]) -> str:
    """` (did you mean 'x'?)` for the known word that is nearest, or nothing."""
    close = get_close_matches(word, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _say(error: BaseException, _kind: type | None) -> str:
    if isinstance(error, KeyError):
        return "missing key"
    if isinstance(error, ForbiddenExtraKeysError):
        known = [field.name for field in attrs.fields(error.cl)]
        return ", ".join(f"unknown key {key!r}{nearest(key, known)}" for key in sorted(error.extra_fields))
    return str(error)


def _wrong(expected: str, value: object) -> ValueError:
    names = {dict: "a table", list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}
    return ValueError(f"expected {expected}, not {names.get(type(value), type(value).__name__)}")


def _int(value: object, _kind: object) -> int:
    if type(value) is not int:
        raise _wrong("a whole number", value)
    return value


def _float(value: object, _kind: object) -> float:
    if type(value) not in {int, float} or not isinstance(value, int | float):
        raise _wrong("a number", value)
    if not math.isfinite(value):
        raise ValueError("expected a finite number")
    return float(value)


def _str(value: object, _kind: object) -> str:
    if not isinstance(value, str):
        raise _wrong("a text", value)
    return value


def _bool(value: object, _kind: object) -> bool:
    if not isinstance(value, bool):
        raise _wrong("true or false", value)
    return value


def _choice(value: object, kind: type[StrEnum]) -> StrEnum:
    known = [member.value for member in kind]
    if value not in known:
        raise ValueError(f"expected one of {', '.join(known)}, not {value!r}{nearest(str(value), known)}")
    return kind(value)


def _is_tuple(kind: Any) -> bool:  # noqa: ANN401
    return get_origin(kind) is tuple


def _is_dict(kind: Any) -> bool:  # noqa: ANN401
    return get_origin(kind) is dict


def _dict_hook(kind: Any, using: Converter) -> Callable[[object, object], object]:  # noqa: ANN401
    build = mapping_structure_factory(kind, using)

    def hook(value: object, _kind: object) -> object:
        if not isinstance(value, Mapping):
            raise _wrong("a table", value)
        return build(value, kind)

    return hook


def _class_hook(kind: type[Any], using: Converter) -> Callable[[object, object], object]:
    build = make_dict_structure_fn(kind, using, _cattrs_forbid_extra_keys=True, _cattrs_detailed_validation=True)

    def hook(value: object, _kind: object) -> object:
        if not isinstance(value, Mapping):
            raise _wrong("a table", value)
        return build(value, kind)

    return hook


def _tuple_hook(kind: type[Any], using: Converter) -> Callable[[object, object], object]:
    item_kind = get_args(kind)[0]

    def hook(value: object, _kind: object) -> tuple[object, ...]:
        if not isinstance(value, list):
            raise _wrong("a list", value)
        items, errors = [], []
        for index, item in enumerate(value):
            try:
                items.append(using.structure(item, item_kind))
            except Exception as error:  # noqa: BLE001
                error.add_note(IterableValidationNote(f"item {index}", index, item_kind))
                errors.append(error)
        if errors:
            raise IterableValidationError("items", errors, kind)
        return tuple(items)

    return hook
