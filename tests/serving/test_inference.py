"""The generating handler without any web framework: bytes in, answer out."""

from pathlib import Path

import orjson
import pytest
from trio.testing import MockClock

from llmsim.admission import Ask
from llmsim.errors import ClientError
from llmsim.serving.emitter import Emission
from llmsim.serving.inference import Inquiry, ask_of, infer, request_id
from llmsim.serving.pod import running_pod
from llmsim.turn import Pod
from llmsim.wire.dialects import GENERATING
from tests.pods import CHAT, options

BODY = orjson.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 3})
WIRE = GENERATING[CHAT]


async def test_answer_of_a_whole_response_is_one_frame_of_the_length_it_says(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with running_pod(options(tmp_path)) as service:
        answer = await infer(service, Inquiry(WIRE, CHAT, {}, BODY, 0.0))
        assert isinstance(answer.body, Emission)
        parts = [part async for part in answer.body]
        assert [len(part) for part in parts] == [int(dict(answer.headers)["content-length"])]
        assert dict(answer.headers)["x-llmsim-turn"] == "1"


async def test_answer_of_a_refusal_has_a_body_and_nothing_to_settle(tmp_path: Path) -> None:
    async with running_pod(options(tmp_path)) as service:
        answer = await infer(service, Inquiry(WIRE, CHAT, {}, b"{", 0.0))
        assert answer.status == 400
        assert isinstance(answer.body, bytes)
        again = await infer(service, Inquiry(WIRE, CHAT, {}, b"{", 0.0))
        assert again == answer, "the same request to the same pod has the same id"


def test_ask_reads_our_headers() -> None:
    headers = {"x-llmsim-session": "s", "x-llmsim-history": "server", "idempotency-key": "k"}
    assert ask_of(headers) == Ask(session="s", server_history=True, idempotency_key="k")
    assert ask_of({}) == Ask()
    with pytest.raises(ClientError):
        ask_of({"x-llmsim-history": "both"})


def test_request_id_tells_pods_paths_and_bodies_apart() -> None:
    ids = {
        request_id(pod, path, body)
        for pod in (Pod(1, 0), Pod(1, 1), Pod(2, 0))
        for path in ("/a", "/b")
        for body in (b"", b"x")
    }
    assert len(ids) == 12
    assert all(len(one) == 16 for one in ids)
