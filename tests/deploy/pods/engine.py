"""Podman with a storage, a network and settings of its own, below one folder: what a test starts ends with it.

What is wanted of it is what its version 4.3 can do: pods, volumes and one network with names.
"""

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import yaml

from tests.deploy.image.build import IMAGE, PACKAGES
from tests.deploy.image.engines import PODMAN_CONF

SERVICE = "llm-simulator-headless"
CONFIGURATION = f"""{PODMAN_CONF}[network]
network_backend = "netavark"
"""
COMMAND_S = 120
UNTIL_S = 60
"""How long a condition may take to become true, in seconds."""
PAUSE_S = 0.1


NEEDED = {
    **{program: PACKAGES[program] for program in ("buildah", "podman", "runc", "conmon", "netavark", "mmdebstrap")},
    "aardvark-dns": "aardvark-dns",
    "iptables": "iptables",
    "nginx": "nginx-light",
    "haproxy": "haproxy",
}
"""Programs, and Debian's packages that have them."""
PATH = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/podman"


def lacking(path: str = PATH) -> list[str]:
    """Debian's packages that have what is not on this path."""
    return sorted({package for program, package in NEEDED.items() if shutil.which(program, path=path) is None})


class Refused(Exception):
    """What podman said when it ended with something else than 0."""


class Podman:
    """An engine that knows nothing of what else the machine runs; networks alone have one space of names."""

    def __init__(self, folder: Path) -> None:
        self.network = f"llmsim-{folder.parent.name}-{folder.name}"
        configuration = folder / "containers.conf"
        configuration.write_text(CONFIGURATION)
        self.folder = folder
        self.environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "CONTAINERS_CONF": str(configuration)}
        own = {"root": "root", "runroot": "run", "tmpdir": "tmp", "network-config-dir": "networks"}
        self._command = ["podman", *(f"--{flag}={folder / name}" for flag, name in own.items()), "--log-level=error"]

    def run(self, *arguments: str | Path) -> str:
        """What podman prints; raises Refused with both of its streams where it fails."""
        command = self.command(*arguments)
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=COMMAND_S, env=self.environment
        )
        if done.returncode:
            raise Refused(f"podman {' '.join(map(str, arguments))}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout.strip()

    def command(self, *arguments: str | Path) -> list[str]:
        """What a process of this command and of `environment` would do."""
        return [*self._command, *map(str, arguments)]

    def load(self) -> None:
        """Take the image that was built out of the machine's own storage."""
        archive = self.folder / "image.tar"
        subprocess.run(["podman", "save", "--quiet", "--output", archive, IMAGE], check=True, timeout=COMMAND_S)  # noqa: S607
        self.run("load", "--quiet", "--input", archive)
        archive.unlink()

    def volume(self, name: str) -> None:
        """A volume that uid 1000 may write to, as fsGroup would have made it."""
        self.run("volume", "create", "--opt=o=uid=1000,gid=1000", name)

    def secret(self, manifest: dict[str, Any]) -> None:
        """A Secret of Kubernetes, in the form in which podman reads it when a pod's variables name it."""
        data = self.folder / "secret.json"
        data.write_bytes(orjson.dumps(manifest["data"]))
        self.run("secret", "create", manifest["metadata"]["name"], data)
        data.unlink()

    def play(self, *documents: dict[str, Any], aliases: tuple[str, ...] = ()) -> None:
        """Run a pod as its manifest says, with these names in the network besides its own."""
        network = ",".join([f"{self.network}:alias={aliases[0]}", *(f"alias={alias}" for alias in aliases[1:])])
        manifest = self.folder / "manifest.yaml"
        manifest.write_text(yaml.safe_dump_all(documents))
        self.run("play", "kube", "--log-driver=k8s-file", f"--network={network}", manifest)

    def inspect(self, container: str) -> dict[str, Any]:
        """All that podman knows of a container."""
        [found] = orjson.loads(self.run("inspect", container))
        return dict(found)

    def address(self, pod: str) -> str:
        """The address of a pod in the network, which this machine reaches as well."""
        infra = orjson.loads(self.run("pod", "inspect", pod))["InfraContainerID"]
        return str(self.inspect(infra)["NetworkSettings"]["Networks"][self.network]["IPAddress"])

    def end(self) -> None:
        """Remove every pod, container, volume, network and image of this engine, and its folder."""
        for command in ("pod rm", "rm", "volume rm"):
            self.run(*command.split(), "--all", "--force")
        self.run("network", "rm", "--force", self.network)
        self.run("rmi", "--all", "--force")
        shutil.rmtree(self.folder)


def until(what: str, condition: Callable[..., bool], *arguments: object) -> None:
    """Wait until it holds of the arguments; fails, saying what was waited for, when that takes longer than UNTIL_S."""
    begun = time.monotonic()
    while not condition(*arguments):
        assert time.monotonic() - begun < UNTIL_S, f"not within {UNTIL_S} s: {what}"
        time.sleep(PAUSE_S)  # nothing tells when another program is ready
