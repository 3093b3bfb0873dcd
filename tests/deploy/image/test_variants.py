"""Other ways to the image: podman's own builder, a base that is not empty, and the same once more, byte for byte."""

import hashlib
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from tests.deploy.image.build import (
    CACHE,
    PINNED,
    ROOT,
    alone,
    arguments_of,
    fetch_wheels,
    has_base,
    said,
    with_buildah,
)
from tests.deploy.image.engines import Engine

BASED = "localhost/llmsim-on-a-base:test"
STAND_IN = "localhost/llmsim-base:bookworm"
BY_PODMAN = "localhost/llmsim-by-podman:test"
AGAIN = "localhost/llmsim-again:test"
EPOCH_S = 1_767_225_600
DISTROLESS = "base-files,netbase,tzdata,libc6,libssl3,ca-certificates"
"""What Google's distroless base for Debian 12 holds."""


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a build reads: whoever works on the checkout meanwhile changes nothing here."""
    return copied(ROOT, tmp_path_factory.mktemp("checkout") / "first", 1_700_000_000)


def test_podman_builds_it_as_buildah_does(podman: Engine, context: Path) -> None:
    """From the layers that buildah left, as the file is the same."""
    with_buildah(AGAIN, context=context)
    with alone():
        arguments = arguments_of(has_base(podman.command), BY_PODMAN, context=context)
        podman.said("build", "--isolation=chroot", "--pull=never", "--format=docker", *arguments)
    assert podman.inspect("image", BY_PODMAN)["RootFS"] == podman.inspect("image", AGAIN)["RootFS"]


def test_image_stands_on_a_base_that_has_debians_layout(podman: Engine, context: Path) -> None:
    """A stand-in for the distroless base, of the same packages, /lib and /usr/lib apart."""
    if podman.done("image", "inspect", STAND_IN).returncode:
        archive = CACHE / "distroless.tar"
        hooks = "--hook-dir=/usr/share/mmdebstrap/hooks/no-merged-usr"
        said("mmdebstrap", "--variant=extract", hooks, f"--include={DISTROLESS}", "bookworm", archive)
        podman.said("import", str(archive), STAND_IN)
    with_buildah(BASED, f"BASE={STAND_IN}", context=context)
    version = podman.once("--version", image=BASED)
    assert (version.returncode, version.stdout.split()[0]) == (0, "llmsim")
    base, based = (podman.inspect("image", name) for name in (STAND_IN, BASED))
    assert based["RootFS"]["Layers"][:1] == base["RootFS"]["Layers"]


def test_image_is_the_same_when_it_is_built_again(podman: Engine, context: Path, tmp_path: Path) -> None:
    """From another checkout, of another time, with the same packages of Debian, which are those of the day."""
    found = []
    for name, checkout in (("first", context), ("second", copied(context, tmp_path / "second", 1_750_000_000))):
        options = ("--no-cache", f"--timestamp={EPOCH_S}")
        with_buildah(AGAIN, f"SOURCE_DATE_EPOCH={EPOCH_S}", options=options, context=checkout)
        layers = podman.inspect("image", AGAIN)["RootFS"]["Layers"]
        found.append((contents(podman, tmp_path / f"{name}.tar"), layers))
    assert found[0][0] == found[1][0]
    assert found[0][1] == found[1][1]


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_pin_has_a_wheel_for_both_machines(tmp_path: Path, machine: str) -> None:
    """The builder has no compiler."""
    fetch_wheels(tmp_path, machine)
    wheels = [wheel.name for wheel in tmp_path.glob("*.whl")]
    assert len(wheels) == sum(file.read_text().count("==") for file in PINNED)
    assert [name for name in wheels if "linux" in name and machine not in name] == []
    assert sum(machine in name for name in wheels) > 5


def copied(checkout: Path, folder: Path, moment_s: int) -> Path:
    """A copy of what a build reads, whose files all have this time."""
    for name in ("llmsim", "profiles", "sessions", ".container"):
        shutil.copytree(checkout / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Containerfile", ".containerignore", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(checkout / name, folder / name)
    for file in folder.rglob("*"):
        os.utime(file, (moment_s, moment_s))
    return folder


def contents(podman: Engine, archive: Path) -> dict[str, tuple[object, ...]]:
    """What each file of the image is, by its name."""
    podman.said("create", "--name=llmsim-image-again", AGAIN)
    podman.said("export", "--output", str(archive), "llmsim-image-again")
    podman.said("rm", "llmsim-image-again")
    with tarfile.open(archive) as root:
        return {
            file.name: (file.mode, file.uid, file.gid, file.mtime, file.linkname, digest(root, file))
            for file in root.getmembers()
            if file.name.startswith(("usr", "lib", "etc/ssl", "var"))
        }


def digest(root: tarfile.TarFile, file: tarfile.TarInfo) -> str:
    """The SHA-256 of a file's bytes, of nothing for what has none."""
    content = root.extractfile(file) if file.isfile() else None
    return hashlib.sha256(content.read() if content else b"").hexdigest()
