"""`/healthz`, `/readyz` and `/metrics`: whether the process lives, whether it may be sent traffic, and what it counts.

They only read. Invariant: no probe touches simulated state; a pod that is probed all day answers as one that is not.
"""

from typing import Any

import orjson
from quart import Response
from quart_trio import QuartTrio

from llmsim.serving.service import Service

JSON = "application/json"


def add_probes(app: QuartTrio, service: Service) -> None:
    """Register the three routes."""

    @app.get("/healthz")
    async def healthz() -> Response:
        """The process answers."""
        return Response(orjson.dumps({"status": "alive"}), content_type=JSON)

    @app.get("/readyz")
    async def readyz() -> Response:
        """The store is open and its writer runs; 503 while draining, on connections that were there.

        With `--archive-lag-max` also 503 while the archive is further behind.
        """
        body: dict[str, Any] = {
            "status": service.phase.value,
            "writer": "running" if service.simulator.writer.running else "stopped",
        }
        if service.archiver is not None:
            body["archive_lag_s"] = round(service.archiver.lag_s(), 3)
        return Response(orjson.dumps(body), status=200 if service.ready else 503, content_type=JSON)

    @app.get("/metrics")
    async def metrics() -> Response:
        """Prometheus' text format."""
        return Response(service.metrics.exposition(), content_type=service.metrics.content_type)
