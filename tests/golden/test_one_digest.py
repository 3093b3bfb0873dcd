"""Sixty-four conversations of five turns at once: one transcript, whatever their order, their way and their speed."""

from pathlib import Path

import pytest

from llmsim.turn import Pod
from tests.crowd import crowd, over_sockets, rank, virtually

SPEEDS = (None, 500.0, 50.0)
"""How fast the servers of successive runs are; None is without delays."""


def test_crowd_arrives_in_another_order_in_every_run() -> None:
    orders = [[session.id for session in crowd(run).session] for run in range(2)]
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])
    assert len({rank(0, session) for session in orders[0]}) == 64


@pytest.fixture(scope="module")
def expected() -> str:
    return virtually(0)


def test_crowd_has_one_transcript_in_virtual_time_and_over_sockets(run: int, expected: str, tmp_path: Path) -> None:
    assert virtually(run) == expected
    assert over_sockets(run, tmp_path, speed=SPEEDS[run % len(SPEEDS)]) == expected


def test_crowd_on_another_pod_has_another_transcript_the_same_both_ways(expected: str, tmp_path: Path) -> None:
    other = Pod(root_seed=0, ordinal=1)
    digests = {virtually(0, other), over_sockets(1, tmp_path, other)}
    assert len(digests) == 1
    assert expected not in digests
