"""What a reply says of the results of tools: their values, in ordinary sentences, and then no more.

Pure. A result in JSON is told by its names and values, any other as it is. Bounded: of each result a few values, or the
beginning.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from llmsim.simulation.calls import results
from llmsim.turn import Message, ToolCall

VALUES = 8
VALUE_CHARS = 200
TEXT_CHARS = 600
RESULTS = 8
_PLURAL = re.compile(r"[^su]s$")


def told(context: Sequence[Message]) -> str:
    """What is said of the results that came last."""
    found = list(results(context))[:RESULTS]
    return " ".join(_sentence(call, message, alone=len(found) == 1) for call, message in found)


def values(context: Sequence[Message]) -> str:
    """The results that came last, as one text to take values from."""
    return "\n".join(message.content[:TEXT_CHARS] for _, message in list(results(context))[:RESULTS])


def _sentence(call: ToolCall | None, message: Message, *, alone: bool) -> str:
    """What one result says, and of what, where there are several."""
    try:
        value: Any = orjson.loads(message.content)
    except orjson.JSONDecodeError:
        value = message.text.strip()
    about = "" if alone and not _about(call) else _about(call)
    head = f"For {about}: " if about else ""
    if value in ("", None, [], {}):
        return (
            f"{head}The result of {call.name if call else 'the tool'} is empty." if head else "The tool gave no result."
        )
    if isinstance(value, Mapping):
        return f"{head}{', '.join(_pairs(value))}."
    if isinstance(value, list):
        return f"{head}{', '.join(map(_shown, value[:VALUES]))}."
    if isinstance(value, str):
        text = value[:TEXT_CHARS].strip()
        return f"{head}{text}" if text.endswith((".", "!", "?")) else f"{head}{text}."
    return f"{head}The result is {_shown(value)}."


def _pairs(value: Mapping[str, Any], within: str = "") -> Iterator[str]:
    """Names and values; those of an object within follow its name."""
    for name, one in list(value.items())[:VALUES]:
        label = f"{within}{name.replace('_', ' ')}"
        if isinstance(one, Mapping) and not within:
            yield from _pairs(one, f"{label} ")
        else:
            yield f"the {label} {'are' if _PLURAL.search(label) else 'is'} {_shown(one)}"


def _shown(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, str):
        return value[:VALUE_CHARS]
    if isinstance(value, Mapping):
        return ", ".join(
            f"{name} {_shown(one)}" for name, one in list(value.items())[:VALUES] if not isinstance(one, Mapping | list)
        )
    return orjson.dumps(value).decode()[:VALUE_CHARS]


def _about(call: ToolCall | None) -> str:
    """What a call was about: the first text among its arguments."""
    if call is None:
        return ""
    try:
        arguments = orjson.loads(call.arguments)
    except orjson.JSONDecodeError:
        return call.arguments[:VALUE_CHARS]
    if not isinstance(arguments, dict):
        return ""
    return next((value[:VALUE_CHARS] for value in arguments.values() if isinstance(value, str) and value), "")
