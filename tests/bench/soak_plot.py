"""The picture of a soak: memory and lateness over its time."""

from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt

from tests.bench.soak_records import Soaked
from tests.bench.soak_summary import MEGABYTE, settled

mpl.use("Agg")


def draw(found: Soaked, path: Path) -> None:
    """Memory and lateness over the time of the soak."""
    picture, (above, below) = plt.subplots(2, 1, figsize=(10, 8), layout="constrained", sharex=True)
    minutes = [one.at_s / 60 for one in found.samples]
    above.plot(minutes, [one.memory.rss_bytes / MEGABYTE for one in found.samples], label="RSS, MB")
    above.plot(minutes, [one.memory.anon_bytes / MEGABYTE for one in found.samples], label="of it anonymous, MB")
    above.axvline(settled(found) / 60, color="grey", linestyle=":", label="slope from here")
    below.step(
        [one.end_s / 60 for one in found.windows], [one.late_p99_ms for one in found.windows], label="server, p99"
    )
    late = [(one.end_s / 60, one.late_ms) for one in found.seen if one.late_ms]
    below.step([at for at, _ in late], [one.p99 for _, one in late], label="clients, p99")
    below.set_yscale("log")
    below.set_ylabel("lateness, ms")
    below.set_xlabel("minutes")
    for axes in (above, below):
        for index, one in enumerate(found.snapshots):
            axes.axvspan(
                one.begin_s / 60, one.end_s / 60, alpha=0.3, color="orange", label=None if index else "snapshot"
            )
        for index, (begin_s, end_s) in enumerate(found.floods):
            axes.axvspan(begin_s / 60, end_s / 60, alpha=0.15, color="blue", label=None if index else "flood")
        axes.legend(loc="upper left")
    picture.savefig(path, dpi=120)
    plt.close(picture)
