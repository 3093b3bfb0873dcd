"""Items say to a model what the client said, in whichever form they came, and stored or not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.errors import ClientError
from llmsim.turn import Message, Role, ToolCall
from llmsim.wire.openai.responses import items
from llmsim.wire.openai.responses.items import (
    check_answered,
    check_followed,
    messages_of,
    named,
    normalised,
    prefix_of,
    references,
    resolved,
)
from llmsim.wire.openai.responses.items_schema import KINDS, Item
from llmsim.wire.openai.responses.output import output_items
from tests.schemas import faults
from tests.wire.openai.every_item import CALL, EVERY, HOSTED, IMAGE, OUTPUT, SAID, TEXT
from tests.wire.openai.requests import PIXEL, SHELL, WEATHER, asked, planned
from tests.wire.plans import PIECES


def told(*said: dict[str, Any]) -> tuple[Message, ...]:
    return messages_of(normalised(said))


@pytest.mark.parametrize("item", EVERY, ids=lambda item: item.get("type", item.get("role")) + str(len(str(item))))
def test_stored_item_is_as_described_and_says_the_same(item: dict[str, Any]) -> None:
    assert Item().accepts(item)
    [stored] = normalised([item])
    whole = named(stored, f"{prefix_of(stored)}_1")
    assert faults("ConversationItem", whole) == []
    assert faults("ItemResource", whole) == []
    assert normalised([whole]) == [whole]
    assert Item().accepts(whole)
    assert messages_of([whole]) == told(item)


def test_text_is_one_message_of_the_user() -> None:
    [item] = normalised("hi")
    assert item == {"type": "message", "status": "completed", "content": [TEXT], "role": "user"}
    assert messages_of([item]) == (Message(Role.USER, "hi"),)


def test_what_a_model_said_is_stored_with_its_defaults() -> None:
    [item] = normalised([{"role": "assistant", "content": "Yes.", "id": "msg_1", "status": None}])
    assert list(item) == ["id", "type", "status", "content", "role"]
    assert item["content"] == [{"type": "output_text", "annotations": [], "logprobs": [], "text": "Yes."}]


def test_same_content_in_another_form_is_the_same_message() -> None:
    assert told({"role": "user", "content": [TEXT]}) == told({"role": "user", "content": "hi", "type": "message"})
    assert told({"role": "assistant", "content": [SAID, SAID]}) == (Message(Role.ASSISTANT, "Yes.Yes."),)
    assert told({"role": "user", "content": [TEXT, TEXT]}) == (Message(Role.USER, "hi\nhi"),)
    detailed = {**IMAGE, "detail": "auto", "file_id": None}
    assert told({"role": "user", "content": [detailed]}) == told({"role": "user", "content": [IMAGE]})


def test_what_is_no_text_stands_as_a_placeholder_of_its_own() -> None:
    audio = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}
    [message] = told({"role": "user", "content": [TEXT, IMAGE, audio, {"type": "input_file", "file_id": "f"}]})
    assert (message.text, message.parts) == ("hi", ("image", "audio", "file"))
    [other] = told({"role": "user", "content": [TEXT, {**IMAGE, "image_url": PIXEL + "A"}]})
    assert other.content != message.content


def test_reply_and_its_calls_are_one_message() -> None:
    calls = (ToolCall("call_1", "f", "{}"), ToolCall("call_2", "sh", "ls"))
    custom = {"type": "custom_tool_call", "call_id": "call_2", "name": "sh", "input": "ls"}
    thought = {"type": "reasoning", "id": "rs_1", "summary": []}
    said = {"role": "assistant", "content": "Yes."}
    assert told(thought, said, CALL, thought, custom) == (Message(Role.ASSISTANT, "Yes.", tool_calls=calls),)
    assert told(CALL, custom) == (Message(Role.ASSISTANT, "", tool_calls=calls),)
    assert told(CALL, OUTPUT, custom) == (
        Message(Role.ASSISTANT, "", tool_calls=calls[:1]),
        Message(Role.TOOL, "done", tool_call_id="call_1"),
        Message(Role.ASSISTANT, "", tool_calls=calls[1:]),
    )
    assert told({"role": "user", "content": "a"}, CALL)[1:] == (Message(Role.ASSISTANT, "", tool_calls=calls[:1]),)


def test_thousands_of_calls_are_one_message_at_once() -> None:
    [message] = messages_of([{**CALL, "call_id": str(at)} for at in range(50_000)])
    assert len(message.tool_calls) == 50_000


@given(PIECES, PIECES, st.lists(PIECES, max_size=2), st.booleans())
def test_output_that_is_sent_back_is_the_reply(
    text: list[str], thought: list[str], calls: list[list[str]], refused: bool
) -> None:
    named_calls = dict(zip(["get_weather", "sh"], calls, strict=False))
    plan = planned(text, reasoning=thought, calls=named_calls, refused=refused)
    sent = output_items(plan, asked(tools=[WEATHER, SHELL]))
    assert all(Item().accepts(item) for item in sent)
    reply = Message(
        Role.ASSISTANT,
        plan.choices[0].text,
        tool_calls=tuple([ToolCall(call.id, call.name, call.arguments) for call in plan.choices[0].calls]),
    )
    assert messages_of(normalised(sent)) == (reply,)
    assert messages_of(sent) == (reply,)


@pytest.mark.parametrize("item", HOSTED, ids=lambda item: item["type"])
def test_record_of_a_hosted_tool_is_kept_with_what_came_of_it(item: dict[str, Any]) -> None:
    [message] = told(item)
    assert message.role is Role.TOOL
    assert message.parts == ("record",)
    results = [item[key] for key in ("output", "result", "code") if key in item]
    assert message.text == "\n".join(results)


def test_calls_and_outputs_must_fit_together() -> None:
    check_answered(told(CALL, OUTPUT))
    check_answered(told({"role": "user", "content": "hi"}, *HOSTED))
    with pytest.raises(ClientError, match=r"^No tool output found for function call call_1\.$"):
        check_answered(told(CALL, {"role": "user", "content": "hi"}))
    with pytest.raises(ClientError, match=r"^No tool call found for function call output with call_id call_1\.$"):
        check_answered(told(OUTPUT))


@pytest.mark.parametrize(
    ("following", "fine"),
    [([], False), ([OUTPUT], False), ([{"role": "user", "content": "hi"}], False), ([CALL], True),
     ([{"role": "assistant", "content": "hi"}], True)],
)  # fmt: skip
def test_thought_must_be_followed_by_what_it_led_to(following: list[dict[str, Any]], *, fine: bool) -> None:
    thought = {"type": "reasoning", "id": "rs_1", "summary": []}
    said = normalised([thought, thought, *following])
    if fine:
        check_followed(said)
    else:
        with pytest.raises(ClientError, match=r"^Item 'rs_1' of type 'reasoning' was provided without its required"):
            check_followed(said)


def test_reference_is_what_it_names() -> None:
    said = normalised([{"type": "item_reference", "id": "msg_1"}, {"id": "msg_2"}, {"role": "user", "content": "b"}])
    assert references(said) == ("msg_1", "msg_2")
    assert messages_of(said) == (Message(Role.USER, "b"),)
    found = {name: named(normalised(name)[0], name) for name in ("msg_1", "msg_2")}
    assert messages_of(resolved(said, found)) == tuple(Message(Role.USER, text) for text in ("msg_1", "msg_2", "b"))
    with pytest.raises(ClientError, match=r"Item with id 'msg_2' not found. Items are not persisted"):
        resolved(said, {"msg_1": found["msg_1"]})


def test_every_type_is_known_to_both_tables() -> None:
    known = set(KINDS) - {"item_reference", "agent_message", "multi_agent_call", "multi_agent_call_output"}
    assert known - set(items.PREFIXES) == {"additional_tools", "compaction_trigger"}
    assert prefix_of({"type": "agent_message"}) == "item"


def test_id_that_a_client_gave_stays() -> None:
    assert named({"type": "message", "id": "msg_1"}, "msg_2") == {"id": "msg_1", "type": "message"}
    assert list(named({"type": "message"}, "msg_2").items()) == [("id", "msg_2"), ("type", "message")]
