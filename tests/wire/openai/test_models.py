"""Models are listed in the form that the official SDK reads."""

from openai.types import Model as SDKModel

from llmsim.profile import Model
from llmsim.wire.openai import models

MODELS = (
    Model(id="gpt-4o-mini", created=1_721_172_741, owned_by="system"),
    Model(id="mine", created=0, owned_by="me"),
)


def test_model_has_the_recorded_form() -> None:
    one = {"id": "gpt-4o-mini", "object": "model", "created": 1_721_172_741, "owned_by": "system"}
    assert models.one(MODELS[0]) == one
    assert SDKModel.model_validate(one, strict=True).id == "gpt-4o-mini"


def test_list_has_every_model_in_order() -> None:
    listing = models.listing(MODELS)
    assert listing == {"object": "list", "data": [models.one(model) for model in MODELS]}
    assert models.listing(()) == {"object": "list", "data": []}
