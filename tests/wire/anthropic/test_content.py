"""Blocks of all kinds are brought to messages in one form, whatever the way in which they are written."""

from typing import Any

import pytest

from llmsim.turn import Message, Role, ToolCall
from llmsim.wire.anthropic.content import ERROR, messages_of, tools_of
from tests.wire.anthropic.requests import TOOL, asked, assistant, call, result, text, user

PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}


def said(*messages: dict[str, Any], system: object = None) -> tuple[Message, ...]:
    return messages_of(system, messages)


@pytest.mark.parametrize(
    "system", ["a\nb", [text("a"), text("b")], [text("a"), text("b", cache_control={"type": "ephemeral"})]]
)
def test_system_prompt_comes_first_however_it_is_written(system: object) -> None:
    assert said(user(), system=system) == (Message(Role.SYSTEM, "a\nb"), Message(Role.USER, "hi"))
    assert said(user(), system="") == said(user(), system=[text("")]) == said(user())


def test_messages_of_one_role_in_a_row_are_one() -> None:
    assert said(user("a"), user([text("b"), text("c")])) == (Message(Role.USER, "a\nb\nc"),)
    assert said(assistant(text("a")), assistant(text("b"), call())) == (
        Message(Role.ASSISTANT, "ab", tool_calls=(ToolCall("toolu_1", "weather", '{"city":"Paris"}'),)),
    )
    assert said(user("a"), {"role": "system", "content": "s"}, user("b")) == (
        Message(Role.USER, "a"),
        Message(Role.SYSTEM, "s"),
        Message(Role.USER, "b"),
    )


def test_results_are_messages_of_their_own_and_errors_say_so() -> None:
    blocks = [
        result(),
        result("toolu_2", content=[text("a"), text("b")]),
        result("toolu_3", is_error=True),
        result("toolu_4", content="Error: no", is_error=True),
        {"type": "tool_result", "tool_use_id": "toolu_5"},
        text("so?"),
    ]
    assert said(user(blocks)) == (
        Message(Role.TOOL, "sunny", tool_call_id="toolu_1"),
        Message(Role.TOOL, "a\nb", tool_call_id="toolu_2"),
        Message(Role.TOOL, f"{ERROR}sunny", tool_call_id="toolu_3"),
        Message(Role.TOOL, "Error: no", tool_call_id="toolu_4"),
        Message(Role.TOOL, "", tool_call_id="toolu_5"),
        Message(Role.USER, "so?"),
    )


def test_what_is_not_text_is_a_part_that_differs_with_its_payload() -> None:
    document = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "d"}}
    found = {"type": "search_result", "content": [text()], "source": "s", "title": "t"}
    [message] = said(user([text("look"), PICTURE, document, found]))
    assert (message.text, message.parts) == ("look", ("image", "file", "file"))
    other = {**PICTURE, "source": {**PICTURE["source"], "data": "aGo="}}  # type: ignore[dict-item]
    assert said(user([other])) != said(user([PICTURE]))
    assert said(user([PICTURE | {"cache_control": {"type": "ephemeral"}}])) == said(user([PICTURE]))
    [shown] = said(user([result(content=[PICTURE])]))
    assert shown.parts == ("image",)


def test_thought_and_what_a_server_did_are_no_words() -> None:
    thought = {"type": "thinking", "thinking": "hm", "signature": "s"}
    used = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    [message] = said(assistant(thought, {"type": "redacted_thinking", "data": "x"}, used, text("so")))
    assert (message.text, message.parts) == ("so", ("file",))


def test_text_that_looks_like_a_part_is_none() -> None:
    [message] = said(user("\ufdd0<image 0011223344556677>"))
    assert message.parts == ()


def test_tools_of_the_caller_are_those_that_can_be_called() -> None:
    tools: list[dict[str, Any]] = [
        TOOL,
        {**TOOL, "name": "b", "type": "custom", "strict": True, "description": "d"},
        {"type": "mcp_toolset"},
    ]
    first, second = tools_of(tools)
    assert (first.name, first.description, first.strict) == ("weather", "", False)
    assert (second.name, second.description, second.strict) == ("b", "d", True)


def test_message_without_a_word_is_still_a_turn() -> None:
    assert asked(messages=[user(), assistant()]).request.messages[-1] == Message(Role.ASSISTANT, "")
