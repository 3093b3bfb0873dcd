"""The record that routes share, and the emissions that are followed in it."""

import gc
from pathlib import Path

from llmsim.clock import Pace
from llmsim.serving.emitter import Emission
from llmsim.serving.pod import running_pod
from llmsim.serving.service import Following, Phase, Service
from llmsim.simulation.timeline import Timeline
from llmsim.store.schema import TurnKey
from llmsim.wire.base import Frame
from tests.pods import options


async def test_service_of_a_running_pod_has_the_metrics_that_its_simulator_counts_on(tmp_path: Path) -> None:
    async with running_pod(options(tmp_path)) as service:
        assert service.metrics is service.simulator.metrics
        fresh = Service(service.simulator, service.metrics, service.pace)
        assert fresh.phase is Phase.STARTING


def told() -> Emission:
    """An emission of three frames, of which none has left."""
    frames = (Frame(token, b"x") for token in range(3))
    return Emission(frames, Timeline((1, 2, 3)), Pace(), 0.0, lambda *_: None)


def test_what_tells_of_a_turn_is_cut_with_it_and_all_of_a_session_with_that() -> None:
    following = Following()
    one, other, elsewhere = TurnKey(1, bytes(8)), TurnKey(2, bytes(8)), TurnKey(1, bytes(8))
    emissions = {name: told() for name in ("one", "one again", "other", "elsewhere", "not followed")}
    for name, session, turn in (("one", "s", one), ("one again", "s", one), ("other", "s", other)):
        following.add(emissions[name], session, turn)
    following.add(emissions["elsewhere"], "t", elsewhere)
    following.cut("s", one)
    assert [name for name, emission in emissions.items() if emission.due is None] == ["one", "one again"]
    following.cut("s")
    assert [name for name, emission in emissions.items() if emission.due is None] == ["one", "one again", "other"]


def test_emissions_are_followed_no_longer_than_they_are_sent() -> None:
    following = Following()
    following.add(told(), "s", None)
    gc.collect()
    assert not following._told
