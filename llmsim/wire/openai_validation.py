"""What OpenAI's chat endpoint accepts, as a table: each known key, its JSON type and its bounds.

Pure. Decisions are data: a row for a key, a small class for a kind of value. Unknown keys are nobody's business here.
A key that is null counts as absent, as it does at the provider.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import attrs

from llmsim.errors import ClientError
from llmsim.wire import openai_errors

METADATA_MAX = 16
METADATA_KEY_MAX = 64
METADATA_VALUE_MAX = 512


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
    """A string, of some length at most, or one of a few."""

    known: tuple[str, ...] = ()
    longest: int | None = None

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, str):
            raise openai_errors.wrong_type(param, "a string", value)
        if self.known and value not in self.known:
            raise openai_errors.wrong_value(param, value, self.known)
        if self.longest is not None and len(value) > self.longest:
            raise ClientError(
                f"Invalid '{param}': string too long. Expected a string with maximum length {self.longest}, but got a "
                f"string with length {len(value)} instead.",
                param=param,
                code="string_above_max_length",
            )


@attrs.frozen
class Flag:
    """true or false."""

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, bool):
            raise openai_errors.wrong_type(param, "a boolean", value)


@attrs.frozen
class Table:
    """An object, with rows of its own for the keys that are known."""

    rows: Mapping[str, Kind] = attrs.field(factory=dict)

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, dict):
            raise openai_errors.wrong_type(param, "an object", value)
        for key, kind in self.rows.items():
            if value.get(key) is not None:
                kind.check(f"{param}.{key}", value[key])


@attrs.frozen
class Items:
    """An array, of no more than `most` things of one kind; `expected` says of what."""

    each: Kind
    expected: str
    most: int | None = None

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, list):
            raise openai_errors.wrong_type(param, self.expected, value)
        if self.most is not None and len(value) > self.most:
            raise openai_errors.too_long_array(param, self.most, len(value))
        for index, item in enumerate(value):
            self.each.check(f"{param}[{index}]", item)


@attrs.frozen
class TextOrItems:
    """A string, or an array of a few."""

    items: Items

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, str):
            self.items.check(param, value)


@attrs.frozen
class Metadata:
    """Up to 16 pairs of short strings."""

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, dict):
            raise openai_errors.wrong_type(param, "a metadata object", value)
        if len(value) > METADATA_MAX:
            raise ClientError(
                f"Invalid '{param}': too many properties. Expected an object with at most {METADATA_MAX} properties, "
                f"but got an object with {len(value)} properties instead.",
                param=param,
                code="object_above_max_properties",
            )
        for key, item in value.items():
            if len(key) > METADATA_KEY_MAX:
                raise ClientError(
                    f"Invalid '{param}': property name too long. Expected a property name with maximum length "
                    f"{METADATA_KEY_MAX}, but got one with length {len(key)} instead.",
                    param=param,
                    code="property_name_above_max_length",
                )
            Text(longest=METADATA_VALUE_MAX).check(f"{param}.{key}", item)


CHAT: Mapping[str, Kind] = {
    "model": Text(),
    "stream": Flag(),
    "stream_options": Table({"include_usage": Flag(), "include_obfuscation": Flag()}),
    "max_tokens": Number(least=1),
    "max_completion_tokens": Number(least=1),
    "n": Number(least=1, most=128),
    "stop": TextOrItems(Items(Text(), "one of a string or an array of strings", most=4)),
    "seed": Number(least=-(2**63), most=2**63 - 1),
    "temperature": Number(least=0, most=2, decimal=True),
    "top_p": Number(least=0, most=1, decimal=True),
    "presence_penalty": Number(least=-2, most=2, decimal=True),
    "frequency_penalty": Number(least=-2, most=2, decimal=True),
    "logprobs": Flag(),
    "top_logprobs": Number(least=0, most=20),
    "logit_bias": Table(),
    "user": Text(),
    "metadata": Metadata(),
    "store": Flag(),
    "service_tier": Text(known=("auto", "default", "flex", "scale", "priority", "fast")),
    "tools": Items(Table(), "an array of objects"),
    "parallel_tool_calls": Flag(),
    "response_format": Table(),
    "reasoning_effort": Text(),
    "prompt_cache_key": Text(),
    "safety_identifier": Text(),
}
"""The keys of a chat request besides its messages, in the order in which faults are reported."""


def check_keys(body: Mapping[str, Any], rows: Mapping[str, Kind]) -> None:
    """Look at every known key that has a value.

    Raises:
        ClientError: the first fault, in the order of the table.
    """
    for key, kind in rows.items():
        if body.get(key) is not None:
            kind.check(key, body[key])
