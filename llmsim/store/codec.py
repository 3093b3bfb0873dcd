"""Records to bytes and back: JSON with sorted keys, by cattrs and orjson; digests and keys as hex.

Invariant: `decode(encode(record)) == record` for every record of the schema; bytes that are no record are
StoreDamaged, whatever they are.
"""

from typing import Any, TypeVar

import orjson
from cattrs import Converter
from cattrs.errors import BaseValidationError

from llmsim.errors import StoreDamaged
from llmsim.store.schema import Meta, Outcome, Session, Turn, TurnKey

T = TypeVar("T")


def _converter() -> Converter:
    using = Converter(detailed_validation=False)
    using.register_unstructure_hook(bytes, lambda value: value.hex())
    using.register_structure_hook(bytes, lambda value, _: bytes.fromhex(value))
    using.register_unstructure_hook(TurnKey, str)
    using.register_structure_hook(TurnKey, lambda value, _: TurnKey.parse(value))
    return using


_CONVERTER = _converter()


def encode(record: Meta | Session | Turn | Outcome) -> bytes:
    """The bytes of a record."""
    return orjson.dumps(_CONVERTER.unstructure(record), option=orjson.OPT_SORT_KEYS)


def decode(data: bytes, kind: type[T]) -> T:
    """The record of this kind that the bytes are.

    Raises:
        StoreDamaged: they are not.
    """
    try:
        value: Any = orjson.loads(data)
        return _CONVERTER.structure(value, kind)
    except (ValueError, TypeError, KeyError, AttributeError, BaseValidationError) as error:
        raise StoreDamaged(f"not a record of kind {kind.__name__}: {error!r}") from error


def decode_meta(data: bytes) -> Meta:
    """The stamp of a store, also of one whose format this release does not read otherwise."""
    return decode(data, Meta)
