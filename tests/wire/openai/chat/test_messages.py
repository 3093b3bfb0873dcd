"""One conversation has one form, however a client sends it back; other contents are other messages."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion

from llmsim.errors import ClientError
from llmsim.turn import Message, Role, ToolCall
from llmsim.wire.dialects import CHAT
from llmsim.wire.openai.chat.messages import messages_of
from tests.wire.plans import asked, plan_of

CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def one(**message: Any) -> Message:  # noqa: ANN401
    [found] = messages_of([message])
    return found


def image(**payload: str) -> Message:
    return one(role="user", content=[{"type": "image_url", "image_url": payload}])


@given(st.text())
def test_reply_that_an_sdk_sends_back_is_the_message_that_was_stored(text: str) -> None:
    completion = ChatCompletion.model_validate_json(CHAT.whole(plan_of([text]), asked()))
    reply = completion.choices[0].message
    for form in (
        reply.model_dump(),
        reply.model_dump(exclude_none=True),
        reply.to_dict(),
        {"role": "assistant", "content": text},
        {"role": "assistant", "content": [{"type": "text", "text": text}]},
        {"role": "assistant", "content": [{"type": "text", "text": text[:3]}, {"type": "text", "text": text[3:]}]},
    ):
        assert asked(messages=[form]).request.messages == (Message(Role.ASSISTANT, text),)


@pytest.mark.parametrize("role", Role)
def test_role_and_text_are_kept(role: Role) -> None:
    message = one(role=role.value, content="hello", name="ada", tool_call_id="c1")
    assert message == Message(role, "hello", "ada", "c1" if role is Role.TOOL else None)


def test_parts_of_a_question_have_a_line_each() -> None:
    parts = [{"type": "text", "text": "What is"}, {"type": "text", "text": "my name?"}]
    assert one(role="user", content=parts).content == "What is\nmy name?"
    assert one(role="user", content=[]).content == ""


def test_pictures_are_told_apart_and_never_stored() -> None:
    here = image(url="data:image/png;base64," + "A" * 100_000)
    assert here == image(url="data:image/png;base64," + "A" * 100_000)
    assert here != image(url="data:image/png;base64," + "A" * 99_999 + "B")
    assert image(url="u", detail="low") == image(detail="low", url="u") != image(url="u", detail="high")
    assert (here.text, here.parts) == ("", ("image",))
    assert len(here.content) < 40


def test_text_is_that_of_the_text_parts_alone() -> None:
    picture = {"type": "image_url", "image_url": {"url": "u"}}
    text, more = {"type": "text", "text": "What is\nthis?"}, {"type": "text", "text": "And why?"}
    for parts in ([text, picture, more], [picture, text, more], [text, more, picture], [picture, text, picture, more]):
        for role, expected in (("user", "What is\nthis?\nAnd why?"), ("assistant", "What is\nthis?And why?")):
            message = one(role=role, content=parts)
            assert message.text == expected
            assert message.parts == ("image",) * parts.count(picture)


@given(st.text(st.sampled_from("\ufdd0<image 0>\n")), st.booleans())
def test_text_never_passes_for_a_picture(text: str, in_parts: bool) -> None:
    kept = image(url="u").content
    for said in (text, kept, kept.removeprefix("\ufdd0"), text + kept):
        for role in ("user", "assistant"):
            halves = [{"type": "text", "text": said[:1]}, {"type": "text", "text": said[1:]}]
            message = one(role=role, content=halves if in_parts else said)
            assert message.parts == ()
            assert message.text == message.content
    assert one(role="assistant", content=None, refusal=kept).parts == ()


@pytest.mark.parametrize(
    ("kind", "payload", "other"),
    [
        ("input_audio", {"data": "QQ==", "format": "wav"}, {"data": "QQ==", "format": "mp3"}),
        ("file", {"file_id": "file-1"}, {"file_id": "file-2"}),
        ("audio", {"id": "a1"}, {"id": "a2"}),
    ],
)
def test_other_payloads_are_told_apart(kind: str, payload: dict[str, str], other: dict[str, str]) -> None:
    here, there = (one(role="user", content=[{"type": kind, kind: value}]) for value in (payload, other))
    assert here != there
    assert here.parts == there.parts == ("file" if kind == "file" else "audio",)


def test_refusal_and_audio_stand_for_content_that_is_not_there() -> None:
    assert one(role="assistant", content=None, refusal="I cannot.") == Message(Role.ASSISTANT, "I cannot.")
    assert one(role="assistant", content="Yes.", refusal="I cannot.").content == "Yes."
    assert one(role="assistant", content=[{"type": "refusal", "refusal": "I cannot."}]).content == "I cannot."
    assert one(role="assistant", audio={"id": "a1"}) != one(role="assistant", audio={"id": "a2"})
    assert one(role="assistant", audio={"id": "a1"}).parts == ("audio",)


def test_calls_are_kept_in_either_form() -> None:
    custom = {"id": "c2", "type": "custom", "custom": {"name": "g", "input": "x"}}
    calls = (ToolCall("c1", "f", "{}"), ToolCall("c2", "g", "x"))
    assert one(role="assistant", content=None, tool_calls=[CALL, custom]) == Message(
        Role.ASSISTANT, "", tool_calls=calls
    )
    legacy = {"name": "f", "arguments": "{}"}
    assert one(role="assistant", function_call=legacy, id=5).tool_calls == (ToolCall("", "f", "{}"),)
    assert one(role="user", content="a", tool_calls=[CALL]).tool_calls == ()


def test_payload_that_is_too_deep_is_refused() -> None:
    deep: Any = "bottom"
    for _ in range(300):
        deep = [deep]
    with pytest.raises(ClientError, match="nested too deeply"):
        image(url="u", more=deep)
