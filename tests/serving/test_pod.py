"""A pod comes up in order and goes down in order."""

from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from llmsim.errors import StoreInUse, WrongOrdinal
from llmsim.serving.pod import running_pod
from llmsim.serving.service import Phase
from llmsim.store.environment import Environment
from tests.pods import options


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
