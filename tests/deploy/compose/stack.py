"""compose.yaml on a real engine: its services started, its replicas counted, and each asked behind the load balancer.

An image that no registry gives is made of Debian's own package, under the same name, in the storage of this engine
alone: the configuration is then read by the real program, if not by the very version.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import yaml

from tests.deploy.image.build import CACHE, ROOT, alone, need, said
from tests.deploy.image.engines import Engine

COMPOSE = Path(sys.executable).with_name("docker-compose")
PROJECT = "llmsim-tested"
UP_S = 300
PULL_S = 120
DEBIAN = "trixie"
"""The oldest Debian whose haproxy hashes by addresses (3.0)."""
STAND_INS = {
    "load-balancer": (
        "USER haproxy",
        'ENTRYPOINT ["/usr/sbin/haproxy"]',
        'CMD ["-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]',
    ),
    "prometheus": ("USER 65534:65534", 'ENTRYPOINT ["/usr/bin/prometheus"]', 'VOLUME ["/prometheus"]'),
}
"""What Debian's program is given of the image that it stands for, by service."""


@attrs.frozen
class Replica:
    """A container of llmsim: its id and its address on the network of the project."""

    container: str
    address: str

    @property
    def url(self) -> str:
        return f"http://{self.address}:8080"


@attrs.frozen
class Stack:
    """A project of Compose's."""

    engine: Engine
    override: Path

    def compose(self, *arguments: str) -> str:
        """Run a command of Compose; what it prints. AssertionError with both streams where it fails."""
        host = self.engine.command[1].removeprefix("--host=")
        files = [f"--project-directory={ROOT}", f"--file={ROOT / 'compose.yaml'}", f"--file={self.override}"]
        done = subprocess.run(
            [str(COMPOSE), f"--project-name={PROJECT}", *files, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=UP_S,
            env={**self.engine.environ, "DOCKER_HOST": host},
        )
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout.strip()

    def up(self, replicas: int, *services: str) -> None:
        """Start services with so many replicas, and wait until all of them are healthy."""
        how = ("--detach", "--wait", "--no-build", "--pull=never", "--no-recreate", f"--scale=llm-simulator={replicas}")
        self.compose("up", *how, *services)

    def url(self, service: str, port: int) -> str:
        """Where a published port is found on loopback."""
        return f"http://{self.compose('port', service, str(port))}"

    def container(self, service: str) -> dict[str, Any]:
        """What the engine knows of the one container of a service."""
        found: dict[str, Any] = self.engine.inspect("container", self.compose("ps", "--quiet", service))
        return found

    def replicas(self) -> list[Replica]:
        """Those of llmsim that run."""
        found = []
        for container in self.compose("ps", "--quiet", "llm-simulator").split():
            networks = self.engine.inspect("container", container)["NetworkSettings"]["Networks"]
            found += [Replica(container, network["IPAddress"]) for network in networks.values()]
        return found


@contextmanager
def stack(engine: Engine, folder: Path) -> Iterator[Stack]:
    """The project, without delays, on ports that the engine chooses; nothing of it stays when the block ends."""
    override = folder / "override.yaml"
    ports = {"load-balancer": 8080, "prometheus": 9090}
    services = "".join(f"  {name}: {{ports: !override ['127.0.0.1::{port}']}}\n" for name, port in ports.items())
    override.write_text(f"services:\n{services}  llm-simulator: {{environment: {{LLMSIM_INSTANT: 'true'}}}}\n")
    project = Stack(engine, override)
    with_images(engine)
    try:
        yield project
    finally:
        project.compose("--profile", "observability", "down", "--volumes", "--timeout=5")


def with_images(engine: Engine) -> None:
    """Pull what the tested services run, or make it."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    for service, changes in STAND_INS.items():
        image = services[service]["image"]
        if engine.done("image", "inspect", image).returncode == 0:
            continue
        pull = [*engine.command, "pull", "--quiet", image]
        if subprocess.run(pull, capture_output=True, check=False, timeout=PULL_S).returncode:
            told = [part for change in changes for part in ("--change", change)]
            engine.said("import", *told, str(debian()), image)


def debian() -> Path:
    """The root of a small Debian with haproxy, Prometheus and wget as a tar file, made where it is not there yet."""
    archive = CACHE / f"{DEBIAN}.tar"
    with alone():
        if not archive.is_file():
            need("mmdebstrap")
            made = CACHE / f"{DEBIAN}.part.tar"
            data = '--customize-hook=install -d -o 65534 -g 65534 "$1/prometheus"'
            said("mmdebstrap", "--variant=minbase", "--include=haproxy,prometheus,wget", data, DEBIAN, made)
            made.rename(archive)
    return archive
