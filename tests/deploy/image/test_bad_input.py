"""What an operator can get wrong with a container: one clear line and an exit code; and a volume that is full."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.image.asks import asked, turn
from tests.deploy.image.engines import Container, Engine

SMALL_MB = 4
LONG = "words that take room in the store " * 2000


@pytest.mark.parametrize(
    ("told", "code", "word"),
    [
        (("serv",), 2, "No such command 'serv'"),
        (("serve", "--prot", "1"), 2, "No such option"),
        (("/bin/sh",), 2, "No such command '/bin/sh'"),
        (("check", "--data-dir", "/nonexistent"), 2, "/nonexistent"),
    ],
)
def test_wrong_command_is_named(engine: Engine, told: tuple[str, ...], code: int, word: str) -> None:
    done = engine.once(*told)
    assert done.returncode == code, done
    assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_setting_is_named(engine: Engine) -> None:
    done = engine.once(options=("--env=LLMSIM_PROT=80",))
    assert done.returncode == 2
    assert "LLMSIM_PROT" in done.stderr
    assert "LLMSIM_PORT" in done.stderr


@pytest.mark.parametrize(("owner", "mode"), [(0, ""), (1000, ":ro")], ids=["of another user", "read-only"])
def test_volume_that_cannot_be_written_is_named(engine: Engine, tmp_path: Path, owner: int, mode: str) -> None:
    os.chown(tmp_path, owner, owner)
    done = engine.once(options=(f"--volume={tmp_path}:/var/lib/llmsim{mode}",))
    assert done.returncode in {2, 3}, done
    [line] = [line for line in done.stderr.splitlines() if line.startswith("llmsim: ")]
    assert "/var/lib/llmsim" in line
    assert "Traceback" not in done.stderr


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few MB that belongs to the user of the image."""
    options = f"size={SMALL_MB}m,uid=1000,gid=1000,mode=0700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", tmp_path], check=True)  # noqa: S607
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)  # noqa: S607


def test_full_volume_refuses_turns_and_goes_on_reading(engine: Engine, small: Path) -> None:
    volume = f"--volume={small}:/var/lib/llmsim"
    with Container(engine, "llmsim-image-full", volume, "--env=LLMSIM_INSTANT=true") as container:
        url = container.url()
        first = turn(url, "The first of all.")
        body = {"model": "gpt-4o", "input": LONG, "max_output_tokens": 16}
        statuses = [asked(f"{url}/v1/responses", body)[0] for _ in range(200)]
        assert statuses[0] == 200
        assert set(statuses) == {200, 507}
        assert asked(f"{url}/v1/responses/{first}")[0] == 200
        assert asked(f"{url}/healthz")[0] == 200
        assert container.stop() == 0
