"""A pod of a StatefulSet in a namespace, reached and lost by kubectl alone.

What is asked of kubectl is a handful of commands, each of which an operator could type: `get pod` (JSON of v1.Pod),
`port-forward`, `delete pod --force`, `delete pvc` and `exec`. Cancellation: kubectl's processes are killed.
"""

import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import orjson
import trio

from llmsim.drill.pods import announced
from llmsim.errors import OperatorError

REPLACED_S = 900
"""How long a StatefulSet may take to bring a pod back: a node's death is noticed after five minutes."""
POLL_S = 0.5
FORWARD_S = 30
_FORWARDING = re.compile(rb"Forwarding from 127\.0\.0\.1:(\d+) ->")
_KUBECTL = "kubectl"


@attrs.frozen
class Placed:
    """A pod as the cluster has it: `claim` is the claim of the volume that is mounted at `data_dir`."""

    uid: str
    ready: bool
    container: str
    port: int
    claim: str
    data_dir: str


@attrs.define
class Forwarded:
    """A pod that is reached through a port of this machine; to kill it is to delete it by force, and its volume first.

    Deleted by force means: gone from the API at once, and killed by its node without a grace period.
    """

    url: str
    namespace: "Namespace"
    process: trio.Process
    volume: str | None = None
    killed_s: float = 0.0
    end: str = "deleted by force"

    async def kill(self) -> None:
        """Delete it; raises OperatorError with kubectl's words."""
        self.killed_s = trio.current_time()
        if self.volume is not None:
            await self.namespace.run("delete", "pvc", self.volume, "--wait=false")
        await self.namespace.run("delete", "pod", self.namespace.pod, "--grace-period=0", "--force", "--wait=false")
        self.process.kill()


@attrs.frozen
class Namespace:
    """One pod of a namespace."""

    name: str
    pod: str

    async def placed(self) -> Placed | None:
        """The pod as it is now; None while there is none.

        Raises:
            OperatorError: kubectl failed, or the pod keeps nothing on a claim.
        """
        said = await self.run("get", "pod", self.pod, "--output=json", "--ignore-not-found")
        return placed(orjson.loads(said), self.pod) if said.strip() else None

    async def replaced(self, gone: Placed) -> Placed:
        """The pod that came in the place of this one, once it is ready.

        Raises:
            OperatorError: there is none within REPLACED_S.
        """
        with trio.move_on_after(REPLACED_S):
            while True:
                now = await self.placed()
                if now is not None and now.uid != gone.uid and now.ready:
                    return now
                await trio.sleep(POLL_S)
        raise OperatorError(f"pod {self.pod} did not come back within {REPLACED_S} s")

    @asynccontextmanager
    async def forwarded(self, to: Placed, volume: str | None = None) -> AsyncIterator[Forwarded]:
        """The pod at a port of this machine while the block runs; raises OperatorError with kubectl's words."""
        command = self._command("port-forward", f"pod/{self.pod}", f":{to.port}", "--address=127.0.0.1")
        try:
            process = await trio.lowlevel.open_process(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        except OSError as error:
            raise OperatorError(f"{_KUBECTL}: {error.strerror}") from error
        try:
            yield Forwarded(await self._port(process), self, process, volume)
        finally:
            with trio.CancelScope(shield=True):
                process.kill()
                await process.wait()

    async def llmsim(self, at: Placed, *arguments: str) -> dict[str, Any]:
        """What llmsim in the pod says to these arguments as JSON, also where it ends with 1: it found something."""
        said = await self.run("exec", self.pod, f"--container={at.container}", "--", "llmsim", *arguments, "--json")
        found: dict[str, Any] = orjson.loads(said)
        return found

    async def run(self, *arguments: str) -> str:
        """What kubectl prints; raises OperatorError with its words where it prints nothing but an error."""
        command = self._command(*arguments)
        try:
            done = await trio.run_process(command, capture_stdout=True, capture_stderr=True, check=False)
        except OSError as error:
            raise OperatorError(f"{_KUBECTL}: {error.strerror}") from error
        if done.returncode and not (arguments[0] == "exec" and done.stdout):
            said = done.stderr.decode(errors="replace").strip()
            raise OperatorError(f"`{' '.join(command)}` ended with {done.returncode}: {said}")
        return done.stdout.decode()

    def _command(self, *arguments: str) -> list[str]:
        return [_KUBECTL, f"--namespace={self.name}", *arguments]

    async def _port(self, process: trio.Process) -> str:
        said, match = await announced(process, _FORWARDING, FORWARD_S)
        if match:
            return f"http://127.0.0.1:{int(match[1])}"
        raise OperatorError(f"kubectl port-forward did not listen: {said.decode(errors='replace').strip()}")


def placed(pod: dict[str, Any], name: str) -> Placed:
    """What a drill needs to know of a v1.Pod; raises OperatorError where that is not a pod of ours."""
    claims = {
        volume["name"]: volume["persistentVolumeClaim"]["claimName"]
        for volume in pod["spec"].get("volumes", ())
        if "persistentVolumeClaim" in volume
    }
    for container in pod["spec"]["containers"]:
        mounts = [mount for mount in container.get("volumeMounts", ()) if mount["name"] in claims]
        if mounts and container.get("ports"):
            ready = [one["status"] for one in pod["status"].get("conditions", ()) if one["type"] == "Ready"]
            return Placed(
                uid=pod["metadata"]["uid"],
                ready=ready == ["True"] and "deletionTimestamp" not in pod["metadata"],
                container=container["name"],
                port=container["ports"][0]["containerPort"],
                claim=claims[mounts[0]["name"]],
                data_dir=mounts[0]["mountPath"],
            )
    raise OperatorError(f"pod {name} has no container with a port and a claimed volume: is it one of the StatefulSet?")
