"""Which dialect answers on which path.

Pure. A generating route is a row of GENERATING, or of TEMPLATED where its path has parts that a caller chooses; errors
on any path leave in the words of the provider whose path it is.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial

from llmsim.wire.anthropic.messages import AnthropicMessages
from llmsim.wire.base import Wire
from llmsim.wire.gemini.generate import STREAM, WHOLE, Gemini
from llmsim.wire.openai.azure import DEPLOYMENTS, AzureChat, AzureCompletions
from llmsim.wire.openai.chat.wire import OpenAIChat
from llmsim.wire.openai.completions.wire import OpenAICompletions
from llmsim.wire.openai.responses.wire import OpenAIResponses

CHAT = OpenAIChat()
COMPLETIONS = OpenAICompletions()
GEMINI = Gemini()
RESPONSES = OpenAIResponses()
MESSAGES = AnthropicMessages()

ANTHROPIC = "/v1/messages"
"""Below it all paths are Anthropic's."""
NO_HEADERS: Mapping[str, str] = {}
GENERATING: Mapping[str, Wire] = {
    "/v1/chat/completions": CHAT,
    "/v1/completions": COMPLETIONS,
    "/v1/responses": RESPONSES,
    "/v1/messages": MESSAGES,
}
"""The routes that make a model speak, all by POST."""


def _deployed(kind: type[AzureChat | AzureCompletions], parts: Mapping[str, str], query: str) -> Wire:
    """OpenAI's wire at a deployment of Azure's."""
    return kind(deployment=parts["deployment"], query=query)


TEMPLATED: Mapping[str, Callable[[Mapping[str, str], str], Wire]] = {
    f"{DEPLOYMENTS}{{deployment}}/chat/completions": partial(_deployed, AzureChat),
    f"{DEPLOYMENTS}{{deployment}}/completions": partial(_deployed, AzureCompletions),
} | {
    f"/{version}/models/{{model}}:{method}": partial(Gemini.at, version, method)
    for version in ("v1beta", "v1")
    for method in (WHOLE, STREAM)
}
"""Such routes with parts, and what makes a wire of the parts of a path, by name, and of its query.

`{name}` stands for one or more characters that are no slash.
"""
WIRES: Mapping[str, Wire] = {wire.dialect: wire for wire in (*GENERATING.values(), GEMINI)}
"""Each dialect by its name in the store, to restore turns with."""


AZURE = "/openai/v1/"
"""Azure's name for `/v1/`, under which it serves OpenAI's API."""


def served(path: str) -> str:
    """The path that is served for a path: Azure's prefix is OpenAI's."""
    return "/v1/" + path.removeprefix(AZURE) if path.startswith(AZURE) else path


def templated(path: str, query: str = "") -> tuple[str, Wire] | None:
    """The row of TEMPLATED that a path is of, and its wire."""
    for template, pattern in _PATTERNS.items():
        found = pattern.fullmatch(path)
        if found is not None:
            return template, TEMPLATED[template](found.groupdict(), query)
    return None


def refusing(path: str, headers: Mapping[str, str] = NO_HEADERS) -> Wire:
    """The dialect in which errors on this path are told: OpenAI's, where it is nobody else's.

    Anthropic's, whatever the path, for a request that names a version of its API (`headers`, looked up in lower case);
    Google's, for one that has a key of its API.
    """
    if path in GENERATING:
        return GENERATING[path]
    if path == ANTHROPIC or path.startswith(f"{ANTHROPIC}/") or "anthropic-version" in headers:
        return MESSAGES
    found = templated(path)
    if found is not None:
        return found[1]
    if path.startswith(DEPLOYMENTS):
        return AzureChat()
    method = _GEMINIS.match(path)
    if method is not None:
        return Gemini(version=method[1], method=method[2])
    return GEMINI if "x-goog-api-key" in headers or path.startswith("/v1beta/") else CHAT


_GEMINIS = re.compile(r"/(v1beta|v1(?=/models/[^/]+:[a-z]+[A-Z]))/models/[^/]+:(\w+)$")
"""Paths with a method at the end. Names of OpenAI's fine-tuned models have colons, but no capital as methods have."""
_PATTERNS = {
    template: re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template))) for template in TEMPLATED
}
