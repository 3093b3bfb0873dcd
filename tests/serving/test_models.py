"""The list of models over HTTP."""

from pathlib import Path

import orjson
import pytest
from openai.types import Model

from llmsim.wire.openai.http import STANDARD
from llmsim.wire.openai.models import known
from tests.pods import PROFILES, pod

pytestmark = pytest.mark.usefixtures("each_way")


async def test_models_are_those_that_profiles_name(tmp_path: Path) -> None:
    async with pod(tmp_path) as under:
        listed = await under.get("/v1/models")
        assert listed["object"] == "list"
        ids = [Model.model_validate(model, strict=True).id for model in listed["data"]]
        assert ids == [model.id for model in known(PROFILES.models())]
        assert await under.get(f"/v1/models/{ids[0]}") == listed["data"][0]


async def test_model_that_is_not_there_is_neither_shown_nor_deleted(tmp_path: Path) -> None:
    async with pod(tmp_path) as under:
        for method in ("GET", "DELETE"):
            told = await under.client.exchange(method, "/v1/models/none/such", {})
            assert told.status == 404
            assert orjson.loads(told.body)["error"]["message"] == "The model 'none/such' does not exist"
        assert (await under.client.exchange("DELETE", "/v1/models/gpt-4o", {})).status == 403


async def test_models_are_told_with_the_headers_of_every_response(tmp_path: Path) -> None:
    async with pod(tmp_path) as under:
        for path in ("/v1/models", "/v1/models/gpt-4o"):
            told = await under.client.exchange("GET", path, {})
            assert {*STANDARD} <= {*told.headers.items()}
