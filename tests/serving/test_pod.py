"""A pod comes up in order and goes down in order; nothing leaves it that is not durable."""

from pathlib import Path

import orjson
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from llmsim.errors import StoreError, StoreFull, StoreInUse, WrongOrdinal
from llmsim.serving.pod import running_pod
from llmsim.serving.service import Phase
from llmsim.store.environment import Environment
from tests.pods import PodUnderTest, options, pod
from tests.runners import Failing, Gate

NAMED = {"X-LLMSim-Session": "s1"}


async def test_pod_is_ready_while_it_runs_and_draining_after(tmp_path: Path) -> None:
    phases = []
    async with running_pod(options(tmp_path)) as service:
        phases.append((service.phase, service.simulator.writer.running))
    phases.append((service.phase, service.simulator.writer.running))
    assert phases == [(Phase.READY, True), (Phase.DRAINING, False)]


async def test_pod_drains_what_was_posted_even_when_it_is_cancelled(tmp_path: Path, autojump_clock: MockClock) -> None:
    done = list[str]()
    with trio.CancelScope() as scope:
        async with running_pod(options(tmp_path)) as service:
            service.simulator.writer.post(lambda _view: done.append("posted"))
            scope.cancel()
            await trio.sleep_forever()
    assert done == ["posted"]


async def test_pod_claims_its_store(tmp_path: Path) -> None:
    async with running_pod(options(tmp_path)):
        with pytest.raises(StoreInUse):
            async with running_pod(options(tmp_path)):
                pass


async def test_pod_of_another_ordinal_is_refused_and_lets_go_of_the_store(tmp_path: Path) -> None:
    async with running_pod(options(tmp_path)):
        pass
    with pytest.raises(WrongOrdinal):
        async with running_pod(options(tmp_path, ordinal=1)):
            pass
    async with running_pod(options(tmp_path)) as service:
        assert service.simulator.pod.ordinal == 0


async def test_error_of_the_block_comes_out_as_itself(tmp_path: Path) -> None:
    with pytest.raises(WrongOrdinal, match="mine"):
        async with running_pod(options(tmp_path)):
            raise WrongOrdinal("mine")
    with Environment.open(tmp_path, readonly=True) as environment:
        assert environment.meta() is not None


@pytest.mark.usefixtures("each_way")
async def test_no_byte_leaves_before_the_turn_is_durable(tmp_path: Path, autojump_clock: MockClock) -> None:
    gate = Gate()
    async with pod(tmp_path, commit_runner=gate) as under:
        answered = trio.Event()

        async def ask(under: PodUnderTest) -> None:
            await under.say("Hello.", headers=NAMED)
            answered.set()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, under)
            with trio.move_on_after(3600):
                await answered.wait()
            assert not answered.is_set()
            gate.open.set()
            with trio.fail_after(60):
                await answered.wait()


@pytest.mark.usefixtures("each_way")
async def test_full_disk_refuses_turns_serves_reads_and_is_over_when_there_is_space(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    runner = Failing()
    async with pod(tmp_path, commit_runner=runner) as under:
        await under.say("Hello.", headers=NAMED)
        runner.error = StoreFull("no space left on device")
        refused = await under.say("What is rain?", headers=NAMED)
        assert refused.status == 507
        assert orjson.loads(refused.body)["error"]["type"] == "server_error"
        assert len(await under.turns("s1")) == 1
        runner.error = None
        assert (await under.say("What is rain?", headers=NAMED)).status == 200
        assert len(await under.turns("s1")) == 2


@pytest.mark.usefixtures("each_way")
async def test_failed_commit_ends_the_pod(tmp_path: Path, autojump_clock: MockClock) -> None:
    runner = Failing()

    async def until_it_fails() -> None:
        async with pod(tmp_path, commit_runner=runner) as under:
            runner.error = StoreError("input/output error")
            await under.say("Hello.", headers=NAMED)
            await trio.sleep_forever()

    with pytest.raises(StoreError, match="input/output"):
        await until_it_fails()


@pytest.mark.usefixtures("each_way")
async def test_client_that_leaves_during_the_commit_leaves_a_whole_turn_behind(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    gate = Gate()
    async with pod(tmp_path, commit_runner=gate) as under:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(under.say, "Hello.")
            await wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
            gate.open.set()
        await under.service.in_flight.none()
        await under.service.simulator.writer.drain()
        [session] = (await under.get("/llmsim/v1/sessions"))["data"]
        [turn] = await under.turns(session["id"])
        assert turn["outcome"] == {"ending": "client_left", "delivered": 0}
