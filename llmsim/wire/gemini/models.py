"""Gemini's models: `GET /v1beta/models` and `GET /v1beta/models/{model}`.

Pure; the facts of a model come from the profile that names it. The list has those that Google owns, by pages.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from llmsim.errors import ClientError
from llmsim.profile import Model, Profile
from llmsim.wire.gemini.errors import Violation, violated

OWNER = "google"
PAGE_DEFAULT = 50
PAGE_MOST = 1000
GENERATES = ["generateContent", "countTokens"]
BAD_TOKEN = "Invalid page token."  # noqa: S105  (what a caller is told)


def one(model: Model, profile: Profile) -> dict[str, Any]:
    """One model."""
    return {
        "name": f"models/{model.id}",
        "version": "001",
        "displayName": " ".join([word.capitalize() for word in model.id.split("-")]),
        "description": profile.summary,
        "inputTokenLimit": profile.context_window,
        "outputTokenLimit": profile.max_output,
        "supportedGenerationMethods": GENERATES,
        "temperature": 1,
        "topP": 0.95,
        "topK": 64,
        "maxTemperature": 2,
        "thinking": profile.reasoning is not None,
    }


def page(models: Sequence[dict[str, Any]], query: Mapping[str, str]) -> dict[str, Any]:
    """A page of models, by name; a `nextPageToken` where there are more.

    Raises:
        ClientError: the query's `pageSize` is no number, or its `pageToken` none of ours.
    """
    size = _size(query.get("pageSize", query.get("page_size", "")))
    after = _after(query.get("pageToken", query.get("page_token", "")))
    rest = [model for model in models if model["name"] > after]
    found: dict[str, Any] = {"models": rest[:size]}
    if len(rest) > size:
        found["nextPageToken"] = base64.urlsafe_b64encode(rest[size - 1]["name"].encode()).decode()
    return found


def not_found(model: str, version: str) -> ClientError:
    """No model of this name."""
    return ClientError(f"Model is not found: models/{model} for api version {version}", status=404)


def _size(text: str) -> int:
    if not text:
        return PAGE_DEFAULT
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        description = f"Invalid value at 'page_size' (TYPE_INT32), \"{text[:20]}\""
        raise violated([Violation("page_size", description)])
    return min(int(text), PAGE_MOST) or PAGE_DEFAULT


def _after(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token).decode()
    except (binascii.Error, ValueError):
        raise ClientError(BAD_TOKEN) from None
