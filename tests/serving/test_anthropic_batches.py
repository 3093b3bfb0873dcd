"""Batches over HTTP: made whole, progress by the clock, results, cancelling, deleting, across restarts."""

from pathlib import Path
from typing import Any

import orjson
import pytest
import trio
from trio.testing import MockClock

from llmsim.clock import Clock, Pace
from llmsim.errors import StoreFull
from llmsim.keeping.batches import find
from llmsim.store import sessions
from llmsim.store.batch import Operation
from tests.anthropic_client import BATCHES, NEW, OLD, body_of, post, text_of, told
from tests.pods import PodUnderTest, pod

OVER_S = 600


def asking(name: str, said: str = "Hello, my name is Ada.", **params: object) -> dict[str, Any]:
    return {"custom_id": name, "params": body_of(said, **params)}


async def made(under: PodUnderTest, *requests: object, headers: dict[str, str] = NEW) -> dict[str, Any]:
    answer = await told(under, {"requests": requests or (asking("a"), asking("b"))}, BATCHES, headers)
    assert answer["status"] == 200, answer
    return answer


async def shown(under: PodUnderTest, batch: str, rest: str = "", method: str = "GET") -> dict[str, Any]:
    return await told(under, None, f"{BATCHES}/{batch}{rest}", NEW, method)


async def results(under: PodUnderTest, batch: str) -> dict[str, dict[str, Any]]:
    answer = await post(under, None, f"{BATCHES}/{batch}/results", NEW, "GET")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/x-jsonl")
    lines = [orjson.loads(line) for line in answer.body.splitlines()]
    return {line["custom_id"]: line["result"] for line in lines}


def stored(under: PodUnderTest) -> list[int]:
    """How many turns each session has."""
    with under.service.simulator.environment.read() as view:
        return [session.turns for session in sessions.sessions(view)]


async def test_batch_is_under_way_until_the_time_of_its_turns_is_over(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        batch = await made(under, asking("a"), asking("b", max_tokens=-1), asking("c", "Bye"))
        assert (batch["type"], batch["processing_status"], batch["results_url"]) == (
            "message_batch",
            "in_progress",
            None,
        )
        assert batch["request_counts"]["processing"] == 3
        early = await shown(under, batch["id"], "/results")
        assert (early["status"], early["error"]["type"]) == (404, "not_found_error")
        assert (await shown(under, batch["id"], method="DELETE"))["status"] == 400
        await trio.sleep(OVER_S)
        ended = await shown(under, batch["id"])
        assert (ended["processing_status"], ended["created_at"]) == ("ended", batch["created_at"])
        counts = {"processing": 0, "succeeded": 2, "errored": 1, "canceled": 0, "expired": 0}
        assert ended["request_counts"] == counts
        assert ended["results_url"].endswith(f"{BATCHES}/{batch['id']}/results")
        found = await results(under, batch["id"])
        assert [found[name]["type"] for name in "abc"] == ["succeeded", "errored", "succeeded"]
        error = found["b"]["error"]
        assert error["error"]["message"] == "max_tokens: Input should be greater than or equal to 0"
        assert found["a"]["message"]["usage"]["service_tier"] == "batch"


async def test_request_of_a_batch_is_answered_as_any_other_of_its_session(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path, pace=Pace(None)) as under:
        named = {**NEW, "x-llmsim-session": "mine"}
        live = await told(under, body_of("Hello, my name is Ada."), headers=named)
        batch = await made(under, asking("a"), asking("b"), headers=named)
        found = await results(under, batch["id"])
        messages = [found[name]["message"] for name in "ab"]
        assert {text_of(message) for message in messages} == {text_of(live)}
        assert len({live["id"], *[message["id"] for message in messages]}) == 3
        assert stored(under) == [3]


async def test_batch_made_again_is_another_with_the_same_words(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path, pace=Pace(None)) as under:
        once, again = [await made(under) for _ in range(2)]
        assert once["id"] != again["id"]
        first, second = [await results(under, batch["id"]) for batch in (once, again)]
        assert text_of(first["a"]["message"]) == text_of(second["a"]["message"])
        assert stored(under) == [4]
        assert (await shown(under, once["id"], method="DELETE"))["type"] == "message_batch_deleted"
        assert stored(under) == [2]
        assert await results(under, again["id"]) == second


async def test_batch_that_is_cancelled_keeps_what_was_over(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path, pace=Pace(0.1)) as under:
        batch = await made(under, asking("short", max_tokens=1), asking("long", max_tokens=2000))
        with under.service.simulator.environment.read() as view:
            short, long = find(view, under.service.simulator.pod, batch["id"]).entries
        assert long.over_s - short.over_s > 30
        await trio.sleep(short.over_s - under.service.simulator.moment().now_s + 1)
        cancelled = await shown(under, batch["id"], "/cancel", "POST")
        assert cancelled["processing_status"] == "canceling"
        assert cancelled["cancel_initiated_at"] is not None
        await trio.sleep(11)
        ended = await shown(under, batch["id"])
        assert ended["processing_status"] == "ended"
        assert (ended["request_counts"]["succeeded"], ended["request_counts"]["canceled"]) == (1, 1)
        found = await results(under, batch["id"])
        assert (found["short"]["type"], found["long"]) == ("succeeded", {"type": "canceled"})
        assert await shown(under, batch["id"], "/cancel", "POST") == ended


async def test_batch_outlives_the_pod(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path, clock=Clock(), pace=Pace(100.0)) as under:
        batch = await made(under)
        await trio.sleep(OVER_S)
        before = await results(under, batch["id"])
    async with pod(tmp_path, clock=Clock(), pace=Pace(100.0)) as under:
        await trio.sleep(OVER_S)
        ended = await shown(under, batch["id"])
        assert (ended["processing_status"], ended["created_at"]) == ("ended", batch["created_at"])
        assert await results(under, batch["id"]) == before


async def test_batches_are_listed_newest_first_in_pages(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        ids = [(await made(under, asking("a", f"Hi {at}")))["id"] for at in range(5)]
        everything = await told(under, None, BATCHES, OLD, "GET")
        known = [batch["id"] for batch in everything["data"]]
        assert sorted(known) == sorted(ids)
        stamps = [batch["created_at"] for batch in everything["data"]]
        assert stamps == sorted(stamps, reverse=True)
        page = await told(under, None, f"{BATCHES}?limit=2&after_id={known[1]}", NEW, "GET")
        assert ([batch["id"] for batch in page["data"]], page["has_more"]) == (known[2:4], True)
        page = await told(under, None, f"{BATCHES}?limit=2&before_id={known[1]}", NEW, "GET")
        assert ([batch["id"] for batch in page["data"]], page["has_more"]) == (known[:1], False)
        page = await told(under, None, f"{BATCHES}?limit=2&before_id={known[4]}", NEW, "GET")
        assert ([batch["id"] for batch in page["data"]], page["has_more"]) == (known[2:4], True)
        thread = await told(under, body_of("Hi", thread={"type": "create"}))
        for cursor in ("msgbatch_nobodys", thread["id"]):
            answer = await told(under, None, f"{BATCHES}?after_id={cursor}", NEW, "GET")
            assert (answer["status"], answer["error"]["message"]) == (400, "after_id: Invalid cursor")


async def test_batch_that_is_deleted_is_gone_with_its_turns(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path, pace=Pace(None)) as under:
        batch = await made(under)
        assert stored(under) == [2]
        deleted = await shown(under, batch["id"], method="DELETE")
        assert deleted == {"status": 200, "id": batch["id"], "type": "message_batch_deleted"}
        assert stored(under) == []
        for rest, method in (("", "GET"), ("", "DELETE"), ("/cancel", "POST"), ("/results", "GET")):
            answer = await shown(under, batch["id"], rest, method)
            assert (answer["status"], answer["error"]["message"]) == (404, f"Batch {batch['id']} not found.")


async def test_batch_of_another_pod_is_named(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path / "a", ordinal=1) as under:
        batch = await made(under)
    async with pod(tmp_path / "b", ordinal=0) as under:
        answer = await shown(under, batch["id"])
        assert answer["status"] == 421
        assert "belongs to pod 1" in answer["error"]["message"]


async def test_batch_without_a_good_request_is_made_and_ends_at_once(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path, strict_models=True) as under:
        batch = await made(under, asking("a", model="nobodys"), asking("b", max_tokens="x"))
        assert batch["processing_status"] == "ended"
        assert batch["request_counts"]["errored"] == 2
        found = await results(under, batch["id"])
        assert found["a"]["error"]["error"] == {"type": "not_found_error", "message": "model: nobodys"}
        assert (await shown(under, batch["id"], method="DELETE"))["status"] == 200


async def test_turn_that_is_deleted_is_an_error_among_the_results(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path, pace=Pace(None)) as under:
        batch = await made(under)
        [session] = (await under.get("/llmsim/v1/sessions"))["data"]
        await under.client.exchange("DELETE", f"/llmsim/v1/sessions/{session['id']}", {})
        assert (await shown(under, batch["id"]))["status"] == 404


async def test_disk_that_is_full_leaves_nothing_of_a_batch(
    tmp_path: Path, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pod(tmp_path) as under:
        writer = under.service.simulator.writer
        commit = writer.commit

        async def full(_operation: Operation) -> None:
            await trio.lowlevel.checkpoint()
            raise StoreFull("no room")

        monkeypatch.setattr(type(writer), "commit", lambda _self, operation: full(operation))
        answer = await told(under, {"requests": [asking("a")]}, BATCHES)
        assert (answer["status"], answer["error"]["type"]) == (507, "api_error")
        monkeypatch.setattr(type(writer), "commit", lambda _self, operation: commit(operation))
        batch = await made(under, asking("a"))
        assert stored(under) == [1]
        await trio.sleep(OVER_S)
        assert (await results(under, batch["id"]))["a"]["type"] == "succeeded"


async def test_session_that_cannot_be_is_refused(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        answer = await told(under, {"requests": [asking("a")]}, BATCHES, {**NEW, "x-llmsim-session": "a/b"})
        assert answer["status"] == 400
        assert "X-LLMSim-Session" in answer["error"]["message"]
