"""What clients of every dialect have in common: events, however their bytes came, and a conversation taken back."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.replay.clients import Exchange
from llmsim.replay.script import Dialect, History, ScriptTurn
from llmsim.replay.speaking.base import Called, Transcript, data_of, events_of, named, observed, results, written
from tests.replay.speaking.parties import EVENTS, events, part, whole

TOLD = (b'data: {"a":1}\n\n', b'event: x\ndata: {"a":2}\n\n', b'data: {"a":3}\r\n\r\n', b"data: [DONE]\n\n")


def exchange(cut: Callable[[bytes], list[bytes]]) -> Exchange:
    return Exchange(200, EVENTS, tuple((float(at), data) for at, data in enumerate(cut(b"".join(TOLD)))))


@given(st.sets(st.integers(1, len(b"".join(TOLD)) - 1)))
def test_event_was_there_with_its_last_byte_however_the_bytes_were_cut(cuts: set[int]) -> None:
    marks = [0, *sorted(cuts), None]
    answer = exchange(lambda body: [body[start:end] for start, end in pairwise(marks)])
    ends = [len(b"".join(TOLD[: count + 1])) for count in range(len(TOLD))]
    expected = [sum(1 for cut in cuts if cut < end) * 1_000_000 for end in ends]
    assert list(observed(answer, 0.0)) == expected
    assert events_of(answer) == tuple(event.decode() for event in TOLD)


def test_event_without_an_end_is_kept_as_it_is() -> None:
    answer = exchange(lambda body: [body + b"data: {"])
    assert events_of(answer)[-1] == "data: {"
    assert len(observed(answer, 0.0)) == len(events_of(answer)) - 1


def test_what_events_say_is_without_their_names_and_the_end() -> None:
    assert data_of(exchange(lambda body: [body])) == [{"a": 1}, {"a": 2}, {"a": 3}]
    assert data_of(whole({"a": 1})) == [{"a": 1}]
    assert data_of(events({"b": 1}, done=True)) == [{"b": 1}]


def test_conversation_that_goes_back_forgets_what_came_after() -> None:
    held = Transcript()
    for number, text, back_to in ((1, "a", None), (2, "b", None), (2, "c", 2), (3, "d", None), (1, "e", 1)):
        held.begin(number, ScriptTurn(text, back_to=back_to))
        held.messages.append({"said": text})
        assert held.since(number) == [{"said": text}]
    assert held.messages == [{"said": "e"}]


def test_each_call_gets_its_result_and_one_beyond_them_nothing() -> None:
    calls = [Called("1", "f", "{}"), Called("2", "g", "{}")]
    turn = ScriptTurn(tool_results=({"a": 1},))
    assert [(call.id, written(result)) for call, result in results(turn, calls)] == [("1", '{"a":1}'), ("2", "")]


@pytest.mark.parametrize(
    ("history", "more"),
    [(History.CLIENT, {}), (History.SERVER, {"x-llmsim-history": "server"})],
)
def test_headers_say_which_session_and_whose_history(history: History, more: dict[str, str]) -> None:
    expected = {"content-type": "application/json", "x-llmsim-session": "s", **more}
    assert named(part(Dialect.CHAT, ScriptTurn("a"), history=history)) == expected
