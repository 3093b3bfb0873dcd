"""Conversations with pods, whoever stands before them, and where they are kept."""

from collections.abc import Sequence

import httpx2

CHAT = "/v1/chat/completions"
SESSIONS = 60


def said(client: httpx2.Client, session: str, text: str, **headers: str) -> httpx2.Response:
    """The answer to one message, the rest of the conversation being in the pod's store; it must be a 200."""
    body = {"model": "gpt-4o-mini", "max_tokens": 40, "messages": [{"role": "user", "content": text}]}
    told = {"X-LLMSim-Session": session, "X-LLMSim-History": "server", **headers}
    answer = client.post(CHAT, json=body, headers=told)
    assert answer.status_code == 200, answer.text
    return answer


def text_of(answer: httpx2.Response) -> str:
    """The reply in an answer."""
    reply: str = answer.json()["choices"][0]["message"]["content"]
    return reply


def name_of(number: int) -> str:
    """A name that no other session is told: letters alone, as in names that people have."""
    return "".join(chr(ord("a") + int(digit)) for digit in f"{number:03}").capitalize() + "ra"


def held(client: httpx2.Client, prefix: str) -> list[bool]:
    """Sixty conversations of two turns each: whether the second turn knew what was said in the first."""
    for number in range(SESSIONS):
        said(client, f"{prefix}-{number}", f"My name is {name_of(number)}.")
    second = [text_of(said(client, f"{prefix}-{number}", "What is my name?")) for number in range(SESSIONS)]
    return [name_of(number) in text for number, text in enumerate(second)]


def kept(pods: Sequence[httpx2.Client], prefix: str) -> list[list[str]]:
    """The sessions that each pod keeps, of those whose names begin so."""
    return [
        [each["id"] for each in pod.get(f"/llmsim/v1/sessions?prefix={prefix}-&limit=1000").json()["data"]]
        for pod in pods
    ]
