"""The kinds of values that OpenAI's requests are made of; a table of keys and kinds says what an endpoint accepts.

Pure. Each kind finds the first fault in a value and says it in the live API's words. Keys that no table names are
accepted as they are. A key that is null counts as absent, unless it is required.
"""

from collections.abc import Collection, Mapping
from typing import Any, Protocol

import attrs

from llmsim.wire import openai_errors


class Kind(Protocol):
    """A kind of value; `check` raises ClientError for what is none."""

    def check(self, param: str, value: Any) -> None: ...  # noqa: ANN401


@attrs.frozen
class Number:
    """An integer, or a decimal; booleans are neither."""

    least: float | None = None
    most: float | None = None
    decimal: bool = False

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        kinds = (int, float) if self.decimal else (int,)
        if isinstance(value, bool) or not isinstance(value, kinds):
            raise openai_errors.wrong_type(param, "a decimal" if self.decimal else "an integer", value)
        if (self.least is not None and value < self.least) or (self.most is not None and value > self.most):
            kind = "decimal" if self.decimal else "integer"
            raise openai_errors.out_of_range(param, kind, value, least=self.least, most=self.most)


@attrs.frozen
class Text:
    """A string, of some length at most, or one of a few; `unlisted` ones are accepted, and no error names them."""

    known: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()
    longest: int | None = None

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, str):
            expected = f"one of {openai_errors.listed(self.known, 'or')}" if self.known else "a string"
            raise openai_errors.wrong_type(param, expected, value)
        if self.known and value not in self.known and value not in self.unlisted:
            raise openai_errors.wrong_value(param, value, self.known)
        if self.longest is not None and len(value) > self.longest:
            raise openai_errors.too_long(param, self.longest, len(value))


@attrs.frozen
class Flag:
    """true or false."""

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, bool):
            raise openai_errors.wrong_type(param, "a boolean", value)


@attrs.frozen
class Table:
    """An object; rows for the keys that are known, in the order in which faults are found."""

    rows: Mapping[str, Kind] = attrs.field(factory=dict)
    required: Collection[str] = ()

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, dict):
            raise openai_errors.wrong_type(param, "an object", value)
        check_keys(value, self.rows, self.required, f"{param}.")


@attrs.frozen
class Tagged:
    """An object that says in one of its keys of which kind it is."""

    tag: str
    kinds: Mapping[str, Table]
    _tags: Text = attrs.field(init=False)

    @_tags.default
    def _known(self) -> Text:
        return Text(tuple(self.kinds))

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, dict):
            raise openai_errors.wrong_type(param, "an object", value)
        check_keys(value, {self.tag: self._tags}, (self.tag,), f"{param}.")
        self.kinds[value[self.tag]].check(param, value)


@attrs.frozen
class Items:
    """An array of `least` to `most` things of one kind; `of` is their plural."""

    each: Kind
    of: str = "objects"
    least: int = 0
    most: int | None = None

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, list):
            raise openai_errors.wrong_type(param, f"an array of {self.of}", value)
        if len(value) < self.least:
            raise openai_errors.empty_array(param)
        if self.most is not None and len(value) > self.most:
            raise openai_errors.too_long_array(param, self.most, len(value))
        for index, item in enumerate(value):
            self.each.check(f"{param}[{index}]", item)


@attrs.frozen
class TextOr:
    """A string, or an array."""

    items: Items

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if isinstance(value, str):
            return
        if not isinstance(value, list):
            raise openai_errors.wrong_type(param, f"one of a string or array of {self.items.of}", value)
        self.items.check(param, value)


@attrs.frozen
class Metadata:
    """A few pairs of short strings."""

    most: int
    longest_name: int
    longest_value: int

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, dict):
            raise openai_errors.wrong_type(param, "a metadata object", value)
        if len(value) > self.most:
            raise openai_errors.too_many_properties(param, self.most, len(value))
        for name, text in value.items():
            if len(name) > self.longest_name:
                raise openai_errors.too_long_name(param, name, self.longest_name)
            Text(longest=self.longest_value).check(f"{param}.{name}", text)


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
            raise openai_errors.missing(within + key)
