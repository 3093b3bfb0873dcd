"""A client's load on a server: conversations with several profiles, streamed and not, attempts repeated, mistakes made.

Whoever waits for something to show in the metrics waits by sending another round: there is then always load to see.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import attrs
import httpx2

TIMEOUT_S = 60
MODELS = ("gpt-4o-mini", "gpt-4o", "instant")
CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"


@attrs.define
class Load:
    """What one client sends to a server at `url`."""

    url: str
    client: httpx2.Client
    rounds: int = 0

    def round(self) -> None:
        """A conversation of two turns with each model, an attempt again, a message, and two mistakes of the caller."""
        self.rounds += 1
        for model in MODELS:
            session = f"{model}-{self.rounds}"
            first = chat(model, "My dog is called Bello.")
            said = self._post(CHAT, session, first).json()["choices"][0]["message"]["content"]
            second = chat(model, "My dog is called Bello.", said, "What is my dog called?")
            self._stream(CHAT, session, second)
            self._post(CHAT, session, first)
        claude = {"model": "claude-haiku-4-5", "max_tokens": 40, "messages": [{"role": "user", "content": "Hello!"}]}
        self._post(MESSAGES, f"claude-{self.rounds}", claude)
        assert self._send(CHAT, "mistake", {"model": "gpt-4o"}).status_code == httpx2.codes.BAD_REQUEST
        assert self.client.get(f"{self.url}/v1/nothing").status_code == httpx2.codes.NOT_FOUND

    def until(self, seen: Callable[[], object], within_s: float) -> None:
        """Send round after round until something is seen; fails when the time is over."""
        deadline_s = time.monotonic() + within_s
        while not seen():
            assert time.monotonic() < deadline_s, f"not seen after {self.rounds} rounds"
            self.round()

    def _send(self, path: str, session: str, body: dict[str, Any]) -> httpx2.Response:
        headers = {"X-LLMSim-Session": session, "x-api-key": "any", "anthropic-version": "2023-06-01"}
        return self.client.post(f"{self.url}{path}", json=body, headers=headers)

    def _post(self, path: str, session: str, body: dict[str, Any]) -> httpx2.Response:
        return self._send(path, session, body).raise_for_status()

    def _stream(self, path: str, session: str, body: dict[str, Any]) -> None:
        answer = self._post(path, session, {**body, "stream": True})
        assert answer.text.endswith("data: [DONE]\n\n")


@contextmanager
def loading(url: str) -> Iterator[Load]:
    """A client of the server at `url` while the block runs."""
    with httpx2.Client(timeout=TIMEOUT_S) as client:
        yield Load(url, client)


def chat(model: str, *messages: str) -> dict[str, Any]:
    """The body of a chat completion; messages alternate between user and assistant."""
    told = [{"role": ("user", "assistant")[index % 2], "content": text} for index, text in enumerate(messages)]
    return {"model": model, "messages": told, "max_tokens": 40}
