"""A region is lost, and its standby takes over by what statefulset/overlays/dr-standby and its README say."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx2
import orjson
import pytest

from tests.deploy.image.build import IMAGE
from tests.deploy.manifests import expand
from tests.deploy.manifests.render import FOLDER
from tests.deploy.pods.conversations import said, text_of
from tests.deploy.pods.engine import Refused, until
from tests.deploy.pods.region import SHARED, Region, overlay, region

DATA = "/var/lib/llmsim"
WORDS = ("plum", "pear", "fig")
CREDENTIALS = {"metadata": {"name": "llm-simulator-object-store"}, "data": {"AWS_REGION": "ZWxzZXdoZXJl"}}
QUESTION = "What is the secret word?"


@pytest.fixture
def snapshots(primary: Region, shared: Path) -> list[Path]:
    """One of each pod, in the place of its archive: asked for by its API, and by its command line."""
    for ordinal in range(3):
        with primary.client(ordinal) as pod:
            said(pod, "moving", f"The secret word is {WORDS[ordinal]}.")
            if ordinal == 1:
                taken = pod.post("/llmsim/v1/snapshots")
                assert taken.status_code == 201, taken.text
                assert taken.json()["path"].startswith(f"{SHARED}/llmsim-1-")
            else:
                primary.run(ordinal, "llmsim", "snapshot", "create", "--data-dir", DATA, "--to", SHARED)
    return [max(shared.glob(f"llmsim-{ordinal}-*")) for ordinal in range(3)]


@pytest.fixture
def standby(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Region]:
    """The standby's region, without pods yet: its places are named as its README says."""
    folder = tmp_path_factory.mktemp("standby")
    shutil.copytree(FOLDER, folder / "statefulset")
    places = folder / "statefulset" / "overlays" / "dr-standby" / "place.env"
    places.write_text(f"archive_to={SHARED}/standby\nrestore_from={SHARED}\n")
    with region(folder, overlay(places.parent, folder / "overlay", shared)) as made:
        made.podman.secret(CREDENTIALS)
        yield made


def test_standby_takes_over_from_a_lost_region(
    primary: Region, snapshots: list[Path], standby: Region, proven: list[str]
) -> None:
    for ordinal in range(3):
        with standby.start(ordinal) as pod:
            assert f"restored {SHARED}/{snapshots[ordinal].name}" in standby.logs(ordinal, "restore")
            assert f"{DATA} is sound" in standby.logs(ordinal, "check")
            assert pod.get("/llmsim/v1/sessions/moving").status_code == 200
    proven.append(
        "dr-standby: by `restore.from` alone each pod with an empty volume is restored, then checked, then serves"
    )
    expected = [lost(primary, ordinal) for ordinal in range(3)]
    for ordinal in range(3):
        standby.stop(ordinal, volume=True)
    for ordinal in range(3):
        with standby.start(ordinal) as pod:
            assert WORDS[ordinal] in text_of(said(pod, "moving", QUESTION, **{"X-LLMSim-Store": "no"}))
            assert said(pod, "moving", "And my name?", **{"X-LLMSim-Store": "no"}).content == expected[ordinal]
            until(f"the standby's pod {ordinal} archives", archived, pod)
        found = orjson.loads(standby.run(ordinal, "llmsim", "replay", "--store", DATA, "--json"))
        assert (found["differences"], found["not_regenerated"]) == (0, 0)
        assert found["turns"] > 0
    proven.append(
        "primary region lost with its volumes, standby scaled to none and back: it has the turns after the snapshot,"
    )
    proven.append(
        "  goes on with the very bytes that the lost pods would have said, draws every turn again, and archives"
    )
    standby.stop(0)
    standby.start(0).close()
    assert f"{DATA} holds a store already: nothing was restored" in standby.logs(0, "restore")
    proven.append("a restored pod made again is not restored again: its volume is not empty")


def lost(primary: Region, ordinal: int) -> bytes:
    """Delete a pod and its volume, after one more turn was shipped; what it would have said to the next question."""
    with primary.client(ordinal) as pod:
        said(pod, "moving", "My name is Ada.")
        would_have_said = said(pod, "moving", "And my name?", **{"X-LLMSim-Store": "no"}).content
        until(f"pod {ordinal} has shipped all", archived, pod)
    primary.stop(ordinal, volume=True)
    return would_have_said


def archived(pod: httpx2.Client) -> bool:
    """Whether the archive answers, and has all that was committed."""
    said = dict(re.findall(r"^(llm_simulator_archive_\w+) (\S+)$", pod.get("/metrics").text, re.MULTILINE))
    return (float(said["llm_simulator_archive_up"]), float(said["llm_simulator_archive_lag_entries"])) == (1.0, 0.0)


def test_another_ordinal_adopts_a_snapshot(primary: Region, snapshots: list[Path], proven: list[str]) -> None:
    fifth = expand.pod(primary.statefulset, 5)
    [check] = fifth["spec"]["initContainers"]
    adopt = ["restore", f"{SHARED}/{snapshots[2].name}", "--adopt"]
    fifth["spec"]["initContainers"] = [{**check, "name": "restore", "args": adopt}, check]
    with primary.start_as(fifth, 5) as pod:
        assert "fig" in text_of(said(pod, "moving", QUESTION))
    assert "restored" in primary.logs(5, "restore")
    told = orjson.loads(primary.run(5, "llmsim", "identity", "--json"))
    found = orjson.loads(primary.run(5, "llmsim", "replay", "--store", DATA, "--json"))
    primary.stop(5, volume=True)
    assert told["ordinal"] == 5
    assert (found["differences"], found["not_regenerated"]) == (0, 0)
    proven.append(
        "pod 5 adopted pod 2's snapshot (`restore --adopt`): its conversation goes on, old turns draw the same"
    )


def test_another_ordinal_does_not_adopt_unasked(primary: Region, snapshots: list[Path], shared: Path) -> None:
    refused = refusal(primary, shared, 3, f"{SHARED}/{snapshots[2].name}", "--ordinal=6")
    assert "the snapshot is of pod 2, this is pod 6: restore --adopt makes it" in refused


def test_place_that_is_not_there_stops_the_pod_with_its_name(primary: Region, shared: Path, proven: list[str]) -> None:
    refused = refusal(primary, shared, 2, "/nowhere", "--if-empty")
    assert "no such file or directory: /nowhere" in refused
    proven.append(f"`restore.from` that is not there: the init container ends with 2: {refused}")


def refusal(region: Region, shared: Path, code: int, *arguments: str) -> str:
    """The last line that `llmsim restore` says in the pods' image, with an empty volume; it must end with this code."""
    folder = f"--volume={shared}:{SHARED}:ro"
    with pytest.raises(Refused, match=rf": {code}\n") as refused:
        region.podman.run("run", "--rm", "--read-only", "--cap-drop=all", folder, IMAGE, "restore", *arguments)
    assert "Traceback" not in str(refused.value)
    return str(refused.value).splitlines()[-1]
