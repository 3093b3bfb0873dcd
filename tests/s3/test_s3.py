"""Snapshots, archives and restores in a bucket of a real S3 server: `nox -s s3`."""

import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from llmsim.errors import ObjectExists, ObjectMissing
from llmsim.recovery.bucket import Bucket
from llmsim.recovery.snapshot import listed
from tests.children import Server, environment, llmsim
from tests.stored import contents, fill

LIMIT_S = 120
LAG_NONE = "llm_simulator_archive_lag_entries 0.0\n"


def said(*arguments: str | Path) -> list[str]:
    done = llmsim(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_bucket_keeps_what_is_put_once(place: str) -> None:
    bucket = Bucket(place)
    bucket.prepare()
    bucket.put("a/one", b"first")
    with pytest.raises(ObjectExists):
        bucket.put("a/one", b"second")
    assert bucket.get("a/one", 100) == b"first"
    assert [(one.name, one.size_bytes) for one in bucket.find("a/")] == [("a/one", 5)]
    bucket.delete("a/one")
    assert bucket.find() == []
    with pytest.raises(ObjectMissing):
        bucket.get("a/one", 100)


@pytest.mark.usefixtures("place")
def test_bucket_that_is_not_there_is_said() -> None:
    done = llmsim("snapshot", "list", "s3://no-such-bucket/backups")
    assert done.returncode == 3
    assert done.stderr.startswith("llmsim: s3://no-such-bucket/backups")


def test_snapshot_is_created_listed_verified_pruned_and_restored(place: str, tmp_path: Path) -> None:
    data_dir = fill(tmp_path / "data")
    made = [said("snapshot", "create", "--data-dir", data_dir, "--to", place)[0] for _ in range(3)]
    assert [line.split("\t")[0] for line in said("snapshot", "list", place)[1:]] == [
        url.rpartition("/")[2] for url in made
    ]
    assert said("snapshot", "verify", made[0]) == [f"{made[0]} is whole"]
    said("snapshot", "prune", place, "--keep-last", "1")
    assert len(said("snapshot", "list", place)) == 2
    said("restore", place, "--data-dir", tmp_path / "restored")
    assert contents(tmp_path / "restored") == contents(data_dir)


def test_upload_killed_half_way_is_never_listed_and_the_next_one_is_whole(place: str, tmp_path: Path) -> None:
    """The data is large enough for several objects; the first of them is there when the process is killed."""
    data_dir = fill(tmp_path / "data", sessions=3000, turns=4, said=" ".join(str(number) for number in range(900)))
    command = [sys.executable, "-m", "llmsim", "snapshot", "create", "--data-dir", str(data_dir), "--to", place]
    bucket = Bucket(place)
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE) as creating:
        begun = time.monotonic()
        while not bucket.find("llmsim-"):
            assert creating.poll() is None
            assert time.monotonic() - begun < LIMIT_S
        creating.kill()
    left = {one.name for one in bucket.find("llmsim-")}
    assert left
    assert not [name for name in left if name.endswith("manifest.json")]
    assert len(said("snapshot", "list", place)) == 1
    [made] = said("snapshot", "create", "--data-dir", data_dir, "--to", place)
    assert [line.split("\t")[0] for line in said("snapshot", "list", place)[1:]] == [made.rpartition("/")[2]]
    assert said("snapshot", "verify", made) == [f"{made} is whole"]


def test_server_killed_with_its_volume_comes_back_from_its_archive(place: str, tmp_path: Path) -> None:
    answered = []
    with Server(
        tmp_path / "data", "--instant", "--seed", "7", "--archive-to", place, "--archive-every", "50ms"
    ) as server:
        with httpx2.Client(base_url=server.url, trust_env=False) as http:
            for number in range(20):
                body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": f"Hello, number {number}."}]}
                answer = http.post("/v1/chat/completions", json=body, headers={"X-LLMSim-Session": f"s-{number}"})
                answered.append(answer.json()["choices"][0]["message"]["content"])
            begun = time.monotonic()
            while not (listed(Bucket(place)) and LAG_NONE in http.get("/metrics").text):
                assert time.monotonic() - begun < LIMIT_S
        server.process.kill()
    restored = tmp_path / "restored"
    said("restore", place, "--data-dir", restored, "--latest")
    assert len(contents(restored)["turns"]) == len(answered)
    assert said("replay", "--store", restored)[2].split()[-1] == "0"
