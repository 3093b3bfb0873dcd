"""A region: what an overlay of statefulset/ says of its pods, run as it says, each pod with its volume and its names.

The overlay is one of an operator's own, on top of a shipped one: it adds a shared folder and fixes the stamps. What the
StatefulSet's controller and the kubelet would do is done here: pods are made of the set, and asked by their probes.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import httpx2
import yaml

from tests.deploy import tools
from tests.deploy.manifests import expand
from tests.deploy.manifests.kustomized import built, one
from tests.deploy.pods.engine import SERVICE, Podman, until
from tests.deploy.pods.playable import playable

EPOCH = "2026-01-01T00:00:00Z"
SHARED = "/backup"
SERVER = "llm-simulator"
OBJECTS = "objects.yaml"
PORT = 8080
PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
VARIABLES = {"LLMSIM_EPOCH": EPOCH, "LLMSIM_INSTANT": "true"}
"""What an operator adds here: stamps that follow from an epoch, and no delays."""


def overlay(base: Path, folder: Path, shared: Path, **variables: str) -> list[dict[str, Any]]:
    """What kubectl builds of an overlay in this folder: a shipped one, with variables and the shared folder added."""
    folder.mkdir()
    pod = "/spec/template/spec"
    added: list[dict[str, Any]] = [
        {"op": "add", "path": f"{pod}/volumes/-", "value": {"name": "shared", "hostPath": {"path": str(shared)}}}
    ]
    [statefulset] = [each for each in built(tools.kubectl(), base) if each["kind"] == "StatefulSet"]
    spec = statefulset["spec"]["template"]["spec"]
    for kind in ("containers", "initContainers"):
        for index in range(len(spec[kind])):
            at = f"{pod}/{kind}/{index}"
            added.append(
                {"op": "add", "path": f"{at}/volumeMounts/-", "value": {"name": "shared", "mountPath": SHARED}}
            )
            added += [
                {"op": "add", "path": f"{at}/env/-", "value": {"name": name, "value": value}}
                for name, value in {**VARIABLES, **variables}.items()
            ]
    (folder / "patch.yaml").write_text(yaml.safe_dump(added))
    patch = {"path": "patch.yaml", "target": {"kind": "StatefulSet"}}
    resources = [os.path.relpath(base, folder)]
    (folder / "kustomization.yaml").write_text(yaml.safe_dump({"resources": resources, "patches": [patch]}))
    return built(tools.kubectl(), folder)


@attrs.frozen
class Region:
    """The pods of a StatefulSet in one engine."""

    podman: Podman
    objects: list[dict[str, Any]]

    @property
    def statefulset(self) -> dict[str, Any]:
        return one(self.objects, "StatefulSet")

    def name(self, ordinal: int) -> str:
        """The name of a pod, which is its host name as well."""
        return f"{self.statefulset['metadata']['name']}-{ordinal}"

    def start(self, ordinal: int) -> httpx2.Client:
        """Start a pod as its manifest says, and wait until its probes say yes."""
        return self.start_as(expand.pod(self.statefulset, ordinal), ordinal)

    def start_as(self, pod: dict[str, Any], ordinal: int) -> httpx2.Client:
        """Start this pod in the place of that of the manifest; its volume is made if there is none."""
        name = self.name(ordinal)
        if not self.has_volume(ordinal):
            self.podman.volume(f"data-{name}")
        configs = [each for each in self.objects if each["kind"] == "ConfigMap"]
        self.podman.play(*configs, playable(pod), aliases=(f"{name}.{SERVICE}", SERVICE))
        client = self.client(ordinal)
        self.ready(ordinal)
        return client

    def client(self, ordinal: int) -> httpx2.Client:
        """A client of one pod, by its address; not the one of a Service."""
        return httpx2.Client(base_url=f"http://{self.podman.address(self.name(ordinal))}:{PORT}", timeout=60)

    def ready(self, ordinal: int) -> None:
        """Ask the pod what the kubelet would ask it, until each probe of its manifest is answered with yes."""
        [server] = expand.pod(self.statefulset, ordinal)["spec"]["containers"]
        with self.client(ordinal) as client:
            for path in [server[probe]["httpGet"]["path"] for probe in PROBES]:
                until(f"{self.name(ordinal)} says yes to {path}", yes, client, path)

    def stop(self, ordinal: int, *, volume: bool = False, grace_s: int = 45) -> None:
        """Delete a pod, and its volume if that is said; without grace its processes are killed at once."""
        self.podman.run("pod", "rm", "--force", f"--time={grace_s}", self.name(ordinal))
        if volume:
            self.podman.run("volume", "rm", f"data-{self.name(ordinal)}")

    def runs(self, ordinal: int) -> bool:
        return self.name(ordinal) in self.podman.run("pod", "ls", "--format={{.Name}}").split()

    def has_volume(self, ordinal: int) -> bool:
        return f"data-{self.name(ordinal)}" in self.podman.run("volume", "ls", "--format={{.Name}}").split()

    def container(self, ordinal: int, name: str = SERVER) -> str:
        """What podman calls a container of a pod."""
        return f"{self.name(ordinal)}-{name}"

    def logs(self, ordinal: int, name: str) -> str:
        """What a container printed."""
        return self.podman.run("logs", self.container(ordinal, name))

    def run(self, ordinal: int, *command: str) -> str:
        """What a command prints in the server's container, as `kubectl exec` would run it."""
        return self.podman.run("exec", self.container(ordinal), *command)


def yes(client: httpx2.Client, path: str) -> bool:
    """Whether a probe is answered with 200."""
    try:
        return client.get(path).status_code == 200
    except httpx2.HTTPError:
        return False


@contextmanager
def region(folder: Path, objects: list[dict[str, Any]]) -> Iterator[Region]:
    """A region in which these objects were applied, but without pods yet, while the block runs."""
    (folder / OBJECTS).write_text(yaml.safe_dump_all(objects))
    made = opened(folder)
    try:
        made.podman.load()
        made.podman.run("network", "create", made.podman.network)
        for secret in [each for each in objects if each["kind"] == "Secret"]:
            made.podman.secret(secret)
        yield made
    finally:
        made.podman.end()


def opened(folder: Path) -> Region:
    """The region in a folder, for whoever comes to it from another process."""
    return Region(Podman(folder), list(yaml.safe_load_all((folder / OBJECTS).read_text())))
