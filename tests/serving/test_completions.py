"""Stored chat completions over HTTP, through both doors, across restarts: listed, shown, changed, deleted."""

from http import HTTPStatus
from pathlib import Path
from typing import Any

import orjson
import pytest
from trio.testing import MockClock

from llmsim.store.check import check
from tests.pods import CHAT, PodUnderTest, options, pod
from tests.schemas import answer_faults

pytestmark = pytest.mark.usefixtures("each_way")


async def call(under: PodUnderTest, method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
    sent = orjson.dumps(body) if body is not None else b""
    exchange = await under.client.exchange(method, CHAT + path, {}, sent)
    told = orjson.loads(exchange.body)
    if exchange.status == HTTPStatus.OK:
        assert undescribed(method, path, told) == []
    return exchange.status, told


def undescribed(method: str, path: str, told: dict[str, Any]) -> list[str]:
    """What in an answer is not as OpenAI describes it.

    By the description all messages are the assistant's, but its own example has a user's, as a list would without them.
    """
    _, *named = path.partition("?")[0].split("/")
    operation = "/".join(["/chat/completions", *["{completion_id}"] * bool(named), *named[1:]])
    if operation.endswith("/messages"):
        told = {**told, "data": [{**one, "role": "assistant"} for one in told["data"]]}
    return answer_faults(method, operation, told)


async def stored(under: PodUnderTest, text: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    exchange = await under.say(text, store=True, **more)
    if more.get("stream"):
        first = exchange.body.split(b"\n\n")[0].removeprefix(b"data: ")
        return {"id": orjson.loads(first)["id"]}
    made: dict[str, Any] = orjson.loads(exchange.body)
    return made


async def test_stored_completion_is_shown_listed_changed_and_deleted(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        made = await stored(under, "Hello.", metadata={"a": "1"})
        streamed = await stored(under, "Tell me about rain.", stream=True, model="gpt-4o")
        await under.say("Not this one.")
    async with pod(tmp_path) as under:
        status, shown = await call(under, "GET", f"/{made['id']}")
        assert status == 200
        assert {key: shown[key] for key in made} == made
        assert (shown["metadata"], shown["input_user"]) == ({"a": "1"}, None)
        _, listed = await call(under, "GET", "")
        assert {one["id"] for one in listed["data"]} == {made["id"], streamed["id"]}
        of_model = (await call(under, "GET", "?model=gpt-4o-2024-08-06"))[1]["data"]
        assert [one["id"] for one in of_model] == [streamed["id"]]
        assert [one["id"] for one in (await call(under, "GET", "?metadata[a]=1"))[1]["data"]] == [made["id"]]
        assert (await call(under, "GET", "?metadata[a]=2"))[1]["data"] == []
        status, changed = await call(under, "POST", f"/{made['id']}", {"metadata": {"b": "2"}})
        assert (status, changed["metadata"]) == (200, {"b": "2"})
        assert (await call(under, "GET", f"/{made['id']}"))[1]["metadata"] == {"b": "2"}
        gone = await call(under, "DELETE", f"/{made['id']}")
        assert gone == (200, {"object": "chat.completion.deleted", "id": made["id"], "deleted": True})
        for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/messages")):
            assert (await call(under, method, f"/{made['id']}{path}"))[0] == 404
        assert (await call(under, "POST", f"/{made['id']}", {"metadata": {}}))[0] == 404
        assert [one["id"] for one in (await call(under, "GET", ""))[1]["data"]] == [streamed["id"]]
        assert check(under.service.simulator.environment) == []


async def test_list_is_paged_oldest_first_or_newest(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        made = {(await stored(under, f"Number {number}."))["id"] for number in range(5)}
        first = (await call(under, "GET", "?limit=2"))[1]
        assert (len(first["data"]), first["has_more"], first["last_id"]) == (2, True, first["data"][1]["id"])
        rest = (await call(under, "GET", f"?limit=5&after={first['last_id']}"))[1]
        order = [one["id"] for one in first["data"] + rest["data"]]
        assert (set(order), rest["has_more"]) == (made, False)
        newest = (await call(under, "GET", "?order=desc"))[1]["data"]
        assert [one["id"] for one in newest] == order[::-1]


async def test_messages_are_those_that_were_sent_each_with_an_id(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": "data:,x"}}]
        body = {
            "model": "gpt-4o",
            "store": True,
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": parts}],
        }
        made = orjson.loads((await under.client.exchange("POST", CHAT, {}, orjson.dumps(body))).body)
        _, listed = await call(under, "GET", f"/{made['id']}/messages")
        assert [one["id"] for one in listed["data"]] == [f"{made['id']}-0", f"{made['id']}-1"]
        assert [one["content"] for one in listed["data"]] == ["Be brief.", "What is this?"]
        assert [one["content_parts"] for one in listed["data"]] == [None, parts]
        second = (await call(under, "GET", f"/{made['id']}/messages?after={made['id']}-0"))[1]["data"]
        assert [one["id"] for one in second] == [f"{made['id']}-1"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "param"),
    [
        ("GET", "/chatcmpl-unknown", None, 404, None),
        ("GET", "?limit=0", None, 400, "limit"),
        ("GET", "?order=up", None, 400, "order"),
        ("GET", "?after=chatcmpl-unknown", None, 404, None),
        ("POST", "/chatcmpl-unknown", {}, 400, "metadata"),
        ("POST", "/chatcmpl-unknown", {"metadata": 3}, 400, "metadata"),
        ("POST", "/chatcmpl-unknown", {"metadata": {}, "x": 1}, 400, "x"),
        ("POST", "/chatcmpl-unknown", [], 400, None),
        ("POST", "/chatcmpl-unknown", {"metadata": {}}, 404, None),
    ],
)
async def test_what_is_wrong_is_told_in_openai_words(
    tmp_path: Path,
    autojump_clock: MockClock,
    method: str,
    path: str,
    body: object,
    status: int,
    param: str | None,
) -> None:
    async with pod(tmp_path) as under:
        found, told = await call(under, method, path, body)
        assert (found, told["error"]["param"]) == (status, param)


async def test_completion_of_another_pod_names_its_owner(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path / "a", ordinal=3) as under:
        made = await stored(under, "Hello.")
    async with pod(tmp_path / "b") as under:
        status, told = await call(under, "GET", f"/{made['id']}")
        assert status == 421
        assert "belongs to pod 3" in told["error"]["message"]
    assert options(tmp_path).ordinal == 0
