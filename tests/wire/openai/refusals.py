"""Requests that the live Responses API refuses, each with what it says: param, code, message.

The rows are facts: each request was sent to it (gpt-5.6-terra, August 2026).
"""

from typing import Any

from tests.wire.openai.requests import WEATHER

INVALID, TYPE, UNKNOWN, MISSING = "invalid_value", "invalid_type", "unknown_parameter", "missing_required_parameter"
ROLES = "Invalid value: '{}'. Supported values are: 'assistant', 'system', 'developer', and 'user'."
ITEM_TYPES = (
    "Invalid value: '{}'. Supported values are: 'additional_tools', 'agent_message', 'apply_patch_call', "
    "'apply_patch_call_output', 'code_interpreter_call', 'compaction', 'compaction_trigger', 'computer_call', "
    "'computer_call_output', 'custom_tool_call', 'custom_tool_call_output', 'file_search_call', 'function_call', "
    "'function_call_output', 'image_generation_call', 'item_reference', 'local_shell_call', 'local_shell_call_output', "
    "'mcp_approval_request', 'mcp_approval_response', 'mcp_call', 'mcp_list_tools', 'message', 'multi_agent_call', "
    "'multi_agent_call_output', 'program', 'program_output', 'reasoning', 'shell_call', 'shell_call_output', "
    "'tool_search_call', 'tool_search_output', and 'web_search_call'."
)
PARTS = (
    "Invalid value: 'bogus'. Supported values are: 'input_text', 'input_image', 'input_audio', 'output_text', "
    "'refusal', 'input_file', 'computer_screenshot', 'summary_text', and 'encrypted_content'."
)
INCLUDES = (
    "Invalid value: 'bogus.thing'. Supported values are: 'file_search_call.results', 'web_search_call.results', "
    "'web_search_call.action.sources', 'message.input_image.image_url', 'computer_call_output.output.image_url', "
    "'code_interpreter_call.outputs', 'reasoning.encrypted_content', and 'message.output_text.logprobs'."
)
MOVED = (
    "Unsupported parameter: 'messages'. In the Responses API, this parameter has moved to 'input'. Try again with the "
    "new parameter. See the API documentation for more information: "
    "https://platform.openai.com/docs/api-reference/responses/create."
)
WRONG_PART = (
    "Invalid value: 'output_text'. Supported values are: 'input_text', 'input_image', 'input_file', 'scoped_content', "
    "and 'input_audio'."
)
EFFORTS = (
    "Invalid value: 'bogus'. Supported values are: 'none', 'minimal', 'low', 'medium', 'high', 'xhigh', and 'max'."
)
NOTHING = "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation' must be provided."
BOTH = "Mutually exclusive parameters: ''. Ensure you are only providing one of: 'pre..._id' or 'conversation'."
NO_CHOICE = {"tools": [WEATHER], "tool_choice": {"type": "function", "function": {"name": "f"}}}


def typed(param: str, expected: str, got: str = "a string") -> tuple[str, str, str]:
    return param, TYPE, f"Invalid type for '{param}': expected {expected}, but got {got} instead."


def missing(param: str) -> tuple[str, str, str]:
    return param, MISSING, f"Missing required parameter: '{param}'."


def unknown(param: str, hint: str = "") -> tuple[str, str, str]:
    return param, UNKNOWN, f"Unknown parameter: '{param}'.{hint}"


def item(**keys: object) -> dict[str, object]:
    return {"input": [{"role": "user", "content": "hi", **keys}]}


def said(*parts: object, role: str = "user") -> dict[str, object]:
    return {"input": [{"role": role, "content": list(parts)}]}


def assistant(**keys: object) -> dict[str, object]:
    content = [{"type": "output_text", "annotations": [], "logprobs": [], "text": "OK"}]
    replied = {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": content}
    return {"input": [{**replied, **keys}, {"role": "user", "content": "hi"}]}


REFUSED: list[tuple[dict[str, Any], tuple[str | None, str | None, str]]] = [
    ({"zzz_unknown": 1}, unknown("zzz_unknown")),
    ({"n": 2}, unknown("n")),
    ({"stop": ["ZZ"]}, unknown("stop", " Did you mean 'store'?")),
    ({"seed": 1}, unknown("seed")),
    ({"logprobs": True}, unknown("logprobs")),
    ({"max_tokens": 16}, unknown("max_tokens")),
    ({"tool": 1}, unknown("tool", " Did you mean 'tools'?")),
    ({"inpu": 1}, unknown("inpu")),
    ({"modell": 1}, unknown("modell")),
    ({"messages": [{"role": "user", "content": "hi"}]}, (None, "unsupported_parameter", MOVED)),
    ({"model": ...}, missing("model")),
    ({"model": None}, typed("model", "a string", "an object")),
    ({"model": ""}, ("model", "model_not_found", "The requested model '' does not exist.")),
    ({"model": 7}, typed("model", "a string", "an integer")),
    ({"input": ...}, missing("input")),
    ({"input": ..., "zzz": 1}, missing("input")),
    ({"input": ..., "previous_response_id": "resp_x"}, missing("input")),
    ({"input": ..., "model": ...}, missing("model")),
    ({"input": []}, (None, MISSING, NOTHING)),
    ({"input": ""}, (None, MISSING, NOTHING)),
    ({"input": [], "zzz": 1}, unknown("zzz")),
    ({"input": [], "user": 7}, typed("user", "a string", "an integer")),
    ({"input": None}, typed("input", "a string", "an object")),
    ({"input": {"a": 1}}, typed("input", "one of a string or array of input items", "an object")),
    ({"input": [7]}, typed("input[0]", "an input item", "an integer")),
    ({"input": [None]}, typed("input[0]", "an input item", "null")),
    (item(bogus=1), unknown("input[0].bogus")),
    (item(phase="final_answer"), unknown("input[0].phase")),
    (item(type=7), ("input[0]", INVALID, ITEM_TYPES.format(""))),
    ({"input": [{"type": "bogus"}]}, ("input[0]", INVALID, ITEM_TYPES.format("bogus"))),
    (item(role="bogus"), ("input[0]", INVALID, ROLES.format("bogus"))),
    ({"input": [{}]}, ("input[0]", INVALID, ROLES.format(""))),
    ({"input": [{"role": "user"}]}, missing("input[0].content")),
    (assistant(zzz=1), unknown("input[0].zzz")),
    (
        assistant(phase="bogus"),
        ("input[0].phase", INVALID, "Invalid value: 'bogus'. Supported values are: 'commentary' and 'final_answer'."),
    ),
    (
        said({"type": "input_text", "text": "x"}, role="assistant"),
        (
            "input[0].content[0]",
            INVALID,
            "Invalid value: 'input_text'. Supported values are: 'output_text' and 'refusal'.",
        ),
    ),
    (said({"type": "bogus", "text": "x"}), ("input[0].content[0].type", INVALID, PARTS)),
    (
        said({"type": "output_text", "text": "x"}),
        ("input[0].content[0]", INVALID, WRONG_PART),
    ),
    (said({"type": "input_text"}), missing("input[0].content[0].text")),
    ({"text": {"zzz": 1}}, unknown("text.zzz")),
    (
        {"text": {"format": {"type": "bogus"}}},
        (
            "text.format.type",
            INVALID,
            "Invalid value: 'bogus'. Supported values are: 'json_object', 'text', and 'json_schema'.",
        ),
    ),
    ({"text": {"format": {"type": "json_schema"}}}, missing("text.format.name")),
    (
        {"text": {"verbosity": "bogus"}},
        ("text.verbosity", INVALID, "Invalid value: 'bogus'. Supported values are: 'low', 'medium', and 'high'."),
    ),
    ({"tools": [{}]}, missing("tools[0].type")),
    ({"tools": [{"type": "function"}]}, missing("tools[0].name")),
    ({"tools": [{"type": "function", "function": {"name": "f"}}]}, missing("tools[0].name")),
    ({"tools": "x"}, typed("tools", "an array of tools")),
    ({"reasoning": "low"}, typed("reasoning", "an object")),
    (
        {"reasoning": {"effort": "bogus"}},
        ("reasoning.effort", INVALID, EFFORTS),
    ),
    (
        {"reasoning": {"effort": ["low"]}},
        typed(
            "reasoning.effort",
            "one of one of 'none', 'minimal', 'low', 'medium', 'high', 'xhigh', or 'max' or integer",
            "an array",
        ),
    ),
    (
        {"reasoning": {"effort": 5}},
        typed("reasoning.effort", "one of 'minimal', 'low', 'medium', or 'high'", "an integer"),
    ),
    (
        {"reasoning": {"summary": "bogus"}},
        (
            "reasoning.summary",
            INVALID,
            "Invalid value: 'bogus'. Supported values are: 'concise', 'detailed', and 'auto'.",
        ),
    ),
    ({"reasoning": {"generate_summary": "concise"}}, unknown("reasoning.generate_summary")),
    ({"temperature": "hot"}, typed("temperature", "a decimal")),
    ({"top_logprobs": "x"}, typed("top_logprobs", "an integer")),
    ({"previous_response_id": {"a": 1}}, typed("previous_response_id", "a string", "an object")),
    ({"prompt": "x"}, typed("prompt", "an object")),
    ({"prompt": {"id": "pmpt_x"}}, (None, None, "Prompt with id 'pmpt_x' not found.")),
    (
        {"truncation": "bogus"},
        ("truncation", INVALID, "Invalid value: 'bogus'. Supported values are: 'auto' and 'disabled'."),
    ),
    ({"truncation": {"a": 1}}, typed("truncation", "one of 'auto' or 'disabled'", "an object")),
    ({"include": ["bogus.thing"]}, ("include[0]", INVALID, INCLUDES)),
    (
        {"include": "x"},
        typed(
            "include",
            "an array of one of 'fil...lts', 'web...lts', 'web...ces', 'mes...url', 'com...url', 'cod...uts', "
            "'rea...ent', or 'mes...obs'",
        ),
    ),
    (
        {"max_output_tokens": 15},
        (
            "max_output_tokens",
            "integer_below_min_value",
            "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got 15 instead.",
        ),
    ),
    (
        {"service_tier": "bogus"},
        (
            "service_tier",
            INVALID,
            "Invalid value: 'bogus'. Supported values are: 'auto', 'default', 'fast', 'flex', and 'priority'.",
        ),
    ),
    ({"metadata": "x"}, typed("metadata", "a metadata object")),
    ({"prompt_cache_options": {"bogus": 1}}, unknown("prompt_cache_options.bogus")),
    ({"stream_options": {"include_usage": True}}, unknown("stream_options.include_usage")),
    ({"context_management": "x"}, typed("context_management", "an array of objects")),
    (
        {"tool_choice": 7},
        typed("tool_choice", "one of an object or 'none', 'auto', or 'required'", "an integer"),
    ),
    (
        {"tools": [WEATHER], "tool_choice": "bogus"},
        ("tool_choice", INVALID, "Invalid value: 'bogus'. Supported values are: 'none', 'auto', and 'required'."),
    ),
    ({"tools": [WEATHER], "tool_choice": {"type": "function"}}, missing("tool_choice.name")),
    (NO_CHOICE, missing("tool_choice.name")),
    ({"conversation": "conv_x", "previous_response_id": "resp_x"}, (None, "mutually_exclusive_parameters", BOTH)),
]
