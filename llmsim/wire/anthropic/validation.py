"""The kinds of values that Anthropic's requests are made of; a table of keys and kinds says what an endpoint accepts.

Pure. Each kind looks at a value and raises `Fault` with the first thing that is wrong, in the live API's words; what
holds a value puts in front where it stands, so that a path costs nothing where nothing is wrong. Keys that no table
names are faults too, unless the table is open; `opened` gives a kind whose tables all are. A key that is null counts as
absent, unless it is required.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import attrs

from llmsim.errors import ClientError

REQUIRED = "Field required"
EXTRA = "Extra inputs are not permitted"
QUOTED_CHARS = 64
"""How much of a wrong value is said again."""


class Fault(Exception):
    """Something is wrong with a value; `path` is where, from the outside in."""

    def __init__(self, text: str, *path: str | int) -> None:
        super().__init__(text)
        self.text = text
        self.path: list[str | int] = list(path)

    def within(self, *path: str | int) -> "Fault":
        """The same fault, seen from further outside."""
        self.path[:0] = path
        return self

    def told(self) -> ClientError:
        """The error that a caller gets."""
        where = ".".join(map(str, self.path))
        return ClientError(f"{where}: {self.text}" if where else self.text)


class Kind(Protocol):
    """A kind of value."""

    def check(self, value: Any) -> None:  # noqa: ANN401
        """Raise Fault with what is wrong first; ClientError where the live API names no path."""
        ...


@attrs.frozen
class Number:
    """An integer, or any number; booleans are neither."""

    least: float | None = None
    most: float | None = None
    decimal: bool = False

    def check(self, value: Any) -> None:  # noqa: ANN401
        whole = type(value) is int or (type(value) is float and value.is_integer())
        if not whole and not (self.decimal and type(value) is float):
            raise Fault(f"Input should be a valid {'number' if self.decimal else 'integer'}")
        if self.least is not None and value < self.least:
            raise Fault(f"Input should be greater than or equal to {self.least}")
        if self.most is not None and value > self.most:
            raise Fault(f"Input should be less than or equal to {self.most}")


@attrs.frozen
class Text:
    """A string, of some lengths and of one form."""

    least: int = 0
    most: int | None = None
    form: re.Pattern[str] | None = None

    def check(self, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, str):
            raise Fault("Input should be a valid string")
        if len(value) < self.least:
            raise Fault(f"String should have at least {self.least} character{'' if self.least == 1 else 's'}")
        if self.most is not None and len(value) > self.most:
            raise Fault(f"String should have at most {self.most} characters")
        if self.form is not None and self.form.fullmatch(value) is None:
            raise Fault(f"String should match pattern '^{self.form.pattern}$'")


@attrs.frozen
class OneOf:
    """One of a few strings."""

    known: tuple[str, ...]

    def check(self, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, str) or value not in self.known:
            raise Fault(f"Input should be {listed(self.known)}")


@attrs.frozen
class Flag:
    """true or false."""

    def check(self, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, bool):
            raise Fault("Input should be a valid boolean")


@attrs.frozen
class Anything:
    """Whatever it is."""

    def check(self, value: Any) -> None:  # noqa: ANN401
        """Find nothing wrong."""


@attrs.frozen
class Object:
    """An object, whatever is in it."""

    def check(self, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, dict):
            raise Fault("Input should be an object")


@attrs.frozen
class Table:
    """An object; rows for the keys that are known, in the order in which faults are found, then unknown keys.

    `also`: other keys are fine.
    """

    rows: Mapping[str, Kind] = attrs.field(factory=dict)
    required: Collection[str] = ()
    also: bool = False

    def check(self, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, dict):
            raise Fault("Input should be an object")
        check_rows(value, self.rows, self.required)
        if not self.also:
            check_known(value, self.rows)


@attrs.frozen
class Tagged:
    """An object that says in one of its keys of which kind it is; the tag stands in paths, as in the live API's.

    `otherwise` is the kind of objects that have no tag, where there may be such.
    """

    tag: str
    kinds: Mapping[str, Kind]
    otherwise: str | None = None

    def check(self, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, dict):
            raise Fault("Input should be an object")
        tag = value.get(self.tag)
        if tag is None:
            tag = self.otherwise
        if tag is None:
            raise Fault(REQUIRED, self.tag)
        kind = self.kinds.get(tag) if isinstance(tag, str) else None
        if kind is None:
            expected = ", ".join(f"'{name}'" for name in sorted(self.kinds))
            raise Fault(
                f"Input tag '{str(tag)[:QUOTED_CHARS]}' found using '{self.tag}' does not match any of the expected "
                f"tags: {expected}"
            )
        try:
            kind.check(value)
        except Fault as fault:
            raise fault.within(tag) from None


@attrs.frozen
class Items:
    """An array of things of one kind."""

    each: Kind
    least: int = 0
    most: int | None = None

    def check(self, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, list):
            raise Fault("Input should be a valid array")
        if len(value) < self.least:
            raise Fault(f"List should have at least {self.least} item after validation, not {len(value)}")
        if self.most is not None and len(value) > self.most:
            raise Fault(f"List should have at most {self.most} items after validation, not {len(value)}")
        check = self.each.check
        at = 0
        try:
            for at, item in enumerate(value):  # noqa: B007  (read where a fault is found)
                check(item)
        except Fault as fault:
            raise fault.within(at) from None


@attrs.frozen
class TextOr:
    """A string, or another kind."""

    other: Kind
    text: Text = Text()

    def check(self, value: Any) -> None:  # noqa: ANN401
        (self.text if isinstance(value, str) else self.other).check(value)


def check_rows(body: Mapping[str, Any], rows: Mapping[str, Kind], required: Collection[str] = ()) -> None:
    """Look at every key that has a row, in the order of the rows; raises Fault."""
    for key, kind in rows.items():
        value = body.get(key)
        if value is None:
            if key in required:
                raise Fault(REQUIRED, key) if key not in body else _null(kind, key)
            continue
        try:
            kind.check(value)
        except Fault as fault:
            raise fault.within(key) from None


def check_known(body: Mapping[str, Any], known: Collection[str]) -> None:
    """Look for a key that is none of these; raises Fault."""
    for key in body:
        if key not in known:
            raise Fault(EXTRA, key[:QUOTED_CHARS])


def opened(kind: Any) -> Any:  # noqa: ANN401
    """The kind with every table in it open: unknown keys are accepted wherever they stand."""
    if isinstance(kind, Mapping):
        return {name: opened(inner) for name, inner in kind.items()}
    if not attrs.has(type(kind)):
        return kind
    changes: dict[str, Any] = {"also": True} if hasattr(kind, "also") else {}
    for field in attrs.fields(type(kind)):
        value = getattr(kind, field.name)
        if isinstance(value, Mapping) or attrs.has(type(value)):
            changes[field.name] = opened(value)
    return attrs.evolve(kind, **changes)


def listed(names: Sequence[str]) -> str:
    """Names in quotes, with "or" before the last one: `'a', 'b' or 'c'`."""
    quoted = [f"'{name}'" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def _null(kind: Kind, key: str) -> Fault:
    """What is wrong with a null that stands where something must stand."""
    try:
        kind.check(None)
    except Fault as fault:
        return fault.within(key)
    return Fault(REQUIRED, key)
