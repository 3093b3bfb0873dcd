"""Podman and Docker as the tests use them: the image built, a container run as the chart's manifest has it.

Podman runs what buildah built. Docker's daemon is one of our own, with its images in the cache and its sockets in a
folder of the test run; it ends with the block. Containers run in the foreground, so that their output is a pipe to wait
on, and are removed with all that is theirs at the end of theirs.
"""

import os
import re
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import attrs
import orjson

from tests.deploy.image.build import (
    BUILD_S,
    CACHE,
    IMAGE,
    alone,
    arguments_of,
    fetch_wheels,
    has_base,
    need,
    with_buildah,
)

DEADLINE_S = 60
AS_THE_MANIFEST = (
    "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--user=1000:1000", "--cpus=1",
    "--memory=512m",
)  # fmt: skip
PODMAN_CONF = """
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
"""Podman as it runs where neither systemd nor its default limits are there, as in a build machine's container."""


@attrs.frozen
class Engine:
    """A command that runs containers, with the image in its storage."""

    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str]
    manifest: tuple[str, ...]

    def said(self, *arguments: str, code: int = 0) -> str:
        """What the command says on both streams; AssertionError where it ends with another code."""
        done = self.done(*arguments)
        assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def done(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The command, run to its end."""
        return subprocess.run(
            [*self.command, *arguments], capture_output=True, text=True, check=False, timeout=BUILD_S, env=self.environ
        )

    @contextmanager
    def following(self, *arguments: str) -> Iterator[Iterator[str]]:
        """The lines that a command says while the block runs; none come after the deadline."""
        with subprocess.Popen(
            [*self.command, *arguments], stdout=subprocess.PIPE, text=True, env=self.environ
        ) as process:
            watchdog = threading.Timer(DEADLINE_S, process.kill)
            watchdog.start()
            assert process.stdout is not None
            yield iter(process.stdout)
            watchdog.cancel()
            process.kill()

    def inspect(self, kind: str, name: str) -> Any:  # noqa: ANN401  (whatever the engine knows of it)
        """What the engine says of an image, container or volume."""
        [found] = orjson.loads(self.done(kind, "inspect", name).stdout)
        return found

    def once(self, *told: str, options: Sequence[str] = (), image: str = IMAGE) -> subprocess.CompletedProcess[str]:
        """A container as the manifest has it, run to its end: what it is told, and options of the engine."""
        return self.done("run", "--rm", *self.manifest, *options, image, *told)

    @contextmanager
    def volume(self, name: str) -> Iterator[str]:
        """A volume that belongs to the user of the image, as fsGroup makes it; gone at the end."""
        self.done("volume", "rm", "--force", name)
        self.said("volume", "create", name)
        try:
            yield name
        finally:
            self.done("volume", "rm", "--force", name)


class Container:
    """`llmsim serve` in a container that runs as the manifest has it; a context manager that kills and removes it."""

    def __init__(self, engine: Engine, name: str, *options: str, told: Sequence[str] = ()) -> None:
        self.engine, self.name = engine, name
        engine.done("rm", "--force", "--volumes", name)
        run = (*engine.command, "run", f"--name={name}", "--publish=127.0.0.1::8080")
        command = [*run, *engine.manifest, *options, IMAGE, *told]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=engine.environ
        )
        self.lines: list[str] = []
        self._said = threading.Condition()
        self._ended = 0
        streams = (self.process.stdout, self.process.stderr)
        self._readers = {
            stream: threading.Thread(target=self._read, args=(stream,)) for stream in streams if stream is not None
        }
        for reader in self._readers.values():
            reader.start()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            with self._said:
                self.lines.append(line.rstrip("\n"))
                self._said.notify_all()
        with self._said:
            self._ended += 1
            self._said.notify_all()

    def heard(self, pattern: str) -> str:
        """Wait for a line that matches; it. AssertionError with all lines where it ends without one, or in no time."""

        def found() -> str | None:
            return next((line for line in self.lines if re.search(pattern, line)), None)

        with self._said:
            self._said.wait_for(lambda: found() is not None or self._ended == 2, timeout=DEADLINE_S)
            line = found()
            assert line is not None, (pattern, self.lines)
            return line

    def url(self) -> str:
        """Where the server is found from outside, once it listens."""
        self.heard("llmsim listens on")
        return f"http://{self.engine.said('port', self.name, '8080').strip().splitlines()[0]}"

    def pid(self) -> int:
        """Process 1 of the container, as the host knows it."""
        return int(self.engine.inspect("container", self.name)["State"]["Pid"])

    def executed(self, *command: str, code: int = 0) -> str:
        """What a command says that is run in the container."""
        return self.engine.said("exec", self.name, *command, code=code)

    def stop(self) -> int:
        """SIGTERM to process 1, as an engine or a kubelet sends it; the exit code."""
        self.engine.said("kill", "--signal=TERM", self.name)
        return self.wait()

    def kill(self) -> None:
        """SIGKILL to process 1, from the host."""
        os.kill(self.pid(), signal.SIGKILL)
        assert self.wait() == 128 + signal.SIGKILL

    def wait(self) -> int:
        """The exit code, once it has ended and all that it said is read."""
        code = self.process.wait(timeout=DEADLINE_S)
        for stream, reader in self._readers.items():
            reader.join()
            stream.close()
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.engine.done("rm", "--force", "--volumes", self.name)
        self.process.kill()
        self.wait()


@contextmanager
def podman() -> Iterator[Engine]:
    """Podman, with the image that buildah built."""
    need("podman", "buildah", "runc", "conmon", "netavark", "iptables")
    with_buildah(IMAGE)
    CACHE.mkdir(parents=True, exist_ok=True)
    conf = CACHE / "containers.conf"
    conf.write_text(PODMAN_CONF)
    environ = os.environ | {"CONTAINERS_CONF": str(conf)}
    yield Engine("podman", ("podman",), environ, (*AS_THE_MANIFEST, "--read-only-tmpfs=false"))


@contextmanager
def docker() -> Iterator[Engine]:
    """Docker with a daemon of our own, and the image that its classic builder built."""
    with daemon() as command:
        environ = os.environ | {"DOCKER_BUILDKIT": "0"}
        with alone():
            base = has_base(command)
            fetch_wheels()
        build = subprocess.run(
            [*command, "build", "--network=host", *arguments_of(base, IMAGE)],
            capture_output=True, text=True, check=False, timeout=BUILD_S, env=environ,
        )  # fmt: skip
        assert build.returncode == 0, build.stdout[-3000:] + build.stderr[-3000:]
        yield Engine("docker", command, environ, AS_THE_MANIFEST)


@contextmanager
def daemon() -> Iterator[tuple[str, ...]]:
    """A daemon of our own while the block runs; the client's command for it."""
    need("dockerd", "docker", "iptables")
    with tempfile.TemporaryDirectory(prefix="llmsim-docker-") as made:
        place = Path(made)
        command = ["dockerd", f"--data-root={CACHE / 'docker'}", f"--exec-root={place / 'run'}"]
        command += [f"--pidfile={place / 'pid'}", f"--host=unix://{place / 'socket'}"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            watchdog = threading.Timer(DEADLINE_S, process.kill)
            watchdog.start()
            assert process.stderr is not None
            log: list[str] = []
            for line in process.stderr:
                log.append(line)
                if "API listen on" in line:
                    break
            watchdog.cancel()
            assert "API listen on" in "".join(log), "".join(log[-20:])
            drain = threading.Thread(target=process.stderr.read)
            drain.start()
            try:
                yield ("docker", f"--host=unix://{place / 'socket'}")
            finally:
                process.terminate()
                process.wait(timeout=DEADLINE_S)
                drain.join()
                subprocess.run(["umount", place / "run" / "netns" / "default"], check=False)  # noqa: S607  (it is left)
