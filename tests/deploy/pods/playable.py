"""What of a pod's manifest has to be said otherwise for `podman play kube` 4.3, and nothing more.

It knows no StatefulSet, claim template or Service; ports would be opened on the machine; an emptyDir is a volume known
by its name alone; images are pulled whatever is there; annotations have 63 characters at most; init containers are
restarted like the others, so that one that ended well is left alone by OnFailure only; probes would become commands of
curl in the container: the caller probes. PreStop, scheduling and fsGroup have no effect.
"""

from copy import deepcopy
from typing import Any

Manifest = dict[str, Any]
KEPT = {"io.podman.annotations.init.container.type": "always"}
"""Init containers stay when they have ended, and run again whenever the pod starts."""


def playable(pod: Manifest) -> Manifest:
    """The manifest of a pod that podman can play."""
    made = deepcopy(pod)
    spec = made["spec"]
    made["metadata"]["annotations"] = KEPT
    spec["restartPolicy"] = "OnFailure"
    for container in [*spec["containers"], *spec.get("initContainers", ())]:
        for key in ("ports", "startupProbe", "livenessProbe", "readinessProbe"):
            container.pop(key, None)
        container["imagePullPolicy"] = "Never"
    for volume in [each for each in spec["volumes"] if "emptyDir" in each]:
        own = f"{volume['name']}-{made['metadata']['name']}"
        for container in [*spec["containers"], *spec.get("initContainers", ())]:
            for mount in [each for each in container["volumeMounts"] if each["name"] == volume["name"]]:
                mount["name"] = own
        volume["name"] = own
    return made
