"""Sessions of a running server, for `llmsim sessions --url`.

Speaks to the routes below `/llmsim/v1/sessions` and gives what they answer. Errors of the server come out as the
ClientError that it meant, so that both kinds of sessions fail alike. Prints nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import httpx2
import orjson

from llmsim.errors import ClientError, OperatorError, StoreError
from llmsim.replay.clients import base_url
from llmsim.store.files import Report
from llmsim.store.operations import no_session
from llmsim.store.schema import FORMAT_VERSION, SESSION_ID

ROUTE = "/llmsim/v1/sessions"
TIMEOUT_S = 60
"""How long the server may be silent: a page of sessions takes milliseconds, an import some seconds."""
COUNTED = ("sessions", "turns", "resources", "items")
"""What the last line of an export counts; that of an older server counts only the first two."""
PAGE = 1000
"""Turns or sessions asked for at a time: the most that a server gives."""


@contextmanager
def connected(url: str) -> Iterator["RemoteSessions"]:
    """The sessions of the server at this URL, while the block runs.

    Raises:
        OperatorError: not an http URL.
    """
    base = base_url(url)
    with httpx2.Client(base_url=base, timeout=TIMEOUT_S, trust_env=False) as client:
        yield RemoteSessions(base, client)


class RemoteSessions:
    """The sessions of a server; `url` names it in errors, `client` has its base URL."""

    def __init__(self, url: str, client: httpx2.Client) -> None:
        self.url = url
        self._client = client

    def page(self, prefix: str, after: str, limit: int) -> dict[str, Any]:
        """A page of summaries."""
        return self._json("GET", "", params={"prefix": prefix, "after": after, "limit": limit})

    def conversation(self, session: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """A session's summary and all its turns, in turn order."""
        return self._json("GET", _path(session)), list(self._all(f"{_path(session)}/turns"))

    def export(self, ids: tuple[str, ...]) -> Iterator[bytes]:
        """The lines of an export of these sessions, or of all; the server exports one at a time.

        Each session is as it was when its turn came.
        """
        names = ids or tuple(session["id"] for session in self._all(""))
        totals: dict[str, int] = {}
        for number, name in enumerate(dict.fromkeys(names)):
            head, *lines, end = self._ask("GET", f"{_path(name)}/export").content.splitlines(keepends=True)
            yield from lines if number else [head, *lines]
            for kind, count in orjson.loads(end).items():
                if kind != "type":
                    totals[kind] = totals.get(kind, 0) + count
        if not names:
            yield orjson.dumps({"type": "export", "format": FORMAT_VERSION}, option=orjson.OPT_APPEND_NEWLINE)
            totals = dict.fromkeys(COUNTED, 0)
        yield orjson.dumps({"type": "end", **totals}, option=orjson.OPT_APPEND_NEWLINE)

    def bring(self, file: BinaryIO, name: str, report: Report) -> dict[str, Any]:
        """Import what an export gave; all of it or nothing. The server limits how much it takes at once."""
        report("import", 0, 0)
        try:
            return self._json("POST", "/import", content=file.read())
        except ClientError as error:
            raise ClientError(f"{name}: {error.message}", status=error.status, code=error.code) from None

    def fork(self, session: str, at: str | None, new: str | None) -> dict[str, Any]:
        """Make a new session with the turns up to `at` (the tip where None); its summary."""
        body = {key: value for key, value in (("at", at), ("id", new)) if value is not None}
        return self._json("POST", f"{_path(session)}/fork", json=body)

    def delete(self, session: str) -> dict[str, Any]:
        """Remove a session and all it holds."""
        return self._json("DELETE", _path(session))

    def _all(self, path: str) -> Iterator[dict[str, Any]]:
        """Every entry of a list, page by page."""
        params: dict[str, str | int] = {"limit": PAGE}
        while True:
            page = self._json("GET", path, params=params)
            yield from page["data"]
            if not page["has_more"]:
                return
            params["after"] = page["last_id"]

    def _json(self, method: str, path: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401  (what httpx2 takes)
        response = self._ask(method, path, **options)
        try:
            answer: dict[str, Any] = response.json()
        except ValueError:
            raise OperatorError(f"{self.url}: it answers, but not as llmsim does") from None
        return answer

    def _ask(self, method: str, path: str, **options: Any) -> httpx2.Response:  # noqa: ANN401
        try:
            response = self._client.request(method, ROUTE + path, **options)
        except httpx2.HTTPError as error:
            raise OperatorError(f"{self.url}: no answer: {str(error) or type(error).__name__}") from error
        if response.is_success:
            return response
        raise self._refusal(response)

    def _refusal(self, response: httpx2.Response) -> ClientError | StoreError | OperatorError:
        try:
            error = response.json()["error"]
            message, code = str(error["message"]), error["code"]
        except (ValueError, KeyError, TypeError):
            return OperatorError(f"{self.url}: it answers with {response.status_code}, but not as llmsim does")
        if response.status_code >= 500:
            return StoreError(f"{self.url}: {message}")
        return ClientError(message, status=response.status_code, code=code)


def _path(session: str) -> str:
    """The route of a session; an id that no session can have is not asked for."""
    if SESSION_ID.fullmatch(session) is None:
        raise no_session(session)
    return f"/{session}"
