"""One item of every type, and a strategy of what a client might send for one."""

from typing import Any

from hypothesis import strategies as st

from llmsim.wire.openai.responses.items_schema import KINDS
from tests.wire.openai.requests import PIXEL
from tests.wire.plans import JSON_VALUES

TEXT = {"type": "input_text", "text": "hi"}
IMAGE = {"type": "input_image", "image_url": PIXEL}
SAID = {"type": "output_text", "text": "Yes."}
CALL = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "done"}
HOSTED: list[dict[str, Any]] = [
    {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "x"}},
    {"type": "file_search_call", "id": "fs_1", "status": "completed", "queries": ["x"]},
    {"type": "code_interpreter_call", "id": "ci_1", "container_id": "c", "code": "1 + 1", "outputs": [],
     "status": "completed"},
    {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "AAAA"},
    {"type": "mcp_call", "id": "mcp_1", "server_label": "s", "name": "n", "arguments": "{}", "output": "42",
     "status": "completed"},
    {"type": "mcp_list_tools", "id": "mcpl_1", "server_label": "s", "tools": []},
    {"type": "mcp_approval_request", "id": "mcpr_1", "server_label": "s", "name": "n", "arguments": "{}"},
    {"type": "program_output", "id": "p_1", "call_id": "c", "result": "secret", "status": "completed"},
    {"type": "local_shell_call_output", "id": "lsho_1", "output": "x", "call_id": "c"},
]  # fmt: skip
CALLED: list[dict[str, Any]] = [
    {"type": "custom_tool_call", "call_id": "call_1", "name": "sh", "input": "ls"},
    {"type": "computer_call", "call_id": "call_1", "id": "cu_1", "action": {"type": "wait"},
     "pending_safety_checks": [], "status": "completed"},
    {"type": "local_shell_call", "call_id": "call_1", "id": "lsh_1", "status": "completed",
     "action": {"type": "exec", "command": ["ls"], "env": {}}},
    {"type": "shell_call", "call_id": "call_1", "action": {"commands": ["ls"]}, "status": "completed"},
    {"type": "apply_patch_call", "call_id": "call_1", "status": "completed",
     "operation": {"type": "delete_file", "path": "a"}},
]  # fmt: skip
RETURNED: list[dict[str, Any]] = [
    {"type": "custom_tool_call_output", "call_id": "call_1", "output": "x"},
    {"type": "custom_tool_call_output", "call_id": "call_1", "output": [TEXT, IMAGE]},
    {"type": "computer_call_output", "call_id": "call_1", "status": "completed",
     "output": {"type": "computer_screenshot", "image_url": PIXEL}},
    {"type": "shell_call_output", "call_id": "call_1", "status": "completed", "max_output_length": None,
     "output": [{"stdout": "a", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}]},
    {"type": "apply_patch_call_output", "call_id": "call_1", "status": "completed", "output": "ok"},
]  # fmt: skip
EVERY: list[dict[str, Any]] = [
    {"role": "user", "content": "hi"},
    {"role": "user", "content": [TEXT, IMAGE, {"type": "input_file", "file_id": "file_1"}]},
    {"type": "message", "role": "developer", "content": [TEXT]},
    {"role": "system", "content": ""},
    {"role": "assistant", "content": "Yes.", "phase": "commentary"},
    {"role": "assistant", "content": [SAID, {"type": "refusal", "refusal": "No."}], "id": "msg_1"},
    CALL,
    OUTPUT,
    {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]},
    *HOSTED,
    *CALLED,
    *RETURNED,
]
PART = st.fixed_dictionaries(
    {"type": st.sampled_from(["input_text", "input_image", "output_text", "refusal", "input_file", "x"]) | JSON_VALUES},
    optional=dict.fromkeys(("text", "refusal", "image_url", "file_id", "annotations"), JSON_VALUES),
)
ITEM = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from([*KINDS, "message"]) | JSON_VALUES,
        "role": st.sampled_from(["user", "assistant", "system"]) | JSON_VALUES,
        "content": st.text() | st.lists(PART, max_size=3) | JSON_VALUES,
        "output": st.text() | st.lists(PART, max_size=3) | JSON_VALUES,
        **{key: st.text() | JSON_VALUES for key in (
            "id", "call_id", "name", "arguments", "input", "summary", "encrypted_content", "status", "action",
            "operation", "server_label", "queries", "tools", "code", "container_id", "approve", "result",
        )},
    },
)  # fmt: skip
BENT = st.builds(
    lambda item, key, value: {**item, key: value},
    st.sampled_from(EVERY),
    st.sampled_from(["id", "call_id", "content", "output", "name", "status", "action", "code", "zzz", "type", "role"]),
    st.sampled_from([None, "", 1, [], [{}], {}, True, [["type"]], [{"type": "input_text", "text": None}]]),
)
"""Items of which one key is something else."""
