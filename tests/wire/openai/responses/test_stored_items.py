"""The stored form of an item has its keys in one order, no nulls that mean nothing, and is its own stored form."""

from typing import Any

import pytest

from llmsim.wire.openai.responses.stored_items import stored_form


@pytest.mark.parametrize(
    ("item", "stored"),
    [
        ({"id": "rs_1"}, {"id": "rs_1", "type": "item_reference"}),
        (
            {"type": "function_call", "name": "f", "call_id": "c", "arguments": "", "status": None, "namespace": None},
            {"type": "function_call", "status": "completed", "arguments": "", "call_id": "c", "name": "f"},
        ),
        (
            {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_image", "image_url": "u"}]},
            {
                "type": "function_call_output",
                "status": "completed",
                "call_id": "c",
                "output": [{"type": "input_image", "detail": "auto", "image_url": "u"}],
            },
        ),
        (
            {"type": "shell_call", "call_id": "c", "action": {"commands": []}},
            {
                "type": "shell_call",
                "status": "completed",
                "action": {"max_output_length": None, "timeout_ms": None, "commands": []},
                "call_id": "c",
                "environment": None,
            },
        ),
        ({"type": "computer_call_output", "output": ["?"], "call_id": "c"}, None),
        ({"type": "compaction", "encrypted_content": "x"}, {"type": "compaction", "encrypted_content": "x"}),
    ],
)
def test_stored_form(item: dict[str, Any], stored: dict[str, Any] | None) -> None:
    found = stored_form(item)
    if stored is not None:
        assert list(found.items()) == list(stored.items())
    assert stored_form(found) == found
    assert list(stored_form(found)) == list(found)


def test_message_in_progress_stays_so() -> None:
    found = stored_form({"role": "user", "content": "a", "status": "in_progress", "id": "msg_1"})
    assert list(found) == ["id", "type", "status", "content", "role"]
    assert found["status"] == "in_progress"
