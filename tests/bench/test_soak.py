"""The soak's proof finds what it is there to find, and its clients do the same in every run."""

from collections import Counter

import orjson
import pytest

from tests.bench.figures import Tail
from tests.bench.processes import Memory
from tests.bench.soak import between
from tests.bench.soak_plan import SHARES, Dice, Manner, manner_of
from tests.bench.soak_proof import Stored, compared, repeated, stored_in
from tests.bench.soak_records import (
    FLOOD,
    IDLE,
    LOADED,
    SNAPSHOT,
    Probe,
    Rate,
    Sample,
    Seen,
    Shape,
    Snapshot,
    Soaked,
    Window,
)
from tests.bench.soak_session import ACKNOWLEDGED, INCOMPLETE, REFUSED, Exchange, Session
from tests.bench.soak_summary import growth, server_p99, verdicts

SAID = ["s-1 1-aa-0 whole\n", "s-1 2-bb-0 whole\n", "s-2 1-cc-0 left\n", "s-3 - left\n", "s-4 - stale\n"]
STORED = [
    Stored("s-1", "1-aa-0", "completed"),
    Stored("s-1", "2-bb-0", "completed"),
    Stored("s-2", "1-cc-0", "client_left"),
    Stored("s-3", "1-dd-0", "client_left"),
]
SHAPE = Shape(10, 60, 5, 20, 3)
RATE = Rate(100, 25)


def test_a_store_that_fits_has_no_faults() -> None:
    proof = compared(SAID, STORED)
    assert (proof.requests, proof.acknowledged, proof.stored, proof.faults) == (5, 3, 4, 0)
    assert proof.endings == {"completed": 2, "client_left": 2}


def test_an_acknowledged_turn_that_is_not_there_is_lost() -> None:
    assert compared(SAID, STORED[1:]).lost == ["s-1 1-aa-0"]


def test_a_turn_that_nobody_heard_of_may_be_there_or_not() -> None:
    assert compared(SAID, STORED[:3]).faults == 0


@pytest.mark.parametrize(
    "extra",
    [
        Stored("s-1", "2-bb-0", "completed"),
        Stored("s-1", "2-bb-1", "completed"),
        Stored("s-3", "2-ee-0", "completed"),
        Stored("s-9", "1-ff-0", "completed"),
    ],
)
def test_a_turn_too_many_is_found(extra: Stored) -> None:
    assert compared(SAID, [*STORED, extra]).duplicated


def test_one_id_for_two_answers_is_found() -> None:
    assert compared([*SAID, SAID[0]], STORED).duplicated == ["s-1 1-aa-0"]


def test_a_whole_answer_that_the_store_calls_cut_is_found() -> None:
    wrong = [Stored("s-1", "1-aa-0", "client_left"), *STORED[1:]]
    assert compared(SAID, wrong).misjudged == ["s-1 1-aa-0 client_left"]


def test_turns_are_read_from_an_export() -> None:
    lines = [
        {"type": "session", "session": {}},
        {"type": "turn", "turn": {"session": "soak-1", "key": "1-aa-0"}, "outcome": {"ending": "completed"}},
        {"type": "turn", "turn": {"session": "soak-2", "key": "1-bb-0"}, "outcome": None},
        {"type": "turn", "turn": {"session": "auto-3", "key": "1-bb-0"}, "outcome": None},
    ]
    assert list(stored_in(map(orjson.dumps, lines), "soak-")) == [
        Stored("soak-1", "1-aa-0", "completed"),
        Stored("soak-2", "1-bb-0", None),
    ]


def test_repeated_values_are_those_seen_before() -> None:
    assert repeated(["a", "b", "a", "a"]) == ["a", "a"]


def test_clients_behave_by_shares_and_alike_in_every_run() -> None:
    rolled = [manner_of(dice, streamed=True) for dice in [Dice(7)] for _ in range(20_000)]
    assert rolled == [manner_of(dice, streamed=True) for dice in [Dice(7)] for _ in range(20_000)]
    counts = Counter(rolled)
    for manner, share in SHARES.items():
        assert counts[manner] == pytest.approx(20 * share, rel=0.2)
    plain = {manner_of(dice, streamed=False) for dice in [Dice(7)] for _ in range(2000)}
    assert plain == {Manner.STAY, Manner.UNHEARD}


@pytest.mark.parametrize(
    ("held", "broken", "expected"), [(None, RATE, 50), (RATE, None, 200), (RATE, RATE.scaled(4), 200)]
)
def test_the_next_load_to_try(held: Rate | None, broken: Rate | None, expected: float) -> None:
    assert between(held, broken).plain_per_s == pytest.approx(expected)


@pytest.mark.parametrize(("late_ms", "kept_up"), [(249, True), (250, False)])
def test_a_server_keeps_up_while_its_clients_hardly_wait(late_ms: float, kept_up: bool) -> None:
    assert Probe(RATE, 0.9, 0.1, late_ms).kept_up is kept_up


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nX-LLMSim-Turn-Id: 1-aa-0\r\n\r\n"


def heard(*reads: bytes) -> tuple[list[str], Exchange]:
    exchange = Exchange(Session("s-1", 1), Manner.STAY, streamed=False, sent_ns=0, leave_after=1, fresh=True)
    said = []
    for data in reads:
        exchange.received.feed(data, 0)
        said.append(exchange.read_head(data))
    return said, exchange


@pytest.mark.parametrize("at", [1, 20, 40, len(HEAD) - 1])
def test_an_answer_is_acknowledged_with_its_whole_head(at: int) -> None:
    said, exchange = heard(HEAD[:at], HEAD[at:] + b"1234")
    assert said == [INCOMPLETE, ACKNOWLEDGED]
    assert (exchange.turn_id, exchange.left_bytes) == ("1-aa-0", 5)


def test_an_answer_without_a_turn_is_none() -> None:
    assert heard(HEAD.replace(b"Turn-Id", b"Other"))[0] == [REFUSED]
    assert heard(HEAD.replace(b"200", b"507"))[0] == [REFUSED]


def test_new_events_are_measured_until_the_last_ones() -> None:
    _, exchange = heard(HEAD)
    exchange.received.events = 3
    assert exchange.late_ms(0, 207_000_000) == [7, 7, -43]
    exchange.received.feed(b"data: {}\n\ndata: {}\n\ndata: [DONE]\n\n", 0)
    assert exchange.late_ms(3, 304_000_000) == [4]


def window(phase: str, begin_s: float, late_p99_ms: float = 5) -> Window:
    return Window(phase, begin_s, begin_s + 5, 1, late_p99_ms, 100, 0.5, 0)


def soaked() -> Soaked:
    found = Soaked(SHAPE, RATE, windows=[window(IDLE, 0, 4), *(window(LOADED, at, 7) for at in range(10, 70, 5))])
    found.snapshots = [Snapshot(31, 32, "a", "/x/a is whole")]
    found.floods = [(51.0, 52.0)]
    found.samples = [Sample(at, Memory(at * 1_000_000, 7_000_000), 0) for at in range(10, 70)]
    found.exit_code = 0
    found.check = "/x is sound"
    found.proof = compared(SAID, STORED)
    return found


def test_windows_are_told_apart_by_what_else_went_on() -> None:
    found = soaked()
    phases = [found.phase_of(one) for one in found.windows]
    assert phases == [IDLE, *[LOADED] * 4, SNAPSHOT, *[LOADED] * 3, FLOOD, *[LOADED] * 3]
    seen = Seen(LOADED, 30, 35, None, Tail(1, 2, 3, 4), 0, 0, {})
    assert found.phase_of(seen) == SNAPSHOT


def test_growth_is_a_slope_a_minute() -> None:
    samples = soaked().samples
    assert growth(samples, 20, anonymous=False) == pytest.approx(60)
    assert growth(samples, 20, anonymous=True) == pytest.approx(0)


def test_a_good_soak_meets_everything_and_a_bad_one_says_what_is_wrong() -> None:
    found = soaked()
    assert server_p99(found, LOADED) == 7
    assert (found.faults, [one.what for one in verdicts(found) if not one.met]) == ([], [])
    found.exit_code = 3
    found.snapshots = [Snapshot(31, 32, "a", "page 7 is damaged")]
    found.proof = compared(SAID, STORED[1:])
    assert len(found.faults) == 3
    assert len([one for one in verdicts(found) if not one.met]) == 3
