"""The vocabulary of a conversation, frozen: what was asked, by whom, and where in the conversation it stands.

Pure: no clock, no randomness, no I/O. A `Place` follows from what a conversation says and from nothing else;
two servers that never met give the same place to the same conversation.
"""

import hashlib
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import attrs
import orjson

DIGEST_BYTES = 16
ROOT = bytes(DIGEST_BYTES)
"""The chain digest of a conversation in which nothing has been said yet."""
PART_MARK = "\ufdd0"
"""Begins the placeholder of a part that is not text: a noncharacter, which wires take out of what is said."""
PART_DIGEST_BYTES = 8

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PART = re.compile(rf"{PART_MARK}<([a-z]+) [0-9a-f]{{{2 * PART_DIGEST_BYTES}}}>")


class Role(StrEnum):
    """Who speaks."""

    SYSTEM = "system"
    DEVELOPER = "developer"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"
    FUNCTION = "function"


class FinishReason(StrEnum):
    """Why a reply ended, in OpenAI's words (the other dialects translate)."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"


@attrs.frozen
class ToolCall:
    """One call of a tool, as an assistant message carries it.

    `arguments` is JSON text as the model wrote it, or plain text for a tool that takes such.
    """

    id: str
    name: str
    arguments: str


@attrs.frozen
class Tool:
    """A tool that a caller offers. `parameters` is the JSON schema of its arguments; None: it takes plain text.

    `strict`: the caller was promised arguments that satisfy the schema (they always do).
    """

    name: str
    description: str = ""
    parameters: Mapping[str, Any] | None = attrs.field(factory=dict)
    strict: bool = False


class Choosing(StrEnum):
    """Whether tools are called: as it seems fit, never, or always."""

    AUTO = "auto"
    NONE = "none"
    REQUIRED = "required"


@attrs.frozen
class ToolChoice:
    """Which tools may be called: those of these names, or all where none is named; `parallel`: several at once."""

    how: Choosing = Choosing.AUTO
    names: tuple[str, ...] = ()
    parallel: bool = True


@attrs.frozen
class Format:
    """A reply in JSON: an instance of `schema`, or any object where there is none."""

    schema: Mapping[str, Any] | None = None
    strict: bool = False


@attrs.frozen
class Reasoning:
    """How a model is to think before it speaks.

    `effort` is `none`, `minimal`, `low`, `medium`, `high`, `xhigh` or `max`; None leaves it to the model. `shown`: the
    response says what was thought. `most_tokens` bounds it.
    """

    effort: str | None = None
    shown: bool = False
    most_tokens: int | None = None


@attrs.frozen
class CallNames:
    """How a dialect names the calls of tools: this prefix, and so many characters of an alphabet; 0: not at all."""

    prefix: str
    characters: int
    alphabet: str


@attrs.frozen
class Message:
    """One message. `content` is its text; parts that are not text stand in it as placeholders."""

    role: Role
    content: str
    name: str | None = None
    tool_call_id: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()

    @property
    def text(self) -> str:
        """What is said in words: the content without its placeholders."""
        return self.content if PART_MARK not in self.content else _PART.sub("", self.content)

    @property
    def parts(self) -> tuple[str, ...]:
        """The kinds of the parts that are not text (`image`, `audio`, `file`), in their order."""
        return () if PART_MARK not in self.content else tuple(_PART.findall(self.content))

    def canonical(self) -> bytes:
        """The bytes that stand for this message in a chain digest: equal exactly when the messages are equal."""
        calls = [(call.id, call.name, call.arguments) for call in self.tool_calls] if self.tool_calls else ()
        return orjson.dumps((self.role, self.content, self.name, self.tool_call_id, calls))


OPENAI_CALLS = CallNames("call_", 24, BASE62)
"""`call_` and 24 base62 characters. Source: recorded responses."""


@attrs.frozen
class TurnRequest:
    """What a caller asked, in no dialect.

    So many of the last messages are plain `prompts`, each to be completed by itself, `n` times; 0: all messages are one
    conversation. `digest` (16 bytes) stands for everything in the request that can change the response (not: `stream`,
    `stream_options`): two requests with one place and one digest are attempts at the same turn. `forgets`: the
    beginning of a conversation that is too long for the model is not heard, instead of refused.
    """

    model: str
    messages: tuple[Message, ...]
    digest: bytes
    stream: bool = False
    include_usage: bool = False
    n: int = 1
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    seed: int | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = ToolChoice()
    format: Format | None = None
    reasoning: Reasoning = Reasoning()
    call_names: CallNames = OPENAI_CALLS
    prompts: int = 0
    forgets: bool = False


@attrs.frozen
class Reply:
    """One reply, whole: what was thought, said and called, in this order, and why it ended.

    `refused`: `text` says that the model will not. `stopped_by`: the stop string before which the text ends.
    """

    text: str
    finish_reason: FinishReason
    reasoning: str = ""
    calls: tuple[ToolCall, ...] = ()
    refused: bool = False
    stopped_by: str | None = None

    @property
    def message(self) -> Message:
        """The message with which a conversation goes on from here."""
        return Message(Role.ASSISTANT, self.text, tool_calls=self.calls)


@attrs.frozen
class Scripted:
    """A reply that a session script puts into a model's mouth; the ids of its calls are the dialect's to give."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[ToolCall, ...] = ()
    refused: bool = False


@attrs.frozen
class Usage:
    """Token counts of one response.

    `cached_tokens` is the part of `prompt_tokens` that a prefix cache held, `reasoning_tokens` the part of
    `completion_tokens` that was thought and not said.
    """

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    reasoning_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


@attrs.frozen
class Pod:
    """Who simulates: the root seed (0 to 2**64 - 1) and the pod's ordinal; everything drawn starts from these."""

    root_seed: int
    ordinal: int


@attrs.frozen
class Place:
    """Where a turn stands: the session, and what was said in it before the reply.

    `number` is the turn's number on its branch, from 1: one more than the assistant messages before it.
    `said` is the chain digest of every message before the reply, the new ones included.
    """

    session: str
    number: int
    said: bytes


def placeholder(kind: str, payload: bytes) -> str:
    """What stands in a message's content for a part of this kind (lower-case letters): others for other payloads."""
    digest = hashlib.blake2b(payload, digest_size=PART_DIGEST_BYTES).hexdigest()
    return f"{PART_MARK}<{kind} {digest}>"


def unmarked(text: str) -> str:
    """A text from outside as it may stand in a content: it begins no placeholder."""
    return text.replace(PART_MARK, "\ufffd") if PART_MARK in text else text


def extend(chain: bytes, message: Message) -> bytes:
    """The chain digest after one more message: blake2b-128 over the digest so far and the message."""
    return hashlib.blake2b(chain + message.canonical(), digest_size=DIGEST_BYTES).digest()


def chain_digests(messages: tuple[Message, ...], start: bytes = ROOT) -> tuple[bytes, ...]:
    """The chain digest after each message; entry i stands for `messages[:i + 1]`."""
    digests = []
    for message in messages:
        start = extend(start, message)
        digests.append(start)
    return tuple(digests)


def place_of(session: str, messages: tuple[Message, ...], digests: tuple[bytes, ...] | None = None) -> Place:
    """The place of the reply to these messages in this session; `digests` are their chain digests, if at hand."""
    number = 1 + [message.role for message in messages].count(Role.ASSISTANT)
    if digests is None:
        digests = chain_digests(messages)
    return Place(session, number, digests[-1] if digests else ROOT)
