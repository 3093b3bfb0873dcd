"""What Pod Security "restricted" refuses in a pod, by the words of its standard: https://k8s.io/docs/concepts/security/.

Written down from the published standard, as no controller that enforces it runs without a cluster.
"""

from tests.deploy.chart.charts import Manifest, containers

HOST = ("hostNetwork", "hostPID", "hostIPC")
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
SECCOMP = {"RuntimeDefault", "Localhost"}


def violations(pod: Manifest) -> list[str]:
    """What of a pod's spec the standard does not allow; empty where it may run."""
    found = [name for name in HOST if pod.get(name)]
    for volume in pod.get("volumes", []):
        found += [f"volume {volume['name']}: {kind}" for kind in volume if kind not in VOLUMES | {"name"}]
    for container in containers(pod):
        found += [f"{container['name']}: {fault}" for fault in _of_container(container, pod.get("securityContext", {}))]
    return found


def _of_container(container: Manifest, pod: Manifest) -> list[str]:
    own = container.get("securityContext", {})
    context = {**pod, **own}
    capabilities = own.get("capabilities", {})
    broken = {
        "privileged": own.get("privileged", False),
        "allowPrivilegeEscalation": own.get("allowPrivilegeEscalation", True),
        "runAsNonRoot": not context.get("runAsNonRoot", False),
        "runAsUser 0": context.get("runAsUser") == 0,
        "seccompProfile": context.get("seccompProfile", {}).get("type") not in SECCOMP,
        "capabilities not dropped": "ALL" not in capabilities.get("drop", []),
        "capabilities added": bool(set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}),
        "hostPort": any("hostPort" in port for port in container.get("ports", [])),
    }
    return [name for name, is_broken in broken.items() if is_broken]
