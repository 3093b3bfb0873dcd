"""Pictures of a run: requests for each CPU-second, the distribution of emission errors, latencies."""

from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from tests.bench.figures import median
from tests.bench.records import SINGLE, Found
from tests.bench.summary import STREAMS, per_cpu, requests, sound, streams

WIDTH, HEIGHT = 10, 5
mpl.use("Agg")


def draw(found: Found, folder: Path) -> list[Path]:
    """All pictures, as PNG files in a folder."""
    names = list(dict.fromkeys(one.name for one in found.requests))
    connections = sorted({one.connections for one in found.requests if one.load == SINGLE})
    pictures = {}
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, HEIGHT), layout="constrained")
    bars(axes[0], found, names, connections)
    token_bars(axes[1], found)
    pictures["efficiency.png"] = figure
    figure, curve = plt.subplots(figsize=(WIDTH, HEIGHT), layout="constrained")
    curves(curve, found)
    pictures["emission-error.png"] = figure
    figure, axes = plt.subplots(1, len(connections) or 1, figsize=(WIDTH, HEIGHT), layout="constrained", squeeze=False)
    for place, many in zip(axes[0], connections, strict=False):
        latencies(place, found, names, many)
    pictures["latency.png"] = figure
    made = []
    for name, picture in pictures.items():
        picture.savefig(folder / name, dpi=120)
        plt.close(picture)
        made.append(folder / name)
    return made


def bars(axes: Axes, found: Found, names: list[str], connections: list[int]) -> None:
    """Requests for each CPU-second."""
    height = 0.8 / max(len(connections), 1)
    for index, many in enumerate(connections):
        rates = [list(per_cpu(requests(found, name, SINGLE, many)).values()) or [0.0] for name in names]
        at = [place + index * height for place in range(len(names))]
        axes.barh(at, [median(rate) for rate in rates], height, label=f"{many} connections")
    axes.set_yticks([place + 0.4 - height / 2 for place in range(len(names))], names)
    axes.invert_yaxis()
    axes.set_title("requests per server CPU-second")
    axes.legend()


def token_bars(axes: Axes, found: Found) -> None:
    """Tokens for each CPU-second."""
    names = list(dict.fromkeys(one.name for one in found.streams))
    rates = [list(per_cpu(streams(found, name, STREAMS)).values()) or [0.0] for name in names]
    axes.barh(names, [median(rate) for rate in rates], 0.6)
    axes.invert_yaxis()
    axes.set_title(f"tokens per server CPU-second, {STREAMS} streams")


def curves(axes: Axes, found: Found) -> None:
    """The share of tokens that were no further from their time than this; the round in the middle of each server."""
    for name in dict.fromkeys(one.name for one in found.streams):
        rows = sorted(
            (one for one in streams(found, name, STREAMS) if one.curve_ms), key=lambda one: one.relative_ms.p99
        )
        if rows:
            values = rows[len(rows) // 2].curve_ms
            shares = [(index + 1) / len(values) for index in range(len(values))]
            axes.plot([max(value, 0.01) for value in values], shares, label=name)
    axes.set_xscale("log")
    axes.set_xlabel("error against the stream's first token, ms")
    axes.set_ylabel("share of events")
    axes.set_title(f"emission error, {STREAMS} streams at 20 tokens/s")
    axes.grid(visible=True, alpha=0.3)
    axes.legend()


def latencies(axes: Axes, found: Found, names: list[str], connections: int) -> None:
    """The 50th and the 99th percentile."""
    for offset, label in ((0.0, "p50"), (0.4, "p99")):
        found_ms = []
        for name in names:
            rows = [one.sent for one in requests(found, name, SINGLE, connections) if sound(one)]
            found_ms.append(median(one.p50_ms if label == "p50" else one.p99_ms for one in rows) if rows else 0.0)
        axes.barh([place + offset for place in range(len(names))], found_ms, 0.4, label=label)
    axes.set_yticks([place + 0.2 for place in range(len(names))], names)
    axes.invert_yaxis()
    axes.set_title(f"latency at full load, {connections} connections, ms")
    axes.legend()
