"""`/llmsim/v1/snapshots`: a snapshot of this pod, now.

Invariant: what is answered with 201 can be restored.
"""

import orjson
from quart import Response
from quart_trio import QuartTrio

from llmsim.errors import ClientError, LlmsimError
from llmsim.serving.service import Service

JSON = "application/json"


def add_admin(app: QuartTrio, service: Service) -> None:
    """Register the route."""

    @app.post("/llmsim/v1/snapshots")
    async def create_snapshot() -> Response:
        """Take a snapshot to the place that the server was given; answered when it is durable there."""
        if service.snapshots is None:
            message = "This server has no place for snapshots: start it with --snapshot-to or --archive-to."
            raise ClientError(message, status=409, code="no_snapshot_place")
        if service.snapshots.running:
            raise ClientError("A snapshot is being taken.", status=409, code="snapshot_running")
        try:
            made = await service.snapshots.take()
        except LlmsimError as error:
            message = f"No snapshot was taken: {error}"
            raise ClientError(message, status=503, kind="server_error", code="snapshot_failed") from error
        return Response(orjson.dumps(made, option=orjson.OPT_SORT_KEYS), status=201, content_type=JSON)
