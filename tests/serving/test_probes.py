"""Probes tell the truth about store and phase, and touch nothing."""

import platform
import shutil
from pathlib import Path
from typing import Any

import orjson
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from llmsim import __version__
from llmsim.clock import Pace
from llmsim.errors import StoreError
from llmsim.serving.observed import PROBES
from llmsim.serving.pod import running_pod
from llmsim.serving.service import Phase
from llmsim.simulation.plan import PLAN_VERSION
from tests.pods import PodUnderTest, options, pod
from tests.runners import Failing, Gate

pytestmark = pytest.mark.usefixtures("each_way")


async def probed(under: PodUnderTest, path: str) -> tuple[int, Any]:
    """Status and body of a probe."""
    answer = await under.client.exchange("GET", path, {})
    return answer.status, orjson.loads(answer.body)


async def sample(under: PodUnderTest, name: str) -> float:
    """The value of the one sample of this name and these labels."""
    text = (await under.client.exchange("GET", "/metrics", {})).body.decode()
    [line] = [line for line in text.splitlines() if line.startswith(f"{name} ")]
    return float(line.rpartition(" ")[2])


async def at(moment_s: float) -> None:
    """Wait until the clock says so."""
    with trio.move_on_at(moment_s):
        await trio.sleep_forever()


async def test_probes_answer_and_readiness_ends_with_draining(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        assert (await under.client.exchange("GET", "/healthz", {})).status == 200
        ready = await under.client.exchange("GET", "/readyz", {})
        assert (ready.status, orjson.loads(ready.body)) == (200, {"status": "ready", "writer": "running"})
        under.service.phase = Phase.DRAINING
        draining = await under.client.exchange("GET", "/readyz", {})
        assert (draining.status, orjson.loads(draining.body)["status"]) == (503, "draining")
        assert (await under.client.exchange("GET", "/healthz", {})).status == 200


async def test_pod_that_has_started_has_for_good(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        under.service.phase = Phase.STARTING
        assert await probed(under, "/startupz") == (503, {"status": "starting"})
        under.service.simulator.writer.running = False
        assert (await probed(under, "/healthz"))[0] == 200
        assert (await probed(under, "/readyz"))[0] == 503
        under.service.simulator.writer.running = True
        for phase in (Phase.READY, Phase.DRAINING):
            under.service.phase = phase
            assert await probed(under, "/startupz") == (200, {"status": "started"})


async def test_readiness_and_life_end_with_the_writer(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        under.service.simulator.writer.running = False
        assert await probed(under, "/readyz") == (503, {"status": "ready", "writer": "stopped"})
        assert await probed(under, "/healthz") == (503, {"status": "failed", "writer": "stopped", "commit_s": 0})
        assert (await probed(under, "/startupz"))[0] == 200
        under.service.simulator.writer.running = True
        assert (await probed(under, "/healthz"))[0] == 200


async def test_writer_that_fails_is_a_pod_that_does_not_live(tmp_path: Path, autojump_clock: MockClock) -> None:
    runner = Failing()
    alive = []

    async def until_it_fails() -> None:
        async with running_pod(options(tmp_path, commit_runner=runner)) as service:
            runner.error = StoreError("input/output error")
            service.simulator.writer.post(lambda _view: None)
            try:
                await trio.sleep_forever()
            finally:
                alive.append(service.alive)

    with pytest.raises(StoreError, match="input/output"):
        await until_it_fails()
    assert alive == [False]


async def test_life_ends_with_a_commit_that_hangs_and_comes_back_with_its_end(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    gate = Gate()
    async with pod(tmp_path, commit_runner=gate) as under:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(under.say, "Hello.")
            await wait_all_tasks_blocked()
            try:
                begun_s = trio.current_time() - under.service.simulator.writer.committing_s
                await at(begun_s + 60)
                status, body = await probed(under, "/healthz")
                assert (status, body) == (200, {"status": "alive", "writer": "running", "commit_s": 60})
                await at(begun_s + 60.5)
                status, body = await probed(under, "/healthz")
                assert (status, body) == (503, {"status": "failed", "writer": "running", "commit_s": 60.5})
                assert (await probed(under, "/startupz"))[0] == 200
            finally:
                gate.open.set()
        assert await probed(under, "/healthz") == (200, {"status": "alive", "writer": "running", "commit_s": 0})


async def test_probes_touch_no_simulated_state(tmp_path: Path, autojump_clock: MockClock) -> None:
    headers = {"X-LLMSim-Session": "s1"}
    async with pod(tmp_path / "quiet") as under:
        quiet = await under.say("Hi", headers=headers)
    async with pod(tmp_path / "probed") as under:
        for _ in range(20):
            for path in sorted(PROBES):
                await under.client.exchange("GET", path, {})
        assert (await under.say("Hi", headers=headers)).body == quiet.body


async def test_metrics_count_turns_tokens_and_sessions(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        usage = orjson.loads((await under.say("Hi")).body)["usage"]
        await under.service.simulator.writer.drain()
        answer = await under.client.exchange("GET", "/metrics", {})
        text = answer.body.decode()
        assert answer.headers["content-type"].startswith("text/plain; version=")
        for line in (
            'llm_simulator_turns_total{ending="completed",profile="gpt-4o-mini"} 1.0',
            f'llm_simulator_tokens_total{{kind="completion",profile="gpt-4o-mini"}} {usage["completion_tokens"]}.0',
            "llm_simulator_responses_in_flight 0.0",
            "llm_simulator_sessions_stored 1.0",
            "llm_simulator_sessions_active 1.0",
            'llm_simulator_requests_total{route="/v1/chat/completions",status="200"} 1.0',
        ):
            assert line in text.splitlines()
        labels = {"plan_version": PLAN_VERSION, "python_version": platform.python_version(), "version": __version__}
        told = ",".join(f'{label}="{value}"' for label, value in labels.items())
        assert f"llm_simulator_build_info{{{told}}} 1.0" in text.splitlines()


async def test_metrics_tell_what_a_turn_would_have_cost(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        usage = orjson.loads((await under.say("Hi")).body)["usage"]
        expected = (usage["prompt_tokens"] * 0.15 + usage["completion_tokens"] * 0.6) / 1e6
        found = await sample(under, 'llm_simulator_cost_usd_total{profile="gpt-4o-mini"}')
        assert found == pytest.approx(expected)


async def test_rate_is_that_of_requests_and_not_of_probes_and_passes(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path, pace=Pace(None)) as under:
        begun_s = trio.current_time()
        for _ in range(6):
            await under.say("Hi")
        await under.client.exchange("GET", "/v1/models", {})
        for _ in range(5):
            await probed(under, "/healthz")
        await at(begun_s + 3.5)
        assert await sample(under, "llm_simulator_requests_per_second") == 2
        assert await sample(under, "llm_simulator_sessions_active") == 1
        await at(begun_s + 32)
        assert await sample(under, "llm_simulator_requests_per_second") == 0
        await at(begun_s + 302)
        assert await sample(under, "llm_simulator_sessions_active") == 0


async def test_simulated_delay_is_not_late_and_what_commits_take_beyond_it_is(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    gate = Gate()
    async with pod(tmp_path, commit_runner=gate) as under:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(under.say, "Hi")
            await wait_all_tasks_blocked()
            await at(trio.current_time() + 2)
            gate.open.set()
        planned_s = await sample(under, 'llm_simulator_turn_duration_seconds_sum{profile="gpt-4o-mini"}')
        assert planned_s > 0.5
        late_ms = await sample(under, "llm_simulator_latency_p95_ms")
        assert late_ms == pytest.approx((2 - planned_s) * 1000, rel=0.1)
        await at(trio.current_time() + 66)
        assert await sample(under, "llm_simulator_latency_p95_ms") == 0
        await under.say("What is rain?")
        assert await sample(under, "llm_simulator_latency_p95_ms") < 1


async def test_volume_of_the_store_is_that_of_its_file_system(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        disk = shutil.disk_usage(tmp_path)
        assert await sample(under, "llm_simulator_volume_size_bytes") == disk.total
        free_bytes = await sample(under, "llm_simulator_volume_free_bytes")
        assert 0 < free_bytes < disk.total


async def test_metrics_are_told_when_the_volume_is_gone(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path / "here") as under:
        (tmp_path / "here").rename(tmp_path / "gone")
        answer = await under.client.exchange("GET", "/metrics", {})
        for name in ("store_bytes", "volume_size_bytes", "volume_free_bytes"):
            assert f"llm_simulator_{name} NaN" in answer.body.decode().splitlines()
        (tmp_path / "gone").rename(tmp_path / "here")
