"""What the messages of a request say together: who may follow whom, which results belong to which calls.

Pure; each message has been checked by itself before (`schema`). The order is the live API's: messages without content,
then calls and results, then cache breakpoints, then signatures.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from llmsim.errors import ClientError
from llmsim.wire.anthropic import signature

BREAKPOINTS_MOST = 4
Saying = Mapping[str, Any]


def check_conversation(body: Mapping[str, Any], *, goes_on: bool) -> None:
    """Look at the messages of a request; `goes_on`: they continue some that are not here.

    Raises:
        ClientError: the first fault.
    """
    messages: Sequence[Saying] = body["messages"]
    if not messages:
        raise ClientError("messages: at least one message is required")
    if messages[0]["role"] == "system" and not goes_on:
        raise ClientError(
            'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter, not "system" '
            "as an input message role."
        )
    for at, message in enumerate(messages):
        check_content(at, message, last=at == len(messages) - 1)
    check_pairs(messages, goes_on=goes_on)
    check_breakpoints(body)
    for at, message in enumerate(messages):
        for index, block in enumerate(blocks_of(message)):
            if block["type"] == "thinking" and not signature.fits(block["signature"], block["thinking"]):
                raise ClientError(f"messages.{at}.content.{index}: Invalid `signature` in `thinking` block")


def check_content(at: int, message: Saying, *, last: bool) -> None:
    """Look for a message that says nothing; raises ClientError."""
    content, role = message["content"], message["role"]
    if not content:
        if role == "user":
            raise ClientError(f"messages.{at}: user messages must have non-empty content")
        if not last or role != "assistant":
            raise ClientError(
                f"messages.{at}: all messages must have non-empty content except for the optional final assistant "
                "message"
            )
    for block in blocks_of(message):
        if block["type"] == "text" and not block["text"].strip():
            must = "contain non-whitespace text" if block["text"] else "be non-empty"
            raise ClientError(f"messages: text content blocks must {must}")
    if last and role == "assistant" and content:
        text = content if isinstance(content, str) else blocks_of(message)[-1].get("text", "")
        if isinstance(text, str) and text != text.rstrip():
            raise ClientError("messages: final assistant content cannot end with trailing whitespace")


def check_pairs(messages: Sequence[Saying], *, goes_on: bool) -> None:
    """Make sure that each call has its result in the next message, and each result its call in the one before.

    The first results of a conversation that goes on answer calls that are not here: whoever has those looks at them
    (`unanswered`).
    """
    seen: set[str] = set()
    calls: list[str] = []
    called_at = 0
    known = not goes_on
    for role, group in turns(messages):
        if role == "assistant":
            require_answers(called_at, calls)
            called_at = group[-1]
            calls = [block["id"] for at in group for block in blocks_of(messages[at]) if block["type"] == "tool_use"]
            if len(set(calls)) < len(calls) or not seen.isdisjoint(calls):
                raise ClientError("messages: `tool_use` ids must be unique")
            seen.update(calls)
            known = True
            continue
        if known:
            answered = leading(messages, group)
            require_answers(called_at, [call for call in calls if call not in answered])
            _check_results(messages, group, frozenset(calls))
        calls, known = [], True
    require_answers(called_at, calls)


def require_answers(at: int, calls: Sequence[str]) -> None:
    """Raise ClientError where there are calls without a result; `at` is the message that makes them."""
    if calls:
        raise ClientError(
            f"messages.{at}: `tool_use` ids were found without `tool_result` blocks immediately after: "
            f"{', '.join(calls)}. Each `tool_use` block must have a corresponding `tool_result` block in the next "
            "message."
        )


def unexpected(at: int, index: int, call: str) -> ClientError:
    """A result of a call that was not made."""
    return ClientError(
        f"messages.{at}.content.{index}: unexpected `tool_use_id` found in `tool_result` blocks: {call}. Each "
        "`tool_result` block must have a corresponding `tool_use` block in the previous message."
    )


def turns(messages: Sequence[Saying]) -> Iterator[tuple[str, list[int]]]:
    """The messages by number, in groups of one role: those of one role in a row are one turn; system ones aside."""
    group: list[int] = []
    role = ""
    for at, message in enumerate(messages):
        if message["role"] == "system":
            continue
        if message["role"] != role and group:
            yield role, group
            group = []
        role = message["role"]
        group.append(at)
    if group:
        yield role, group


def leading(messages: Sequence[Saying], group: Sequence[int]) -> set[str]:
    """The calls that a user's turn answers before it says anything else."""
    answered: set[str] = set()
    for at in group:
        blocks = blocks_of(messages[at])
        if isinstance(messages[at]["content"], str):
            break
        for block in blocks:
            if block["type"] != "tool_result":
                return answered
            answered.add(block["tool_use_id"])
    return answered


def check_breakpoints(body: Mapping[str, Any]) -> None:
    """Make sure that there are not too many cache breakpoints, and none that is kept longer behind others."""
    found = list(breakpoints(body))
    if len(found) > BREAKPOINTS_MOST:
        raise ClientError(
            f"A maximum of {BREAKPOINTS_MOST} blocks with cache_control may be provided. Found {len(found)}."
        )
    short = False
    for where, control in found:
        if control.get("ttl") == "1h" and short:
            raise ClientError(
                f"{where}.cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' "
                "cache_control block. Note that blocks are processed in the following order: `tools`, `system`, "
                "`messages`."
            )
        short = short or control.get("ttl") != "1h"


def breakpoints(body: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Where a request wants to be cached up to, and how: tools, system, messages, and the top-level one at the end."""
    for where, block in prompt_blocks(body):
        if block.get("cache_control") is not None:
            yield where, block["cache_control"]
    if body.get("cache_control") is not None:
        yield "messages", body["cache_control"]


def prompt_blocks(body: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every block of a prompt and its path, in the order in which a cache sees them."""
    for at, tool in enumerate(body.get("tools") or ()):
        yield f"tools.{at}", tool
    system = body.get("system")
    for at, block in enumerate(_as_blocks(system) if system else ()):
        yield f"system.{at}", block
    for at, message in enumerate(body["messages"]):
        for index, block in enumerate(blocks_of(message)):
            yield f"messages.{at}.content.{index}", block


def blocks_of(message: Saying) -> Sequence[Mapping[str, Any]]:
    """The blocks of a message; a text is one."""
    return _as_blocks(message["content"])


def _as_blocks(content: Any) -> Sequence[Mapping[str, Any]]:  # noqa: ANN401
    return [{"type": "text", "text": content}] if isinstance(content, str) and content else content or ()


def _check_results(messages: Sequence[Saying], group: Sequence[int], calls: Collection[str]) -> None:
    answered: set[str] = set()
    for at in group:
        for index, block in enumerate(blocks_of(messages[at])):
            if block["type"] != "tool_result":
                continue
            call = block["tool_use_id"]
            if call not in calls:
                raise unexpected(at, index, call)
            if call in answered:
                raise ClientError(
                    f"messages.{at}.content.{index}: each tool_use must have a single result. Found multiple "
                    f"`tool_result` blocks with id: {call}"
                )
            answered.add(call)
