"""The scenarios that a cluster can be put through: its StatefulSet, not the drill, has to bring the pod back.

A lost volume comes back from the archive if the StatefulSet's init container restores into an empty one; otherwise
everything that the pod had is reported as lost.
"""

import httpx2
import orjson

from llmsim.drill.crowd import CLIENTS
from llmsim.drill.exercise import Exercise
from llmsim.drill.kubectl import Namespace
from llmsim.drill.outcome import Outcome, Stored
from llmsim.errors import OperatorError
from llmsim.store.schema import TurnKey

SCENARIOS = ("pod-loss", "volume-loss")
NAME = "drill"


async def lose(exercise: Exercise, namespace: Namespace) -> Outcome:
    """The pod is deleted under load, with its volume if that is the scenario; its successor has to go on.

    Raises:
        OperatorError: kubectl failed, or the pod did not come back.
    """
    before = await namespace.placed()
    if before is None:
        raise OperatorError(f"there is no pod {namespace.pod} in namespace {namespace.name}")
    destroyed = before.claim if exercise.scenario == "volume-loss" else None
    async with namespace.forwarded(before, destroyed) as pod:
        await exercise.talk_and_kill(pod, NAME)
    if destroyed:
        exercise.note(f"claim {destroyed} destroyed")
    after = await namespace.replaced(before)
    exercise.note("the new pod is ready")
    async with namespace.forwarded(after) as pod:
        exercise.compared(await _stored(pod.url), may_lose=destroyed is not None)
        await exercise.answered(pod, NAME)
    found = await namespace.llmsim(after, "check", f"--data-dir={after.data_dir}")
    exercise.problems += [f"check: {finding}" for finding in found["findings"]]
    result = await namespace.llmsim(after, "replay", f"--store={after.data_dir}")
    exercise.problems += [f"replay: {one}" for one in result["first_differences"]]
    exercise.regenerated = result["turns"]
    exercise.note(f"{result['turns']} turns drawn again")
    return exercise.outcome()


async def _stored(url: str) -> Stored:
    """What the pod has of the drill's sessions, by its own API."""
    stored: Stored = set()
    async with httpx2.AsyncClient(base_url=url, trust_env=False) as http:
        for client in range(1, CLIENTS + 1):
            session = f"{NAME}-{client}"
            answer = await http.get(f"/llmsim/v1/sessions/{session}/export")
            for line in answer.content.splitlines() if answer.status_code == 200 else ():
                record = orjson.loads(line)
                if record["type"] == "turn":
                    turn = record["turn"]
                    number = TurnKey.parse(turn["key"]).number
                    stored |= {(session, number, reply["text"]) for reply in turn["replies"]}
    return stored
