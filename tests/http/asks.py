"""Requests as bytes, as a client would write them to a socket; the shortest that are answered."""

import orjson

from tests.peers import request
from tests.pods import CHAT

SHORT = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 2}
MODEL = "/v1/models/gpt-4o-mini"


def body_of(**params: object) -> bytes:
    """The body of a chat completion."""
    return orjson.dumps({**SHORT, **params})


def hot(session: str = "s", *headers: tuple[str, str], path: str = CHAT, **params: object) -> bytes:
    """A request that the door answers itself."""
    return request("POST", path, [("X-LLMSim-Session", session), *headers], body_of(**params))


def cold(path: str = MODEL, method: str = "GET", *headers: tuple[str, str]) -> bytes:
    """A request that is passed on."""
    return request(method, path, headers)


def chunked(session: str, *chunks: bytes, path: str = CHAT) -> bytes:
    """A generating request whose body comes in chunks."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nX-LLMSim-Session: {session}\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head.encode() + b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))
