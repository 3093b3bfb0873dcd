"""Targets are judged by the rounds that were measured, and a row with errors never counts."""

import attrs
import pytest

from tests.bench.contestants import BARE, LLMSIM, NO_STORE, QUART
from tests.bench.figures import Tail
from tests.bench.processes import Memory
from tests.bench.records import SINGLE, Found, Harness, Requests, Streams
from tests.bench.summary import Target, doubts, per_cpu, targets
from tests.bench.wrk import Sent

NOTHING = Memory(0, 0)
ERRORS = {"connect": 0, "status": 0}
TAIL = Tail(1, 2, 3, 4)


def row(name: str, number: int, per_cpu_s: int, connections: int = 32, **errors: int) -> Requests:
    sent = Sent(per_cpu_s, 2.0, 1, 2, 3, 4, {**ERRORS, **errors}, 0.5)
    return Requests(name, number, SINGLE, connections, sent, 1.0, 0.0, NOTHING, 0)


def streamed(name: str, number: int, p50_ms: float) -> Streams:
    errors_ms = Tail(p50_ms, 10, 20, 100)
    client = Harness(0.1, TAIL, TAIL, 0, None)
    return Streams(
        name, number, 500, 500, 0, 0, 1000, 1, 2.0, 0.0, 9.0, NOTHING, errors_ms, errors_ms, TAIL, client, []
    )


def target(found: Found, what: str) -> Target:
    [one] = [one for one in targets(found) if one.what.startswith(what)]
    return one


def test_a_ratio_is_taken_within_each_round() -> None:
    found = Found(requests=[row(LLMSIM, 1, 800), row(QUART, 1, 100), row(LLMSIM, 2, 300), row(QUART, 2, 30)])
    one = target(found, f"requests/CPU-s at 32 connections: {LLMSIM} / {QUART}")
    assert one.measured == [8, 10]
    assert one.met is True


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    assert {one.met for one in targets(Found())} == {None}


def test_a_round_with_errors_does_not_count_and_is_told() -> None:
    found = Found(requests=[row(LLMSIM, 1, 800, status=1), row(LLMSIM, 2, 300)])
    assert per_cpu(found.requests) == {2: 300}
    assert any("FAILED, 1 errors" in doubt for doubt in doubts(found))


def test_not_stored_is_not_available_where_turns_were_stored() -> None:
    rows = [row(NO_STORE, 1, 800), row(BARE, 1, 100)]
    assert any(one.what.startswith("requests") and NO_STORE in one.what for one in targets(Found(requests=rows)))
    stored = Found(requests=[attrs.evolve(rows[0], stored=5), rows[1]])
    assert not any(NO_STORE in one.what for one in targets(stored))
    assert any("not available" in doubt for doubt in doubts(stored))


def test_a_client_at_its_limit_is_told() -> None:
    one = streamed(LLMSIM, 1, 1.0)
    busy = attrs.evolve(one, client=attrs.evolve(one.client, cpu_share=0.81))
    assert doubts(Found(streams=[one])) == []
    assert len(doubts(Found(streams=[busy]))) == 1


def test_a_machine_that_did_something_else_is_told() -> None:
    alone, loud = row(LLMSIM, 1, 100), attrs.evolve(row(LLMSIM, 2, 100), others_share=0.3)
    assert doubts(Found(requests=[alone])) == []
    [said] = doubts(Found(requests=[alone, loud]))
    assert "in 1 of 2 loads" in said
    assert "30% (llmsim, round 2)" in said


def test_the_error_of_a_peer_is_compared_by_round() -> None:
    found = Found(streams=[streamed(LLMSIM, 1, 2.0), streamed("aimock", 1, 50.0)])
    one = target(found, "error p50 at 500 streams")
    assert (one.measured, one.met) == ([25], True)


@pytest.mark.parametrize(("sign", "met"), [(">=", True), ("<=", True), ("<", False)])
def test_a_bound_that_is_just_reached(sign: str, met: bool) -> None:
    assert Target("", "", sign, 2, [1, 2, 3]).met is met
