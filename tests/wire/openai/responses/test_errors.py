"""Each sentence is the live API's, with its status, param and code, and has its place in the envelope."""

import orjson
import pytest

from llmsim.errors import ClientError
from llmsim.wire.openai import errors
from llmsim.wire.openai.responses import errors as told
from tests.schemas import faults
from tests.wire.openai.requests import WIRE

FACTS: list[tuple[ClientError, tuple[int, str | None, str | None, str]]] = [
    (
        told.previous_not_found("resp_x"),
        (400, "previous_response_id", "previous_response_not_found", "Previous response with id 'resp_x' not found."),
    ),
    (told.response_not_found("resp_x"), (404, None, None, "Response with id 'resp_x' not found.")),
    (told.conversation_not_found("conv_x"), (404, None, None, "Conversation with id 'conv_x' not found.")),
    (
        told.conversation_locked(),
        (
            400,
            "conversation",
            "conversation_locked",
            "Another process is currently operating on this conversation. Please retry in a few seconds.",
        ),
    ),
    (told.item_not_in_conversation("msg_x"), (404, None, None, "Item with id 'msg_x' not found in conversation.")),
    (told.prompt_not_found("pmpt_x"), (404, None, None, "Prompt with id 'pmpt_x' not found.")),
    (told.no_output("call_x"), (400, "input", None, "No tool output found for function call call_x.")),
    (told.no_call("call_x"), (400, "input", None, "No tool call found for function call output with call_id call_x.")),
    (told.not_cancellable(), (400, None, None, "Cannot cancel a synchronous response.")),
    (
        told.not_resumable(background=False),
        (
            400,
            "stream",
            None,
            "This response cannot be streamed because it was not created with background=true.",
        ),
    ),
    (
        told.not_resumable(background=True),
        (400, "stream", None, "This response cannot be streamed because it was not created with stream=true."),
    ),
]


@pytest.mark.parametrize(("error", "facts"), FACTS)
def test_error_is_as_the_live_api_tells_it(error: ClientError, facts: tuple[int, str | None, str | None, str]) -> None:
    assert (error.status, error.param, error.code, error.message) == facts
    refusal = WIRE.refuse(error, bytes(16))
    assert refusal.status == error.status
    assert faults("ErrorResponse", orjson.loads(refusal.body)) == []


def test_long_names_are_shortened_where_several_are_listed() -> None:
    assert told.shortened("previous_response_id") == "pre..._id"
    assert told.shortened("conversation") == "conversation"
    assert errors.listed([told.shortened("web_search_call.results")], "or") == "'web...lts'"
