"""Of a conversation that is too long the newest messages are heard, and those that stand first."""

from hypothesis import given
from hypothesis import strategies as st

from llmsim.simulation.tokens import PRIMING, Estimator, prompt_tokens
from llmsim.simulation.windows import newest
from llmsim.turn import Message, Role, ToolCall

COUNTER = Estimator()
SYSTEM = Message(Role.SYSTEM, "Be brief.")


def said(role: Role, words: int, name: str) -> Message:
    return Message(role, f"{name}: " + "word " * words)


TALK = tuple(said(Role.ASSISTANT if at % 2 else Role.USER, 50, str(at)) for at in range(9))


def test_what_fits_is_heard_whole() -> None:
    window = prompt_tokens(TALK, COUNTER) + 1
    assert newest(TALK, window, 0, 10, COUNTER) is TALK
    assert newest(TALK, window, 1, 10, COUNTER) is not TALK


def test_newest_messages_stay_with_those_that_stand_first() -> None:
    heard = newest((SYSTEM, *TALK), 260, 0, 1000, COUNTER)
    assert heard[0] == SYSTEM
    assert tuple(heard[1:]) == TALK[-3:]
    assert prompt_tokens(heard, COUNTER) <= 260 - 260 // 4


def test_output_of_a_tool_does_not_stay_without_its_call() -> None:
    call = Message(Role.ASSISTANT, "word " * 300, tool_calls=(ToolCall("c", "f", "{}"),))
    output = Message(Role.TOOL, "sunny", tool_call_id="c")
    assert newest((TALK[0], call, output, TALK[2]), 200, 0, 10, COUNTER) == [TALK[2]]


def test_last_message_is_heard_even_if_it_is_too_long() -> None:
    long = said(Role.USER, 1000, "long")
    assert newest((SYSTEM, TALK[0], long), 100, 0, 10, COUNTER) == [SYSTEM, long]
    assert newest((SYSTEM,), 1, 0, 1, COUNTER) == [SYSTEM]


@given(st.lists(st.tuples(st.sampled_from(Role), st.integers(0, 80)), max_size=8), st.integers(1, 400))
def test_end_of_any_conversation_is_heard(shapes: list[tuple[Role, int]], window: int) -> None:
    talk = tuple(said(role, words, str(at)) for at, (role, words) in enumerate(shapes))
    heard = newest(talk, window, 0, 20, COUNTER)
    assert list(heard) == [message for message in talk if message in heard]
    if talk:
        assert heard[-1] == talk[-1]
    assert PRIMING <= prompt_tokens(heard, COUNTER) <= prompt_tokens(talk, COUNTER)
