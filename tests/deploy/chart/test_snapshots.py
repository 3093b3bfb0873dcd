"""Copies of what pods keep: their own snapshots, on time or when a CronJob asks, and VolumeSnapshots of volumes."""

import importlib.util
import re
import socket
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from llmsim.settings import resolve
from tests.children import Server
from tests.deploy.chart.charts import CHART, Manifest, Objects
from tests.deploy.chart.cluster import Cluster, running
from tests.deploy.chart.conftest import Render

OURS = {"app.kubernetes.io/name": "llm-simulator", "app.kubernetes.io/instance": "llm-simulator"}
COPIES = {**OURS, "app.kubernetes.io/component": "volume-snapshots"}


def job(found: Objects, ending: str | None = None) -> Manifest:
    """The container of the CronJob, or of the one whose name ends so."""
    containers: list[Manifest] = found.one("CronJob", ending)["spec"]["jobTemplate"]["spec"]["template"]["spec"][
        "containers"
    ]
    [container] = containers
    return container


@pytest.mark.parametrize(
    ("values", "every_s"),
    [
        ({}, None),
        ({"settings": {"snapshot_to": "s3://b/p"}}, 3600),
        ({"settings": {"archive_to": "s3://b/p"}}, 3600),
        ({"settings": {"snapshot_to": "s3://b/p", "snapshot_every": "15m"}}, 900),
        ({"settings": {"snapshot_to": "s3://b/p"}, "snapshots": {"cronJob": {"enabled": True}}}, None),
    ],
)
def test_pods_take_snapshots_every_hour_where_there_is_a_place(
    values: dict[str, Any], every_s: float | None, chart: Render, tmp_path: Path
) -> None:
    (tmp_path / "settings.toml").write_text(chart(values).settings)
    assert resolve({}, {}, tmp_path / "settings.toml").snapshot_every == every_s


def test_cron_job_asks_each_pod_every_hour(chart: Render) -> None:
    found = chart("snapshots")
    spec = found.one("CronJob", "-snapshots")["spec"]
    assert re.fullmatch(r"\d+ \* \* \* \*", spec["schedule"])
    assert (spec["timeZone"], spec["concurrencyPolicy"]) == ("Etc/UTC", "Forbid")
    headless = found.one("Service", "-headless")
    port = str(headless["spec"]["ports"][0]["port"])
    assert job(found, "-snapshots")["command"] == ["python3", "/etc/llmsim/scripts/take_snapshots.py"]
    assert job(found, "-snapshots")["args"] == [headless["metadata"]["name"], port, "1800"]
    assert spec["jobTemplate"]["spec"]["template"]["spec"]["automountServiceAccountToken"] is False


@pytest.mark.parametrize(
    ("values", "variant", "expected"),
    [
        ({}, "snapshots", {"-snapshots": 3 * 1800, "-prune": 3600}),
        ({"hpa": {"enabled": True, "maxReplicas": 5}}, "snapshots", {"-snapshots": 5 * 1800, "-prune": 3600}),
        ({"replicas": 0}, "snapshots", {"-snapshots": 1800, "-prune": 3600}),
        ({}, "volume-snapshots", {"-volume-snapshots": 3600}),
    ],
)
def test_job_that_hangs_does_not_hold_up_the_next_for_ever(
    values: dict[str, Any], variant: str, expected: dict[str, int], chart: Render
) -> None:
    """One whose image cannot be pulled never ends by itself, and nothing runs beside it."""
    found = chart(values | yaml.safe_load((CHART / "ci" / f"{variant}-values.yaml").read_text()))
    jobs = {one["metadata"]["name"]: one["spec"] for one in found.kind("CronJob")}
    assert {name: spec["jobTemplate"]["spec"]["activeDeadlineSeconds"] for name, spec in jobs.items()} == {
        f"llm-simulator{ending}": seconds for ending, seconds in expected.items()
    }
    assert {spec["concurrencyPolicy"] for spec in jobs.values()} == {"Forbid"}


def test_old_snapshots_are_removed_by_the_pods_own_means(chart: Render) -> None:
    """With the bucket, the credentials and the identity that the pods have."""
    found = chart("snapshots")
    prune = job(found, "-prune")
    rules = ["--keep-last", "24", "--keep-daily", "7", "--keep-weekly", "4"]
    assert prune["args"] == ["snapshot", "prune", "s3://llmsim-backups/prod", *rules]
    assert prune["envFrom"] == found.server["envFrom"]
    assert [one for one in prune["env"] if one not in found.server["env"]] == []
    assert {one["name"] for one in prune["env"]} == {"AWS_REGION", "AWS_ENDPOINT_URL"}
    pod = chart("azure").one("CronJob", "-prune")["spec"]["jobTemplate"]["spec"]["template"]
    assert pod["spec"]["serviceAccountName"] == chart("azure").pod["serviceAccountName"]
    assert pod["metadata"]["labels"]["azure.workload.identity/use"] == "true"
    assert not [one for one in chart("aws").kind("CronJob") if one["metadata"]["name"].endswith("-prune")]


def loaded(name: str) -> ModuleType:
    """A script of the chart, as a module."""
    spec = importlib.util.spec_from_file_location(name, CHART / "files" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(name: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """A script of the chart as its container runs it."""
    command = [sys.executable, str(CHART / "files" / name), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=environ)


def test_script_takes_a_snapshot_of_each_pod_and_tells_of_those_that_took_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two pods, one of which does not answer: the other is asked all the same."""
    script = loaded("take_snapshots")
    with Server(tmp_path / "data", "--snapshot-to", str(tmp_path / "backups")) as server, socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setattr(script, "addresses", lambda *_: [gone, server.url])
        assert script.main("llm-simulator-headless", "8080", "60") == 1
        told = capsys.readouterr()
        monkeypatch.setattr(script, "addresses", lambda *_: [server.url])
        assert script.main("llm-simulator-headless", "8080", "60") == 0
    assert told.err.startswith(f"{gone}: ConnectError: ")
    assert told.out.startswith(f"{server.url}: {tmp_path}/backups/llmsim-0-")
    assert len(list((tmp_path / "backups").iterdir())) == 2


def test_script_finds_every_pod_once(monkeypatch: pytest.MonkeyPatch) -> None:
    script = loaded("take_snapshots")
    stream = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
    found = [(*stream, (host, 8080)) for host in ("10.0.0.2", "10.0.0.1", "10.0.0.2", "fd00::1")]
    monkeypatch.setattr(script.socket, "getaddrinfo", lambda *_, **__: found)
    assert script.addresses("a", 8080) == ["http://10.0.0.1:8080", "http://10.0.0.2:8080", "http://[fd00::1]:8080"]


def test_script_says_why_a_pod_takes_no_snapshot(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        told = run("take_snapshots.py", "127.0.0.1", server.url.rpartition(":")[2], "60")
    assert told.returncode == 1
    assert "409" in told.stderr
    assert "--snapshot-to" in told.stderr
    assert "Traceback" not in told.stderr


def test_script_fails_where_there_is_no_pod() -> None:
    told = run("take_snapshots.py", "llm-simulator-headless.invalid", "8080", "5")
    assert (told.returncode, told.stderr) == (1, "llm-simulator-headless.invalid: no pod\n")


def test_volume_snapshots_are_made_every_hour_by_a_job_that_may_do_that_alone(chart: Render) -> None:
    found = chart("volume-snapshots")
    spec = found.one("CronJob")["spec"]
    assert re.fullmatch(r"\d+ \* \* \* \*", spec["schedule"])
    pod = spec["jobTemplate"]["spec"]["template"]["spec"]
    assert (pod["automountServiceAccountToken"], pod["serviceAccountName"]) == (True, "llm-simulator-volume-snapshots")
    [subject] = found.one("RoleBinding")["subjects"]
    assert (subject["kind"], subject["name"]) == ("ServiceAccount", pod["serviceAccountName"])
    assert found.one("RoleBinding")["roleRef"]["name"] == found.one("Role")["metadata"]["name"]
    assert subject["name"] in {one["metadata"]["name"] for one in found.kind("ServiceAccount")}


def test_no_other_variant_has_rights_in_the_cluster(chart: Render) -> None:
    for variant in ("default", "snapshots", "monitoring", "keda"):
        assert not {one["kind"] for one in chart(variant)} & {
            "Role",
            "RoleBinding",
            "ClusterRole",
            "ClusterRoleBinding",
        }


def claims(*names: str, labels: dict[str, str] = OURS) -> dict[str, dict[str, Any]]:
    return {name: {"metadata": {"name": name, "labels": labels}} for name in names}


def copy(claim: str, hour: int, *, ready: bool = True) -> dict[str, dict[str, Any]]:
    """A VolumeSnapshot of a claim, made at an hour of a day before."""
    name = f"{claim}-old-{hour}"
    metadata = {"name": name, "labels": COPIES, "creationTimestamp": f"2026-11-29T{hour:02}:00:00Z"}
    spec = {"source": {"persistentVolumeClaimName": claim}}
    return {name: {"metadata": metadata, "spec": spec, "status": {"readyToUse": ready}}}


def job_run(there: Cluster, found: Objects, folder: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """What the CronJob's container would do, beside a cluster."""
    arguments = [changes.get(one, one) for one in job(found)["args"]]
    with running(there, folder / "identity"):
        environ = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(there.port)}
        script = Path(job(found)["command"][1]).name
        return run(script, *arguments, str(folder / "identity"), **environ)


def test_each_volume_of_the_release_is_copied(chart: Render, tmp_path: Path) -> None:
    found = chart("volume-snapshots")
    there = Cluster(
        {
            "persistentvolumeclaims": {
                **claims("data-llm-simulator-0", "data-llm-simulator-1"),
                **claims("of-others", labels={**OURS, "app.kubernetes.io/instance": "other"}),
            }
        }
    )
    told = job_run(there, found, tmp_path)
    assert (told.returncode, told.stderr) == (0, "")
    made = there.objects["volumesnapshots"]
    copied = sorted(re.sub(r"-\d{8}-\d{4}$", "", name) for name in made)
    assert copied == ["data-llm-simulator-0", "data-llm-simulator-1"]
    for name, one in made.items():
        assert one["metadata"]["labels"] == COPIES
        assert one["spec"]["source"]["persistentVolumeClaimName"] in name
        assert one["spec"]["volumeSnapshotClassName"] == found.one("VolumeSnapshotClass")["metadata"]["name"]
    rules = found.one("Role")["rules"]
    allowed = {(group, resource, verb) for one in rules for group in one["apiGroups"]
               for resource in one["resources"] for verb in one["verbs"]}  # fmt: skip
    assert there.needed | {("snapshot.storage.k8s.io", "volumesnapshots", "delete")} == allowed


def test_labels_of_claims_are_those_that_the_job_looks_for(chart: Render) -> None:
    [template] = chart("volume-snapshots").workload["spec"]["volumeClaimTemplates"]
    assert template["metadata"]["labels"].items() >= OURS.items()
    assert job(chart("volume-snapshots"))["args"][:2] == list(OURS.values())


def test_old_copies_go_and_none_that_is_needed(chart: Render, tmp_path: Path) -> None:
    """Of each volume the newest two that are ready stay, and whatever is newer than those."""
    copies = {
        **copy("data-a-0", 1),
        **copy("data-a-0", 2),
        **copy("data-a-0", 3),
        **copy("data-a-0", 4, ready=False),
        **copy("data-b-0", 1),
        **copy("data-b-0", 2, ready=False),
        **copy("data-b-0", 3),
    }
    there = Cluster({"persistentvolumeclaims": claims("data-a-0", "data-b-0"), "volumesnapshots": copies})
    told = job_run(there, chart("volume-snapshots"), tmp_path, **{"48": "2"})
    assert told.returncode == 0
    left = {name for name in there.objects["volumesnapshots"] if "-old-" in name}
    assert left == {f"data-a-0-old-{hour}" for hour in (2, 3, 4)} | {f"data-b-0-old-{hour}" for hour in (1, 2, 3)}
    assert there.needed >= {("snapshot.storage.k8s.io", "volumesnapshots", "delete")}


def test_job_that_is_tried_again_makes_no_second_copy(
    chart: Render, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names are of the minute, and one that is there is no failure."""
    there = Cluster({"persistentvolumeclaims": claims("data-a-0")})
    script = loaded("volume_snapshots")
    monkeypatch.setattr(script.time, "strftime", lambda *_: "20261130-1200")
    with running(there, tmp_path / "identity"):
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(there.port))
        for _ in ("first", "second"):
            assert script.main(*job(chart("volume-snapshots"))["args"], str(tmp_path / "identity")) == 0
    assert list(there.objects["volumesnapshots"]) == ["data-a-0-20261130-1200"]
    assert capsys.readouterr().out == "made data-a-0-20261130-1200\n" * 2


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (Cluster({}), "no claim in llm-devops has the labels app.kubernetes.io/name=llm-simulator"),
        (Cluster({"persistentvolumeclaims": claims("a")}, refuse="create"), "403"),
        (Cluster({"persistentvolumeclaims": claims("a")}, refuse="list"), "403"),
    ],
    ids=["no claim", "may not create", "may not list"],
)
def test_job_fails_in_one_line(there: Cluster, words: str, chart: Render, tmp_path: Path) -> None:
    told = job_run(there, chart("volume-snapshots"), tmp_path)
    assert told.returncode == 1
    assert words in told.stderr
    assert "Traceback" not in told.stderr


def test_volumes_are_copied_before_an_upgrade(chart: Render) -> None:
    found = chart("volume-snapshots")
    made = found.kind("VolumeSnapshot")
    claimed = [one["spec"]["source"]["persistentVolumeClaimName"] for one in made]
    assert claimed == [f"data-llm-simulator-{ordinal}" for ordinal in range(found.workload["spec"]["replicas"])]
    for one in made:
        assert one["metadata"]["annotations"] == {"helm.sh/hook": "pre-upgrade"}
        assert one["metadata"]["labels"].items() >= COPIES.items()
        assert one["spec"]["volumeSnapshotClassName"] == found.one("VolumeSnapshotClass")["metadata"]["name"]


@pytest.mark.parametrize(("variant", "driver"), [
    ("aws", "ebs.csi.aws.com"), ("azure", "disk.csi.azure.com"), ("gcp", "pd.csi.storage.gke.io"),
])  # fmt: skip
def test_snapshot_class_is_of_the_driver_of_the_volumes(variant: str, driver: str, chart: Render) -> None:
    found = chart(variant)
    assert found.one("VolumeSnapshotClass")["driver"] == found.one("StorageClass")["provisioner"] == driver
    assert found.one("VolumeSnapshotClass")["deletionPolicy"] == "Delete"
