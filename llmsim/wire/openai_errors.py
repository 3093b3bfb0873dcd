"""OpenAI's error envelope and its sentences: one place for what a caller reads when a request is no good.

Pure. `{"error": {message, type, param, code}}`, all four keys always; sentences and codes as the live API phrases them.
"""

from typing import Any

import orjson

from llmsim.errors import ClientError, ContextOverflow
from llmsim.wire.base import Refusal
from llmsim.wire.ids import request_id as request_id_text

JSON = "application/json"
NOT_JSON = (
    "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library "
    "correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON. If you have trouble "
    "figuring out how to fix this, please contact us through our help center at help.openai.com.)"
)


def refuse(error: ClientError, request_id: bytes) -> Refusal:
    """The envelope of an error; `request_id` is 16 bytes."""
    if isinstance(error, ContextOverflow):
        error = context_overflow(error)
    body = {"error": {"message": error.message, "type": error.kind, "param": error.param, "code": error.code}}
    data = orjson.dumps(body, option=orjson.OPT_INDENT_2) + b"\n"
    headers = (
        ("content-type", "application/json; charset=utf-8"),
        ("content-length", str(len(data))),
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


def unknown_url(method: str, path: str) -> ClientError:
    """No route takes this."""
    return ClientError(f"Invalid URL ({method} {path})", status=404)


def wrong_method(method: str, path: str) -> ClientError:
    """A route takes this path, with another method."""
    return ClientError(f"Not allowed to {method} on {path}.", status=405)


def missing(param: str) -> ClientError:
    """A required parameter is not there."""
    return ClientError(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")


def wrong_type(param: str, expected: str, value: Any) -> ClientError:  # noqa: ANN401
    """A parameter of another JSON type; `expected` with its article, as in "a string"."""
    message = f"Invalid type for '{param}': expected {expected}, but got {described(value)} instead."
    return ClientError(message, param=param, code="invalid_type")


def wrong_value(param: str, value: str, known: tuple[str, ...]) -> ClientError:
    """A string that is none of the known ones."""
    quoted = [f"'{name}'" for name in known]
    listed = quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])}, and {quoted[-1]}"
    message = f"Invalid value: '{value[:64]}'. Supported values are: {listed}."
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


def described(value: Any) -> str:  # noqa: ANN401
    """A JSON value's type with its article, as OpenAI names it."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int():
            return "an integer"
        case float():
            return "a decimal number"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"
