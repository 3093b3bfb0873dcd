"""A crowd says what scripts say, goes on where it was, and stops when the pod is gone."""

from pathlib import Path

import pytest
import trio

from llmsim.drill.crowd import Crowd, Lines, lines_of
from llmsim.drill.outcome import Acknowledged
from llmsim.drill.pods import running
from llmsim.replay.script import found, load_scripts
from tests.stored import contents


@pytest.fixture
def lines() -> Lines:
    return lines_of(load_scripts([found("memory"), found("dialect-chat")]))


def test_lines_are_what_users_say(lines: Lines) -> None:
    assert lines[0][1] == "What is a difference engine?"
    assert lines[-1] == ["Hello, my name is Grace.", "How do I pick a lock?", "What is my name?"]
    assert len(lines) == 4


async def test_crowd_goes_on_in_its_sessions_and_ends_with_the_pod(tmp_path: Path, lines: Lines) -> None:
    told: list[Acknowledged] = []
    more: list[Acknowledged] = []
    with trio.fail_after(120):
        async with running(tmp_path / "data", tmp_path / "log") as pod:
            await Crowd("crowd", lines, told).converse(pod, 20)
            await Crowd("crowd", lines, more).converse(pod, 20)
            await pod.kill()
            gone = trio.Event()
            await Crowd("crowd", lines, more).talk(pod, 1000, gone)
    assert gone.is_set()
    before = {one.session: one.number for one in told}
    first = {one.session: one.number for one in reversed(more)}
    assert all(first[session] > number for session, number in before.items() if session in first)
    assert set(first) & set(before)
    assert len(contents(tmp_path / "data")["turns"]) >= len(told) + len(more) >= 40
