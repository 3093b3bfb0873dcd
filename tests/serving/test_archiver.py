"""What a pod commits is shipped in order, whether the place answers or not, and never in the way of a turn."""

from pathlib import Path

import orjson
import pytest
import trio
from trio.testing import MockClock

from llmsim import clock
from llmsim.errors import StaleStore
from llmsim.serving import archiver
from llmsim.serving.pod import running_pod
from llmsim.store.environment import Environment
from llmsim.store.journal import archived
from llmsim.store.schema import Table
from tests.pods import options, pod
from tests.protected import Asked, Away, archiving, ask_in_the_loop, copy_of, gauge, shipped, turns_in


@pytest.fixture
def place(tmp_path: Path) -> Away:
    return Away(tmp_path / "place")


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    return ask_in_the_loop(monkeypatch)


async def test_turns_are_shipped_in_order_and_leave_the_journal(
    tmp_path: Path, place: Away, asked: Asked, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path / "data", protection=archiving(place)) as under:
        for number in range(5):
            await under.say(f"Tell me about number {number}.")
            await trio.sleep(number)
        await trio.sleep(3)
        assert turns_in(place) == 5
        assert await gauge(under, "archive_lag_entries") == 0
        assert await gauge(under, "archive_up") == 1
        with under.service.simulator.environment.read() as view:
            assert view.count(Table.JOURNAL) == 0
    found = [segment.header for segment in shipped(place)]
    assert [one.first for one in found] == [1, *(one.last + 1 for one in found[:-1])]
    assert len({one.generation for one in found}) == 1
    assert 1 < len(found) < 11, "commits of one second travel together"
    assert asked.places == [place.url], "the generation begins with a snapshot"


async def test_end_of_a_pod_ships_what_is_left(tmp_path: Path, place: Away, autojump_clock: MockClock) -> None:
    async with pod(tmp_path / "data", protection=archiving(place, archive_every_s=1000)) as under:
        await trio.sleep(2000)
        await under.say("Tell me about rain.")
        assert turns_in(place) == 0
    assert turns_in(place) == 1


async def test_pod_started_again_goes_on_where_it_was(tmp_path: Path, place: Away, autojump_clock: MockClock) -> None:
    for _ in range(3):
        async with pod(tmp_path / "data", protection=archiving(place)) as under:
            await under.say("Tell me about rain.")
    assert turns_in(place) == 3
    found = [segment.header for segment in shipped(place)]
    assert [one.previous for one in found] == ["", *(one.digest for one in found[:-1])]


async def test_place_that_is_away_is_told_once_and_gets_everything_later(
    tmp_path: Path, place: Away, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "llmsim")
    async with pod(tmp_path / "data", protection=archiving(place)) as under:
        await under.say("Tell me about rain.")
        await trio.sleep(3)
        place.down = True
        for number in range(4):
            assert (await under.say(f"Tell me about number {number}.")).status == 200
            await trio.sleep(60)
        assert turns_in(place) == 1
        assert await gauge(under, "archive_up") == 0
        assert await gauge(under, "archive_lag_entries") > 3
        assert await gauge(under, "archive_failures_total") > 3
        place.down = False
        await trio.sleep(60)
        assert turns_in(place) == 5
        assert await gauge(under, "archive_lag_entries") == 0
        assert await gauge(under, "archive_up") == 1
    messages = [record.getMessage() for record in caplog.records]
    assert messages.count("archive does not answer: the pod goes on, and ships later") == 1
    assert messages.count("archive answers again") == 1


async def test_place_that_is_away_at_the_start_does_not_keep_a_pod_from_it(
    tmp_path: Path, place: Away, autojump_clock: MockClock
) -> None:
    place.down = True
    async with pod(tmp_path / "data", protection=archiving(place)) as under:
        assert (await under.say("Tell me about rain.")).status == 200
        place.down = False
        await trio.sleep(60)
        await under.say("Tell me about snow.")
        await trio.sleep(60)
        assert await gauge(under, "archive_lag_entries") == 0
        assert turns_in(place) == 1, "the first turn is in the snapshot that the generation begins with"


async def test_place_that_never_answers_at_the_start_is_waited_for_some_seconds(
    tmp_path: Path, place: Away, monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    async def hang(_self: object, _question: object) -> None:
        await trio.sleep_forever()

    monkeypatch.setattr(archiver.Archiver, "_ask", hang)
    with trio.fail_after(archiver.START_S + archiver.DRAIN_S + 1):
        async with pod(tmp_path / "data", protection=archiving(place)) as under:
            assert (await under.say("Tell me about rain.")).status == 200


async def test_volume_that_came_back_older_is_refused_and_says_so(
    tmp_path: Path, place: Away, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path / "data", protection=archiving(place)) as under:
        await under.say("Tell me about rain.")
    older = copy_of(tmp_path / "data", tmp_path / "older")
    async with pod(tmp_path / "data", protection=archiving(place)) as under:
        await under.say("Tell me about snow.")
    before = len(shipped(place))
    with pytest.raises(StaleStore, match="the store is not the one that was archived last: "):
        async with running_pod(options(older, protection=archiving(place))):
            pass
    assert len(shipped(place)) == before
    async with pod(older):
        pass
    async with pod(older, protection=archiving(place)) as under:
        await under.say("Tell me about wind.")
    assert len({segment.header.generation for segment in shipped(place)}) == 2


async def test_store_that_is_archived_no_more_says_so(
    tmp_path: Path, place: Away, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with pod(tmp_path / "data", protection=archiving(place)) as under:
        await under.say("Tell me about rain.")
    async with pod(tmp_path / "data"):
        pass
    assert "the store is archived no more" in [record.getMessage() for record in caplog.records]
    with Environment.open(tmp_path / "data", readonly=True) as environment, environment.read() as view:
        assert archived(view) is None


async def test_journal_that_grows_too_large_is_given_up_and_begun_anew(
    tmp_path: Path, place: Away, asked: Asked, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archiver, "JOURNAL_BYTES_MAX", 20_000)
    async with pod(tmp_path / "data", protection=archiving(place)) as under:
        await under.say("Tell me about rain.")
        await trio.sleep(3)
        place.down = True
        for number in range(20):
            await under.say(f"Tell me about number {number}. " * 50)
            await trio.sleep(20)
        with under.service.simulator.environment.read() as view:
            assert view.size_bytes(Table.JOURNAL) < 20_000
        place.down = False
        await trio.sleep(60)
        await under.say("Tell me about snow.")
    generations = {segment.header.generation for segment in shipped(place)}
    assert len(generations) == 2
    assert asked.places == [place.url] * 2


async def test_readiness_ends_while_the_archive_is_too_far_behind(
    tmp_path: Path, place: Away, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 2_000_000_000.0
    monkeypatch.setattr(clock, "wall", lambda: now_s)
    async with pod(tmp_path / "data", protection=archiving(place, archive_lag_max_s=30.0)) as under:
        place.down = True
        await under.say("Tell me about rain.")
        await trio.sleep(5)
        answers = []
        for after_s in (29, 2):
            now_s += after_s
            ready = await under.client.exchange("GET", "/readyz", {})
            answers.append((ready.status, orjson.loads(ready.body)["archive_lag_s"]))
        assert answers == [(200, 29.0), (503, 31.0)]
        place.down = False
        await trio.sleep(60)
        assert (await under.client.exchange("GET", "/readyz", {})).status == 200


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("after_s", [0.5, 1.0, 1.5, 3.0, 7.3])
async def test_pod_cancelled_at_any_moment_loses_nothing(
    after_s: float, down: bool, tmp_path: Path, place: Away, autojump_clock: MockClock
) -> None:
    said = 0
    with trio.move_on_after(after_s):
        async with pod(tmp_path / "data", protection=archiving(place)) as under:
            place.down = down
            while True:
                answer = await under.say(f"Tell me about number {said}.")
                assert answer.status == 200
                said += 1
    place.down = False
    async with pod(tmp_path / "data", protection=archiving(place)) as under:
        await under.say("Tell me about rain.")
    assert turns_in(place) >= said + 1
