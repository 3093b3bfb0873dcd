"""`/llmsim/v1/sessions`: what the store holds, as HTTP resources; reads inline, writes through the writer.

Reads are pages of bounded size, so that no request holds the event loop or a read transaction for long.
"""

from itertools import islice
from typing import Any

import orjson
from quart import Response, request
from quart_trio import QuartTrio

from llmsim.errors import ClientError
from llmsim.serving.connection import asked, body_of
from llmsim.serving.service import Service
from llmsim.store import resources, sessions, transfer, views
from llmsim.store.environment import View
from llmsim.store.export import export_lines
from llmsim.store.operations import DeleteSession, ForkSession
from llmsim.store.schema import SESSION_ID, SESSION_ID_FORM, Session, Turn, TurnKey
from llmsim.wire.openai.http import read_object

ROOT = "/llmsim/v1/sessions"
PAGE_DEFAULT = 20
PAGE_MAX = 1000
"""Largest page: about a megabyte of summaries."""
JSON = "application/json"
JSON_LINES = "application/jsonl"


def add_sessions(app: QuartTrio, service: Service) -> None:
    """Register the routes of the session resource."""
    add_summaries(app, service)
    add_turns(app, service)
    add_transfers(app, service)


def add_summaries(app: QuartTrio, service: Service) -> None:
    """Register what concerns sessions as a whole: list, show, delete."""
    environment = service.simulator.environment

    @app.get(ROOT)
    async def list_sessions() -> Response:
        """A page of sessions: `prefix`, `after` (an id), `limit`."""
        limit = page_size(request.args.get("limit"))
        with environment.read() as view:
            found = sessions.sessions(view, request.args.get("prefix", ""), request.args.get("after", ""), limit + 1)
            return answer(views.session_page(found, limit))

    @app.get(f"{ROOT}/<session>")
    async def show_session(session: str) -> Response:
        """One session's summary, and what providers' APIs keep in it."""
        with environment.read() as view:
            found = known(view, session)
            kept = resources.of_session(view, session)
            return answer(views.session_detail(found, kept, resources.counts(view, session)))

    @app.delete(f"{ROOT}/<session>")
    async def delete_session(session: str) -> Response:
        """Remove a session and all it holds; durable when answered."""
        await service.simulator.writer.commit(DeleteSession(session))
        return answer({"id": session, "object": "session.deleted", "deleted": True})


def add_turns(app: QuartTrio, service: Service) -> None:
    """Register what concerns the turns of a session: list, show."""
    simulator = service.simulator
    environment = simulator.environment

    @app.get(f"{ROOT}/<session>/turns")
    async def list_turns(session: str) -> Response:
        """A page of a session's turns, in turn order: `after` (a turn id), `limit`."""
        limit = page_size(request.args.get("limit"), PAGE_MAX)
        after = request.args.get("after")
        with environment.read() as view:
            known(view, session)
            start = turn_named(view, session, after) if after else None
            found = list(islice(sessions.turns(view, session, start), limit + 1))
            data = [views.turn_view(turn, sessions.outcome(view, session, turn.key)) for turn in found[:limit]]
        last = data[-1]["id"] if data else None
        return answer({"object": "list", "data": data, "has_more": len(found) > limit, "last_id": last})

    @app.get(f"{ROOT}/<session>/turns/<turn>")
    async def show_turn(session: str, turn: str) -> Response:
        """One turn, with the planned times of its frames."""
        with environment.read() as view:
            key = turn_named(view, session, turn)
            found = stored(view, session, key)
            outcome = sessions.outcome(view, session, key)
        slot = simulator.slot_of(found)
        plan = slot.plan
        frames = simulator.wires[found.dialect].frames(plan, slot.asked)
        times = {
            "frames_us": [plan.timeline.due_us(frame.token) for frame in frames],
            "ttft_us": plan.timeline.ttft_us,
            "total_us": plan.timeline.total_us,
        }
        return answer(views.turn_view(found, outcome) | times)


def add_transfers(app: QuartTrio, service: Service) -> None:
    """Register what makes sessions of sessions: export, import, fork."""
    simulator = service.simulator
    environment = simulator.environment

    @app.get(f"{ROOT}/<session>/export")
    async def export_session(session: str) -> Response:
        """The session as JSON Lines, as it is at this moment; `sessions import` reads them."""
        with environment.read() as view:
            lines = b"".join(export_lines(view, (session,)))
        return Response(lines, content_type=JSON_LINES)

    @app.post(f"{ROOT}/import")
    async def import_sessions() -> Response:
        """Store what an export gave, all of it or nothing; durable when answered."""
        lines = (await body_of(asked())).splitlines(keepends=True)
        done = await simulator.writer.commit(transfer.ImportSessions(lambda: lines, "request body"))
        return answer({"object": "llmsim.import", "sessions": done.sessions, "turns": done.turns}, status=201)

    @app.post(f"{ROOT}/<session>/fork")
    async def fork_session(session: str) -> Response:
        """A new session with the turns that lead to `at` (a number or turn id; default: the latest); `id` names it."""
        body = read_object(await body_of(asked()) or b"{}")
        at = body.get("at")
        with environment.read() as view:
            key = turn_named(view, session, str(at)) if at is not None else known(view, session).tip
            new = str(body.get("id") or sessions.fork_name(view, session))
        if SESSION_ID.fullmatch(new) is None:
            raise ClientError(f"Invalid session id {new!r}: expected {SESSION_ID_FORM}")
        await simulator.writer.commit(ForkSession(session, key, new))
        with environment.read() as view:
            return answer(views.session_view(known(view, new)), status=201)


def answer(value: dict[str, Any], status: int = 200) -> Response:
    """A JSON response."""
    return Response(orjson.dumps(value), status=status, content_type=JSON)


def page_size(text: str | None, default: int = PAGE_DEFAULT) -> int:
    """The value of `limit`; raises ClientError for what is no number from 1 to PAGE_MAX."""
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= PAGE_MAX):
        raise ClientError(f"Invalid 'limit': expected an integer from 1 to {PAGE_MAX}, but got {text!r}", param="limit")
    return int(text)


def stored(view: View, session: str, key: TurnKey) -> Turn:
    """The turn of this key; raises ClientError 404."""
    turn = sessions.turn(view, session, key)
    if turn is None:
        raise ClientError(f"Session '{session}' has no turn '{key}'.", status=404, code="turn_not_found")
    return turn


def turn_named(view: View, session: str, asked: str) -> TurnKey:
    """The turn that a number or a turn id means; raises ClientError 404."""
    return sessions.turn_named(view, known(view, session), asked)


def known(view: View, session: str) -> Session:
    """The session's summary.

    Raises:
        ClientError: 404, nobody knows it.
    """
    found = sessions.session(view, session)
    if found is None:
        raise ClientError(f"Session '{session}' not found.", status=404, code="session_not_found")
    return found
