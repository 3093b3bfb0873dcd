"""Gemini's contents to our messages: brought to one form.

Pure. One form, because a client sends back what it was given in several ways (with thoughts or without, a part for
each chunk of a stream or one for all, with ids of calls that it made up), and all of them must be the same message at
the same place. So thoughts, signatures and ids are left out, and the texts of a reply join. What is not text becomes
a short placeholder with a digest of the payload.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from llmsim.errors import ClientError
from llmsim.turn import Message, Role, ToolCall, placeholder, unmarked
from llmsim.wire.gemini import errors
from llmsim.wire.gemini.protos import canonical
from llmsim.wire.gemini.requests import DATA

ROLES = {"user": Role.USER, "model": Role.ASSISTANT, "function": Role.USER, "": Role.USER}
BAD_ROLE = "Please use a valid role: user, model."
CALLED_OUT_OF_TURN = (
    "Please ensure that function call turn comes immediately after a user turn or after a function response turn."
)
ANSWERED_OUT_OF_TURN = "Please ensure that function response turn comes immediately after a function call turn."
OTHER_NUMBER = (
    "Please ensure that the number of function response parts is equal to the number of function call parts of the "
    "function call turn."
)
ALONE = "Please ensure that single turn requests end with a user role or the role field is empty."
NO_DATA = "required oneof field 'data' must have one initialized field"
MODALITIES = {"image": "IMAGE", "audio": "AUDIO", "video": "VIDEO", "file": "DOCUMENT"}
"""What Google calls the kinds of parts that are not text."""


def messages_of(contents: Iterable[Mapping[str, Any]], instruction: Mapping[str, Any] | None) -> tuple[Message, ...]:
    """The messages of a conversation, `check_contents` having passed.

    Raises:
        ClientError: a payload is nested too deeply.
    """
    found = []
    if instruction is not None and instruction.get("parts"):
        found.append(Message(Role.SYSTEM, _joined(instruction["parts"], "\n")))
    for content in contents:
        if ROLES[content.get("role", "")] is Role.ASSISTANT:
            found.append(_reply(content["parts"]))
        else:
            found += _asked(content["parts"])
    return tuple(found)


def media_of(contents: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """How many parts of each modality other than text there are."""
    found: dict[str, int] = {}
    for content in contents:
        for part in content.get("parts", ()):
            if "inlineData" in part or "fileData" in part:
                modality = MODALITIES[_kind(part)]
                found[modality] = found.get(modality, 0) + 1
    return found


def check_contents(contents: list[dict[str, Any]], name: str = "contents") -> None:
    """Whether contents make a conversation.

    Raises:
        ClientError: the first fault: no contents, no parts, a role, calls and their answers out of turn.
    """
    if not contents:
        raise errors.invalid(name, f"{name} is not specified")
    for at, content in enumerate(contents):
        if content.get("role", "") not in ROLES:
            raise ClientError(BAD_ROLE)
        if not content.get("parts"):
            raise errors.invalid(f"{name}[{at}].parts", "contents.parts must not be empty.")
        for index, part in enumerate(content["parts"]):
            if part.keys().isdisjoint(DATA):
                raise errors.invalid(f"{name}[{at}].parts[{index}].data", NO_DATA)
            for data in ("functionCall", "functionResponse"):
                if data in part and not part[data].get("name"):
                    where = f"{name}[{at}].parts[{index}].{'function_call' if 'Call' in data else 'function_response'}"
                    raise errors.invalid(f"{where}.name", "Name cannot be empty.")
    if len(contents) == 1 and contents[0].get("role") == "model":
        raise ClientError(ALONE)
    _check_turns(contents)


def _check_turns(contents: list[dict[str, Any]]) -> None:
    """Calls follow a user, answers follow their calls, and as many."""
    calls = 0
    before = ""
    for content in contents:
        model = content.get("role") == "model"
        calling = sum("functionCall" in part for part in content["parts"])
        answering = sum("functionResponse" in part for part in content["parts"])
        if calling and (not model or before != "user"):
            raise ClientError(CALLED_OUT_OF_TURN)
        if answering and (model or not calls):
            raise ClientError(ANSWERED_OUT_OF_TURN)
        if answering != calls and not model and (answering or calls):
            raise ClientError(OTHER_NUMBER)
        calls = calling
        before = "model" if model else "user"


def _reply(parts: Iterable[Mapping[str, Any]]) -> Message:
    calls = tuple(
        ToolCall("", part["functionCall"]["name"], orjson.dumps(part["functionCall"].get("args", {})).decode())
        for part in parts
        if "functionCall" in part
    )
    return Message(Role.ASSISTANT, _joined(parts, ""), tool_calls=calls)


def _asked(parts: list[dict[str, Any]]) -> list[Message]:
    """What a user says: answers of functions, each a message, and the rest."""
    found = [
        Message(Role.TOOL, _answer(part["functionResponse"]), part["functionResponse"]["name"])
        for part in parts
        if "functionResponse" in part
    ]
    if len(found) < len(parts):
        found.append(Message(Role.USER, _joined(parts, "\n")))
    return found


def _answer(response: Mapping[str, Any]) -> str:
    return unmarked(orjson.dumps(response.get("response", {})).decode())


def _joined(parts: Iterable[Mapping[str, Any]], between: str) -> str:
    """The content that these parts are; without the placeholders it is what the texts alone would be."""
    content = ""
    before = ""
    for part in parts:
        text = part.get("text")
        if "executableCode" in part:
            text = part["executableCode"].get("code", "")
        elif "codeExecutionResult" in part:
            text = part["codeExecutionResult"].get("output", "")
        if text is not None and not part.get("thought"):
            content += before + unmarked(text)
            before = between
        elif "inlineData" in part:
            content += placeholder(_kind(part), canonical(part["inlineData"]))
        elif "fileData" in part:
            content += placeholder(_kind(part), canonical(part["fileData"]))
    return content


def _kind(part: Mapping[str, Any]) -> str:
    """What a part that is not text is, by its MIME type."""
    data = part.get("inlineData") or part.get("fileData") or {}
    kind = data.get("mimeType", "").partition("/")[0]
    return kind if kind in MODALITIES else "file"
