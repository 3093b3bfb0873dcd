"""Chain digests and places: equal exactly when the same was said."""

from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st

from llmsim.turn import (
    DIGEST_BYTES,
    ROOT,
    Message,
    Role,
    ToolCall,
    chain_digests,
    extend,
    place_of,
    placeholder,
    unmarked,
)

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
CALLS = st.lists(st.builds(ToolCall, TEXT, TEXT, TEXT), max_size=2).map(tuple)
MESSAGES = st.lists(
    st.builds(Message, st.sampled_from(Role), TEXT, st.none() | TEXT, st.none() | TEXT, CALLS), max_size=5
).map(tuple)


@given(first=MESSAGES, second=MESSAGES)
def test_chains_are_equal_exactly_when_the_messages_are(
    first: tuple[Message, ...], second: tuple[Message, ...]
) -> None:
    assert (chain_digests(first) == chain_digests(second)) == (first == second)


@given(messages=MESSAGES)
def test_chain_of_a_prefix_is_a_prefix_of_the_chain(messages: tuple[Message, ...]) -> None:
    digests = chain_digests(messages)
    assert len(digests) == len(messages)
    assert all(len(digest) == DIGEST_BYTES for digest in digests)
    for cut in range(len(messages)):
        start = digests[cut - 1] if cut else ROOT
        assert chain_digests(messages[cut:], start) == digests[cut:]
        assert extend(start, messages[cut]) == digests[cut]


def test_each_field_of_a_message_counts() -> None:
    message = Message(Role.USER, "a", "b", "c", (ToolCall("d", "e", "f"),))
    changes: list[dict[str, Any]] = [
        {"role": Role.TOOL},
        {"content": ""},
        {"name": None},
        {"tool_call_id": None},
        {"tool_calls": ()},
        {"tool_calls": (ToolCall("d", "e", "g"),)},
    ]
    variants = {extend(ROOT, attrs.evolve(message, **change)) for change in changes}
    assert len(variants | {extend(ROOT, message)}) == len(changes) + 1


def test_placeholder_differs_with_kind_and_payload_and_is_no_text() -> None:
    kept = [placeholder("image", b"1"), placeholder("image", b"2"), placeholder("file", b"1")]
    assert len(set(kept)) == 3
    message = Message(Role.USER, f"Look: {kept[0]}{kept[2]} nice?")
    assert (message.text, message.parts) == ("Look:  nice?", ("image", "file"))
    assert unmarked(message.content) == message.content.replace("\ufdd0", "\ufffd")
    assert (unmarked("<image 00>"), Message(Role.USER, "<image 00>").parts) == ("<image 00>", ())


def test_place_counts_the_replies_before_it() -> None:
    said = (Message(Role.SYSTEM, "s"), Message(Role.USER, "u"), Message(Role.ASSISTANT, "a"), Message(Role.USER, "v"))
    place = place_of("s1", said)
    assert (place.session, place.number, place.said) == ("s1", 2, chain_digests(said)[-1])
    assert place_of("s1", said, chain_digests(said)) == place
    assert place_of("s1", ()).said == ROOT
