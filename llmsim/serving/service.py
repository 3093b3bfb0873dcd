"""What every route needs of its pod, in one record, and the phases of its life.

The phase is the only thing here that changes, and only the pod's own start and end change it. Knows no route.
"""

from enum import StrEnum

import attrs

from llmsim.metrics import Metrics
from llmsim.serving.emitter import Pace
from llmsim.simulator import Simulator


class Phase(StrEnum):
    """`starting` until the store is open and its writer runs; `draining` from the signal to stop until the end."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"


@attrs.define
class Service:
    """One pod, as its routes see it."""

    simulator: Simulator
    metrics: Metrics
    pace: Pace
    phase: Phase = Phase.STARTING
