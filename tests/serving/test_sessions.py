"""The session resource over HTTP."""

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
import trio
from trio.testing import MockClock

from llmsim.errors import StoreFull
from llmsim.serving.connection import LARGER_BODIES_BYTES, MAX_BODY_BYTES
from llmsim.store.batch import Results
from tests.pods import PodUnderTest, pod, reply

pytestmark = pytest.mark.usefixtures("each_way")
ROOT = "/llmsim/v1/sessions"


async def talk(under: PodUnderTest, session: str, turns: int) -> None:
    said: list[str] = []
    for turn in range(turns):
        said.append(f"Question {turn}?")
        said.append(reply(await under.say(*said, headers={"X-LLMSim-Session": session}, max_tokens=8)))
    await under.service.simulator.writer.drain()


async def test_sessions_are_listed_in_pages_and_by_prefix(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        for number in range(5):
            await talk(under, f"a-{number}", 1)
        await talk(under, "b", 1)
        first = await under.get(f"{ROOT}?limit=3")
        assert [session["id"] for session in first["data"]] == ["a-0", "a-1", "a-2"]
        assert first["has_more"] is True
        rest = await under.get(f"{ROOT}?limit=3&after={first['last_id']}")
        assert [session["id"] for session in rest["data"]] == ["a-3", "a-4", "b"]
        assert rest["has_more"] is False
        assert [session["id"] for session in (await under.get(f"{ROOT}?prefix=b"))["data"]] == ["b"]
        assert (await under.get(f"{ROOT}?prefix=c")) == {
            "object": "list",
            "data": [],
            "has_more": False,
            "last_id": None,
        }


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "x", "", "１"])  # noqa: RUF001  (a digit, but no ASCII one)
async def test_bad_limit_is_named(tmp_path: Path, autojump_clock: MockClock, limit: str) -> None:
    async with pod(tmp_path) as under:
        answer = await under.client.exchange("GET", f"{ROOT}?limit={limit}", {})
        assert answer.status == 400
        assert orjson.loads(answer.body)["error"]["param"] == "limit"


async def test_turns_come_in_pages_and_one_by_number_or_id_with_its_times(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        await talk(under, "s", 3)
        page = await under.get(f"{ROOT}/s/turns?limit=2")
        assert [turn["number"] for turn in page["data"]] == [1, 2]
        rest = await under.get(f"{ROOT}/s/turns?after={page['last_id']}")
        assert [turn["number"] for turn in rest["data"]] == [3]
        by_number = await under.get(f"{ROOT}/s/turns/2")
        assert by_number == await under.get(f"{ROOT}/s/turns/{page['last_id']}")
        assert by_number["outcome"] == {"ending": "completed", "delivered": 1}
        frames = by_number["frames_us"]
        assert frames == sorted(frames)
        assert (frames[0], frames[-1]) == (by_number["ttft_us"], by_number["total_us"])
        for bad in ("9", "0-00-0", "x"):
            assert (await under.client.exchange("GET", f"{ROOT}/s/turns/{bad}", {})).status == 404


async def test_fork_goes_on_alone_and_the_original_stays(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        await talk(under, "s", 3)
        answer = await under.client.exchange("POST", f"{ROOT}/s/fork", {}, b'{"at": 2, "id": "t"}')
        assert answer.status == 201
        assert orjson.loads(answer.body)["turns"] == 2
        assert orjson.loads(answer.body)["forked_from"] == "s"
        history = {"X-LLMSim-Session": "t", "X-LLMSim-History": "server"}
        assert (await under.say("And now?", headers=history)).headers["x-llmsim-turn"] == "3"
        assert len(await under.turns("s")) == 3
        unnamed = orjson.loads((await under.client.exchange("POST", f"{ROOT}/s/fork", {})).body)
        assert (unnamed["id"], unnamed["turns"]) == ("s.fork-1", 3)
        taken = await under.client.exchange("POST", f"{ROOT}/s/fork", {}, b'{"id": "t"}')
        assert (taken.status, orjson.loads(taken.body)["error"]["code"]) == (409, "session_exists")
        for name in ("a b", ".", ".."):
            bad = await under.client.exchange("POST", f"{ROOT}/s/fork", {}, orjson.dumps({"id": name}))
            assert bad.status == 400


async def test_delete_removes_everything_and_the_session_begins_anew(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        await talk(under, "s", 2)
        first = (await under.turns("s"))[0]
        assert (await under.client.exchange("DELETE", f"{ROOT}/s", {})).status == 200
        assert (await under.client.exchange("GET", f"{ROOT}/s", {})).status == 404
        assert (await under.client.exchange("DELETE", f"{ROOT}/s", {})).status == 404
        await talk(under, "s", 1)
        assert (await under.turns("s"))[0]["id"] == first["id"]


async def test_export_comes_back_by_import(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path / "from") as under:
        await talk(under, "s", 3)
        turns = await under.turns("s")
        exported = (await under.client.exchange("GET", f"{ROOT}/s/export", {})).body
    async with pod(tmp_path / "to", seed=99, ordinal=4) as under:
        answer = await under.client.exchange("POST", f"{ROOT}/import", {}, exported)
        assert (answer.status, orjson.loads(answer.body)["turns"]) == (201, 3)
        assert await under.turns("s") == turns
        again = await under.client.exchange("POST", f"{ROOT}/import", {}, exported)
        assert again.status == 409
        assert (await under.client.exchange("POST", f"{ROOT}/import", {}, b"rubbish")).status == 400


async def test_export_larger_than_any_request_comes_back_by_import_within_its_own_limit(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    path = f"{ROOT}/import"
    async with pod(tmp_path / "from") as under:
        await talk(under, "s", 1)
        exported = (await under.client.exchange("GET", f"{ROOT}/s/export", {})).body
    async with pod(tmp_path / "to") as under:
        padded = exported.rstrip(b"\n") + b" " * MAX_BODY_BYTES
        assert (await under.client.exchange("POST", path, {}, padded)).status == 201
        refused = await under.client.exchange("POST", path, {}, b" " * (LARGER_BODIES_BYTES[path] + 1))
        assert refused.status == 413
        assert str(LARGER_BODIES_BYTES[path]) in orjson.loads(refused.body)["error"]["message"]


@pytest.mark.parametrize(("method", "path"), [("DELETE", "/s"), ("POST", "/s/fork"), ("POST", "/import")])
async def test_change_on_a_full_disk_is_refused_with_507_and_reads_go_on(
    tmp_path: Path, autojump_clock: MockClock, method: str, path: str
) -> None:
    full = False

    async def runner(commit: Callable[[], Results]) -> Results:
        await trio.lowlevel.checkpoint()
        if full:
            raise StoreFull("no space left on device")
        return commit()

    async with pod(tmp_path, commit_runner=runner) as under:
        await talk(under, "s", 1)
        body = b"" if path != "/import" else (await under.client.exchange("GET", f"{ROOT}/s/export", {})).body
        full = True
        refused = await under.client.exchange(method, ROOT + path, {}, body)
        assert refused.status == 507
        error = orjson.loads(refused.body)["error"]
        assert (error["type"], error["param"], error["code"]) == ("server_error", None, "store_full")
        assert [session["id"] for session in (await under.get(ROOT))["data"]] == ["s"]
        full = False
