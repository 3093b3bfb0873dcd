"""Records to bytes and back: JSON with sorted keys, by cattrs and orjson; digests and keys as hex.

Invariant: `decode(encode(record)) == record` for every record of the schema; bytes that are no record are
StoreDamaged, whatever they are. Nothing is coerced: a number that stands as a text is damage.
"""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, TypeVar, get_args, get_origin

import attrs
import orjson
from cattrs import Converter
from cattrs.errors import ForbiddenExtraKeysError
from cattrs.gen import make_dict_structure_fn

from llmsim.errors import StoreDamaged
from llmsim.store.schema import Archived, Meta, Outcome, Resource, Session, Turn, TurnKey
from llmsim.turn import Scripted

T = TypeVar("T")


def _converter() -> Converter:
    using = Converter(detailed_validation=False, forbid_extra_keys=True)
    using.register_unstructure_hook(bytes, lambda value: value.hex())
    using.register_structure_hook(bytes, _bytes)
    using.register_unstructure_hook(TurnKey, str)
    using.register_structure_hook(TurnKey, lambda value, _: TurnKey.parse(value))
    using.register_structure_hook(int, _exactly)
    using.register_structure_hook(str, _exactly)
    using.register_structure_hook(StrEnum, lambda value, kind: kind(value))
    using.register_structure_hook_factory(_is_tuple, _tuple_hook)
    using.register_structure_hook(Scripted, _scripted(using))
    using.register_unstructure_hook_factory(_is_tuple, _list_hook)
    using.register_unstructure_hook_func(_is_json, _unchanged)
    return using


def _scripted(using: Converter) -> Callable[[Any, type[Scripted]], Scripted]:
    """What a script said, whole; before format 2 it was its text alone."""
    structure = make_dict_structure_fn(Scripted, using, _cattrs_forbid_extra_keys=True)
    whole = attrs.fields_dict(Scripted).keys()

    def hook(value: Any, kind: type[Scripted]) -> Scripted:  # noqa: ANN401
        if isinstance(value, str):
            return Scripted(value)
        if value.keys() != whole:
            raise ValueError(f"what a script said has the keys {', '.join(whole)}")
        return structure(value, kind)

    return hook


def _is_json(kind: Any) -> bool:  # noqa: ANN401
    """What orjson writes as it is: enums of strings, and parameters, which came out of JSON."""
    return get_origin(kind) is dict or (isinstance(kind, type) and issubclass(kind, StrEnum))


def _unchanged(value: T) -> T:
    return value


def _exactly(value: Any, kind: type[T]) -> T:  # noqa: ANN401
    if type(value) is not kind:
        msg = f"expected {kind.__name__}, not {type(value).__name__}"
        raise TypeError(msg)
    return value


def _is_tuple(kind: Any) -> bool:  # noqa: ANN401
    return get_origin(kind) is tuple


def _tuple_hook(kind: type[Any], using: Converter) -> Callable[[object, object], object]:
    item = get_args(kind)[0]
    structure = using.get_structure_hook(item)

    def hook(value: object, _kind: object) -> tuple[object, ...]:
        return tuple(structure(entry, item) for entry in _exactly(value, list))

    return hook


def _list_hook(kind: type[Any], using: Converter) -> Callable[[Iterable[object]], list[object]]:
    unstructure = using.get_unstructure_hook(get_args(kind)[0])
    return lambda value: [unstructure(item) for item in value]


def _bytes(value: Any, _kind: type[bytes]) -> bytes:  # noqa: ANN401
    found = bytes.fromhex(value)
    if found.hex() != value:
        raise ValueError("digests are lower-case hex")
    return found


_CONVERTER = _converter()
_UNSTRUCTURE = {
    kind: _CONVERTER.get_unstructure_hook(kind) for kind in (Meta, Archived, Session, Turn, Outcome, Resource)
}


def encode(record: Meta | Archived | Session | Turn | Outcome | Resource) -> bytes:
    """The bytes of a record."""
    return orjson.dumps(_UNSTRUCTURE[type(record)](record), option=orjson.OPT_SORT_KEYS)


def decode(data: bytes, kind: type[T]) -> T:
    """The record of this kind that the bytes are.

    Raises:
        StoreDamaged: they are not.
    """
    try:
        value: Any = orjson.loads(data)
        return _CONVERTER.structure(value, kind)
    except (ValueError, TypeError, KeyError, AttributeError, ForbiddenExtraKeysError) as error:
        raise StoreDamaged(f"not a record of kind {kind.__name__}: {error!r}") from error


def decode_meta(data: bytes) -> Meta:
    """The stamp of a store."""
    return decode(data, Meta)


def decode_format(data: bytes) -> int:
    """The format version in the stamp of a store, also where this release can read nothing else of it.

    Raises:
        StoreDamaged: not a stamp.
    """
    try:
        found = orjson.loads(data)["format"]
    except (ValueError, TypeError, KeyError) as error:
        raise StoreDamaged(f"not the stamp of a store: {error!r}") from error
    if type(found) is not int:
        raise StoreDamaged(f"not the stamp of a store: its format is {found!r}")
    return found
