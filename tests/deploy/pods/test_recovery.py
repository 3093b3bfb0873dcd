"""A region is lost: the standby comes up from its snapshots by what statefulset/overlays/dr-standby says."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.deploy.manifests import expand
from tests.deploy.manifests.render import FOLDER
from tests.deploy.pods.conversations import said, text_of
from tests.deploy.pods.region import SHARED, Region, region

DATA = "/var/lib/llmsim"
WORDS = ("plum", "pear", "fig")


@pytest.fixture
def spoken(primary: Region) -> list[bytes]:
    """Each pod was told something, and took a snapshot; what it said to the next question, which is not in it."""
    answers = []
    for ordinal in range(3):
        with primary.client(ordinal) as pod:
            said(pod, "moving", f"My name is Ada and the secret word is {WORDS[ordinal]}.")
            if ordinal == 1:
                taken = pod.post("/llmsim/v1/snapshots")
                assert taken.status_code == 201, taken.text
                assert taken.json()["path"].startswith(f"{SHARED}/llmsim-1-")
            else:
                primary.run(ordinal, "llmsim", "snapshot", "create", "--data-dir", DATA, "--to", SHARED)
            answers.append(said(pod, "moving", "What is the secret word?").content)
    return answers


@pytest.fixture
def standby(tmp_path_factory: pytest.TempPathFactory, spoken: list[bytes], shared: Path) -> Iterator[Region]:
    """The standby's region, without pods yet: its places are named as its README says."""
    assert spoken
    folder = tmp_path_factory.mktemp("standby")
    shutil.copytree(FOLDER, folder / "statefulset")
    places = folder / "statefulset" / "overlays" / "dr-standby" / "place.env"
    places.write_text(f"archive_to={SHARED}/standby\nrestore_from={SHARED}\n")
    with region(folder, places.parent, shared) as made:
        made.podman.secret({"metadata": {"name": "llm-simulator-object-store"}, "data": {"AWS_REGION": "ZWxzZXdoZXJl"}})
        yield made


def test_standby_is_restored_by_its_values_alone(
    primary: Region, standby: Region, spoken: list[bytes], proven: list[str]
) -> None:
    for ordinal in range(3):
        primary.stop(ordinal, volume=True)
    for ordinal in range(3):
        with standby.start(ordinal) as pod:
            restored = standby.logs(ordinal, "restore")
            assert f"restored {SHARED}/llmsim-{ordinal}-" in restored, restored
            assert f"{DATA} is sound" in standby.logs(ordinal, "check")
            assert said(pod, "moving", "What is the secret word?").content == spoken[ordinal]
        found = orjson.loads(standby.run(ordinal, "llmsim", "replay", "--store", DATA, "--json"))
        assert found["differences"] == 0
        assert found["turns"] > 0
    proven.append("region lost: three pods of dr-standby restored their own ordinal's snapshot from `restore.from`,")
    proven.append("  and go on with the very bytes that the lost pods went on with; every turn drawn again is the same")
    standby.stop(0)
    with standby.start(0) as pod:
        assert "/var/lib/llmsim holds a store already: nothing was restored" in standby.logs(0, "restore")
        assert "plum" in text_of(said(pod, "moving", "What did I tell you the secret word was?"))
    proven.append("a restored pod made again is not restored again: its volume is not empty")


def test_another_ordinal_adopts_a_snapshot(
    primary: Region, spoken: list[bytes], shared: Path, proven: list[str]
) -> None:
    assert spoken
    snapshot = max(shared.glob("llmsim-2-*"))
    fifth = expand.pod(primary.statefulset, 5)
    [check] = fifth["spec"]["initContainers"]
    restore = {**check, "name": "restore", "args": ["restore", f"{SHARED}/{snapshot.name}", "--adopt"]}
    fifth["spec"]["initContainers"] = [restore, check]
    with primary.start_as(fifth, 5) as pod:
        assert "fig" in text_of(said(pod, "moving", "What is the secret word?"))
    assert "restored" in primary.logs(5, "restore")
    told = orjson.loads(primary.run(5, "llmsim", "identity", "--json"))
    found = orjson.loads(primary.run(5, "llmsim", "replay", "--store", DATA, "--json"))
    primary.stop(5, volume=True)
    assert told["ordinal"] == 5
    assert found["differences"] == 0
    proven.append(
        "pod 5 adopted pod 2's snapshot (`restore --adopt`): its conversation goes on, old turns draw the same"
    )
