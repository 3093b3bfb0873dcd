"""Threads and batches of Anthropic's API, killed between any two events and at every commit: absent or whole.

Between events a real server is killed; at each commit the file is copied as a kill would leave it, and a pod started
from every copy. Run by `nox -s crash`.
"""

from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
import trio
from trio.testing import MockClock

from llmsim.clock import Clock, Pace
from tests.anthropic_client import BATCHES, PATH, THREADED, body_of, code_of, going_on, post, text_of, told
from tests.children import Server, llmsim
from tests.pods import PodUnderTest, pod
from tests.runners import Copies

CREATE = {"type": "create"}
ADA = "Hello, my name is Ada."
WHO = "What is my name?"
EVENTS = 14
"""More than a continuation of so few tokens has."""


def say(server: Server, body: object) -> dict[str, Any]:
    answer = httpx2.post(f"{server.url}{PATH}", headers=THREADED, content=orjson.dumps(body), timeout=30)
    return {"status": answer.status_code, **orjson.loads(answer.content)}


def heard_until(server: Server, body: object, events: int) -> bytes:
    """What of a stream has come when so many events are there; the server is killed then."""
    data = b""
    try:
        with httpx2.stream(
            "POST", f"{server.url}{PATH}", headers=THREADED, content=orjson.dumps(body), timeout=30
        ) as answer:
            for part in answer.iter_raw():
                data += part
                if data.count(b"\n\n") >= events:
                    server.kill()
                    return data
    except httpx2.HTTPError:
        pass
    server.kill()
    return data


def test_continuation_killed_between_any_two_events_is_absent_or_whole(tmp_path: Path) -> None:
    data, before, whole = tmp_path / "data", None, set()
    for events in range(EVENTS + 1):
        with Server(data, "--speed", "20", "--seed", "7") as server:
            if before is not None:
                whole.add(goes_on(server, *before))
            first = say(server, body_of(ADA, thread=CREATE, metadata={"user_id": str(events)}))
            heard = heard_until(server, going_on(first["id"], WHO, stream=True), events)
            before = (first["id"], heard)
        checked = llmsim("check", "--data-dir", data)
        assert checked.returncode == 0, checked.stdout
    assert whole == {False, True}


def goes_on(server: Server, previous: str, heard: bytes) -> bool:
    """Whether the continuation that was killed is whole: then it is what is continued; else what was before it is."""
    sealed = b"event: message_delta" in heard
    again = say(server, going_on(previous, WHO))
    if again["status"] == 200:
        assert not sealed, "a client that has heard the end of a response can continue from it"
        assert "Ada" in text_of(again)
        return False
    assert code_of(again) == "thread_already_continued"
    started = orjson.loads(heard.split(b"data: ")[1].split(b"\n")[0])["message"]["id"]
    answer = say(server, going_on(started, WHO))
    assert (answer["status"], "Ada" in text_of(answer)) == (200, True)
    return True


@pytest.mark.parametrize("stream", [False, True])
async def test_thread_killed_at_any_commit_is_absent_or_whole(
    stream: bool, tmp_path: Path, autojump_clock: MockClock
) -> None:
    copies = Copies(tmp_path / "data", tmp_path / "copies")
    async with pod(tmp_path / "data", clock=Clock(), pace=Pace(None), commit_runner=copies) as under:
        first = await told(under, body_of(ADA, thread=CREATE))
        begun = len(copies.made)
        await post(under, going_on(first["id"], WHO, stream=stream))
        await under.service.simulator.writer.drain()
    found = set()
    for copy in copies.made[begun - 1 :]:
        async with pod(copy, clock=Clock(), pace=Pace(None)) as under:
            answer = await told(under, going_on(first["id"], WHO))
            found.add(answer["status"])
            if answer["status"] != 200:
                assert code_of(answer) == "thread_already_continued"
    assert found == {200, 400}
    assert len(copies.made) > begun + 1


async def test_batch_killed_at_any_commit_is_absent_or_whole(tmp_path: Path, autojump_clock: MockClock) -> None:
    copies = Copies(tmp_path / "data", tmp_path / "copies")
    requests = [{"custom_id": str(at), "params": body_of(f"{ADA} {at}", max_tokens=9)} for at in range(20)]
    async with pod(tmp_path / "data", clock=Clock(), commit_runner=copies) as under:
        await told(under, body_of("Hi"))
        batch = await told(under, {"requests": requests}, BATCHES)
        await trio.sleep(600)
        before = await results(under, batch["id"])
        await told(under, None, f"{BATCHES}/{batch['id']}", method="DELETE")
    seen = []
    for copy in copies.made:
        async with pod(copy, clock=Clock()) as under:
            await trio.sleep(600)
            answer = await told(under, None, f"{BATCHES}/{batch['id']}", method="GET")
            if answer["status"] == 200:
                assert answer["request_counts"]["succeeded"] == len(requests)
                assert await results(under, batch["id"]) == before
            else:
                stored = (await under.get("/llmsim/v1/sessions"))["data"]
                assert not [session for session in stored if session["id"].startswith("batch-")]
            seen.append(answer["status"])
    assert seen[0] == 404
    assert seen[-1] == 404
    assert 200 in seen


async def results(under: PodUnderTest, batch: str) -> bytes:
    answer = await post(under, None, f"{BATCHES}/{batch}/results", method="GET")
    assert (answer.status, answer.body.count(b"\n")) == (200, 20)
    return answer.body
