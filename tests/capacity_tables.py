"""The tables of docs/capacity.md: what things cost, what a pod can do, how many pods a node takes. Made from the code.

What a node keeps for itself is what its cloud documents: EKS (kubelet: 255 MiB + 11 MiB for each possible pod, eviction
at 100 MiB), AKS 1.29 and later (20 MB for each possible pod + 50 MB, eviction at 100 MiB), GKE (shares of memory that
fall with its size, eviction at 100 MiB); EKS and GKE keep shares of CPU that fall with each core, AKS a fixed figure.
"""

import attrs

from llmsim.catalog import profiles_dir
from llmsim.profile import Profiles
from llmsim.sizing import COSTS, PRESETS, Load, Preset, size

Table = tuple[tuple[str, ...], list[tuple[str, ...]]]
AGENTS_CPU_M, AGENTS_MIB = 250, 512
"""What agents on each node (network, logs, metrics, storage) may ask for, on top."""
SHOWN = ("gpt-4o-mini", "default", "gpt-5", "claude-sonnet-4-6", "gemini-2.5-flash", "llama-8b-h100")
MEANING = {
    "turn_us": "a turn, whatever it says",
    "commit_us": "storing it, among 32 at once",
    "prompt_token_us": "a token of the question",
    "history_token_us": "a token of the history that comes along",
    "reply_token_us": "a token of the reply, planned",
    "stream_token_us": "the same token sent by itself, on top",
    "turn_bytes": "a turn, on disk",
    "prompt_token_bytes": "a token of the question, on disk",
    "reply_token_bytes": "a token of the reply, on disk",
    "idle_bytes": "a server at rest, memory",
    "stream_bytes": "an open request, memory",
    "stream_token_bytes": "a token of what it will say, memory",
    "session_bytes": "a stored session, memory",
    "snapshot_bytes": "a snapshot while it is made, memory",
}


@attrs.frozen
class Node:
    """An instance type: vCPUs, GiB of memory, and how many pods of a platform team's plan it was said to take."""

    cloud: str
    name: str
    cpus: int
    memory_gib: int
    planned: str
    most_pods: int


NODES = (
    Node("AWS", "t3.xlarge", 4, 16, "3-4", 58),
    Node("AWS", "t3.2xlarge", 8, 32, "6-7", 58),
    Node("AWS", "m5.2xlarge", 8, 32, "6-7", 58),
    Node("AWS", "c5.4xlarge", 16, 32, "12-14", 234),
    Node("Azure", "Standard_D4s_v3", 4, 16, "3-4", 110),
    Node("Azure", "Standard_D8s_v3", 8, 32, "6-7", 110),
    Node("Azure", "Standard_F8s_v2", 8, 16, "6-7", 110),
    Node("GCP", "n2-standard-4", 4, 16, "3-4", 110),
    Node("GCP", "n2-standard-8", 8, 32, "6-7", 110),
    Node("GCP", "n2-highcpu-8", 8, 8, "6-7", 110),
)
AKS_CPU_M = {4: 140, 8: 180, 16: 260}
OWN = Preset("our own request", 1000, 2000, 512, 1024)
"""One core, and memory for a thousand open streams beside a snapshot."""


def kept_cpu_m(node: Node) -> float:
    """CPU that the node keeps for itself, millicores."""
    if node.cloud == "Azure":
        return AKS_CPU_M[node.cpus]
    return 60 + 10 + 5 * 2 + 2.5 * (node.cpus - 4)


def kept_mib(node: Node) -> float:
    """Memory that the node keeps for itself, MiB."""
    if node.cloud == "AWS":
        return 255 + 11 * node.most_pods + 100
    if node.cloud == "Azure":
        return min((20 * node.most_pods + 50) * 1e6 / (1 << 20), node.memory_gib * 1024 / 4) + 100
    left, kept = node.memory_gib * 1024.0, 100.0
    for step, share in ((4096, 0.25), (4096, 0.2), (8192, 0.1), (114_688, 0.06)):
        kept += min(left, step) * share
        left = max(left - step, 0)
    return kept


def takes(node: Node, one: Preset) -> int:
    """How many pods with these requests fit beside what the node and its agents need."""
    by_cpu = (node.cpus * 1000 - kept_cpu_m(node) - AGENTS_CPU_M) // one.cpu_m
    by_memory = (node.memory_gib * 1024 - kept_mib(node) - AGENTS_MIB) // one.memory_mib
    return int(min(by_cpu, by_memory))


def nodes() -> Table:
    """Columns and rows: pods for each node, by preset."""
    presets = [preset for preset in PRESETS if preset.name in {"staging", "production-light", "production-heavy"}]
    columns = ("Node", "vCPU, GiB", "As planned", *(f"`{one.name}`" for one in presets), "1000m, 512Mi")
    rows = [
        (f"{node.cloud} {node.name}", f"{node.cpus}, {node.memory_gib}", node.planned,
         *(str(takes(node, one)) for one in (*presets, OWN)))
        for node in NODES
    ]  # fmt: skip
    return columns, rows


def costs() -> Table:
    """Columns and rows: every figure that `llmsim size` reckons with."""
    rows: list[tuple[str, ...]] = []
    for name, value in attrs.asdict(COSTS).items():
        unit = "us of CPU time" if name.endswith("_us") else "bytes"
        rows.append((f"`{name}`", f"{value:,g} {unit}" if value < 1e6 else f"{value / 1e6:,.0f} MB", MEANING[name]))
    return ("Figure", "Measured", "What it is"), rows


def pods() -> Table:
    """Columns and rows: what one full pod does, by profile, with 80 tokens of prompt and every turn stored."""
    known = Profiles.load((), profiles_dir())
    rows: list[tuple[str, ...]] = []
    for name in SHOWN:
        streamed, whole = (size(Load(1, share), known.by_name[name], headroom=0) for share in (1.0, 0.0))
        about = streamed.means
        rows.append((
            f"`{name}`",
            f"{about.thought_tokens + about.reply_tokens:,.0f}",
            f"{about.duration_ms / 1000:.1f} s",
            f"{streamed.pod_rps:,.0f} ({streamed.workload or 'below light'})",
            f"{streamed.pod_rps * about.duration_ms / 1000:,.0f}",
            f"{whole.pod_rps:,.0f} ({whole.workload or 'below light'})",
            f"{streamed.turn_disk_bytes / 1000:.1f} kB",
        ))  # fmt: skip
    columns = ("Profile", "Tokens a reply", "Duration", "RPS streamed", "of them open", "RPS whole", "Disk a turn")
    return columns, rows
