"""Contents become messages, in one form whatever a client made of them; what is out of turn is refused."""

from typing import Any

import pytest

from llmsim.turn import Message, Role, ToolCall, chain_digests
from llmsim.wire.gemini.messages import ANSWERED_OUT_OF_TURN, CALLED_OUT_OF_TURN, NO_DATA, OTHER_NUMBER
from tests.wire.gemini.asks import fault, model, parsed, user

CALL = {"functionCall": {"name": "f", "args": {"a": 1}}}
ANSWER = {"functionResponse": {"name": "f", "response": {"result": 2}}}
IMAGE = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}


def messages(*contents: dict[str, Any], **changes: Any) -> tuple[Message, ...]:  # noqa: ANN401  (any field)
    return parsed(contents=list(contents), **changes).request.messages


def test_a_conversation_becomes_messages() -> None:
    found = messages(
        user("a", "b"),
        model("c", "d", CALL),
        user(ANSWER, "e"),
        systemInstruction={"parts": {"text": "be brief"}},
    )
    assert found == (
        Message(Role.SYSTEM, "be brief"),
        Message(Role.USER, "a\nb"),
        Message(Role.ASSISTANT, "cd", tool_calls=(ToolCall("", "f", '{"a":1}'),)),
        Message(Role.TOOL, '{"result":2}', "f"),
        Message(Role.USER, "e"),
    )


def test_thoughts_signatures_chunks_and_ids_make_no_other_message() -> None:
    plain = messages(user("a"), model("bc", CALL), user(ANSWER))
    thinking = {"text": "hm", "thought": True}
    signed = {**CALL, "thoughtSignature": "AAAA", "functionCall": {**CALL["functionCall"], "id": "x"}}
    answered = {"functionResponse": {**ANSWER["functionResponse"], "id": "x"}}
    other = messages(user("a"), model(thinking, "b", "c", signed), user(answered))
    assert chain_digests(other) == chain_digests(plain)


def test_a_part_that_is_no_text_stands_as_a_placeholder_and_others_make_other_messages() -> None:
    [one] = messages(user("look", IMAGE))
    [other] = messages(user("look", {"inlineData": {"mimeType": "image/png", "data": "BBBB"}}))
    assert (one.text, one.parts) == ("look", ("image",))
    assert one != other
    kinds = ["image", "audio", "video", "file", "file"]
    types = ["image/png", "audio/wav", "video/mp4", "application/pdf", ""]
    [many] = messages(user(*({"fileData": {"mimeType": kind, "fileUri": "u"}} for kind in types)))
    assert many.parts == tuple(kinds)


def test_parts_that_are_no_text_are_counted_by_modality() -> None:
    asked = parsed(contents=[user("x", IMAGE, IMAGE), user({"fileData": {"fileUri": "u"}})])
    assert asked.params["media"] == {"IMAGE": 2, "DOCUMENT": 1}


def test_code_and_what_it_gave_are_text() -> None:
    code = {"executableCode": {"language": "PYTHON", "code": "1+1"}}
    result = {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "2"}}
    assert messages(user("a"), model(code, result), user("b"))[1].content == "1+12"


def test_a_role_may_be_left_out() -> None:
    assert messages({"parts": [{"text": "a"}]})[0].role is Role.USER


@pytest.mark.parametrize(
    ("contents", "told"),
    [
        ([], "* GenerateContentRequest.contents: contents is not specified\n"),
        ([{"role": "bot", "parts": [{"text": "a"}]}], "Please use a valid role: user, model."),
        (
            [user("a"), {"role": "model"}],
            "* GenerateContentRequest.contents[1].parts: contents.parts must not be empty.\n",
        ),
        (
            [user("a", {})],
            f"* GenerateContentRequest.contents[0].parts[1].data: {NO_DATA}\n",
        ),
        (
            [user("a"), model({"functionCall": {}})],
            "* GenerateContentRequest.contents[1].parts[0].function_call.name: Name cannot be empty.\n",
        ),
        ([model("a")], "Please ensure that single turn requests end with a user role or the role field is empty."),
        (
            [user("a"), model("b"), model(CALL)],
            CALLED_OUT_OF_TURN,
        ),
        (
            [user("a"), user(ANSWER)],
            ANSWERED_OUT_OF_TURN,
        ),
        (
            [user("a"), model(CALL, CALL), user(ANSWER)],
            OTHER_NUMBER,
        ),
        (
            [user("a"), model(CALL), user("no answer")],
            OTHER_NUMBER,
        ),
    ],
)
def test_contents_that_make_no_conversation_are_refused(contents: list[dict[str, Any]], told: str) -> None:
    assert fault({"contents": contents}) == told
