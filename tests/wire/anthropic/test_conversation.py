"""What messages say together: content, calls and their results, cache breakpoints, signatures."""

from typing import Any

import pytest

from llmsim.wire.anthropic.signature import sign
from tests.wire.anthropic.requests import NEW, THREADS, TOOL, asked, assistant, call, refused, result, text, user

CACHED = {"cache_control": {"type": "ephemeral"}}
LONG = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([user("")], "messages.0: user messages must have non-empty content"),
        ([user([])], "messages.0: user messages must have non-empty content"),
        (
            [user(), assistant(), user()],
            "messages.1: all messages must have non-empty content except for the optional final assistant message",
        ),
        ([user([text("")])], "messages: text content blocks must be non-empty"),
        ([user(" \n")], "messages: text content blocks must contain non-whitespace text"),
        ([user(), assistant(text("so "))], "messages: final assistant content cannot end with trailing whitespace"),
        (
            [{"role": "system", "content": "s"}, user()],
            (
                'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter, not '
                '"system" as an input message role.'
            ),
        ),
        (
            [user(), assistant(call("toolu_1"), call("toolu_2")), user([result("toolu_2")])],
            (
                "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1. Each "
                "`tool_use` block must have a corresponding `tool_result` block in the next message."
            ),
        ),
        (
            [user(), assistant(call())],
            (
                "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1. Each "
                "`tool_use` block must have a corresponding `tool_result` block in the next message."
            ),
        ),
        (
            [user(), assistant(call()), user([text(), result()])],
            (
                "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1. Each "
                "`tool_use` block must have a corresponding `tool_result` block in the next message."
            ),
        ),
        (
            [user([result()])],
            (
                "messages.0.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_1. Each "
                "`tool_result` block must have a corresponding `tool_use` block in the previous message."
            ),
        ),
        (
            [user(), assistant(call()), user([result(), result("toolu_9")])],
            (
                "messages.2.content.1: unexpected `tool_use_id` found in `tool_result` blocks: toolu_9. Each "
                "`tool_result` block must have a corresponding `tool_use` block in the previous message."
            ),
        ),
        (
            [user(), assistant(call()), user([result(), result()])],
            (
                "messages.2.content.1: each tool_use must have a single result. Found multiple `tool_result` blocks "
                "with id: toolu_1"
            ),
        ),
        ([user(), assistant(call(), call()), user([result()])], "messages: `tool_use` ids must be unique"),
        (
            [user(), assistant(call()), user([result()]), assistant(call()), user([result()])],
            "messages: `tool_use` ids must be unique",
        ),
    ],
)
def test_messages_that_do_not_go_together_are_refused(messages: list[Any], said: str) -> None:
    assert refused(messages=messages) == said


@pytest.mark.parametrize(
    "messages",
    [
        [assistant(text("first"))],
        [user(), assistant()],
        [user(), assistant(text("Sure:"))],
        [user(), {"role": "system", "content": "s"}, user()],
        [user(), assistant(call()), {"role": "system", "content": "s"}, user([result(), text()])],
        [user(), assistant(call("a")), assistant(call("b")), user([result("b")]), user([result("a")])],
        [user(), assistant(call()), user([result(content=[text("x")], is_error=True)])],
        [user(), assistant({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}), user()],
    ],
)
def test_messages_that_go_together_are_understood(messages: list[Any]) -> None:
    asked(messages=messages)


def test_results_of_a_thread_that_goes_on_are_looked_at_by_who_has_the_calls() -> None:
    thread = {"type": "continue", "previous_message_id": "msg_1"}
    asked(NEW, [THREADS], thread=thread, messages=[user([result()])])
    asked(NEW, [THREADS], thread=thread, messages=[{"role": "system", "content": "s"}, user()])
    later = [user([result()]), assistant(call("a")), user([result("b")])]
    assert refused(NEW, [THREADS], thread=thread, messages=later).startswith("messages.1: `tool_use` ids were found")
    unknown = [user(), assistant(text()), user([result()])]
    assert refused(NEW, [THREADS], thread=thread, messages=unknown).startswith("messages.2.content.0: unexpected")


def test_four_breakpoints_are_taken_and_five_are_not() -> None:
    four: dict[str, Any] = {
        "tools": [TOOL | CACHED],
        "system": [text(**CACHED)],
        "messages": [user([text(**CACHED), text(**CACHED)])],
    }
    assert len(asked(**four).params["cache"]["points"]) == 4
    assert refused(**four, **CACHED) == "A maximum of 4 blocks with cache_control may be provided. Found 5."


def test_what_is_kept_for_an_hour_stands_before_the_rest() -> None:
    asked(system=[text(**LONG)], messages=[user([text(**CACHED)])])
    said = refused(system=[text(**CACHED)], messages=[user([text(), text(**LONG)])])
    assert said == (
        "messages.0.content.1.cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' "
        "cache_control block. Note that blocks are processed in the following order: `tools`, `system`, `messages`."
    )


def test_thought_that_was_changed_is_refused() -> None:
    def thought(thinking: str, signature: str) -> list[Any]:
        block = {"type": "thinking", "thinking": thinking, "signature": signature}
        return [user(), assistant(block, text()), user()]

    signature = sign("so", bytes(32))
    asked(messages=thought("so", signature))
    said = "messages.1.content.0: Invalid `signature` in `thinking` block"
    assert refused(messages=thought("no", signature)) == said
    assert refused(messages=thought("so", "")) == said
    asked(messages=[user(), assistant({"type": "redacted_thinking", "data": "x"}, text()), user()])


def test_conversation_of_ten_thousand_calls_takes_milliseconds() -> None:
    names = [f"toolu_{at}" for at in range(10_000)]
    messages = [user(), assistant(*map(call, names)), user([result(name) for name in names])]
    assert len(asked(messages=messages).request.messages) == 2 + len(names)
