"""Builds the image from the Containerfile, with whichever engine, on a machine that may reach no registry of images.

`python -m tests.deploy.image.build` builds it with buildah, into the storage that podman runs from, under the name that
the chart has. A base that cannot be pulled is made of Debian's own packages; what pip needs lies in the context, where
the Containerfile says, so that the build itself fetches packages of Debian alone. What was fetched and made stays: a
second build takes seconds.
"""

import fcntl
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from uv import find_uv_bin

from llmsim import __version__

ROOT = Path(__file__).parents[3]
CACHE = ROOT / ".nox" / "image-cache"
WHEELS = ROOT / ".container" / "wheels"
PINNED = (ROOT / ".container" / "requirements.txt", ROOT / ".container" / "build.txt")
IMAGE = f"ghcr.io/llm-devops/llm-simulator:{__version__}"
DEBIAN = "docker.io/library/debian:bookworm-slim"
OWN_DEBIAN = "localhost/llmsim-debian:bookworm"
"""The base that was made here has a name of its own: it is not the one of the registry."""
SEARCH_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
GLIBC_MINORS = range(17, 37)
"""What wheels for Linux may ask for and Debian 12 gives: glibc 2.17 to 2.36."""
PACKAGES = {
    "buildah": "buildah", "podman": "podman", "runc": "runc", "conmon": "conmon", "netavark": "netavark",
    "dockerd": "docker.io", "docker": "docker.io", "iptables": "iptables", "mmdebstrap": "mmdebstrap",
}  # fmt: skip
"""Programs, and the packages of Debian that have them."""
BESIDE_THE_PATH = ("/usr/sbin", "/usr/lib/podman")
BUILD_S = 900


class Missing(Exception):
    """A program that the machine lacks; the text says how to install it."""


def need(*programs: str) -> None:
    """Raise Missing where one of these programs is not there."""
    folders = os.pathsep.join((os.environ["PATH"], *BESIDE_THE_PATH))
    absent = {PACKAGES[name] for name in programs if shutil.which(name, path=folders) is None}
    if absent:
        raise Missing(f"missing here: apt-get install --no-install-recommends {' '.join(sorted(absent))}")


def said(*command: str | Path, seconds: float = BUILD_S) -> str:
    """What a command prints; raises CalledProcessError with both of its streams where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds, cwd=ROOT)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    return done.stdout.strip()


@contextmanager
def alone() -> Iterator[None]:
    """One build at a time: others wait until the block ends."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fetch_wheels(folder: Path = WHEELS, machine: str = platform.machine()) -> None:
    """Fill a folder with the wheels of what is pinned, for a machine and the Python of the image; what was there goes.

    Raises CalledProcessError where a package has no wheel for it.
    """
    pinned = b"".join(file.read_bytes() for file in PINNED)
    stamp = folder / "pinned"
    if stamp.is_file() and stamp.read_bytes() == pinned:
        return
    shutil.rmtree(folder, ignore_errors=True)
    download = [find_uv_bin(), "tool", "run", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    kinds = ["any", f"manylinux2014_{machine}", *(f"manylinux_2_{minor}_{machine}" for minor in GLIBC_MINORS)]
    where = ["--python-version=3.11", *(f"--platform={kind}" for kind in kinds), f"--dest={folder}"]
    said(*download, *where, "--require-hashes", *(f"--requirement={file}" for file in PINNED))
    stamp.write_bytes(pinned)


def base_archive() -> Path:
    """The root of a small Debian 12 as a tar file, made by mmdebstrap where it is not there yet."""
    archive = CACHE / "debian.tar"
    if not archive.is_file():
        need("mmdebstrap")
        made = CACHE / "debian.part.tar"
        said("mmdebstrap", "--variant=minbase", "bookworm", made)
        made.rename(archive)
    return archive


def has_base(engine: Sequence[str]) -> str:
    """The base to build from, in this engine's storage: Debian's own from its registry, or one that was made here."""
    for name in (DEBIAN, OWN_DEBIAN):
        if subprocess.run([*engine, "image", "inspect", name], capture_output=True, check=False).returncode == 0:
            return name
    if subprocess.run([*engine, "pull", "--quiet", DEBIAN], capture_output=True, check=False).returncode == 0:
        return DEBIAN
    said(*engine, "import", "--change", f"ENV {SEARCH_PATH}", base_archive(), OWN_DEBIAN)
    return OWN_DEBIAN


def arguments_of(base: str, tag: str, *more: str, context: Path = ROOT) -> list[str]:
    """What every engine's build command gets: the file, build arguments, the name of the image and the context."""
    revision = said("git", "rev-parse", "HEAD")
    given = (f"DEBIAN={base}", "PIP_NO_INDEX=1", f"VERSION={__version__}", f"REVISION={revision}", *more)
    file = context / "Containerfile"
    return ["--file", str(file), "--tag", tag, *(f"--build-arg={one}" for one in given), str(context)]


def with_buildah(tag: str, *more: str, options: Sequence[str] = (), context: Path = ROOT) -> None:
    """Build it with buildah into podman's storage; `more` are build arguments, NAME=VALUE."""
    need("buildah", "podman")
    with alone():
        base = has_base(("podman",))
        fetch_wheels()
        build = ("buildah", "build", "--layers", "--isolation=chroot", "--pull=never", "--format=docker", *options)
        said(*build, *arguments_of(base, tag, *more, context=context))


if __name__ == "__main__":
    with_buildah(IMAGE)
    print(IMAGE)  # noqa: T201  (what the caller wants to know)
