"""Moderations over HTTP."""

from pathlib import Path

import orjson
import pytest

from tests.pods import pod

pytestmark = pytest.mark.usefixtures("each_way")


async def test_texts_are_flagged_one_by_one(tmp_path: Path) -> None:
    async with pod(tmp_path) as under:
        body = orjson.dumps({"input": ["I want to kill them.", "hello"]})
        exchange = await under.client.exchange("POST", "/v1/moderations", {}, body)
        told = orjson.loads(exchange.body)
        assert exchange.status == 200
        assert [one["flagged"] for one in told["results"]] == [True, False]
        again = await under.client.exchange("POST", "/v1/moderations", {}, body)
        assert again.body == exchange.body


async def test_errors_are_openais(tmp_path: Path) -> None:
    async with pod(tmp_path) as under:
        refused = await under.client.exchange("POST", "/v1/moderations", {}, b"{}")
        assert refused.status == 400
        assert orjson.loads(refused.body)["error"]["message"] == "Missing required parameter: 'input'."
