"""How the store of a pod is kept elsewhere: the archive, and snapshots on time or when asked for.

What is asked for, as one record; the work is done by `archiver.py` and `snapshots.py`. Knows no route.
"""

from pathlib import Path

import attrs

from llmsim.recovery.places import Place
from llmsim.recovery.sealing import PLAIN, Sealing


@attrs.frozen
class Protection:
    """Where a store goes. `archive` None: no archive; `snapshots` (a path or URL) None: no snapshots.

    `archive_every_s` is how long commits gather, `archive_lag_max_s` how far behind a ready pod's archive may be (None:
    any), `snapshot_every_s` how often a snapshot is taken (None: when asked for). All in seconds.
    """

    archive: Place | None = None
    archive_every_s: float = 1.0
    archive_lag_max_s: float | None = None
    snapshots: str | None = None
    snapshot_every_s: float | None = None
    key_file: Path | None = None
    sealing: Sealing = PLAIN


UNPROTECTED = Protection()
"""The store is on its volume alone."""
