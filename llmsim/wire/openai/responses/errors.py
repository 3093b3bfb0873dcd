"""What the Responses and Conversations APIs say of a request that is no good: their own sentences, in one place.

Pure. The envelope is OpenAI's (`errors.refuse`). Sources: recorded responses and direct probes of the live API; whoever
keeps responses and conversations raises those that only the store can find.
"""

from llmsim.errors import ClientError

INVALID_JSON = (
    "Invalid body: failed to parse JSON value. Please check the value to ensure it is valid JSON. (Common errors "
    "include trailing commas, missing closing brackets, missing quotation marks, etc.)"
)
NOTHING_SAID = "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation' must be provided."
MOVED = {
    "messages": "input",
    "response_format": "text.format",
    "reasoning_effort": "reasoning.effort",
    "verbosity": "text.verbosity",
    "max_completion_tokens": "max_output_tokens",
}
"""Keys of chat completions that have another place here."""
SHORT_CHARS = 16
"""Longer names are told by their ends where several are listed."""


def invalid_json() -> ClientError:
    """The body is no JSON object."""
    return ClientError(INVALID_JSON, code="invalid_json")


def moved(key: str) -> ClientError:
    """A key of chat completions."""
    return ClientError(
        f"Unsupported parameter: '{key}'. In the Responses API, this parameter has moved to '{MOVED[key]}'. Try again "
        "with the new parameter. See the API documentation for more information: "
        "https://platform.openai.com/docs/api-reference/responses/create.",
        code="unsupported_parameter",
    )


def null(key: str) -> ClientError:
    """A key that must be there is null, which the live API calls an object."""
    text = f"Invalid type for '{key}': expected a string, but got an object instead."
    return ClientError(text, param=key, code="invalid_type")


def nothing_said() -> ClientError:
    """There is no input, and nothing to go on from."""
    return ClientError(NOTHING_SAID, code="missing_required_parameter")


def both_histories() -> ClientError:
    """A conversation and a previous response; the empty quotes are OpenAI's."""
    return ClientError(
        "Mutually exclusive parameters: ''. Ensure you are only providing one of: 'pre..._id' or 'conversation'.",
        code="mutually_exclusive_parameters",
    )


def unknown_model(model: str) -> ClientError:
    """No profile serves this model."""
    return ClientError(f"The requested model '{model}' does not exist.", param="model", code="model_not_found")


def context_overflow() -> ClientError:
    """More input than the model's context window holds."""
    return ClientError(
        "Your input exceeds the context window of this model. Please adjust your input and try again.",
        param="input",
        code="context_length_exceeded",
    )


def previous_not_found(response_id: str) -> ClientError:
    """There is no such response to go on from."""
    return ClientError(
        f"Previous response with id '{response_id}' not found.",
        param="previous_response_id",
        code="previous_response_not_found",
    )


def response_not_found(response_id: str) -> ClientError:
    """No response of this id is stored."""
    return ClientError(f"Response with id '{response_id}' not found.", status=404)


def conversation_not_found(conversation_id: str) -> ClientError:
    """There is no such conversation, or no longer."""
    return ClientError(f"Conversation with id '{conversation_id}' not found.", status=404)


def conversation_locked() -> ClientError:
    """Another response is being made in this conversation."""
    return ClientError(
        "Another process is currently operating on this conversation. Please retry in a few seconds.",
        param="conversation",
        code="conversation_locked",
    )


def item_not_in_conversation(item_id: str) -> ClientError:
    """The conversation has no item of this id."""
    return ClientError(f"Item with id '{item_id}' not found in conversation.", status=404)


def item_not_found(item_id: str) -> ClientError:
    """An item that a request refers to is not stored."""
    return ClientError(
        f"Item with id '{item_id}' not found. Items are not persisted when `store` is set to false. Try again with "
        "`store` set to true, or remove this item from your input.",
        status=404,
    )


def prompt_not_found(prompt_id: str) -> ClientError:
    """There are no stored prompts."""
    return ClientError(f"Prompt with id '{prompt_id}' not found.", status=404)


def no_output(call_id: str) -> ClientError:
    """A call of a tool that nothing answers."""
    return ClientError(f"No tool output found for function call {call_id}.", param="input")


def no_call(call_id: str) -> ClientError:
    """A tool's output that answers no call."""
    return ClientError(f"No tool call found for function call output with call_id {call_id}.", param="input")


def no_following_item(item_id: str) -> ClientError:
    """A reasoning item without what it led to."""
    return ClientError(
        f"Item '{item_id}' of type 'reasoning' was provided without its required following item.", param="input"
    )


def no_json() -> ClientError:
    """A JSON object is asked for, and nobody mentions JSON."""
    return ClientError(
        "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.",
        param="input",
    )


def not_cancellable() -> ClientError:
    """Only background responses are cancelled."""
    return ClientError("Cannot cancel a synchronous response.")


def not_resumable(*, background: bool) -> ClientError:
    """Only background responses that were created as streams can be streamed again; `background`: it is such a one."""
    wanted = "stream=true" if background else "background=true"
    text = f"This response cannot be streamed because it was not created with {wanted}."
    return ClientError(text, param="stream")


def previous_not_over(response_id: str) -> ClientError:
    """The response to go on from is still being made."""
    text = f"Previous response with id '{response_id}' is not completed yet. Please retry once it is."
    return ClientError(text, param="previous_response_id", code="previous_response_not_completed")


def repeated_item(item_id: str) -> ClientError:
    """An item is in the conversation already. Source: vercel/ai, pull request 15492."""
    text = f"Duplicate item found with id {item_id}. Remove duplicate items from your input and try again."
    return ClientError(text, param="input")


def reference_here(item_id: str) -> ClientError:
    """A conversation is given items, not the names of items."""
    text = f"Item references are not supported in conversation items: '{item_id}'."
    return ClientError(text, param="items", code="invalid_value")


def shortened(name: str) -> str:
    """A name where several are listed."""
    return name if len(name) <= SHORT_CHARS else f"{name[:3]}...{name[-3:]}"
