"""What a set of NetworkPolicies lets through, by the rules of their specification: no cluster is needed for it.

Invariant, as specified: a pod that no policy selects for a direction is open in it; one that any selects is closed but
for what some policy that selects it allows.
"""

from ipaddress import ip_address, ip_network

import attrs

from tests.deploy.chart.charts import Manifest

NAMESPACE_NAME = "kubernetes.io/metadata.name"


@attrs.frozen
class Peer:
    """One end of a connection: a pod by its labels and namespace, or an address outside."""

    labels: dict[str, str] = attrs.field(factory=dict)
    namespace: str = ""
    address: str = ""


def allowed(policies: list[Manifest], source: Peer, target: Peer, port: int, protocol: str = "TCP") -> bool:
    """Whether a connection gets out of its source and into its target."""
    return _may(policies, "Egress", source, target, port, protocol) and _may(
        policies, "Ingress", target, source, port, protocol
    )


def _may(policies: list[Manifest], way: str, pod: Peer, other: Peer, port: int, protocol: str) -> bool:
    selecting = [
        one
        for one in policies
        if pod.namespace == one["metadata"]["namespace"]
        and way in one["spec"]["policyTypes"]
        and _selects(one["spec"]["podSelector"], pod.labels)
    ]
    if not selecting:
        return True
    side = "from" if way == "Ingress" else "to"
    return any(
        _opens(rule, rule.get(side, []), one["metadata"]["namespace"], other, port, protocol)
        for one in selecting
        for rule in one["spec"].get(way.lower(), [])
    )


def _opens(rule: Manifest, peers: list[Manifest], home: str, other: Peer, port: int, protocol: str) -> bool:
    ports = rule.get("ports", [])
    right_port = not ports or any(one["port"] == port and one["protocol"] == protocol for one in ports)
    return right_port and (not peers or any(_is(peer, home, other) for peer in peers))


def _is(peer: Manifest, home: str, other: Peer) -> bool:
    if "ipBlock" in peer:
        return bool(other.address) and ip_address(other.address) in ip_network(peer["ipBlock"]["cidr"])
    if other.address:
        return False
    if "namespaceSelector" in peer:
        right_namespace = _selects(peer["namespaceSelector"], {NAMESPACE_NAME: other.namespace})
    else:
        right_namespace = other.namespace == home
    return right_namespace and _selects(peer.get("podSelector", {}), other.labels)


def _selects(selector: Manifest, labels: dict[str, str]) -> bool:
    wanted = selector.get("matchLabels", {})
    expressions = selector.get("matchExpressions", [])
    return all(labels.get(name) == value for name, value in wanted.items()) and all(
        one["operator"] == "In" and labels.get(one["key"]) in one["values"] for one in expressions
    )
