"""Other ways to the image: podman's own builder, a base that is not empty, and the same once more, byte for byte."""

import hashlib
import os
import shutil
import tarfile
from pathlib import Path

from tests.deploy.image.build import CACHE, IMAGE, ROOT, alone, arguments_of, has_base, said, with_buildah
from tests.deploy.image.engines import Engine

BASED = "localhost/llmsim-on-a-base:test"
STAND_IN = "localhost/llmsim-base:bookworm"
AGAIN = "localhost/llmsim-again:test"
EPOCH_S = 1_767_225_600
DISTROLESS = "base-files,netbase,tzdata,libc6,libssl3,ca-certificates"
"""What Google's distroless base for Debian 12 holds."""


def test_podman_builds_it_as_buildah_does(podman: Engine) -> None:
    """From the layers that buildah left, as the file is the same."""
    with alone():
        base = has_base(podman.command)
        podman.said("build", "--isolation=chroot", "--pull=never", "--format=docker", *arguments_of(base, AGAIN))
    assert podman.inspect("image", AGAIN)["RootFS"] == podman.inspect("image", IMAGE)["RootFS"]


def test_image_stands_on_a_base_that_has_debians_layout(podman: Engine) -> None:
    """A stand-in for the distroless base, of the same packages, /lib and /usr/lib apart."""
    if podman.done("image", "inspect", STAND_IN).returncode:
        archive = CACHE / "distroless.tar"
        hooks = "--hook-dir=/usr/share/mmdebstrap/hooks/no-merged-usr"
        said("mmdebstrap", "--variant=extract", hooks, f"--include={DISTROLESS}", "bookworm", archive)
        podman.said("import", str(archive), STAND_IN)
    with_buildah(BASED, f"BASE={STAND_IN}")
    version = podman.once("--version", image=BASED)
    assert (version.returncode, version.stdout.split()[0]) == (0, "llmsim")
    base, based, plain = (podman.inspect("image", name) for name in (STAND_IN, BASED, IMAGE))
    assert plain["Size"] < based["Size"] < base["Size"] + plain["Size"]
    assert based["RootFS"]["Layers"][:1] == base["RootFS"]["Layers"]


def test_image_is_the_same_when_it_is_built_again(podman: Engine, tmp_path: Path) -> None:
    """From another checkout, of another time, with the same packages of Debian, which are those of the day."""
    found = []
    for name, moment_s in (("one", 1_700_000_000), ("two", 1_750_000_000)):
        context = copied(tmp_path / name, moment_s)
        options = ("--no-cache", f"--timestamp={EPOCH_S}")
        with_buildah(AGAIN, f"SOURCE_DATE_EPOCH={EPOCH_S}", options=options, context=context)
        layers = podman.inspect("image", AGAIN)["RootFS"]["Layers"]
        found.append((contents(podman, tmp_path / f"{name}.tar"), layers))
    assert found[0][0] == found[1][0]
    assert found[0][1] == found[1][1]


def copied(folder: Path, moment_s: int) -> Path:
    """A copy of what a build reads, whose files all have this time."""
    for name in ("llmsim", "profiles", "sessions", ".container"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Containerfile", ".containerignore", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
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
