"""Responses and conversations of OpenAI's API, killed between any two events and at every commit: absent or whole.

Between events a real server is killed; at each commit the file is copied as a kill would leave it, and a pod started
from every copy. Run by `nox -s crash`.
"""

from pathlib import Path

import httpx2
import orjson
import trio
from trio.testing import MockClock

from llmsim.clock import Clock
from llmsim.keeping import conversations
from llmsim.store import resources, sessions
from llmsim.store.schema import Resource
from tests.children import Server, llmsim
from tests.pods import PodUnderTest, pod
from tests.responses_api import BEHIND, CONVERSATIONS, RESPONSES, Api, Json, asked, begun, text, texts
from tests.runners import Copies

ADA = "My name is Ada."
WHO = "What is my name?"
LIMIT_S = 30
TERMINAL = {"response.completed", "response.incomplete"}
MOST_EVENTS = 27
"""As many as a response of so few tokens has, and one more."""
SHORT = {"max_output_tokens": 16}


def call(server: Server, method: str, path: str, body: object = None) -> Json:
    """What a server answers, with its status."""
    data = b"" if body is None else orjson.dumps(body)
    answer = httpx2.request(method, f"{server.url}{path}", content=data, timeout=LIMIT_S)
    return {"http": answer.status_code, **orjson.loads(answer.content)}


def heard_until(server: Server, body: object, most: int) -> list[Json]:
    """The events of a stream that have come whole when so many are there; the server is killed then."""
    data = b""
    try:
        with httpx2.stream("POST", f"{server.url}{RESPONSES}", content=orjson.dumps(body), timeout=LIMIT_S) as answer:
            for part in [b""] if most == 0 else answer.iter_raw():
                data += part
                if data.count(b"\n\n") >= most:
                    break
    except httpx2.HTTPError:
        pass
    server.kill()
    return [orjson.loads(event.partition(b"\ndata: ")[2]) for event in data.split(b"\n\n")[:-1]]


def started(server: Server, items: list[object]) -> str:
    """The id of a new conversation."""
    made: str = call(server, "POST", CONVERSATIONS, {"items": items})["id"]
    return made


def items_of(server: Server, conversation: str) -> list[Json]:
    """The items of a conversation."""
    found: list[Json] = call(server, "GET", f"{CONVERSATIONS}/{conversation}/items?order=asc")["data"]
    return found


def checked(data: Path) -> None:
    """The store is sound."""
    found = llmsim("check", "--data-dir", data)
    assert found.returncode == 0, found.stdout


def test_turn_of_a_conversation_killed_between_any_two_events_is_absent_or_whole(tmp_path: Path) -> None:
    data, whole = tmp_path / "data", set()
    before: tuple[str, list[Json]] | None = None
    for events in range(MOST_EVENTS + 1):
        with Server(data, "--speed", "20", "--seed", "7") as server:
            if before is not None:
                whole.add(went_on(server, *before))
            conversation = started(server, [{"role": "user", "content": ADA}])
            heard = heard_until(server, asked(WHO, conversation=conversation, stream=True, **SHORT), events)
            before = conversation, heard
        checked(data)
    assert whole == {False, True}


def went_on(server: Server, conversation: str, heard: list[Json]) -> bool:
    """Whether the turn that was killed is whole; the conversation goes on in any case."""
    items = items_of(server, conversation)
    ended = any(event["type"] in TERMINAL for event in heard)
    response = heard[0]["response"]["id"] if heard else None
    if response is not None:
        shown = call(server, "GET", f"{RESPONSES}/{response}")
        assert shown["http"] == (200 if len(items) == 3 else 404)
        if len(items) == 3:
            assert texts(items) == [ADA, WHO, text(shown)]
    assert len(items) in ((3,) if ended else (1, 3))
    again = call(server, "POST", RESPONSES, asked(WHO, conversation=conversation, max_output_tokens=60))
    assert "Ada" in text(again)
    assert len(items_of(server, conversation)) == len(items) + 2
    return len(items) == 3


def test_background_response_killed_between_any_two_events_is_finished_with_the_same_bytes(tmp_path: Path) -> None:
    data = tmp_path / "data"
    before: tuple[str, list[Json]] | None = None
    straight: list[Json] = []
    for events in range(MOST_EVENTS + 1):
        with Server(data, "--speed", "20", "--seed", "7") as server:
            if before is not None:
                straight = finished(server, *before) or straight
            conversation = started(server, [{"role": "user", "content": ADA}])
            body = asked(WHO, conversation=conversation, background=True, stream=True, **SHORT)
            before = conversation, heard_until(server, body, events)
        checked(data)
    assert straight[-1]["type"] in TERMINAL


def finished(server: Server, conversation: str, heard: list[Json]) -> list[Json]:
    """All events of a response that was killed when these had been heard; nothing where none had."""
    if not heard:
        return []
    response = heard[0]["response"]["id"]
    path = f"{RESPONSES}/{response}"
    assert call(server, "GET", path)["http"] == 200
    rest = told_again(server, response, len(heard) - 1)
    told = told_again(server, response, -1)
    assert told == [*heard, *rest]
    assert [event["sequence_number"] for event in told] == list(range(len(told)))
    assert told[-1]["type"] in TERMINAL
    shown = call(server, "GET", path)
    assert shown["output"] == told[-1]["response"]["output"]
    assert texts(items_of(server, conversation)) == [ADA, WHO, text(shown)]
    return told


def told_again(server: Server, response: str, after: int) -> list[Json]:
    answer = httpx2.get(f"{server.url}{RESPONSES}/{response}?stream=true&starting_after={after}", timeout=LIMIT_S)
    return [orjson.loads(event.partition(b"\ndata: ")[2]) for event in answer.content.split(b"\n\n")[:-1]]


async def tell(api: Api) -> None:
    """A bit of everything that writes."""
    conversation = await api.converse(ADA)
    path = f"{CONVERSATIONS}/{conversation}"
    await api.stream(WHO, conversation=conversation)
    await api.respond(WHO, conversation=conversation, store=False)
    behind = await begun(api, WHO, conversation=conversation)
    await trio.sleep(30)
    [*_, last] = await api.items(conversation)
    await api.call("DELETE", f"{path}/items/{last['id']}")
    await api.call("POST", f"{path}/items", {"items": [{"role": "user", "content": "Last."}]})
    cancelled = await begun(api, WHO, conversation=conversation)
    await trio.sleep(0.9)
    await api.call("POST", f"{RESPONSES}/{cancelled['id']}/cancel")
    first = await api.respond(ADA)
    await api.stream(WHO, previous_response_id=first["id"])
    await api.call("DELETE", f"{RESPONSES}/{first['id']}")
    await api.call("DELETE", f"{RESPONSES}/{behind['id']}")
    await api.stream(WHO, conversation=conversation, **BEHIND)
    await begun(api, WHO, conversation=conversation)
    await api.call("DELETE", path)


async def test_killed_at_any_commit_everything_is_absent_or_whole(tmp_path: Path, autojump_clock: MockClock) -> None:
    copies = Copies(tmp_path / "data", tmp_path / "copies")
    async with pod(tmp_path / "data", clock=Clock(), commit_runner=copies) as under:
        await tell(Api(under))
    assert len(copies.made) > 20
    lengths: set[int] = set()
    for copy in copies.made:
        async with pod(copy, clock=Clock()) as under:
            await trio.sleep(30)
            for found in stored(under):
                if found.kind == conversations.KIND:
                    lengths.add(await gone_on(Api(under), found.id))
                else:
                    await require_whole(Api(under), found.id)
    assert {1, 3, 5, 7} <= lengths


def stored(under: PodUnderTest) -> list[Resource]:
    """Every response and conversation of a pod."""
    with under.service.simulator.environment.read() as view:
        names = [session.id for session in sessions.sessions(view)]
        return [found for name in names for found in resources.of_session(view, name)]


async def gone_on(api: Api, conversation: str) -> int:
    """How many items a conversation has; that it goes on from there is tried."""
    items = await api.items(conversation)
    again = await api.respond(WHO, conversation=conversation, max_output_tokens=60)
    assert "Ada" in text(again)
    assert len(await api.items(conversation)) == len(items) + 2
    return len(items)


async def require_whole(api: Api, response: str) -> None:
    """A response that is there has ended, as its time is over, and can be gone on from."""
    shown = await api.shown(response)
    assert shown["status"] in ("completed", "incomplete", "cancelled")
    assert text(shown) or shown["status"] == "cancelled"
    assert "Ada" in text(await api.respond(WHO, previous_response_id=response, max_output_tokens=60))
