"""What a model refuses is refused over HTTP: after what is not there, before anything is stored."""

from pathlib import Path
from typing import Any

import pytest
from trio.testing import MockClock

from tests.pods import pod
from tests.responses_api import RESPONSES, Api, asked

pytestmark = pytest.mark.usefixtures("each_way")
REFUSED = (400, "Unsupported parameter: 'temperature' is not supported with this model.", "temperature", None)


async def test_what_a_model_refuses_is_refused_and_leaves_nothing(tmp_path: Path, autojump_clock: MockClock) -> None:
    warm: dict[str, Any] = {"model": "gpt-5.6-sol", "temperature": 0.5}
    async with pod(tmp_path) as under:
        api = Api(under)
        assert await api.refused("POST", RESPONSES, asked("Hello.", **warm)) == REFUSED
        assert (await under.get("/llmsim/v1/sessions"))["data"] == []
        calm = await api.respond("Hello.", **warm, reasoning={"effort": "none"})
        assert calm["temperature"] == 0.5


async def test_what_is_not_there_is_told_first(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        body = asked("Hello.", model="gpt-5.6-sol", temperature=0.5, previous_response_id="resp_x")
        told = await Api(under).refused("POST", RESPONSES, body)
        assert told[3] == "previous_response_not_found"
