"""Whose session a request is, from what it says alone."""

import pytest

from llmsim.admission import branch_of, session_of
from llmsim.errors import ClientError
from llmsim.turn import Message, Role, TurnRequest, chain_digests, place_of

SYSTEM, HELLO, REPLY, MORE = (
    Message(Role.SYSTEM, "Be brief."),
    Message(Role.USER, "Hello!"),
    Message(Role.ASSISTANT, "Hello."),
    Message(Role.USER, "More."),
)


def request(*messages: Message, digest: bytes = bytes(16)) -> TurnRequest:
    return TurnRequest(model="m", messages=messages, digest=digest)


def test_session_without_a_name_follows_from_the_opening_with_digests_at_hand_or_not() -> None:
    whole = request(SYSTEM, HELLO, REPLY, MORE)
    session = session_of(request(SYSTEM, HELLO), None)
    assert session_of(whole, None) == session == session_of(whole, None, chain_digests(whole.messages))
    assert session != session_of(request(HELLO), None)


@pytest.mark.parametrize("messages", [(), (SYSTEM,), (SYSTEM, REPLY)])
def test_session_of_a_conversation_in_which_no_user_spoke_is_of_all_that_was_said(
    messages: tuple[Message, ...],
) -> None:
    said = "auto-" + chain_digests(messages)[-1].hex() if messages else "auto-empty"
    assert session_of(request(*messages), None) == said


@pytest.mark.parametrize("name", ["", ".", "..", "a b", "ü", "x" * 129, "a/b"])
def test_session_that_is_no_id_is_refused_with_the_form_of_one(name: str) -> None:
    with pytest.raises(ClientError, match="expected 1 to 128 characters"):
        session_of(request(HELLO), name)


@pytest.mark.parametrize("name", ["...", ".a", "a", "x" * 128, "A-z.0_9:"])
def test_session_that_is_an_id_is_taken(name: str) -> None:
    assert session_of(request(HELLO), name) == name


def test_branch_tells_places_and_requests_apart() -> None:
    one, other = request(HELLO), request(HELLO, digest=b"x" * 16)
    here, there = place_of("s", (HELLO,)), place_of("s", (MORE,))
    assert len({branch_of(here, one), branch_of(here, other), branch_of(there, one)}) == 3
    assert branch_of(here, one) == branch_of(place_of("t", (HELLO,)), one), "a session's turns are its own table"
