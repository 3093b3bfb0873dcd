"""The pods of a StatefulSet, as its controller makes them: what a manifest says of pods, read without a cluster.

Each pod has the template's spec and labels, the name of the set and its ordinal, both of them as labels as well, its
name as host name below the headless service, and a claim of its own for each claim template.
"""

from copy import deepcopy
from typing import Any

Manifest = dict[str, Any]


def pods(statefulset: Manifest) -> list[Manifest]:
    """Every v1.Pod of the set, in the order of ordinals."""
    first = statefulset["spec"].get("ordinals", {}).get("start", 0)
    return [pod(statefulset, first + index) for index in range(statefulset["spec"]["replicas"])]


def pod(statefulset: Manifest, ordinal: int) -> Manifest:
    """The v1.Pod of one ordinal."""
    spec = statefulset["spec"]
    name = f"{statefulset['metadata']['name']}-{ordinal}"
    template = deepcopy(spec["template"])
    metadata = {**template.get("metadata", {}), "name": name}
    if "namespace" in statefulset["metadata"]:
        metadata["namespace"] = statefulset["metadata"]["namespace"]
    numbered = {"apps.kubernetes.io/pod-index": str(ordinal), "statefulset.kubernetes.io/pod-name": name}
    metadata["labels"] = {**metadata.get("labels", {}), **numbered}
    claimed = [one["metadata"]["name"] for one in spec.get("volumeClaimTemplates", ())]
    volumes = [one for one in template["spec"].get("volumes", ()) if one["name"] not in claimed]
    volumes += [{"name": one, "persistentVolumeClaim": {"claimName": f"{one}-{name}"}} for one in claimed]
    identity = {"hostname": name, "subdomain": spec["serviceName"], "volumes": volumes}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {**template["spec"], **identity}}
