"""A folded conversation unfolds to its messages; anything else stands for itself."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.turn import Message, Role, ToolCall
from llmsim.wire.openai.responses.compacted import folded, messages_in
from llmsim.wire.openai.responses.sealed_content import seal
from tests.wire.plans import JSON_VALUES

CALLS = st.builds(ToolCall, st.text(), st.text(), st.text())
MESSAGES = st.builds(
    Message,
    st.sampled_from(Role),
    st.text(),
    st.none() | st.text(),
    st.none() | st.text(),
    st.lists(CALLS, max_size=2).map(tuple),
)


@given(st.lists(MESSAGES, max_size=4))
def test_folded_messages_unfold(messages: list[Message]) -> None:
    assert messages_in(folded(messages, 1)) == tuple(messages)


@pytest.mark.parametrize("text", ["", "gAAAAAB", "é", seal({"reasoning": "x"}, 1), seal([], 1)])
def test_what_is_none_of_ours_is_counted_not_understood(text: str) -> None:
    [message] = messages_in(text)
    assert (message.role, message.text, message.parts) == (Role.SYSTEM, "", ("compaction",))


@pytest.mark.parametrize(
    "row",
    [
        ["user", "a", None, None, None],
        ["user", "a", None, None, "f"],
        ["user", "a", None, None, [["c", "f", 1]]],
        ["user", "a", None, None, [["c", "f"]]],
        ["user", "a", None, 1, []],
        ["user", 1, None, None, []],
        ["user", "a", [], None, []],
        ["nobody", "a", None, None, []],
        [[], "a", None, None, []],
    ],
    ids=range(9),
)
def test_row_that_is_no_message_is_none_of_ours(row: list[Any]) -> None:
    [message] = messages_in(seal({"compaction": [["user", "fine", None, None, []], row]}, 1))
    assert message.parts == ("compaction",)


@given(JSON_VALUES | st.lists(st.lists(st.sampled_from(["user", "", None, [], [["a", "b", "c"]]]), max_size=5)))
def test_any_rows_are_messages_or_none_of_ours(rows: Any) -> None:  # noqa: ANN401
    for message in messages_in(seal({"compaction": rows}, 1)):
        assert isinstance(message.content, str)
        message.canonical()
