"""A model as Anthropic tells of it, by the official type; names and moments."""

import pytest
from anthropic.types import ModelInfo

from llmsim.wire.anthropic.models import OWNER, display_name, one, rfc3339
from tests.pods import PROFILES


def test_every_model_of_anthropic_is_one_by_the_official_type() -> None:
    models = [model for model in PROFILES.models() if model.owned_by == OWNER]
    assert len(models) >= 3
    for model in models:
        profile = PROFILES.for_model(model.id)
        assert profile is not None
        told = ModelInfo.model_validate(one(model, profile))
        assert told.line in {"haiku", "sonnet", "opus"}
        assert (told.lifecycle, told.max_tokens) == ("active", profile.max_output)
        assert told.created_at.timestamp() == model.created
        assert told.capabilities is not None
        assert told.capabilities.thinking.types.adaptive.supported


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("claude-sonnet-4-6", "Claude Sonnet 4.6"),
        ("claude-haiku-4-5-20251001", "Claude Haiku 4.5"),
        ("claude-3-5-sonnet", "Claude 3.5 Sonnet"),
        ("x", "X"),
        ("20251001", "20251001"),
    ],
)
def test_model_has_a_name_for_people(model: str, name: str) -> None:
    assert display_name(model) == name


def test_moment_is_written_as_rfc_3339_whatever_it_is() -> None:
    assert rfc3339(1_767_225_600) == "2026-01-01T00:00:00Z"
    assert rfc3339(1_767_225_600.25) == "2026-01-01T00:00:00.250000Z"
    assert rfc3339(10**15) == "9999-12-31T23:59:59Z"
