"""What the content of a message may be made of, by role and version of the API, as data.

Pure. Another kind of block is another row. Server tools and their results are taken as they are: nothing here runs
them. Source: anthropic-python 2.12, the types of parameters; the removals of 2026-10-21: migration guide.
"""

import re
from collections.abc import Mapping
from typing import Any

from llmsim.wire.anthropic.http import FIRST, LATEST
from llmsim.wire.anthropic.validation import (
    Anything,
    Fault,
    Flag,
    Items,
    Kind,
    Object,
    OneOf,
    Table,
    Tagged,
    Text,
    TextOr,
)

ID = Text(form=re.compile(r"[a-zA-Z0-9_-]+"))
NAME = Text(least=1, most=200)
CACHE = Tagged("type", {"ephemeral": Table({"type": Anything(), "ttl": OneOf(("5m", "1h")), "scope": Anything()})})
CACHED: Mapping[str, Kind] = {"cache_control": CACHE}
TAG: Mapping[str, Kind] = {"type": Anything()}
CITING = Table({"enabled": Flag()})
TEXT = Table({**TAG, "text": Text(), **CACHED, "citations": Items(Object())}, ("text",))
UNCITED = Table({**TAG, "text": Text(), **CACHED, "citations": Items(Object(), most=0)}, ("text",))
FILE = Table({**TAG, "file_id": Text()}, ("file_id",))
URL = Table({**TAG, "url": Text(least=1)}, ("url",))


def data(*media: str) -> Table:
    """A source that holds its data, of one of these media types."""
    return Table({**TAG, "data": Text(), "media_type": OneOf(media)}, ("data", "media_type"))


IMAGE = Table(
    {
        **TAG,
        "source": Tagged(
            "type", {"base64": data("image/jpeg", "image/png", "image/gif", "image/webp"), "url": URL, "file": FILE}
        ),
        **CACHED,
        "transformations": Object(),
    },
    ("source",),
)
DOCUMENT = Table(
    {
        **TAG,
        "source": Tagged(
            "type",
            {
                "base64": data("application/pdf"),
                "text": data("text/plain"),
                "content": Table(
                    {**TAG, "content": TextOr(Items(Tagged("type", {"text": TEXT, "image": IMAGE})))}, ("content",)
                ),
                "url": URL,
                "file": FILE,
            },
        ),
        **CACHED,
        "citations": CITING,
        "context": Text(),
        "title": Text(most=500),
    },
    ("source",),
)
SEARCH_RESULT = Table(
    {
        **TAG,
        "content": Items(Tagged("type", {"text": TEXT})),
        "source": Text(),
        "title": Text(),
        **CACHED,
        "citations": CITING,
    },
    ("content", "source", "title"),
)
OTHER = Table({**TAG, **CACHED}, also=True)
"""A block that is taken as it is."""
TOOL_USE = Table(
    {**TAG, "id": ID, "input": Object(), "name": NAME, **CACHED, "caller": Object(), "toolset_name": Text()},
    ("id", "input", "name"),
)
RESULTS = {"text": TEXT, "image": IMAGE, "document": DOCUMENT, "search_result": SEARCH_RESULT}
TOOL_RESULT = Table(
    {
        **TAG,
        "tool_use_id": ID,
        "content": TextOr(Items(Tagged("type", {**RESULTS, "tool_reference": OTHER, "browser_state": OTHER}))),
        **CACHED,
        "is_error": Flag(),
        "toolset_name": Text(),
    },
    ("tool_use_id",),
)
THINKING = Table({**TAG, "signature": Text(), "thinking": Text()}, ("signature", "thinking"))
REDACTED = Table({**TAG, "data": Text()}, ("data",))
SERVER_USE = Table(
    {**TAG, "id": ID, "input": Object(), "name": NAME, **CACHED, "caller": Object()}, ("id", "input", "name"), also=True
)
SERVER_RESULT = Table(
    {**TAG, "tool_use_id": ID, "content": Anything(), **CACHED}, ("tool_use_id", "content"), also=True
)
SERVER_RESULTS = (
    "advisor_tool_result",
    "bash_code_execution_tool_result",
    "code_execution_tool_result",
    "mcp_tool_result",
    "text_editor_code_execution_tool_result",
    "tool_search_tool_result",
    "web_fetch_tool_result",
    "web_search_tool_result",
)
SERVER_BLOCKS: Mapping[str, Kind] = {
    "server_tool_use": SERVER_USE,
    "mcp_tool_use": SERVER_USE,
    **dict.fromkeys(SERVER_RESULTS, SERVER_RESULT),
    "container_upload": FILE,
}
BLOCKS: Mapping[str, Kind] = {
    **RESULTS,
    "thinking": THINKING,
    "redacted_thinking": REDACTED,
    "tool_use": TOOL_USE,
    "tool_result": TOOL_RESULT,
    **SERVER_BLOCKS,
}
ANY_BLOCK, ONLY_TEXT = Tagged("type", BLOCKS), Tagged("type", {"text": TEXT})
BLOCKS_BY_ROLE: Mapping[str, Mapping[str, Kind]] = {
    FIRST: {"user": ANY_BLOCK, "assistant": ANY_BLOCK, "system": ONLY_TEXT},
    LATEST: {
        "user": Tagged("type", {**BLOCKS, "text": UNCITED}),
        "assistant": Tagged("type", {kind: table for kind, table in BLOCKS.items() if kind != "document"}),
        "system": ONLY_TEXT,
    },
}
"""The blocks of a message, by version and role."""
BY_ROLE: Mapping[str, Mapping[str, Mapping[str, Kind]]] = {
    version: {role: {"content": TextOr(Items(blocks))} for role, blocks in roles.items()}
    for version, roles in BLOCKS_BY_ROLE.items()
}
"""What a message has beside its role."""
NOT_IN = {"user": ("tool_use", "thinking", "redacted_thinking", "server_tool_use"), "assistant": ("tool_result",)}
"""Blocks that belong to the other role."""
SYSTEM = TextOr(Items(TEXT))


def check_block_role(block: Mapping[str, Any], role: str) -> None:
    """Make sure that a message of this role may have this block; raises Fault."""
    kind = block["type"]
    if kind in NOT_IN.get(role, ()):
        other = "assistant" if role == "user" else "user"
        raise Fault(f"`{kind}` blocks can only be in `{other}` messages")
