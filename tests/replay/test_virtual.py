"""A replay in virtual time: the plan kept to the microsecond, no thread, and the same bytes from the same start."""

import threading
import time

import attrs
import pytest

from llmsim.catalog import scripts_dir
from llmsim.replay.player import Played
from llmsim.replay.script import load_scripts
from llmsim.replay.transcript import digest, transcript
from llmsim.replay.virtual import DEFAULT_EPOCH_S, DEFAULT_POD, replay
from llmsim.turn import Pod
from tests.pods import PROFILES
from tests.replay.plays import played, script_of

SMALL = tuple(path for path in sorted(scripts_dir().glob("*.toml")) if path.stem != "hour")
BUSY = script_of(
    'user = "Hello, my name is Ada."',
    'user = "What is my name?", think_s = 0.001, expect = ["Ada"]',
    'user = "Suggest three.", params = { n = 3, stream_options = { include_usage = true } }',
    'user = "What is rain?", back_to = 2',
    session="repeat = 12\nevery_s = 0.05\n",
)
LEAST_RATIO = 100
"""Simulated seconds in one of the wall, on however busy a machine; about a thousand are usual."""


def digest_of(turns: list[Played]) -> str:
    return digest(transcript(turns))


@pytest.fixture(scope="module")
def small() -> list[Played]:
    return replay(load_scripts(SMALL), PROFILES)


def test_shipped_scripts_get_what_they_expect(small: list[Played]) -> None:
    assert [(turn.session, turn.turn, fault) for turn in small for fault in turn.unmet] == []
    assert {turn.session for turn in small} >= {"greeting", "memory-ada", "branches", "limits-stop", "support-bot"}


def test_every_event_is_seen_when_it_was_planned(small: list[Played]) -> None:
    for turn in small:
        assert turn.observed_us == turn.offsets_us, (turn.session, turn.turn)
        assert len(turn.events) == len(turn.offsets_us)
        assert turn.total_us == turn.offsets_us[-1]
    assert any(turn.total_us > 1_000_000 for turn in small)


def test_long_conversation_reports_a_cached_prefix_and_the_server_s_history_counts(small: list[Played]) -> None:
    last = {turn.session: "".join(turn.events) for turn in small}
    assert '"cached_tokens":0' not in last["long-conversation"]
    prompts = [turn for turn in small if turn.session == "server-history"]
    sizes = [int(turn.events[-2].split('"prompt_tokens":')[1].split(",")[0]) for turn in prompts]
    assert sizes == sorted(sizes)
    assert sizes[-1] > 2 * sizes[0]


def test_same_request_again_is_another_attempt_with_the_same_words_and_times(small: list[Played]) -> None:
    first, again = (
        turn for turn in small if turn.session == "branches" and turn.turn == 3 and "training" in repr(turn)
    )
    assert first.request == again.request
    assert first.offsets_us == again.offsets_us
    assert first.headers["x-request-id"] != again.headers["x-request-id"]
    assert [turn.headers["x-llmsim-turn-id"].rpartition("-")[2] for turn in (first, again)] == ["0", "1"]


def test_replay_starts_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        pytest.fail(f"{thread.name} was started")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert played(script_of('user = "Hello"', 'user = "More"'))[1].status == 200


def test_replay_repeats_whoever_wakes_first() -> None:
    """Trio wakes tasks that are due together in a random order; twelve sessions of four turns give it choices."""
    digests = {digest_of(played(BUSY)) for _ in range(3)}
    assert len(digests) == 1


@pytest.mark.parametrize("pod", [Pod(1, 0), Pod(0, 1)], ids=["seed", "ordinal"])
def test_another_seed_or_ordinal_says_and_times_otherwise(pod: Pod) -> None:
    ours, theirs = played(BUSY), played(BUSY, pod=pod)
    assert digest_of(ours) != digest_of(theirs)
    first, other = ours[0], next(turn for turn in theirs if (turn.session, turn.turn) == ("s-0", 1))
    assert first.request == other.request
    assert first.offsets_us != other.offsets_us


def test_another_epoch_changes_stamps_alone() -> None:
    [one] = replay([script_of('user = "Hello"')], PROFILES, DEFAULT_POD, DEFAULT_EPOCH_S)
    [other] = replay([script_of('user = "Hello"')], PROFILES, DEFAULT_POD, DEFAULT_EPOCH_S + 7)
    stamp = int(one.events[0].split('"created":')[1].split(",")[0])
    again = tuple(event.replace(f'"created":{stamp}', f'"created":{stamp + 7}') for event in one.events)
    assert other == attrs.evolve(one, events=again)


def test_session_is_the_same_alone_and_among_others() -> None:
    [alone] = (turn for turn in played(script_of('user = "Hello"', session="repeat = 2\n")) if turn.session == "s-0")
    crowd = script_of('user = "Hello"', session="repeat = 40\nevery_s = 0.001\n")
    assert alone in played(crowd)


def test_scripted_reply_is_given() -> None:
    [one] = played(script_of('user = "Where?", reply = "Here, of course."', script=""))
    assert one.unmet == ()
    assert '"content":" course"' in "".join(one.events)


def test_error_is_part_of_the_replay() -> None:
    [one] = played(script_of('user = "Hello", params = { n = 0 }'))
    assert one.status == 400
    assert one.unmet[0].startswith("status 400: ")


def test_hour_of_traffic_takes_seconds() -> None:
    begin = time.perf_counter()
    turns = replay(load_scripts([scripts_dir() / "hour.toml"]), PROFILES)
    wall_s = time.perf_counter() - begin
    simulated_s = max(turn.at_us + turn.total_us for turn in turns) / 1e6
    assert [turn.unmet for turn in turns if turn.unmet] == []
    assert simulated_s > 3_500
    assert simulated_s / wall_s >= LEAST_RATIO
