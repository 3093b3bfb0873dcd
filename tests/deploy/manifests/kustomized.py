"""What kubectl makes of statefulset/, without a cluster."""

import subprocess
from functools import cache
from pathlib import Path

import pytest
import yaml
from kubernetes_validate.utils import all_versions

from tests.deploy.manifests.render import FOLDER, OVERLAYS, Manifest

BUILDS = {"": "", "base": "", **{f"overlays/{name}": namespace for name, namespace in OVERLAYS.items()}}
"""Folders that kubectl may be given, and the namespace of each; none is the one that kubectl has."""
VERSIONS = [one for one in dict.fromkeys(all_versions()) if tuple(map(int, one.split("."))) >= (1, 28)]
"""Every Kubernetes that the files are for, as far as there are schemas."""

each_build = pytest.mark.parametrize("folder", BUILDS, ids=lambda folder: folder or "statefulset")


def built(kubectl: Path, folder: Path) -> list[Manifest]:
    """What `kubectl apply -k` would send; raises CalledProcessError where kustomize refuses."""
    return list(yaml.safe_load_all(_said(kubectl, folder)))


def shipped(kubectl: Path, folder: str = "") -> list[Manifest]:
    """As `built`, of a folder of statefulset/, which no test changes: kubectl is asked once."""
    return list(yaml.safe_load_all(_said_once(kubectl, FOLDER / folder)))


def _said(kubectl: Path, folder: Path) -> str:
    return subprocess.run([kubectl, "kustomize", folder], check=True, stdout=subprocess.PIPE, text=True).stdout


_said_once = cache(_said)


def one(objects: list[Manifest], kind: str, name: str = "llm-simulator") -> Manifest:
    """The one object of this kind and name."""
    [found] = [each for each in objects if each["kind"] == kind and each["metadata"]["name"] == name]
    return found
