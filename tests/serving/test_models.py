"""The list of models over HTTP."""

from pathlib import Path

import pytest
from openai.types import Model

from tests.pods import PROFILES, pod

pytestmark = pytest.mark.usefixtures("each_way")


async def test_models_are_those_that_profiles_name(tmp_path: Path) -> None:
    async with pod(tmp_path) as under:
        listed = await under.get("/v1/models")
        assert listed["object"] == "list"
        ids = [Model.model_validate(model, strict=True).id for model in listed["data"]]
        assert ids == [model.id for model in PROFILES.models()]
        assert await under.get(f"/v1/models/{ids[0]}") == listed["data"][0]
