"""A kubectl for one region without a cluster: it does to the pods of podman what it would have a cluster do.

`kubectl.py FOLDER ARGUMENT...`, of which it knows what `llmsim drill --kubectl` says. FOLDER is the region's. A deleted
pod is made again at once, as the StatefulSet's controller would; a claim that is deleted goes with its pod.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import trio

from tests.deploy.manifests import expand
from tests.deploy.pods.region import PORT, Region, opened, yes

CHUNK_BYTES = 65_536


def pod(region: Region, name: str) -> dict[str, Any]:
    """A v1.Pod as the API has it: what the controller made of the set, a uid, and whether it is ready."""
    ordinal = int(name.rpartition("-")[2])
    made = expand.pod(region.statefulset, ordinal)
    made["metadata"]["uid"] = orjson.loads(region.podman.run("pod", "inspect", name))["Id"]
    with region.client(ordinal) as client:
        ready = yes(client, "/readyz")
    return {**made, "status": {"conditions": [{"type": "Ready", "status": str(ready)}]}}


async def forward(region: Region, name: str) -> None:
    """Pass on what comes to a free port of loopback, until this process is killed."""
    address = region.podman.address(name)

    async def passed_on(client: trio.SocketStream) -> None:
        try:
            async with await trio.open_tcp_stream(address, PORT) as server, trio.open_nursery() as nursery:
                nursery.start_soon(pump, client, server)
                await pump(server, client)
                nursery.cancel_scope.cancel()
        except OSError:
            return

    async with trio.open_nursery() as nursery:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listener.socket.getsockname()[1]
        nursery.start_soon(trio.serve_listeners, passed_on, [listener])
        sys.stdout.write(f"Forwarding from 127.0.0.1:{port} -> {PORT}\n")
        sys.stdout.flush()


async def pump(source: trio.SocketStream, sink: trio.SocketStream) -> None:
    """Bytes from one end to the other, until either is gone."""
    try:
        while data := await source.receive_some(CHUNK_BYTES):
            await sink.send_all(data)
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        return


def main(folder: Path, verb: str, *arguments: str) -> int:
    """Do one command; the exit code."""
    region = opened(folder)
    with (folder / "commands").open("a") as file:
        file.write(f"{' '.join((verb, *arguments))}\n")
    if verb == "get":
        sys.stdout.write(orjson.dumps(pod(region, arguments[1])).decode())
    elif verb == "port-forward":
        trio.run(forward, region, arguments[0].removeprefix("pod/"))
    elif (verb, arguments[0]) == ("delete", "pvc"):
        (folder / arguments[1]).touch()
    elif (verb, arguments[0]) == ("delete", "pod"):
        ordinal = int(arguments[1].rpartition("-")[2])
        region.stop(ordinal, volume=(folder / f"data-{arguments[1]}").exists(), grace_s=0)
        region.start(ordinal).close()
    else:
        container = next(each.partition("=")[2] for each in arguments if each.startswith("--container="))
        inside = arguments[arguments.index("--") + 1 :]
        command = region.podman.command("exec", f"{arguments[0]}-{container}", *inside)
        return subprocess.run(command, check=False, env=region.podman.environment).returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[3:]))
