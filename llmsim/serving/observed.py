"""One HTTP exchange as metrics and log see it: counted when it ends, and one line logged, whichever door it came by.

A response that ended well is a line of level debug: at thousands of requests a second, saying that all is well costs
more than being well. Knows no socket and no framework.
"""

import logging

import attrs
import trio

from llmsim.metrics.metrics import Cause, Metrics
from llmsim.serving.emitter import Emission
from llmsim.serving.inference import Answer, Headers
from llmsim.store.schema import Ending

PROBES = {"/startupz", "/healthz", "/readyz", "/metrics"}
LOGGED = {
    "x-request-id": "request_id",
    "request-id": "request_id",
    "x-llmsim-session": "session",
    "x-llmsim-turn": "turn",
}
CLIENT_GONE = 499
"""The status of a request that was not answered because its client left. Source: nginx's."""
FAULT, OWN_FAULT = 400, 500
log = logging.getLogger("llmsim.http")


@attrs.define
class Exchange:
    """A request and what became of it; `route` is the pattern it matched, `started` on trio's clock, in seconds."""

    method: str
    path: str
    route: str
    started: float
    status: int = CLIENT_GONE
    headers: Headers = ()

    def answered(self, answer: Answer) -> None:
        """An answer begins."""
        self.status = answer.status
        self.headers = answer.headers

    def ended(self, metrics: Metrics, emission: Emission | None, ending: Ending) -> None:
        """The exchange is over: count it, and log it."""
        if self.route in PROBES:
            metrics.probed(self.route, self.status)
        else:
            metrics.requested(self.route, self.status, cause_of(self.status, ending))
        well = ending is Ending.COMPLETED and self.status < FAULT
        level = logging.DEBUG if well or self.path in PROBES else logging.INFO
        if not log.isEnabledFor(level):
            return
        headers = dict(self.headers)
        fields: dict[str, str | float] = {"method": self.method, "path": self.path, "status": self.status}
        for header, field in LOGGED.items():
            if header in headers:
                fields[field] = headers[header]
        if emission is not None:
            fields["frames"] = emission.delivered
            if not emission.completed:
                fields["ended"] = ending.value
        fields["took_ms"] = round((trio.current_time() - self.started) * 1000, 1)
        log.log(level, "request", extra={"fields": fields})


def cause_of(status: int, ending: Ending) -> Cause | None:
    """Whose error it is that a request ended so, if it ended in one; a client that leaves makes none."""
    if status < FAULT or status == CLIENT_GONE:
        return Cause.SERVER if ending is Ending.FAILED else None
    return Cause.CALLER if status < OWN_FAULT else Cause.SERVER
