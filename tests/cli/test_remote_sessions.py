"""Sessions of a server: its pages put together, and every way in which something else may answer."""

import io
from collections.abc import Callable

import httpx2
import orjson
import pytest

from llmsim.cli.remote_sessions import RemoteSessions
from llmsim.errors import ClientError, LlmsimError, OperatorError, StoreError
from llmsim.store.files import silent
from llmsim.store.schema import FORMAT_VERSION
from tests.said import CommandLine

URL = "http://there"


def answering(answer: Callable[[httpx2.Request], httpx2.Response]) -> RemoteSessions:
    return RemoteSessions(URL, httpx2.Client(base_url=URL, transport=httpx2.MockTransport(answer)))


def test_conversation_of_many_turns_is_read_page_by_page() -> None:
    turns = [{"id": f"{number}-0123456789abcdef-0"} for number in range(1, 6)]

    def answer(request: httpx2.Request) -> httpx2.Response:
        if not request.url.path.endswith("/turns"):
            return httpx2.Response(200, json={"id": "ada"})
        after = request.url.params.get("after")
        begin = [turn["id"] for turn in turns].index(after) + 1 if after else 0
        page = turns[begin : begin + 2]
        more = begin + 2 < len(turns)
        return httpx2.Response(200, json={"data": page, "has_more": more, "last_id": page[-1]["id"]})

    assert answering(answer).conversation("ada") == ({"id": "ada"}, turns)


@pytest.mark.parametrize("counts", [{"turns": 2}, {"turns": 2, "resources": 3, "items": 0}])
def test_export_of_several_sessions_is_one_export(counts: dict[str, int]) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        name = request.url.path.split("/")[-2]
        entries = [{"type": "export", "format": 1}, {"type": "session", "name": name}]
        lines = [orjson.dumps(entry) for entry in (*entries, {"type": "end", "sessions": 1, **counts})]
        return httpx2.Response(200, content=b"\n".join(lines) + b"\n")

    lines = list(answering(answer).export(("ada", "bob", "ada")))
    assert [orjson.loads(line) for line in lines] == [
        {"type": "export", "format": 1},
        {"type": "session", "name": "ada"},
        {"type": "session", "name": "bob"},
        {"type": "end", "sessions": 2, **{kind: 2 * count for kind, count in counts.items()}},
    ]


def test_export_of_a_server_without_sessions_is_one_of_none() -> None:
    lines = answering(lambda _request: httpx2.Response(200, json={"data": [], "has_more": False})).export(())
    assert [orjson.loads(line) for line in lines] == [
        {"type": "export", "format": FORMAT_VERSION},
        {"type": "end", "sessions": 0, "turns": 0, "resources": 0, "items": 0},
    ]


@pytest.mark.parametrize(
    ("response", "kind", "message"),
    [
        (httpx2.Response(200, text="<html>hello</html>"), OperatorError, "it answers, but not as llmsim does"),
        (httpx2.Response(404, text="<html>gone</html>"), OperatorError, "it answers with 404, but not as llmsim does"),
        (httpx2.Response(404, json=["error"]), OperatorError, "it answers with 404, but not as llmsim does"),
        (httpx2.Response(302), OperatorError, "it answers with 302, but not as llmsim does"),
        (httpx2.Response(507, json={"error": {"message": "disk full", "code": None}}), StoreError, "disk full"),
        (httpx2.Response(413, json={"error": {"message": "too large", "code": "x"}}), ClientError, "too large"),
    ],
)
def test_answer_of_another_kind_is_told(response: httpx2.Response, kind: type[LlmsimError], message: str) -> None:
    with pytest.raises(kind, match=message) as caught:
        answering(lambda _request: response).page("", "", 10)
    assert type(caught.value) is kind


def test_import_that_is_refused_names_the_file() -> None:
    refused = httpx2.Response(400, json={"error": {"message": "request body: line 4: not JSON", "code": "bad"}})
    with pytest.raises(ClientError, match=r"^my\.jsonl: request body: line 4: not JSON$"):
        answering(lambda _request: refused).bring(io.BytesIO(b"x"), "my.jsonl", silent)


def test_session_that_cannot_be_is_not_asked_for() -> None:
    def never(_request: httpx2.Request) -> httpx2.Response:
        raise AssertionError

    with pytest.raises(ClientError, match=r"Session '\.\./turns' not found"):
        answering(never).delete("../turns")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://127.0.0.1:1", "http://127.0.0.1:1: no answer: "),
        ("ftp://127.0.0.1", "--url ftp://127.0.0.1: expected http://HOST:PORT"),
        ("http://host:port", "--url http://host:port: expected http://HOST:PORT"),
        ("127.0.0.1:8080", "--url 127.0.0.1:8080: expected http://HOST:PORT"),
    ],
)
def test_sessions_at_a_url_that_does_not_answer_is_2(url: str, message: str, command_line: CommandLine) -> None:
    said = command_line("sessions", "list", "--url", url)
    assert said.code == 2
    assert message in said.err
