"""OpenAI's list of models: `GET /v1/models` and `GET /v1/models/{id}`, and what is told of a model that is not there.

Pure; the facts of a model that speaks come from the profile that names it, those of the others from their own tables.
"""

from collections.abc import Iterable
from typing import Any

from llmsim.errors import ClientError
from llmsim.profile import Model
from llmsim.simulation import embedding
from llmsim.wire.openai import moderations

SILENT = (
    *[Model(model.id, model.created, model.owned_by) for model in embedding.MODELS.values()],
    *[Model(name, created, "system") for name, created in moderations.MODELS.items() if created],
)
"""Models that do not speak: those of vectors, and those that moderate."""


def known(models: Iterable[Model]) -> list[Model]:
    """All models there are, by name: these that speak, and the silent ones that none of these is called like."""
    by_name = {model.id: model for model in (*SILENT, *models)}
    return [by_name[name] for name in sorted(by_name)]


def listing(models: Iterable[Model]) -> dict[str, Any]:
    """The list."""
    return {"object": "list", "data": [one(model) for model in models]}


def one(model: Model) -> dict[str, Any]:
    """One model; `created` is unix seconds."""
    return {"id": model.id, "object": "model", "created": model.created, "owned_by": model.owned_by}


def not_found(name: str) -> ClientError:
    """No model is called so."""
    return ClientError(f"The model '{name}' does not exist", status=404, param="model", code="model_not_found")


def not_yours(name: str) -> ClientError:
    """A model that is there, but not the caller's to delete: only fine-tuned ones would be, and there are none."""
    return ClientError(f"You have insufficient permissions to delete the model '{name}'.", status=403)
