"""A server whose disk fills up under its conversations: turns are refused, reads go on, nothing acknowledged is lost.

The disk is a small tmpfs. Clients talk over real sockets until each of them is told that the disk is full; then room is
made, and the same server goes on. Run by `nox -s crash`.
"""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import httpx2
import orjson
import pytest
import trio

from llmsim.store.environment import Environment
from llmsim.store.schema import Table
from tests.children import Server, llmsim
from tests.disks import fill_up, small_disk

DISK_BYTES = 4 << 20
FILLER_BYTES = 1 << 20
SESSIONS = 8
ROUNDS_MAX = 500
LIMIT_S = 120
SERVED = ("--instant", "--seed", "7")


@attrs.define
class Talk:
    """One client's conversation, by the server's memory of it: what was answered, whole, in order."""

    session: str
    said: list[str] = attrs.field(factory=list)
    refused: list[dict[str, Any]] = attrs.field(factory=list)

    async def ask(self, client: httpx2.AsyncClient) -> bool:
        """One more turn; whether it was answered."""
        question = f"Tell me more about lesson {len(self.said) + 1}, please. " + "It may be a long story. " * 20
        answer = await client.post(
            "/v1/chat/completions",
            headers={"x-llmsim-session": self.session, "x-llmsim-history": "server"},
            json={"model": "gpt-4o-mini", "max_tokens": 80, "messages": [{"role": "user", "content": question}]},
        )
        body = orjson.loads(answer.content)
        if answer.status_code == 200:
            self.said.append(body["choices"][0]["message"]["content"])
            return True
        assert answer.status_code == 507, body
        assert answer.headers["x-request-id"].startswith("req_")
        self.refused.append(body["error"])
        return False


Step = Callable[[Talk, httpx2.AsyncClient], Awaitable[None]]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path, DISK_BYTES) as path:
        (path / "filler").write_bytes(bytes(FILLER_BYTES))
        yield path


async def _until_refused(talk: Talk, client: httpx2.AsyncClient) -> None:
    for _ in range(ROUNDS_MAX):
        if not await talk.ask(client):
            return
    pytest.fail("the disk never was full")


async def _some_turns(talk: Talk, client: httpx2.AsyncClient) -> None:
    for _ in range(3):
        assert await talk.ask(client), talk.refused


@attrs.define
class UntilKilled:
    """A step that goes on, refused or not; the server is killed when all talks together were refused so many times."""

    server: Server
    refusals: int

    async def __call__(self, talk: Talk, client: httpx2.AsyncClient) -> None:
        try:
            for _ in range(ROUNDS_MAX):
                if not await talk.ask(client):
                    self.refusals -= 1
                    if self.refusals == 0:
                        self.server.process.kill()
        except httpx2.TransportError:
            return
        pytest.fail("the server never was gone")


def all_at_once(server: Server, talks: list[Talk], step: Step) -> None:
    """Every conversation does this step, each in its own task."""

    async def everyone() -> None:
        limits = httpx2.Limits(max_connections=SESSIONS)
        with trio.fail_after(LIMIT_S):
            async with (
                httpx2.AsyncClient(base_url=server.url, limits=limits, timeout=LIMIT_S) as client,
                trio.open_nursery() as nursery,
            ):
                for talk in talks:
                    nursery.start_soon(step, talk, client)

    trio.run(everyone)


def assert_all_acknowledged_are_there(url: str, talks: list[Talk]) -> None:
    for talk in talks:
        listed = orjson.loads(httpx2.get(f"{url}/llmsim/v1/sessions/{talk.session}/turns").content)
        stored = [turn["replies"][0]["text"] for turn in listed["data"]]
        assert stored[: len(talk.said)] == talk.said
        assert len(stored) <= len(talk.said) + 1, "at most the turn that a kill kept from its client"


def assert_reads_go_on(url: str, talks: list[Talk]) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/v1/models", "/llmsim/v1/sessions"):
        assert httpx2.get(url + path).status_code == 200, path
    listed = orjson.loads(httpx2.get(f"{url}/llmsim/v1/sessions?limit=1000").content)
    assert [found["id"] for found in listed["data"]] == sorted(talk.session for talk in talks)
    assert "llm_simulator_responses_in_flight 0.0\n" in httpx2.get(f"{url}/metrics").text


def assert_no_traceback(server: Server) -> None:
    assert [line for line in server.log if "Traceback" in line or "bug" in line] == []


def assert_sound(data: Path) -> None:
    found = llmsim("check", "--data-dir", data)
    assert found.returncode == 0, found.stdout + found.stderr


def test_turns_on_a_full_disk_get_507_and_go_on_when_there_is_room(disk: Path) -> None:
    talks = [Talk(f"talk-{index}") for index in range(SESSIONS)]
    with Server(disk / "data", *SERVED) as server:
        all_at_once(server, talks, _until_refused)
        for talk in talks:
            assert talk.said, "each began before the disk was full"
            for error in talk.refused:
                assert list(error) == ["message", "type", "param", "code"]
                assert (error["type"], error["param"], error["code"]) == ("server_error", None, "store_full")
                assert error["message"].endswith("no space left on device")
        assert_reads_go_on(server.url, talks)
        assert_all_acknowledged_are_there(server.url, talks)
        (disk / "filler").unlink()
        all_at_once(server, talks, _some_turns)
        assert_all_acknowledged_are_there(server.url, talks)
        assert server.stop() == 0
        assert_no_traceback(server)
    assert_sound(disk / "data")
    with Environment.open(disk / "data", readonly=True) as environment, environment.read() as view:
        assert view.count(Table.OUTCOMES) == view.count(Table.TURNS) == sum(len(talk.said) for talk in talks)


def test_server_killed_while_the_disk_is_full_starts_again_and_goes_on(disk: Path) -> None:
    talks = [Talk(f"talk-{index}") for index in range(SESSIONS)]
    data = disk / "data"
    with Server(data, *SERVED) as server:
        all_at_once(server, talks, _some_turns)
        all_at_once(server, talks, UntilKilled(server, 5 * SESSIONS))
        server.kill()
        assert_no_traceback(server)
    fill_up(disk / "filler")
    assert_sound(data)
    with Server(data, *SERVED) as server:
        assert_reads_go_on(server.url, talks)
        assert_all_acknowledged_are_there(server.url, talks)
        all_at_once(server, talks, _until_refused)
        assert server.stop() == 0
        assert_no_traceback(server)
    assert_sound(data)
    (disk / "filler").unlink()
    with Server(data, *SERVED) as server:
        all_at_once(server, talks, _some_turns)
        assert_all_acknowledged_are_there(server.url, talks)
        assert server.stop() == 0
    assert_sound(data)


def test_server_started_with_a_new_store_on_a_full_disk_says_so(disk: Path) -> None:
    fill_up(disk / "filler")
    refused = llmsim("serve", "--port", "0", "--data-dir", disk / "data")
    assert refused.returncode == 3
    assert "no space left on device" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("method", ["DELETE", "fork", "import"])
def test_sessions_changed_on_a_full_disk_are_changed_or_refused_with_507(disk: Path, method: str) -> None:
    talks = [Talk(f"talk-{index}") for index in range(SESSIONS)]
    with Server(disk / "data", *SERVED) as server:
        all_at_once(server, talks, _until_refused)
        fill_up(disk / "filler")
        root = f"{server.url}/llmsim/v1/sessions"
        exported = httpx2.get(f"{root}/talk-0/export").content.replace(b"talk-0", b"imported")
        answers = {
            "DELETE": lambda: httpx2.delete(f"{root}/talk-0"),
            "fork": lambda: httpx2.post(f"{root}/talk-0/fork", json={"id": "forked"}),
            "import": lambda: httpx2.post(f"{root}/import", content=exported),
        }
        answer = answers[method]()
        assert answer.status_code in {200, 507}, answer.text
        if answer.status_code == 507:
            assert answer.json()["error"]["code"] == "store_full"
        known = {found["id"] for found in httpx2.get(root).json()["data"]}
        assert ("talk-0" in known) is not (method == "DELETE" and answer.status_code == 200)
        assert not known & {"forked", "imported"}
        assert server.stop() == 0
        assert_no_traceback(server)
    assert_sound(disk / "data")


def test_snapshot_onto_the_full_disk_of_a_server_is_refused_and_leaves_nothing(disk: Path) -> None:
    talks = [Talk(f"talk-{index}") for index in range(SESSIONS)]
    with Server(disk / "data", *SERVED) as server:
        all_at_once(server, talks, _until_refused)
        refused = llmsim("snapshot", "create", "--data-dir", disk / "data", "--to", disk / "backup")
        assert refused.returncode == 3
        assert "not enough room in" in refused.stderr
        assert "Traceback" not in refused.stderr
        assert list((disk / "backup").iterdir()) == []
        assert_reads_go_on(server.url, talks)
        assert_all_acknowledged_are_there(server.url, talks)
