"""The kinds of values that OpenAI's requests are made of; a table of keys and kinds says what an endpoint accepts.

Pure. Each kind says whether a value is one of it (`accepts`: quick, as nearly all are), and for one that is none, what
the first fault in it is, in the live API's words (`check`). The two agree: what is accepted has no fault. Keys that no
table names are accepted as they are, unless the table is closed; `opened` gives a kind whose tables all are open. A key
that is null counts as absent, unless it is required.
"""

from collections.abc import Collection, Mapping
from typing import Any, Protocol

import attrs

from llmsim.wire.openai import errors
from llmsim.wire.openai.spelling import unknown_key


class Kind(Protocol):
    """A kind of value."""

    def accepts(self, value: Any) -> bool:  # noqa: ANN401
        """Whether the value is of this kind."""
        ...

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        """Raise ClientError with the first fault, if there is one; `param` is where the value stands."""
        ...


@attrs.frozen
class Number:
    """An integer, or a decimal; booleans are neither."""

    least: float | None = None
    most: float | None = None
    decimal: bool = False

    def accepts(self, value: Any) -> bool:  # noqa: ANN401
        if type(value) is not int and not (self.decimal and type(value) is float):
            return False
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if self.accepts(value):
            return
        if isinstance(value, bool) or not isinstance(value, (int, float) if self.decimal else int):
            raise errors.wrong_type(param, "a decimal" if self.decimal else "an integer", value)
        kind = "decimal" if self.decimal else "integer"
        raise errors.out_of_range(param, kind, value, least=self.least, most=self.most)


@attrs.frozen
class Text:
    """A string, of some lengths, or one of a few; `unlisted` ones are accepted, and no error names them."""

    known: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()
    longest: int | None = None
    filled: bool = False

    def accepts(self, value: Any) -> bool:  # noqa: ANN401
        if not isinstance(value, str) or (self.filled and not value):
            return False
        if self.longest is not None and len(value) > self.longest:
            return False
        return not self.known or value in self.known or value in self.unlisted

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if self.accepts(value):
            return
        if not isinstance(value, str):
            expected = f"one of {errors.listed(self.known, 'or')}" if self.known else "a string"
            raise errors.wrong_type(param, expected, value)
        if self.filled and not value:
            raise errors.empty(param)
        if self.longest is not None and len(value) > self.longest:
            raise errors.too_long(param, self.longest, len(value))
        raise errors.wrong_value(param, value, self.known)


@attrs.frozen
class Anything:
    """Whatever it is."""

    def accepts(self, _value: Any) -> bool:  # noqa: ANN401
        return True

    def check(self, _param: str, _value: Any) -> None:  # noqa: ANN401
        return


@attrs.frozen
class Flag:
    """true or false."""

    def accepts(self, value: Any) -> bool:  # noqa: ANN401
        return isinstance(value, bool)

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, bool):
            raise errors.wrong_type(param, "a boolean", value)


@attrs.frozen
class Table:
    """An object; rows for the keys that are known, in the order in which faults are found. `closed`: no others."""

    rows: Mapping[str, Kind] = attrs.field(factory=dict)
    required: Collection[str] = ()
    closed: bool = False

    def accepts(self, value: Any) -> bool:  # noqa: ANN401
        if not isinstance(value, dict) or (self.closed and not value.keys() <= self.rows.keys()):
            return False
        return accepts_keys(value, self.rows, self.required)

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, dict):
            raise errors.wrong_type(param, "an object", value)
        if self.closed:
            refuse_unknown(value, self.rows, f"{param}.")
        check_keys(value, self.rows, self.required, f"{param}.")


@attrs.frozen
class Tagged:
    """An object that says in one of its keys of which kind it is; the tables need not name that key."""

    tag: str
    kinds: Mapping[str, Table]
    _tables: Mapping[str, Table] = attrs.field(init=False)
    _tags: Text = attrs.field(init=False)

    @_tables.default
    def _with_tag(self) -> Mapping[str, Table]:
        return {
            name: attrs.evolve(table, rows={self.tag: Text(), **table.rows}) if table.closed else table
            for name, table in self.kinds.items()
        }

    @_tags.default
    def _known(self) -> Text:
        return Text(tuple(self.kinds))

    def accepts(self, value: Any) -> bool:  # noqa: ANN401
        if not isinstance(value, dict):
            return False
        tag = value.get(self.tag)
        kind = self._tables.get(tag) if isinstance(tag, str) else None
        return kind is not None and kind.accepts(value)

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, dict):
            raise errors.wrong_type(param, "an object", value)
        check_keys(value, {self.tag: self._tags}, (self.tag,), f"{param}.")
        self._tables[value[self.tag]].check(param, value)


@attrs.frozen
class Items:
    """An array of `least` to `most` things of one kind; `of` is their plural."""

    each: Kind
    of: str = "objects"
    least: int = 0
    most: int | None = None

    def accepts(self, value: Any) -> bool:  # noqa: ANN401
        if not isinstance(value, list) or len(value) < self.least or (self.most is not None and len(value) > self.most):
            return False
        return all(map(self.each.accepts, value))

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, list):
            raise errors.wrong_type(param, f"an array of {self.of}", value)
        if len(value) < self.least:
            raise errors.empty_array(param)
        if self.most is not None and len(value) > self.most:
            raise errors.too_long_array(param, self.most, len(value))
        for index, item in enumerate(value):
            self.each.check(f"{param}[{index}]", item)


@attrs.frozen
class TextOr:
    """A string, or an array."""

    items: Items
    text: Text = Text()

    def accepts(self, value: Any) -> bool:  # noqa: ANN401
        return self.text.accepts(value) or self.items.accepts(value)

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if isinstance(value, str):
            self.text.check(param, value)
            return
        if not isinstance(value, list):
            raise errors.wrong_type(param, f"one of a string or array of {self.items.of}", value)
        self.items.check(param, value)


@attrs.frozen
class Metadata:
    """A few pairs of short strings."""

    most: int
    longest_name: int
    longest_value: int

    def accepts(self, value: Any) -> bool:  # noqa: ANN401
        if not isinstance(value, dict) or len(value) > self.most:
            return False
        fits = Text(longest=self.longest_value).accepts
        return all(len(name) <= self.longest_name and fits(text) for name, text in value.items())

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, dict):
            raise errors.wrong_type(param, "a metadata object", value)
        if len(value) > self.most:
            raise errors.too_many_properties(param, self.most, len(value))
        for name, text in value.items():
            if len(name) > self.longest_name:
                raise errors.too_long_name(param, name, self.longest_name)
            Text(longest=self.longest_value).check(f"{param}.{name}", text)


def accepts_keys(body: Mapping[str, Any], rows: Mapping[str, Kind], required: Collection[str] = ()) -> bool:
    """Whether `check_keys` finds no fault: this one looks at the keys that are there, in their order."""
    for key in required:
        if body.get(key) is None:
            return False
    for key, value in body.items():
        kind = rows.get(key)
        if kind is not None and value is not None and not kind.accepts(value):
            return False
    return True


def check_keys(
    body: Mapping[str, Any], rows: Mapping[str, Kind], required: Collection[str] = (), within: str = ""
) -> None:
    """Look at every key that has a row; `within` is what stands before the keys in errors.

    Raises:
        ClientError: the first fault, in the order of the rows.
    """
    for key, kind in rows.items():
        value = body.get(key)
        if value is not None or (key in body and key in required):
            kind.check(within + key, value)
        elif key in required:
            raise errors.missing(within + key)


def refuse_unknown(body: Mapping[str, Any], known: Collection[str], within: str = "") -> None:
    """Look for keys that are not known; `within` is what stands before the keys in errors.

    Raises:
        ClientError: the first one, with what it may have been meant to be.
    """
    for key in body:
        if key not in known:
            raise unknown_key(key, [name for name in known if name not in body], within)


def opened(kind: Any) -> Any:  # noqa: ANN401
    """The kind with every table in it open: unknown keys are accepted wherever they stand."""
    if isinstance(kind, Mapping):
        return {name: opened(inner) for name, inner in kind.items()}
    if not attrs.has(type(kind)):
        return kind
    changes = {}
    for field in attrs.fields(type(kind)):
        value = getattr(kind, field.name)
        if field.name == "closed":
            changes["closed"] = False
        elif field.init and (isinstance(value, Mapping) or attrs.has(type(value))):
            changes[field.name] = opened(value)
    return attrs.evolve(kind, **changes)
