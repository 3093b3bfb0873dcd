"""A pod speaks as its operator asks for, through both doors and on every route of a dialect."""

from pathlib import Path
from typing import Any

import pytest
from trio.testing import MockClock

from llmsim.wire.manners import Manners
from tests.pods import pod
from tests.responses_api import CONVERSATIONS, RESPONSES, Api, asked

pytestmark = pytest.mark.usefixtures("each_way")
UNKNOWN: list[tuple[str, dict[str, Any]]] = [
    (RESPONSES, asked("Hello.", zzz=1)),
    (f"{RESPONSES}/input_tokens", {"model": "gpt-4o-mini", "input": "Hello.", "zzz": 1}),
    (f"{RESPONSES}/compact", {"model": "gpt-4o-mini", "input": "Hello.", "zzz": 1}),
    (CONVERSATIONS, {"zzz": 1}),
    ("/v1/embeddings", {"model": "text-embedding-3-small", "input": "Hello.", "zzz": 1}),
    ("/v1/moderations", {"input": "Hello.", "zzz": 1}),
    ("/v1/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": "Hello.", "zzz": 1}),
]


@pytest.mark.parametrize(("path", "body"), UNKNOWN, ids=[path for path, _ in UNKNOWN])
async def test_unknown_keys_are_refused_unless_the_pod_is_lenient(
    path: str, body: dict[str, Any], tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path / "strict") as under:
        assert (await Api(under).refused("POST", path, body))[2] == "zzz"
    async with pod(tmp_path / "lenient", manners=Manners(lenient=True)) as under:
        await Api(under).call("POST", path, body)


async def test_responses_end_with_done_where_it_is_asked_for(tmp_path: Path, autojump_clock: MockClock) -> None:
    for wanted in (False, True):
        async with pod(tmp_path / str(wanted), manners=Manners(responses_done=wanted)) as under:
            api = Api(under)
            said = await api.ask("POST", RESPONSES, asked("Hello.", stream=True, background=True))
            assert said.body.endswith(b"data: [DONE]\n\n") == wanted
            [made] = [line for line in said.body.split(b"\n") if line.startswith(b'data: {"type":"response.created"')]
            again = await api.told_again(made.split(b'"id":"')[1].split(b'"')[0].decode())
            assert again.body == said.body
