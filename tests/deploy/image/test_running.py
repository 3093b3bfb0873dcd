"""The image runs as the chart's manifest has it: it answers, is copied, stopped and killed, and goes on."""

import os
import re
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import orjson
import pytest

from tests.deploy.image.asks import asked, turn
from tests.deploy.image.engines import DEADLINE_S, Container, Engine

STOP_S = 15
"""How long an idle server may take to end, in seconds: far less than a pod's grace, also on a busy machine."""


@pytest.fixture
def data(engine: Engine) -> Iterator[str]:
    """A volume mounted as the data directory."""
    with engine.volume("llmsim-image-data") as name:
        yield f"--volume={name}:/var/lib/llmsim"


def processes(container: Container) -> list[Path]:
    """Folders below /proc of all processes of a container, the first one first."""
    first = container.pid()
    children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    return [Path("/proc", str(number)) for number in (first, *children)]


def test_every_process_is_without_rights(engine: Engine) -> None:
    with Container(engine, "llmsim-image-rights") as container:
        container.url()
        running = processes(container)
        assert [(folder / "comm").read_text().strip() for folder in running] == ["tini", "llmsim"]
        for folder in running:
            status = dict(
                line.split(":\t", 1) for line in (folder / "status").read_text().splitlines() if ":\t" in line
            )
            assert status["Uid"].split() == ["1000"] * 4
            assert status["Gid"].split() == ["1000"] * 4
            assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
            assert status["NoNewPrivs"] == "1"
        refusal = container.executed("/usr/bin/python3", "-c", "open('/usr/x', 'w')", code=1)
        assert "Read-only file system" in refusal
        shell = engine.done("exec", container.name, "/bin/sh", "-c", "true")
        assert shell.returncode in {126, 127}, shell


def test_health_check_of_the_image_says_what_is(engine: Engine) -> None:
    with Container(engine, "llmsim-image-health", "--health-interval=1s") as container:
        container.url()
        assert container.executed("llmsim", "health").startswith("healthy: http://127.0.0.1:8080/healthz: 200 ")
        assert container.executed("llmsim", "health", "--ready").startswith("healthy: ")
        assert container.executed("llmsim", "health", "--port", "9", code=1).startswith("not healthy: ")
        if engine.name == "podman":  # whose timer wants systemd: the same check, run by hand
            assert "unhealthy" not in engine.said("healthcheck", "run", container.name)
        else:
            told = ("events", "--since=1m", "--filter=event=health_status", f"--filter=container={container.name}")
            with engine.following(*told, "--format={{.Status}}") as lines:
                assert next(lines).strip() == "health_status: healthy"


def test_client_from_outside_is_answered_and_the_first_answer_is_soon(
    engine: Engine, data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = time.perf_counter()
    with Container(engine, "llmsim-image-start", data, "--env=LLMSIM_INSTANT=true") as container:
        turn(container.url(), "Hello!")
        first_s = time.perf_counter() - begun
        started = engine.inspect("container", container.name)["State"]["StartedAt"]
        listening = orjson.loads(container.heard('"event":"listening"'))["timestamp"]
        own_s = (moment(listening) - moment(started)).total_seconds()
        with capsys.disabled():
            print(  # noqa: T201  (the figures)
                f"\n{engine.name}, 1 CPU, read-only root: listening {own_s:.2f} s after the container's start, "
                f"first answer {first_s:.2f} s after the command `run`"
            )
    assert 0 < own_s < first_s < DEADLINE_S


def moment(text: str) -> datetime:
    """A time of RFC 3339, whose nanoseconds Python does not take."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))


def test_snapshot_is_taken_of_the_running_container_and_restored(engine: Engine, data: str, tmp_path: Path) -> None:
    os.chown(tmp_path, 1000, 1000)
    place = f"--volume={tmp_path}:/backup"
    with Container(engine, "llmsim-image-snapshot", data, place) as container:
        turn(container.url(), "Remember the number 7.")
        container.executed("llmsim", "snapshot", "create", "--to", "/backup")
        turn(container.url(), "Forget it.")
    with engine.volume("llmsim-image-restored") as restored:
        there = f"--volume={restored}:/var/lib/llmsim"
        for command in (("restore", "/backup", "--ordinal=0"), ("check",)):
            done = engine.once(*command, options=(there, place))
            assert done.returncode == 0, done.stderr
        listed = engine.once("sessions", "list", "--json", options=(there,))
        [session] = orjson.loads(listed.stdout)["data"]
        assert session["turns"] == 1


def test_sigterm_ends_it_in_time_with_0(engine: Engine, data: str) -> None:
    with Container(engine, "llmsim-image-stop", data) as container:
        turn(container.url(), "Hello!")
        begun = time.perf_counter()
        assert container.stop() == 0
        assert time.perf_counter() - begun < STOP_S
        assert '"event":"stopping"' in "\n".join(container.lines)


def test_conversation_goes_on_after_sigkill(engine: Engine, data: str) -> None:
    with Container(engine, "llmsim-image-killed", data) as container:
        first = turn(container.url(), "My name is Ada.")
        container.kill()
    with Container(engine, "llmsim-image-after", data) as container:
        url = container.url()
        turn(url, "What is my name?", after=first)
        status, inputs = asked(f"{url}/v1/responses/{first}")
        assert (status, inputs["id"]) == (200, first)
        assert container.stop() == 0
    checked = engine.once("check", options=(data,))
    assert checked.returncode == 0, checked.stderr
