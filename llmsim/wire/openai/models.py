"""OpenAI's list of models: `GET /v1/models` and `GET /v1/models/{id}`.

Pure; the facts of a model come from the profile that names it.
"""

from collections.abc import Iterable
from typing import Any

from llmsim.profile import Model


def listing(models: Iterable[Model]) -> dict[str, Any]:
    """The list."""
    return {"object": "list", "data": [one(model) for model in models]}


def one(model: Model) -> dict[str, Any]:
    """One model; `created` is unix seconds."""
    return {"id": model.id, "object": "model", "created": model.created, "owned_by": model.owned_by}
