"""The kinds of values that Gemini's requests are made of, and how proto JSON is read by them.

Pure. Names of fields may be in camel case or in snake case; what comes out is in camel case, without nulls. A field
that may be repeated may be given alone, numbers may be strings, enums are names of any case or numbers. Faults are
collected, in the order of the body, each in the live API's words with the path of its field in snake case. Messages
nest no deeper than DEEPEST. Sources: recorded errors; protobuf, "ProtoJSON Format".
"""

import base64
import binascii
import math
import re
from collections.abc import Mapping
from typing import Any, Protocol

import attrs
import orjson

from llmsim.errors import ClientError
from llmsim.wire.gemini import errors
from llmsim.wire.gemini.errors import PROTOS, QUOTED_CHARS, Violation

DEEPEST = 100
"""How deep messages may nest: protobuf's own limit."""
_UPPER = re.compile(r"([A-Z])")


class Reading:
    """One body that is being read: what was found wrong with it so far. `lenient`: unknown names are passed over."""

    def __init__(self, *, lenient: bool = False) -> None:
        self.violations: list[Violation] = []
        self.lenient = lenient

    def wrong(self, path: str, kind: str, value: Any) -> None:  # noqa: ANN401
        """A value that is not of its field's kind."""
        self.fault(path, f"Invalid value at '{path}' ({kind}), {_quoted(value)}")

    def unknown(self, name: str, path: str, why: str) -> None:
        """A name that means nothing here."""
        where = f" at '{path}'" if path else ""
        self.fault(path, f'Invalid JSON payload received. Unknown name "{name[:QUOTED_CHARS]}"{where}: {why}')

    def fault(self, path: str, description: str) -> None:
        """Any fault; those beyond FIELDS_MOST are not told."""
        if len(self.violations) < errors.FIELDS_MOST:
            self.violations.append(Violation(path, description))


class Kind(Protocol):
    """A kind of value."""

    def read(self, value: Any, path: str, reading: Reading, depth: int) -> Any:  # noqa: ANN401
        """The value in its one form; what is wrong with it is told to `reading`. It is not null."""
        ...


@attrs.frozen
class Text:
    """A string."""

    def read(self, value: Any, path: str, reading: Reading, _depth: int) -> Any:  # noqa: ANN401
        if not isinstance(value, str):
            reading.wrong(path, "TYPE_STRING", value)
        return value


@attrs.frozen
class Bytes:
    """Bytes in base64, in either alphabet."""

    def read(self, value: Any, path: str, reading: Reading, _depth: int) -> Any:  # noqa: ANN401
        if not isinstance(value, str):
            reading.wrong(path, "TYPE_BYTES", value)
            return value
        try:
            plain = value.translate(_URL_SAFE).rstrip("=").encode("ascii")
            base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
        except (binascii.Error, ValueError):
            shown = _quoted(value)
            reading.fault(path, f"Invalid value at '{path}' (TYPE_BYTES), Base64 decoding failed for {shown}")
        return value


@attrs.frozen
class Flag:
    """true or false."""

    def read(self, value: Any, path: str, reading: Reading, _depth: int) -> Any:  # noqa: ANN401
        if value in ("true", "false"):
            return value == "true"
        if not isinstance(value, bool):
            reading.wrong(path, "TYPE_BOOL", value)
        return value


@attrs.frozen
class Integer:
    """A whole number of 32 or 64 bits."""

    bits: int = 32

    def read(self, value: Any, path: str, reading: Reading, _depth: int) -> Any:  # noqa: ANN401
        number = _number(value)
        limit = 1 << (self.bits - 1)
        if number is None or number != int(number) or not -limit <= number < limit:
            reading.wrong(path, f"TYPE_INT{self.bits}", value)
            return 0
        return int(number)


@attrs.frozen
class Decimal:
    """A number."""

    bits: int = 32

    def read(self, value: Any, path: str, reading: Reading, _depth: int) -> Any:  # noqa: ANN401
        number = _number(value)
        if number is None:
            reading.wrong(path, "TYPE_FLOAT" if self.bits == 32 else "TYPE_DOUBLE", value)
            return 0.0
        return float(number)


@attrs.frozen
class Choice:
    """One of a few names, of any case, or its number."""

    name: str
    known: tuple[str, ...]

    def read(self, value: Any, path: str, reading: Reading, _depth: int) -> Any:  # noqa: ANN401
        if isinstance(value, str) and value.upper() in self.known:
            return value.upper()
        if type(value) is int and 0 <= value < len(self.known):
            return self.known[value]
        if type(value) is not int:
            reading.wrong(path, PROTOS + self.name, value)
        return self.known[0]


@attrs.frozen
class Anything:
    """Any JSON; `form`: of this Python type alone."""

    form: type | None = None

    def read(self, value: Any, path: str, reading: Reading, _depth: int) -> Any:  # noqa: ANN401
        if self.form is not None and not isinstance(value, self.form):
            reading.wrong(path, "type.googleapis.com/google.protobuf.Struct", value)
        try:
            orjson.dumps(value)
        except orjson.JSONEncodeError:
            reading.fault(path, TOO_DEEP)
        return value


@attrs.frozen
class Many:
    """Any number of values of one kind, or one of them alone."""

    each: Kind

    def read(self, value: Any, path: str, reading: Reading, depth: int) -> Any:  # noqa: ANN401
        if not isinstance(value, list):
            return [self.each.read(value, path, reading, depth)]
        told = [(index, item) for index, item in enumerate(value) if item is not None]
        return [self.each.read(item, f"{path}[{index}]", reading, depth) for index, item in told]


@attrs.frozen
class Named:
    """An object whose keys are a caller's, and whose values are of one kind."""

    each: Kind

    def read(self, value: Any, path: str, reading: Reading, depth: int) -> Any:  # noqa: ANN401
        if not isinstance(value, dict):
            reading.wrong(path, "TYPE_MESSAGE", value)
            return {}
        told = [(index, name, item) for index, (name, item) in enumerate(value.items()) if item is not None]
        return {name: self.each.read(item, f"{path}[{index}].value", reading, depth) for index, name, item in told}


@attrs.frozen
class Proto:
    """A message: its name, and a row for each field, by its name in camel case.

    `ignored`: fields that change nothing here. `one_of`: fields of which a message has at most one.
    """

    name: str
    rows: Mapping[str, Kind] = attrs.field(factory=dict)
    ignored: frozenset[str] = frozenset()
    one_of: frozenset[str] = frozenset()
    _names: dict[str, str] = attrs.field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        for name in self.rows:
            self._names[name] = self._names[snake(name)] = name

    def read(self, value: Any, path: str, reading: Reading, depth: int) -> dict[str, Any]:  # noqa: ANN401
        if not isinstance(value, dict):
            reading.wrong(path, PROTOS + self.name, value)
            return {}
        if depth >= DEEPEST:
            reading.fault(path, TOO_DEEP)
            return {}
        found: dict[str, Any] = {}
        taken = False
        before = f"{path}." if path else ""
        for given, item in value.items():
            name = self._names.get(given)
            if name is None:
                if not reading.lenient:
                    reading.unknown(given, path, "Cannot find field.")
            elif item is not None:
                if isinstance(item, list) and isinstance(self.rows[name], Proto):
                    reading.unknown(given, path, "Proto field is not repeating, cannot start list.")
                    continue
                if name in self.one_of and taken:
                    clash = f"oneof field 'data' is already set. Cannot set '{name}'"
                    reading.fault(path, f"Invalid value at '{path}' (oneof), {clash}")
                taken = taken or name in self.one_of
                found[name] = self.rows[name].read(item, before + snake(name), reading, depth + 1)
        return found


@attrs.frozen
class Recursive:
    """A message of a table that is not complete yet: it contains itself."""

    protos: Mapping[str, Proto]
    name: str

    def read(self, value: Any, path: str, reading: Reading, depth: int) -> Any:  # noqa: ANN401
        return self.protos[self.name].read(value, path, reading, depth)


def read_body(body: bytes, proto: Proto, *, lenient: bool = False) -> dict[str, Any]:
    """A request body by its message, in camel case; an empty body is an empty message. `lenient`: as `Reading`.

    Raises:
        ClientError: it is no JSON, no object, or some of its fields are not what they should be.
    """
    try:
        value = orjson.loads(body) if body.strip() else {}
    except orjson.JSONDecodeError as error:
        text = body.decode(errors="replace")
        raise errors.not_json(text, min(error.pos, len(text))) from None
    reading = Reading(lenient=lenient)
    if isinstance(value, dict):
        found = proto.read(value, "", reading, 0)
    else:
        found = {}
        reading.unknown("", "", "Root element must be a message.")
    if reading.violations:
        raise errors.violated(reading.violations)
    return found


def canonical(value: Any) -> bytes:  # noqa: ANN401
    """JSON with sorted keys: the same bytes for the same value.

    Raises:
        ClientError: deeper than JSON is written here (254 levels).
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        raise ClientError(TOO_DEEP) from None


def snake(name: str) -> str:
    """A field's name in camel case as protobuf writes it."""
    return _UPPER.sub(r"_\1", name).lower()


def _number(value: Any) -> float | None:  # noqa: ANN401
    """A number, given as one or as a string; None for anything else, infinities included."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return value


def _quoted(value: Any) -> str:  # noqa: ANN401
    """A wrong value as errors say it again."""
    if isinstance(value, dict | list):
        return "{}" if isinstance(value, dict) else "[]"
    text = orjson.dumps(value).decode()
    return text if len(text) <= QUOTED_CHARS else text[:QUOTED_CHARS] + '..."'


TOO_DEEP = "Invalid JSON payload received. Message too deep. Max recursion depth reached."
_URL_SAFE = str.maketrans("-_", "+/")
_DECIMAL = re.compile(r"[+-]?(\d{1,300}(\.\d{0,300})?|\.\d{1,300})([eE][+-]?\d{1,3})?")
