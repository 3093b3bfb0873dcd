"""Which event of a message stream may follow which, as data, and a reader that holds a stream to it."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

FOLLOWS: Mapping[str, Mapping[str, str]] = {
    "silent": {"message_start": "begun"},
    "begun": {"start text": "text", "start thinking": "thinking", "start tool_use": "tool", "message_delta": "told"},
    "text": {"ping": "text", "text_delta": "text", "stop": "between"},
    "thinking": {"ping": "thinking", "thinking_delta": "thinking", "signature_delta": "signed"},
    "signed": {"ping": "signed", "stop": "between"},
    "tool": {"ping": "tool", "input_json_delta": "tool", "stop": "between"},
    "between": {
        "ping": "between",
        "start text": "text",
        "start tool_use": "tool",
        "start thinking": "thinking",
        "message_delta": "told",
    },
    "told": {"message_stop": "ended"},
    "ended": {},
}
"""For a stream in this state: the kinds of event that may come, and the state after each."""
PIECES = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}
PING = b'{"type": "ping"}'
EMPTY: Mapping[str, Mapping[str, Any]] = {
    "text": {"text": ""},
    "thinking": {"thinking": "", "signature": ""},
    "tool_use": {"input": {}},
}
"""What a block begins as."""


class BrokenStreamError(AssertionError):
    """An event came that may not come here."""


def read(events: Iterable[bytes]) -> dict[str, Any]:
    """The message of a whole stream; raises BrokenStreamError at the first event that is out of place."""
    state, message, blocks, partial = "silent", dict[str, Any](), list[dict[str, Any]](), ""
    for said in map(data_of, events):
        kind = kind_of(said)
        if kind not in FOLLOWS[state]:
            raise BrokenStreamError(f"{kind} of a stream that is {state}")
        state = FOLLOWS[state][kind]
        match said["type"]:
            case "message_start":
                message = said["message"]
            case "content_block_start":
                require(said["index"] == len(blocks), said)
                block = said["content_block"]
                require(EMPTY[block["type"]].items() <= block.items(), said)
                blocks.append(block)
                partial = ""
            case "content_block_delta":
                require(said["index"] == len(blocks) - 1, said)
                partial = extend(blocks[-1], said["delta"], partial)
            case "content_block_stop":
                require(said["index"] == len(blocks) - 1, said)
                if blocks[-1]["type"] == "tool_use":
                    blocks[-1]["input"] = tolerant(partial)
            case "message_delta":
                message |= said["delta"]
                message["usage"] |= said["usage"]
                message |= {key: value for key, value in said.items() if key == "context_management"}
    if state != "ended":
        raise BrokenStreamError(f"cut off: {state}")
    return message | {"content": blocks}


def extend(block: dict[str, Any], delta: Mapping[str, Any], partial: str) -> str:
    """Put a piece onto a block; the JSON of a call so far."""
    kind = delta["type"]
    if kind == "signature_delta":
        block["signature"] += delta["signature"]
    elif kind == "input_json_delta":
        require(bool(partial) or delta["partial_json"] == "" or "begun" in block, delta)
        block.setdefault("begun", True)
        return partial + str(delta["partial_json"])
    else:
        require(delta[PIECES[kind]] != "", delta)
        block[PIECES[kind]] += delta[PIECES[kind]]
    return partial


def tolerant(partial: str) -> Any:  # noqa: ANN401
    """The input of a call; nothing, where it was cut off."""
    try:
        return orjson.loads(partial)
    except orjson.JSONDecodeError:
        return {}


def data_of(event: bytes) -> dict[str, Any]:
    """What one server-sent event says, once its two lines agree; its JSON may be padded before the last brace."""
    found = re.fullmatch(rb"event: (\w+)\ndata: ([^\r\n]+)\n\n", event)
    if found is None:
        raise BrokenStreamError(f"no single event: {event!r}")
    said: dict[str, Any] = orjson.loads(found[2])
    require(said["type"] == found[1].decode(), said)
    if said["type"] == "ping":
        require(found[2] == PING, found[2])
    else:
        require(re.sub(rb" {0,15}}$", b"}", found[2]) == orjson.dumps(said), found[2])
    return said


def kind_of(said: Mapping[str, Any]) -> str:
    """Which kind of event this is."""
    match said["type"]:
        case "content_block_start":
            return f"start {said['content_block']['type']}"
        case "content_block_delta":
            return str(said["delta"]["type"])
        case "content_block_stop":
            return "stop"
        case other:
            return str(other)


def require(good: bool, said: object) -> None:
    """Raise BrokenStreamError where something is not as it should be."""
    if not good:
        raise BrokenStreamError(f"{said!r}")
