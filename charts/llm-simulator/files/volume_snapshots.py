"""Make a VolumeSnapshot of each claim of a release, then remove those behind the newest KEEP of each volume.

Usage: volume_snapshots.py NAME RELEASE KEEP CLASS (empty: the driver's default). Speaks to the cluster's API with the
pod's own token. Invariant: nothing is removed of a volume that has not KEEP newer copies which are ready. Exit code 1
if the API refuses something or does not answer, or if there is no claim.
"""

import os
import ssl
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx2

IDENTITY = "/var/run/secrets/kubernetes.io/serviceaccount"
COMPONENT = "volume-snapshots"
TIMEOUT_S = 30
EXISTS = 409
"""A Job that is tried again in the same minute: the copy is there."""
GONE = 404


def api(identity: Path) -> httpx2.Client:
    """A client of the cluster's API, by the pod's token and the cluster's own authority."""
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    return httpx2.Client(
        base_url=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        headers={"authorization": f"Bearer {(identity / 'token').read_text().strip()}"},
        verify=ssl.create_default_context(cafile=str(identity / "ca.crt")),
        timeout=TIMEOUT_S,
        trust_env=False,
    )


def claims(client: httpx2.Client, namespace: str, labels: dict[str, str]) -> list[str]:
    """The names of the claims with these labels."""
    answer = client.get(
        f"/api/v1/namespaces/{namespace}/persistentvolumeclaims", params={"labelSelector": said(labels)}
    )
    answer.raise_for_status()
    return sorted(item["metadata"]["name"] for item in answer.json()["items"])


def snapshot(claim: str, labels: dict[str, str], class_name: str, minute: str) -> dict[str, Any]:
    """A VolumeSnapshot of a claim, called after it and the minute."""
    spec: dict[str, Any] = {"source": {"persistentVolumeClaimName": claim}}
    if class_name:
        spec["volumeSnapshotClassName"] = class_name
    return {
        "apiVersion": "snapshot.storage.k8s.io/v1",
        "kind": "VolumeSnapshot",
        "metadata": {"name": f"{claim}-{minute}", "labels": labels},
        "spec": spec,
    }


def superfluous(snapshots: Iterable[dict[str, Any]], keep: int) -> list[str]:
    """The names of those behind the newest `keep` of their volume that are ready."""
    of_claim: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in snapshots:
        of_claim[one["spec"]["source"].get("persistentVolumeClaimName", "")].append(one)
    names = []
    for found in of_claim.values():
        ready = 0
        for one in sorted(found, key=lambda one: str(one["metadata"]["creationTimestamp"]), reverse=True):
            if ready >= keep:
                names.append(str(one["metadata"]["name"]))
            ready += bool(one.get("status", {}).get("readyToUse"))
    return sorted(names)


def said(labels: dict[str, str]) -> str:
    """Labels as a selector."""
    return ",".join(f"{name}={value}" for name, value in labels.items())


def main(name: str, release: str, keep: str, class_name: str, identity: str = IDENTITY) -> int:
    """Make copies, then remove old ones; `identity` is the folder with the pod's token."""
    namespace = Path(identity, "namespace").read_text().strip()
    ours = {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": release}
    labels = {**ours, "app.kubernetes.io/component": COMPONENT}
    place = f"/apis/snapshot.storage.k8s.io/v1/namespaces/{namespace}/volumesnapshots"
    minute = time.strftime("%Y%m%d-%H%M", time.gmtime())
    with api(Path(identity)) as client:
        found = claims(client, namespace, ours)
        if not found:
            raise SystemExit(f"no claim in {namespace} has the labels {said(ours)}")
        for claim in found:
            made = client.post(place, json=snapshot(claim, labels, class_name, minute))
            if made.status_code != EXISTS:
                made.raise_for_status()
            print(f"made {claim}-{minute}", flush=True)
        answer = client.get(place, params={"labelSelector": said(labels)})
        answer.raise_for_status()
        for old in superfluous(answer.json()["items"], int(keep)):
            removed = client.delete(f"{place}/{old}")
            if removed.status_code != GONE:
                removed.raise_for_status()
            print(f"removed {old}", flush=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except httpx2.HTTPError as error:
        sys.exit(f"the cluster's API: {error}")
