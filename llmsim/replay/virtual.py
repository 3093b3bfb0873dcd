"""A pod of its own, in this process, in virtual time: hours of scripted traffic in seconds, with the bytes of a server.

The store is a real one in a temporary directory, committed inline and not synced: nothing waits on a thread, and
nothing outlives the replay. Time passes only while every task waits (trio's MockClock with autojump).
"""

import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import trio
import trio.testing

from llmsim.clock import Clock, Pace
from llmsim.profile import Profiles
from llmsim.replay.clients import InProcess
from llmsim.replay.player import Played, play
from llmsim.replay.script import Script, parts
from llmsim.replay.scripted import ScriptedReplies
from llmsim.serving.app import create_app
from llmsim.serving.pod import PodOptions, running_pod
from llmsim.store.writer import inline
from llmsim.turn import Pod

DEFAULT_POD = Pod(root_seed=0, ordinal=0)
DEFAULT_EPOCH_S = 1_767_225_600
"""2026-01-01T00:00:00Z: a replay that is told nothing repeats all the same."""


def replay(
    scripts: Sequence[Script],
    profiles: Profiles,
    pod: Pod = DEFAULT_POD,
    epoch_s: int = DEFAULT_EPOCH_S,
    on_turn: Callable[[Played], None] = lambda _turn: None,
) -> list[Played]:
    """Play scripts on a fresh pod; what was played, the turns of each session in their order.

    Raises:
        OperatorError: a profile cannot be used here.
        StoreError: the temporary directory's disk is full or fails.
    """
    clock = trio.testing.MockClock(autojump_threshold=0)
    return trio.run(partial(_replay, scripts, profiles, pod, epoch_s, on_turn), clock=clock)


async def _replay(
    scripts: Sequence[Script],
    profiles: Profiles,
    pod: Pod,
    epoch_s: int,
    on_turn: Callable[[Played], None],
) -> list[Played]:
    with tempfile.TemporaryDirectory(prefix="llmsim-replay-") as folder:
        options = PodOptions(
            data_dir=Path(folder),
            ordinal=pod.ordinal,
            seed=pod.root_seed,
            profiles=profiles,
            commit_runner=inline,
            clock=Clock(epoch_s),
            pace=Pace(),
            script=ScriptedReplies.from_scripts(scripts),
            durable=False,
        )
        async with running_pod(options) as service:
            client = InProcess(create_app(service))
            every = [part for script in scripts for part in parts(script)]
            return await play(every, client, service.pace, on_turn)
