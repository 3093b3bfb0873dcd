"""`llmsim drill --kubectl` on the rendered StatefulSet: its pod and its volume are lost under load, and come back."""

import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
import yaml

from tests.children import environment
from tests.deploy import tools
from tests.deploy.manifests import render
from tests.deploy.manifests.kustomized import one, shipped
from tests.deploy.pods.region import SHARED, region

ROOT = Path(__file__).parents[3]
DRILL = ("drill", "pod-loss", "volume-loss", "--kubectl", "llm-simulator", "--max-rpo", "2s", "--json")
DRILL_S = 600


def test_drill_finds_nothing_lost(image: str, tmp_path_factory: pytest.TempPathFactory, proven: list[str]) -> None:
    """The chart's `restore.from` names the pod's own archive, so that an init container brings a lost volume back."""
    assert image
    folder = tmp_path_factory.mktemp("drill")
    place = SHARED
    volume = {"name": "shared", "persistentVolumeClaim": {"claimName": "shared"}}
    values = {
        "replicas": 1,
        "settings": {"instant": True, "archive_to": place},
        "restore": {"from": place, "orFresh": True},
        "extraVolumes": [volume],
        "extraVolumeMounts": [{"name": "shared", "mountPath": SHARED}],
    }
    (folder / "values.yaml").write_text(yaml.safe_dump(values))
    objects = render.of_chart(tools.helm(4), render.values_of("base"), folder / "values.yaml")
    seed = one(shipped(tools.kubectl()), "Secret", "llm-simulator-seed")
    with region(folder, [*objects, seed]) as made:
        made.podman.volume("shared")
        made.start(0).close()
        assert f"{place} holds no snapshot: nothing was restored" in made.logs(0, "restore")
        done = drilled(folder)
        said = (folder / "commands").read_text()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "delete pvc data-llm-simulator-0 --wait=false" in said
    for found in orjson.loads(done.stdout)["scenarios"]:
        assert found["problems"] == []
        assert found["acknowledged"] > 0
        measured = f"RPO {found['rpo_s']:.2f} s, RTO {found['rto_s']:.2f} s, {found['regenerated']} turns drawn again"
        proven.append(f"llmsim drill {found['scenario']} --kubectl: {found['acknowledged']} acknowledged, {measured}")


def drilled(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the drill, with a kubectl on its path that knows the region in this folder."""
    program = folder / "bin" / "kubectl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\ncd {ROOT} && exec {sys.executable} -m tests.deploy.pods.kubectl {folder} "$@"\n')
    program.chmod(0o755)
    path = {**environment(), "PATH": f"{program.parent}:{os.environ['PATH']}"}
    command = [sys.executable, "-m", "llmsim", *DRILL]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=DRILL_S, env=path)
