"""The chart, rendered: what Helm makes of values, as objects, each rendering asked for once in a run.

Nothing here says what is right; tests do.
"""

import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import orjson
import yaml
from kubernetes_validate.utils import all_versions

CHART = Path(__file__).parents[3] / "charts" / "llm-simulator"
VARIANTS = sorted((CHART / "ci").glob("*-values.yaml"))
RELEASE, NAMESPACE = "llm-simulator", "llm-devops"
VERSIONS = [one for one in dict.fromkeys(all_versions()) if tuple(map(int, one.split("."))) >= (1, 28, 0)]
"""Every Kubernetes that the chart is for, as far as there are schemas."""
CHANGES = ("1.28.0", "1.30.0")
"""The versions of Kubernetes from which on the chart renders something else; `test_variants` looks after that."""
TODAY = CHANGES[-1]
"""What is rendered for it is rendered for every later one."""

Manifest = dict[str, Any]
Values = Mapping[str, Any]


class Refused(Exception):
    """Helm refuses the values; its text is what Helm says."""


@attrs.frozen
class Objects:
    """What was rendered."""

    all: tuple[Manifest, ...]

    def __iter__(self) -> Iterator[Manifest]:
        return iter(self.all)

    def kind(self, kind: str) -> list[Manifest]:
        """Every object of a kind."""
        return [one for one in self.all if one["kind"] == kind]

    def one(self, kind: str, ending: str | None = None) -> Manifest:
        """The one object of a kind, or the one whose name is the release's with this ending."""
        [found] = [one for one in self.kind(kind) if ending is None or one["metadata"]["name"] == RELEASE + ending]
        return found

    @property
    def workload(self) -> Manifest:
        """What runs the pods that serve."""
        [found] = [one for one in self.all if one["kind"] in {"StatefulSet", "Deployment", "DaemonSet"}]
        return found

    @property
    def pod(self) -> Manifest:
        """The spec of the pods that serve."""
        spec: Manifest = self.workload["spec"]["template"]["spec"]
        return spec

    @property
    def server(self) -> Manifest:
        """The container that serves."""
        [found] = self.pod["containers"]
        container: Manifest = found
        return container

    @property
    def settings(self) -> str:
        """The TOML file that llmsim is given."""
        [text] = [one["data"]["settings.toml"] for one in self.kind("ConfigMap") if "settings.toml" in one["data"]]
        return str(text)


def rendered(helm: Path, values: Values | Path | None = None, kube: str = TODAY, apis: tuple[str, ...] = ()) -> Objects:
    """What `helm template` makes of values (a file, or a mapping) for a version of Kubernetes; raises Refused."""
    return Objects(tuple(objects(template(helm, values, kube, apis))))


def template(helm: Path, values: Values | Path | None = None, kube: str = TODAY, apis: tuple[str, ...] = ()) -> str:
    """What `helm template` prints; raises Refused."""
    said = values.read_bytes() if isinstance(values, Path) else orjson.dumps(dict(values or {}), option=SORTED)
    return _template(helm, said, kube, apis)


SORTED = orjson.OPT_SORT_KEYS


@cache
def _template(helm: Path, values: bytes, kube: str, apis: tuple[str, ...]) -> str:
    command: list[str | Path] = [
        helm,
        "template",
        RELEASE,
        CHART,
        "--namespace",
        NAMESPACE,
        "--kube-version",
        kube,
        "--values",
        "-",
    ]
    return said(*command, *(f"--api-versions={one}" for one in apis), stdin=values)


def said(*command: str | Path, stdin: bytes = b"") -> str:
    """What a command prints; raises Refused with what it says where it fails."""
    done = subprocess.run(command, input=stdin, capture_output=True, check=False)
    if done.returncode:
        raise Refused(done.stderr.decode() + done.stdout.decode())
    return done.stdout.decode()


def objects(text: str) -> list[Manifest]:
    """The objects of YAML documents; empty documents are none."""
    return [one for one in yaml.load_all(text, Loader=yaml.CSafeLoader) if one]


def pods(found: Objects) -> list[tuple[str, Manifest]]:
    """Every pod spec there is, with whose it is: of workloads, of jobs, of the test."""
    specs = []
    for one in found:
        spec = one.get("spec", {})
        if one["kind"] == "Pod":
            specs.append((f"Pod {one['metadata']['name']}", spec))
        elif one["kind"] == "CronJob":
            specs.append((f"CronJob {one['metadata']['name']}", spec["jobTemplate"]["spec"]["template"]["spec"]))
        elif "template" in spec and "spec" in spec["template"]:
            specs.append((f"{one['kind']} {one['metadata']['name']}", spec["template"]["spec"]))
    return specs


def containers(pod: Manifest) -> list[Manifest]:
    """Every container of a pod, in the order in which they run."""
    return [*pod.get("initContainers", []), *pod["containers"]]
