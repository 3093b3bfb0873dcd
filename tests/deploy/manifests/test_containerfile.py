"""The Containerfile and what it builds from: hadolint's word, and pins that are those which pyproject.toml allows."""

import re
import shutil
import subprocess
from pathlib import Path

import tomli
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from llmsim import __version__

ROOT = Path(__file__).parents[3]
PINNED = ROOT / ".container" / "requirements.txt"
BUILDING = ROOT / ".container" / "build.txt"


def pins(file: Path) -> dict[str, str]:
    """The version of each pinned package by its name."""
    found = re.findall(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", file.read_text(), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def unfulfilled(requirements: list[str], pinned: dict[str, str]) -> list[str]:
    """Requirements that hold on the image's Python and that no pin fulfils."""
    here = {"python_version": "3.11", "python_full_version": "3.11.0"}
    wanted = [Requirement(text) for text in requirements]
    return [
        str(one)
        for one in wanted
        if (one.marker is None or one.marker.evaluate(here))
        and not one.specifier.contains(pinned.get(canonicalize_name(one.name), "0"))
    ]


def lint(file: Path) -> str:
    """What hadolint says of a file."""
    hadolint = shutil.which("hadolint")
    assert hadolint is not None
    command = [hadolint, "--failure-threshold=style", "--no-color", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stdout


def test_hadolint_finds_nothing(tmp_path: Path) -> None:
    assert lint(ROOT / "Containerfile") == ""
    spoilt = tmp_path / "Containerfile"
    spoilt.write_text((ROOT / "Containerfile").read_text().replace('["serve"]', "serve"))
    assert "DL3025" in lint(spoilt)


def test_pins_are_what_the_project_allows() -> None:
    project = tomli.loads((ROOT / "pyproject.toml").read_text())
    pinned = pins(PINNED)
    assert len(pinned) > 30
    assert unfulfilled(project["project"]["dependencies"], pinned) == []
    assert unfulfilled(project["build-system"]["requires"], pins(BUILDING)) == []
    assert unfulfilled(["trio>=0.1", "trio>=99", "nobody>=1"], pinned) == ["trio>=99", "nobody>=1"]


def test_every_pin_has_hashes() -> None:
    for file in (PINNED, BUILDING):
        entries = re.split(r"\n(?=[a-z0-9])", file.read_text().strip())
        assert len(entries) == len(pins(file))
        assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


def test_version_of_the_image_is_the_packages() -> None:
    versions = re.findall(r"^ARG VERSION=(\S+)$", (ROOT / "Containerfile").read_text(), re.MULTILINE)
    assert set(versions) == {__version__}


def test_docker_ignores_what_the_others_ignore() -> None:
    """Docker knows the file by another name."""
    assert (ROOT / ".dockerignore").read_text() == (ROOT / ".containerignore").read_text()
