"""Background responses by the clock: states, streams told again, cancelling, and a pod that starts anew between."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from llmsim import clock
from llmsim.clock import Clock, Pace
from llmsim.errors import StoreFull
from llmsim.replay.clients import Exchange
from llmsim.store import sessions
from llmsim.store.schema import Ending
from tests.pods import PodUnderTest, pod
from tests.responses_api import BEHIND, RESPONSES, Api, Json, asked, begun, events, running, text
from tests.runners import Failing
from tests.schemas import answer_faults, event_faults
from tests.wire.openai.response_streams import read

pytestmark = pytest.mark.usefixtures("each_way")
LONG_S = 60.0
CLOCKS = pytest.mark.parametrize("options", [{}, {"clock": Clock()}], ids=["epoch", "real time"])


async def states(api: Api, response: str, every_s: float = 0.05) -> list[str]:
    """The states that a response goes through until it is over."""
    found: list[str] = []
    with trio.fail_after(LONG_S):
        while not found or found[-1] in ("queued", "in_progress"):
            shown = await api.shown(response)
            if not found or found[-1] != shown["status"]:
                found.append(shown["status"])
                assert answer_faults("GET", "/responses/{response_id}", shown) == []
            await trio.sleep(every_s)
    return found


def stream_id(told: list[Json]) -> str:
    """The id of the response that a stream is of."""
    found: str = told[0]["response"]["id"]
    return found


@CLOCKS
async def test_background_response_goes_through_its_states_at_the_times_of_its_plan(
    tmp_path: Path, autojump_clock: MockClock, options: dict[str, Any]
) -> None:
    async with pod(tmp_path, **options) as under:
        api = Api(under)
        straight = await api.respond("Describe rain.", max_output_tokens=60)
        began = trio.current_time()
        made = await begun(api)
        assert trio.current_time() == pytest.approx(began)
        assert await states(api, made["id"]) == ["queued", "in_progress", straight["status"]]
        shown = await api.shown(made["id"])
        assert text(shown) == text(straight)
        assert shown["background"] is True
        await under.service.simulator.writer.drain()
        [_, (_, ending)] = outcomes(under)
        assert ending is Ending.COMPLETED


def outcomes(under: PodUnderTest) -> list[tuple[str, Ending | None]]:
    """How the turns of the store have ended."""
    with under.service.simulator.environment.read() as view:
        return [
            (session.id, found.ending if (found := sessions.outcome(view, session.id, turn.key)) else None)
            for session in list(sessions.sessions(view))
            for turn in list(sessions.turns(view, session.id))
        ]


async def test_background_response_at_instant_pace_is_over_at_once(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path, pace=Pace(None)) as under:
        api = Api(under)
        made = await begun(api)
        assert (await api.shown(made["id"]))["status"] in ("completed", "incomplete")
        again = await api.call("POST", f"{RESPONSES}/{made['id']}/cancel")
        assert again == await api.shown(made["id"])


async def test_pace_hastens_a_background_response(tmp_path: Path, autojump_clock: MockClock) -> None:
    took = []
    for speed in (1.0, 10.0):
        async with pod(tmp_path / str(speed), pace=Pace(speed)) as under:
            api = Api(under)
            made = await begun(api)
            began = trio.current_time()
            await states(api, made["id"], every_s=0.001)
            took.append(trio.current_time() - began)
    assert took[0] == pytest.approx(took[1] * 10, rel=0.05)


async def test_background_stream_is_told_again_with_the_same_bytes_while_it_lasts_and_after(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        exchange = await api.ask("POST", RESPONSES, asked("Describe rain.", stream=True, **BEHIND))
        told = events(exchange)
        assert [event["sequence_number"] for event in told] == list(range(len(told)))
        assert [event["type"] for event in told[:3]] == ["response.created", "response.queued", "response.in_progress"]
        assert [fault for event in told for fault in event_faults(event)] == []
        again = await api.told_again(stream_id(told))
        assert again.body == exchange.body
        for after in (-1, 0, 3, len(told) - 2, len(told) - 1, len(told) + 7):
            assert events(await api.told_again(stream_id(told), after)) == told[after + 1 :]
        assert (await api.refused("GET", f"{RESPONSES}/{stream_id(told)}?stream=true&starting_after=x"))[0] == 400


async def test_stream_told_again_in_the_middle_has_the_past_at_once_and_the_rest_at_its_times(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        exchanges: dict[str, Exchange] = {}

        async def first() -> None:
            exchanges["first"] = await api.ask("POST", RESPONSES, asked("Describe rain.", stream=True, **BEHIND))

        async def again(response: str) -> None:
            exchanges["again"] = await api.told_again(response, 1)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(first)
            await trio.sleep(0.9)
            [response] = running(under)
            nursery.start_soon(again, response)
        one, two = exchanges["first"], exchanges["again"]
        assert events(two) == events(one)[2:]
        late: list[tuple[Any, bytes]] = [(pytest.approx(at), data) for at, data in one.arrivals if at > 1.0]
        assert late
        assert late == [(at, data) for at, data in two.arrivals if at > 1.0]


async def test_background_response_goes_on_though_its_client_leaves(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        with trio.move_on_after(0.9):
            await api.stream("Describe rain.", **BEHIND)
        [response] = running(under)
        assert (await states(api, response))[-1] in ("completed", "incomplete")
        assert running(under) == []
        assert events(await api.told_again(response))[-1]["response"]["id"] == response


async def test_response_that_was_not_streamed_is_not_told_again(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        made = await begun(api)
        assert (await api.refused("GET", f"{RESPONSES}/{made['id']}?stream=true"))[0] == 400


@pytest.mark.parametrize("at_s", [0.0, 0.3, 0.9, 1.3])
async def test_cancelled_response_has_what_was_there_and_stays_so(
    tmp_path: Path, autojump_clock: MockClock, at_s: float
) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        whole = text(await api.respond("Describe rain.", max_output_tokens=60))
        made = await begun(api)
        await trio.sleep(at_s)
        cancelled = await api.call("POST", f"{RESPONSES}/{made['id']}/cancel")
        assert answer_faults("POST", "/responses/{response_id}/cancel", cancelled) == []
        assert (cancelled["status"], cancelled["usage"]) == ("cancelled", None)
        assert whole.startswith(text(cancelled))
        assert bool(text(cancelled)) == (at_s > 0.5)
        assert [item["status"] for item in cancelled["output"]] == ["incomplete"] * len(cancelled["output"])
        assert await api.call("POST", f"{RESPONSES}/{made['id']}/cancel") == cancelled
    async with pod(tmp_path) as under:
        api = Api(under)
        await trio.sleep(100)
        assert await api.shown(made["id"]) == cancelled
        after = await api.respond("Go on.", previous_response_id=made["id"])
        assert text(after)
        assert [ending for _, ending in outcomes(under)].count(Ending.CLIENT_LEFT) == 1


@pytest.mark.parametrize("at_s", [0.0, 0.3, 0.9, 1.3])
async def test_streams_of_a_cancelled_response_end_there_and_are_told_again_to_there(
    tmp_path: Path, autojump_clock: MockClock, at_s: float
) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        whole = await api.stream("Describe rain.", **BEHIND)
        heard: list[list[Json]] = []

        async def listen() -> None:
            heard.append(await api.stream("Describe rain.", **BEHIND))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen)
            await trio.sleep(at_s)
            await trio.testing.wait_all_tasks_blocked()
            [response] = running(under)
            began = trio.current_time()
            await api.call("POST", f"{RESPONSES}/{response}/cancel")
        assert trio.current_time() == pytest.approx(began)
        assert [event["type"] for event in heard[0]] == [event["type"] for event in whole[: len(heard[0])]]
        assert events(await api.told_again(response)) == heard[0]
        read(whole)
        read(heard[0], cut=True)
        assert 2 <= len(heard[0]) < len(whole)


@CLOCKS
@pytest.mark.parametrize("down_s", [0.0, 500.0])
async def test_response_that_was_running_when_its_pod_ended_is_finished_with_the_same_bytes(
    tmp_path: Path,
    autojump_clock: MockClock,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any],
    down_s: float,
) -> None:
    pass_time = wall_of(monkeypatch)
    async with pod(tmp_path / "straight", **options) as under:
        straight = await Api(under).stream("Describe rain.", **BEHIND)
    async with pod(tmp_path / "ended", **options) as under:
        api = Api(under)
        with trio.move_on_after(0.9):
            await api.stream("Describe rain.", **BEHIND)
        [response] = running(under)
    pass_time(down_s)
    async with pod(tmp_path / "ended", **options) as under:
        api = Api(under)
        shown = await api.shown(response)
        over = bool(down_s) and "clock" in options
        assert shown["status"] == ("incomplete" if over else "queued")
        assert running(under) == ([] if over else [response])
        told = events(await api.told_again(response))
        assert told == straight or "clock" in options
        assert [event.get("delta") for event in told] == [event.get("delta") for event in straight]
        assert events(await api.told_again(response, 4)) == told[5:]
        assert (await api.shown(response))["output"] == told[-1]["response"]["output"]
        assert running(under) == []


def wall_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """The time of day goes with the test's clock; what is returned, called with seconds, lets so many pass besides."""
    passed = [1_790_000_000.0]
    monkeypatch.setattr(clock, "wall", lambda: passed[0] + trio.current_time())
    return lambda seconds: passed.append(passed.pop() + seconds)


async def test_full_disk_keeps_a_response_that_is_over_from_being_told_and_a_pod_from_nothing(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    runner = Failing()
    async with pod(tmp_path, commit_runner=runner) as under:
        api = Api(under)
        made = await begun(api)
        await trio.sleep(10)
        runner.error = StoreFull("no space left on device")
        assert (await api.refused("GET", f"{RESPONSES}/{made['id']}"))[0] == 507
        runner.error = None
        runner.error = StoreFull("no space left on device")
    async with pod(tmp_path, commit_runner=runner) as under:
        assert (await under.client.exchange("GET", "/readyz", {})).status == 200
        runner.error = None
        assert (await states(Api(under), made["id"]))[-1] == "incomplete"
