"""OpenAI's error envelope and its sentences: one place for what a caller reads when a request is no good.

Pure. `{"error": {message, type, param, code}}`, all four keys always; sentences and codes as the live API phrases them.
"""

from collections.abc import Sequence
from typing import Any

import orjson

from llmsim.errors import ClientError, ContextOverflow
from llmsim.wire.base import Refusal
from llmsim.wire.ids import request_id as request_id_text
from llmsim.wire.openai.http import JSON, STANDARD

TYPES = {
    type(None): "null",
    bool: "a boolean",
    int: "an integer",
    float: "a decimal number",
    str: "a string",
    list: "an array",
    dict: "an object",
}
"""What JSON is made of, as errors call it."""
QUOTED_CHARS = 64
"""How much of a wrong value is said again."""


def refuse(error: ClientError, request_id: bytes) -> Refusal:
    """The envelope of an error; `request_id` is 16 bytes. Never fails, whatever the text."""
    if isinstance(error, ContextOverflow):
        error = context_overflow(error)
    message = error.message.encode(errors="replace").decode()
    body = {"error": {"message": message, "type": error.kind, "param": error.param, "code": error.code}}
    data = orjson.dumps(body, option=orjson.OPT_INDENT_2) + b"\n"
    headers = (
        ("content-type", f"{JSON}; charset=utf-8"),
        ("content-length", str(len(data))),
        *STANDARD,
        ("x-request-id", request_id_text(request_id)),
    )
    return Refusal(error.status, headers, data)


def context_overflow(error: ContextOverflow) -> ClientError:
    """More prompt than the model's context window holds."""
    return ClientError(
        f"This model's maximum context length is {error.window} tokens. However, your messages resulted in "
        f"{error.tokens} tokens. Please reduce the length of the messages.",
        param="messages",
        code="context_length_exceeded",
    )


def missing(param: str) -> ClientError:
    """A required parameter is not there."""
    return ClientError(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")


def wrong_type(param: str, expected: str, value: Any) -> ClientError:  # noqa: ANN401
    """A parameter of another JSON type; `expected` with its article, as in "a string"."""
    message = f"Invalid type for '{param}': expected {expected}, but got {described(value)} instead."
    return ClientError(message, param=param, code="invalid_type")


def wrong_value(param: str, value: str, known: Sequence[str]) -> ClientError:
    """A string that is none of the known ones."""
    message = f"Invalid value: '{value[:QUOTED_CHARS]}'. Supported values are: {listed(known, 'and')}."
    return ClientError(message, param=param, code="invalid_value")


def out_of_range(param: str, kind: str, value: float, *, least: float | None, most: float | None) -> ClientError:
    """A number below `least` or above `most`; `kind` is "integer" or "decimal"."""
    below = least is not None and value < least
    side, sign, limit = ("below minimum", ">=", least) if below else ("above maximum", "<=", most)
    return ClientError(
        f"Invalid '{param}': {kind} {side} value. Expected a value {sign} {limit}, but got {value} instead.",
        param=param,
        code=f"{kind}_{'below_min' if below else 'above_max'}_value",
    )


def empty(param: str) -> ClientError:
    """A string that must have something in it."""
    return ClientError(
        f"Invalid '{param}': empty string. Expected a string with minimum length 1, but got an empty string instead.",
        param=param,
        code="empty_string",
    )


def too_long(param: str, most: int, length: int) -> ClientError:
    """A string with more than `most` characters."""
    return ClientError(
        f"Invalid '{param}': string too long. Expected a string with maximum length {most}, but got a string with "
        f"length {length} instead.",
        param=param,
        code="string_above_max_length",
    )


def empty_array(param: str) -> ClientError:
    """An array that must have something in it."""
    return ClientError(
        f"Invalid '{param}': empty array. Expected an array with minimum length 1, but got an empty array instead.",
        param=param,
        code="empty_array",
    )


def too_long_array(param: str, most: int, length: int) -> ClientError:
    """An array with more than `most` elements."""
    return ClientError(
        f"Invalid '{param}': array too long. Expected an array with maximum length {most}, but got an array with "
        f"length {length} instead.",
        param=param,
        code="array_above_max_length",
    )


def too_many_properties(param: str, most: int, count: int) -> ClientError:
    """An object with more than `most` keys."""
    return ClientError(
        f"Invalid '{param}': too many properties. Expected an object with at most {most} properties, but got an object "
        f"with {count} properties instead.",
        param=param,
        code="object_above_max_properties",
    )


def too_long_name(param: str, name: str, most: int) -> ClientError:
    """An object with a key of more than `most` characters."""
    return ClientError(
        f"Invalid property name in '{param}': '{name[:3]}...{name[-3:]}' is too long. Expected a string with maximum "
        f"length {most}, but got a string with length {len(name)} instead.",
        param=f"{param}.{name}",
        code="property_name_above_max_length",
    )


def no_content(index: int) -> ClientError:
    """A message without content, and with nothing that could stand for it; the dot is OpenAI's."""
    return ClientError("Invalid value for 'content': expected a string, got null.", param=f"messages.[{index}].content")


def not_alone(param: str, other: str) -> ClientError:
    """A parameter that means something only with another one."""
    return ClientError(f"The '{param}' parameter is only allowed when '{other}' is enabled.", param=param)


def not_both(param: str, other: str) -> ClientError:
    """Two parameters that say the same."""
    return ClientError(
        f"Setting '{param}' and '{other}' at the same time is not supported.",
        param=param,
        code="invalid_parameter_combination",
    )


def listed(names: Sequence[str], last: str) -> str:
    """Names in quotes, with a word before the last one: `'a', 'b', and 'c'`, but `'a' and 'b'`."""
    quoted = [f"'{name}'" for name in names]
    if len(quoted) < 3:
        return f" {last} ".join(quoted)
    return f"{', '.join(quoted[:-1])}, {last} {quoted[-1]}"


def described(value: Any) -> str:  # noqa: ANN401
    """A JSON value's type with its article, as OpenAI names it."""
    return TYPES[type(value)]
