"""`/startupz`, `/healthz`, `/readyz`, `/metrics`: has the pod started, does it live, may it have traffic, its figures.

They only read. Invariant: no probe touches simulated state; a pod that is probed all day answers as one that is not.
"""

from typing import Any

import orjson
from quart import Response
from quart_trio import QuartTrio

from llmsim.serving.service import Service

JSON = "application/json"


def add_probes(app: QuartTrio, service: Service) -> None:
    """Register the four routes."""

    def writer() -> str:
        return "running" if service.simulator.writer.running else "stopped"

    @app.get("/startupz")
    async def startupz() -> Response:
        """The store has been opened and what was under way goes on: 503 until then, 200 ever after."""
        body = {"status": "started" if service.started else "starting"}
        return Response(orjson.dumps(body), status=200 if service.started else 503, content_type=JSON)

    @app.get("/healthz")
    async def healthz() -> Response:
        """The process lives: 503 where its writer has stopped, or has been at one commit for more than a minute."""
        body: dict[str, Any] = {
            "status": "alive" if service.alive else "failed",
            "writer": writer(),
            "commit_s": round(service.simulator.writer.committing_s, 3),
        }
        return Response(orjson.dumps(body), status=200 if service.alive else 503, content_type=JSON)

    @app.get("/readyz")
    async def readyz() -> Response:
        """The store is open and its writer runs; 503 while draining, on connections that were there.

        With `--archive-lag-max` also 503 while the archive is further behind.
        """
        body: dict[str, Any] = {
            "status": service.phase.value,
            "writer": writer(),
        }
        if service.archiver is not None:
            body["archive_lag_s"] = round(service.archiver.lag_s(), 3)
        return Response(orjson.dumps(body), status=200 if service.ready else 503, content_type=JSON)

    @app.get("/metrics")
    async def metrics() -> Response:
        """Prometheus' text format."""
        return Response(service.metrics.exposition(), content_type=service.metrics.content_type)
