"""Every kind of block is taken where it belongs, by the official types of parameters, and nowhere else."""

from typing import Any

import pytest
from anthropic.types import ContentBlockParam
from pydantic import TypeAdapter, ValidationError

from llmsim.wire.anthropic.blocks import BLOCKS, BLOCKS_BY_ROLE, NOT_IN, SERVER_BLOCKS
from llmsim.wire.anthropic.http import FIRST, LATEST, VERSIONS
from llmsim.wire.anthropic.validation import Fault
from tests.wire.anthropic.requests import asked, call, refused, result, text, user

PARAM: TypeAdapter[Any] = TypeAdapter(ContentBlockParam)
CACHED = {"cache_control": {"type": "ephemeral"}}
PNG = {"type": "base64", "media_type": "image/png", "data": "aGk="}
SAMPLES: dict[str, list[dict[str, Any]]] = {
    "text": [text(), text(**CACHED)],
    "image": [{"source": PNG}, {"source": {"type": "url", "url": "https://x/y.png"}}, {"source": PNG, **CACHED}],
    "document": [
        {"source": {"type": "base64", "media_type": "application/pdf", "data": "aGk="}, "title": "t", "context": "c"},
        {"source": {"type": "text", "media_type": "text/plain", "data": "hi"}, "citations": {"enabled": True}},
        {"source": {"type": "content", "content": [text(), {"type": "image", "source": PNG}]}},
        {"source": {"type": "content", "content": "hi"}},
        {"source": {"type": "url", "url": "https://x/y.pdf"}},
        {"source": {"type": "file", "file_id": "file_1"}},
    ],
    "search_result": [{"content": [text()], "source": "s", "title": "t", "citations": {"enabled": False}}],
    "thinking": [{"thinking": "", "signature": "s"}],
    "redacted_thinking": [{"data": "x"}],
    "tool_use": [call(), call(**CACHED)],
    "tool_result": [result(), result(content=[text(), {"type": "image", "source": PNG}], is_error=True, **CACHED)],
    "server_tool_use": [{"id": "srvtoolu_1", "name": "web_search", "input": {}}],
    "web_search_tool_result": [{"tool_use_id": "srvtoolu_1", "content": []}],
    "container_upload": [{"file_id": "file_1"}],
}


@pytest.mark.parametrize("kind", SAMPLES)
def test_block_of_the_official_types_is_taken(kind: str) -> None:
    for sample in SAMPLES[kind]:
        block = {"type": kind, **sample}
        PARAM.validate_python(block)
        for version in VERSIONS:
            for role in ("user", "assistant"):
                if (version, role, kind) != (LATEST, "assistant", "document"):
                    BLOCKS_BY_ROLE[version][role].check(block)


@pytest.mark.parametrize("kind", SAMPLES)
def test_block_without_what_it_needs_is_refused_as_by_the_official_types(kind: str) -> None:
    for version in VERSIONS:
        with pytest.raises(Fault):
            BLOCKS_BY_ROLE[version]["user"].check({"type": kind})
    with pytest.raises(ValidationError):
        PARAM.validate_python({"type": kind})


def test_every_block_that_no_server_runs_has_a_sample() -> None:
    assert set(BLOCKS) - set(SERVER_BLOCKS) <= set(SAMPLES)
    assert set(BLOCKS_BY_ROLE) == {FIRST, LATEST}


def test_block_of_the_other_role_is_named() -> None:
    for role, kinds in NOT_IN.items():
        for kind in kinds:
            other = {"user": "assistant", "assistant": "user"}[role]
            block = {"type": kind, **SAMPLES[kind][0]}
            said = refused(messages=[user(), {"role": role, "content": [block]}])
            assert said == f"messages.1: `{kind}` blocks can only be in `{other}` messages"


def test_system_message_has_texts_alone() -> None:
    asked(messages=[user(), {"role": "system", "content": [text()]}, user()])
    said = refused(messages=[user(), {"role": "system", "content": [call()]}])
    assert said.startswith("messages.1.content.0: Input tag 'tool_use'")
