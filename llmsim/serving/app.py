"""The Quart-Trio application of one pod: routes, limits and error answers, put together.

What a route does is in the module that is named after it; this one only joins. Errors leave in the words of the
provider whose path was asked.
"""

import re
from collections.abc import Callable, Coroutine
from typing import Any

import trio
from quart import Response, request
from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException

from llmsim.errors import ClientError, UnknownPath, WrongMethod
from llmsim.serving.admin import add_admin
from llmsim.serving.anthropic import add_anthropic
from llmsim.serving.anthropic_batches import add_batches
from llmsim.serving.compaction import add_compaction
from llmsim.serving.completions import add_completions
from llmsim.serving.connection import ObservedRequest, asked, begun, body_of, connection_class, respond
from llmsim.serving.conversations import add_conversations
from llmsim.serving.embeddings import add_embeddings
from llmsim.serving.gemini import add_gemini
from llmsim.serving.inference import Inquiry, infer, refuse, request_id, told
from llmsim.serving.models import add_models
from llmsim.serving.moderations import add_moderations
from llmsim.serving.probes import add_probes
from llmsim.serving.responses import add_responses
from llmsim.serving.service import Service
from llmsim.serving.sessions import add_sessions
from llmsim.serving.sockets import socket_class
from llmsim.wire.base import Wire
from llmsim.wire.dialects import GENERATING, TEMPLATED, refusing, templated

BODY_TIMEOUT_S = 60
"""How long a client may take to send its body."""


def create_app(service: Service) -> QuartTrio:
    """The application that answers for this pod."""
    app = QuartTrio("llmsim", static_folder=None)
    app.url_map.merge_slashes = False  # a path with two slashes is no path of a provider's, and no redirect
    app.request_class = ObservedRequest
    app.asgi_http_class = connection_class(service)
    app.asgi_websocket_class = socket_class(service)  # type: ignore[assignment]  # no subclass of Quart's
    app.config["BODY_TIMEOUT"] = BODY_TIMEOUT_S
    app.config["RESPONSE_TIMEOUT"] = None
    add_probes(app, service)
    add_admin(app, service)
    add_models(app, service)
    add_embeddings(app, service)
    add_moderations(app, service)
    add_sessions(app, service)
    add_completions(app, service)
    add_responses(app, service)
    add_compaction(app, service)
    add_conversations(app, service)
    add_gemini(app, service)
    add_anthropic(app, service)
    add_batches(app, service)
    for path, wire in GENERATING.items():
        app.add_url_rule(path, endpoint=path, view_func=generating(service, path, wire), methods=["POST"])
    for template in TEMPLATED:
        rule = re.sub(r"\{(\w+)\}", r"<\1>", template)
        app.add_url_rule(rule, endpoint=template, view_func=generating_templated(service), methods=["POST"])
    add_errors(app, service)
    add_request_ids(app, service)
    return app


def generating(service: Service, path: str, wire: Wire) -> Callable[[], Coroutine[Any, Any, Response]]:
    """The view of one generating route."""

    async def view() -> Response:
        return await inferred(service, path, wire)

    return view


def generating_templated(service: Service) -> Callable[..., Coroutine[Any, Any, Response]]:
    """The view of every generating route whose path has parts."""

    async def view(**_parts: str) -> Response:
        found = templated(request.path, request.query_string.decode("latin-1"))
        if found is None:
            raise UnknownPath(request.method, request.path)
        return await inferred(service, *found)

    return view


async def inferred(service: Service, path: str, wire: Wire) -> Response:
    """The response to the request that is being answered, on this route."""
    started = trio.current_time()
    request = asked()
    headers = {name.lower(): value for name, value in request.headers.items()}
    inquiry = Inquiry(service.wire(wire), path, headers, await body_of(request), started)
    return await begun(await infer(service, inquiry), request)


def add_errors(app: QuartTrio, service: Service) -> None:
    """Answers for what no route takes, and for what no route survives."""

    def answer(error: ClientError) -> Response:
        request = asked()
        headers = {name.lower(): value for name, value in request.headers.items()}
        wire = refusing(request.path, headers)
        return respond(refuse(service, wire, error, request.full_path, b""), request)

    @app.errorhandler(HTTPException)
    async def http_error(error: HTTPException) -> Response:
        if error.code == 404:
            return answer(UnknownPath(request.method, request.path))
        if error.code == 405:
            return answer(WrongMethod(request.method, request.path))
        if error.code == 413:
            message = f"Request body too large: at most {asked().body_max_bytes} bytes are accepted."
            return answer(ClientError(message, status=413, code="request_too_large"))
        return answer(ClientError(error.description or error.name, status=error.code or 500))

    @app.errorhandler(Exception)
    async def other_error(error: Exception) -> Response:
        return answer(told(error, request.path))


def add_request_ids(app: QuartTrio, service: Service) -> None:
    """A request id on whatever has none, where the provider gives them."""

    @app.after_request
    async def identify(response: Response) -> Response:
        named = "x-request-id" in response.headers or "request-id" in response.headers
        headers = {name.lower(): value for name, value in request.headers.items()}
        if not named and refusing(request.path, headers).dialect.startswith("openai."):
            response.headers["x-request-id"] = "req_" + request_id(service.simulator.pod, request.full_path, b"").hex()
        return response
