"""Probes tell the truth about store and phase, and touch nothing."""

from pathlib import Path

import orjson
import pytest
from trio.testing import MockClock

from llmsim.serving.service import Phase
from tests.pods import pod

pytestmark = pytest.mark.usefixtures("each_way")


async def test_probes_answer_and_readiness_ends_with_draining(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        assert (await under.client.exchange("GET", "/healthz", {})).status == 200
        ready = await under.client.exchange("GET", "/readyz", {})
        assert (ready.status, orjson.loads(ready.body)) == (200, {"status": "ready", "writer": "running"})
        under.service.phase = Phase.DRAINING
        draining = await under.client.exchange("GET", "/readyz", {})
        assert (draining.status, orjson.loads(draining.body)["status"]) == (503, "draining")
        assert (await under.client.exchange("GET", "/healthz", {})).status == 200


async def test_readiness_ends_with_the_writer(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        under.service.simulator.writer.running = False
        stopped = await under.client.exchange("GET", "/readyz", {})
        assert (stopped.status, orjson.loads(stopped.body)["writer"]) == (503, "stopped")
        under.service.simulator.writer.running = True


async def test_probes_touch_no_simulated_state(tmp_path: Path, autojump_clock: MockClock) -> None:
    headers = {"X-LLMSim-Session": "s1"}
    async with pod(tmp_path / "quiet") as under:
        quiet = await under.say("Hi", headers=headers)
    async with pod(tmp_path / "probed") as under:
        for _ in range(20):
            for path in ("/healthz", "/readyz", "/metrics"):
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
            'llm_simulator_requests_total{route="/v1/chat/completions",status="200"} 1.0',
        ):
            assert line in text.splitlines()


async def test_metrics_are_told_when_the_volume_is_gone(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path / "here") as under:
        (tmp_path / "here").rename(tmp_path / "gone")
        answer = await under.client.exchange("GET", "/metrics", {})
        assert b"llm_simulator_store_bytes NaN" in answer.body
        (tmp_path / "gone").rename(tmp_path / "here")
