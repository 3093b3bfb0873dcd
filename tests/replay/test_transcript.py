"""Transcripts: the order of their lines, what they hold, and how two of them are told apart."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.errors import OperatorError
from llmsim.replay.player import Played
from llmsim.replay.transcript import EXCERPT, VERSION, differences, digest, excerpts, lines_of, read, transcript

BODY = {"model": "m", "messages": [{"role": "user", "content": "Hällo"}], "stream": True}


def turn(session: str = "s", number: int = 1, at_us: int = 0, **changes: Any) -> Played:  # noqa: ANN401  (as attrs.evolve)
    plain = Played(
        session=session,
        turn=number,
        at_us=at_us,
        path="/v1/chat/completions",
        request=BODY,
        status=200,
        headers={"x-request-id": "req_1", "date": "today", "content-type": "text/event-stream"},
        events=("data: a\n\n", "data: b\n\n"),
        offsets_us=(20, 50),
        total_us=50,
        observed_us=(21, 55),
        unmet=(),
    )
    return attrs.evolve(plain, **changes)


def parsed(text: bytes) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in text.splitlines()]


def test_transcript_has_request_response_events_and_end_each_with_its_planned_time() -> None:
    head, *lines = parsed(transcript([turn(at_us=1000)]))
    assert head == {"kind": "transcript", "version": VERSION}
    same = {"session": "s", "turn": 1}
    assert lines == [
        {**same, "kind": "request", "at_us": 1000, "seq": 0, "path": "/v1/chat/completions", "body": BODY},
        {
            **same,
            "kind": "response",
            "at_us": 1020,
            "seq": 1,
            "status": 200,
            "headers": {"content-type": "text/event-stream", "x-request-id": "req_1"},
        },
        {**same, "kind": "event", "at_us": 1020, "seq": 2, "offset_us": 20, "data": "data: a\n\n"},
        {**same, "kind": "event", "at_us": 1050, "seq": 3, "offset_us": 50, "data": "data: b\n\n"},
        {**same, "kind": "end", "at_us": 1050, "seq": 4},
    ]


def test_line_is_json_in_one_form() -> None:
    lines = transcript([turn()]).splitlines(keepends=True)
    assert all(line == orjson.dumps(orjson.loads(line), option=orjson.OPT_SORT_KEYS) + b"\n" for line in lines)
    assert "Hällo".encode() in lines[1]


def test_what_was_observed_is_no_part_of_a_transcript() -> None:
    assert transcript([turn()]) == transcript([turn(observed_us=(900, 1000), unmet=("x",))])


def test_lines_are_ordered_by_planned_time_then_session_then_sequence() -> None:
    text = transcript([turn("b", at_us=30), turn("a"), turn("a", 2, at_us=50)])
    keys = [(line["at_us"], line["session"], line["seq"]) for line in parsed(text)[1:]]
    assert keys == sorted(keys)
    assert [line["session"] for line in parsed(text)[1:7]] == ["a", "a", "a", "b", "a", "a"]
    assert [line["seq"] for line in parsed(text)[1:] if line["session"] == "a"] == list(range(10))


def test_turns_at_one_instant_keep_the_order_in_which_they_were_played() -> None:
    """A branch goes back to a lower number, and without latency it does so at the same time."""
    text = transcript([turn(number=number, offsets_us=(0, 0), total_us=0) for number in (1, 2, 3, 2)])
    assert [line["turn"] for line in parsed(text) if line["kind"] == "request"] == [1, 2, 3, 2]
    assert [line["kind"] for line in parsed(text)[1:11]] == ["request", "response", "event", "event", "end"] * 2


@given(st.permutations([(session, index) for session in "abc" for index in range(3)]))
def test_order_in_which_sessions_woke_does_not_matter(order: list[tuple[str, int]]) -> None:
    turns = [turn(session, index + 1, at_us=index * 40) for session in "abc" for index in range(3)]
    woken = sorted(order, key=lambda entry: entry[1])
    assert transcript(turns) == transcript(turn(session, index + 1, at_us=index * 40) for session, index in woken)


def test_event_that_was_not_planned_and_plan_without_an_event_both_show() -> None:
    [*_, missing, _end] = lines_of(turn(events=("data: a\n\n",)))
    assert (missing[1]["data"], missing[1]["offset_us"]) == (None, 50)
    [*_, more, _end] = lines_of(turn(offsets_us=(20,)))
    assert (more[0], more[1]["data"], more[1]["offset_us"]) == (50, "data: b\n\n", None)


def test_digest_is_sha256() -> None:
    assert digest(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"", "not a transcript: its first line does not say so"),
        (b"\x00\xff\n", "not a transcript"),
        (b"[]\n", "not a transcript"),
        (b'{"kind":"event"}\n', "not a transcript"),
        (b'{"kind":"transcript","version":99}\n', f"a transcript of version 99; this release reads {VERSION}"),
    ],
)
def test_file_that_is_no_transcript_is_refused(text: bytes, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(text)
    with pytest.raises(OperatorError, match=f"x.jsonl: {fault}"):
        read(path)


def test_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"none\.jsonl: no such file"):
        read(tmp_path / "none.jsonl")
    with pytest.raises(OperatorError, match="is a directory"):
        read(tmp_path)


def test_transcript_that_was_written_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(transcript([turn()]))
    assert read(tmp_path / "x") == transcript([turn()])


def test_equal_transcripts_have_no_difference() -> None:
    assert differences(transcript([turn()]), transcript([turn()])) == []


def test_difference_names_line_turn_key_and_both_values() -> None:
    [one] = differences(transcript([turn()]), transcript([turn(events=("data: a\n\n", "data: c\n\n"))]))
    assert str(one) == (
        "line 5: session s, turn 1, event\n"
        "    data: expected 'data: b\\n\\n'\n"
        "          got      'data: c\\n\\n'"
    )  # fmt: skip


def test_difference_of_every_line_that_has_one_is_found() -> None:
    other = transcript([turn(headers={"x-request-id": "req_2"}, total_us=60)])
    assert [one.line for one in differences(transcript([turn()]), other)] == [3, 6]


def test_transcript_that_is_longer_or_shorter_says_so() -> None:
    short, long = transcript([turn()]), transcript([turn(), turn(number=2, at_us=50)])
    assert {str(one) for one in differences(short, long)} >= {"line 7: session s, turn 2, request: one line too many"}
    assert {str(one) for one in differences(long, short)} >= {"line 7: session s, turn 2, request: missing"}


def test_session_that_is_missing_or_comes_later_makes_no_other_line_differ() -> None:
    one, other = turn(session="a"), turn(session="b", at_us=5)
    assert {str(line).partition(":")[2] for line in differences(transcript([one, other]), transcript([other]))} == {
        f" session a, turn 1, {kind}: missing" for kind in ("request", "response", "event", "end")
    }
    late = transcript([one, attrs.evolve(other, at_us=1_000)])
    changed = differences(transcript([one, other]), late)
    assert {difference.got["session"] for difference in changed if difference.got} == {"b"}
    assert [difference.line for difference in changed] == sorted(difference.line for difference in changed)


@pytest.mark.parametrize(
    "changed",
    [
        lambda text: text[:-1],
        lambda text: text + b"\n",
        lambda text: text.replace(b"\n", b"\r\n"),
        lambda text: text.replace(b'"seq":1', b'"seq": 1'),
        lambda text: text + text.splitlines(keepends=True)[-1],
        lambda text: text.replace(b'"seq":1', b'"seq":[1]'),
        lambda text: b"".join(text.splitlines(keepends=True)[index] for index in (0, 1, 3, 2, 4, 5)),
    ],
    ids=["cut", "empty-line", "crlf", "space", "twice", "list", "order"],
)
def test_transcripts_of_other_bytes_are_different(changed: Callable[[bytes], bytes]) -> None:
    text = transcript([turn()])
    assert differences(changed(text), text)
    assert differences(text, changed(text))


def test_line_in_another_form_says_so() -> None:
    text = transcript([turn()])
    [one] = differences(text.replace(b'"seq":1,', b'"seq": 1,'), text)
    assert str(one) == "line 3: session s, turn 1, response\n    the same, written in another form"


def test_line_that_is_no_json_is_shown_as_text() -> None:
    good = transcript([])
    [broken, scalar] = differences(good + b'{"kind": \xff\n5\n', good)
    assert str(broken) == "line 2: unreadable: missing"
    assert str(scalar) == "line 3: unreadable: missing"


def test_long_values_are_shown_where_they_part() -> None:
    one, other = "x" * 500 + "a" + "y" * 500, "x" * 500 + "b" + "y" * 500
    first, second = excerpts(one, other)
    assert (first[:3], first[-3:], len(first)) == ("...", "...", EXCERPT + 6)
    assert [place for place, pair in enumerate(zip(first, second, strict=True)) if pair[0] != pair[1]] == [43]
    assert excerpts("abc", "abd") == ("abc", "abd")
    assert excerpts("a" * 200, "a" * 199)[1].endswith("a")


@given(st.text("ab", max_size=300), st.text("ab", max_size=300))
def test_excerpts_of_different_texts_differ(one: str, other: str) -> None:
    assert (excerpts(one, other)[0] == excerpts(one, other)[1]) == (one == other)
