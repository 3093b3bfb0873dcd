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


def test_models_that_do_not_speak_are_known_as_well() -> None:
    names = [model.id for model in models.known(MODELS)]
    assert names == sorted(names)
    assert {"gpt-4o-mini", "mine", "text-embedding-3-small", "omni-moderation-latest"} <= set(names)
    assert "text-moderation-007" not in names
    mine = Model(id="text-embedding-3-small", created=5, owned_by="me")
    assert mine in models.known((mine,))
    assert len(models.known((mine,))) == len(models.SILENT)


def test_unknown_model_is_told_in_recorded_words() -> None:
    error = models.not_found("x")
    assert (error.status, error.message, error.param, error.code) == (
        404, "The model 'x' does not exist", "model", "model_not_found",
    )  # fmt: skip
    assert models.not_yours("x").status == 403
