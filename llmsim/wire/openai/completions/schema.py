"""What the legacy completions endpoint accepts, as data, and the prompts of a request as messages.

Pure. The order of the rows is that in which faults are reported. A prompt of token ids becomes as many made-up words,
one for each id: there is no vocabulary here to read them with.
"""

from collections.abc import Mapping
from typing import Any

import attrs

from llmsim.errors import ClientError
from llmsim.turn import Message, Role, unmarked
from llmsim.wire.openai import errors
from llmsim.wire.openai.validation import (
    Flag,
    Items,
    Kind,
    Number,
    Table,
    Text,
    TextOr,
    check_keys,
    opened,
    refuse_unknown,
)

INTEGER_MOST = 2**63 - 1
MOST_CHOICES = 128
"""Completions of one request, all prompts together (of a single one the live API makes as many)."""
SYLLABLES = [start + vowel for start in "bcdfghjklmnpqrstvwz" for vowel in "aeiou"]


@attrs.frozen
class Prompt:
    """A string, an array of strings, an array of token ids, or an array of such arrays."""

    def accepts(self, value: Any) -> bool:  # noqa: ANN401
        if isinstance(value, str):
            return True
        if not isinstance(value, list) or not value:
            return False
        return (
            _are(value, str) or _are(value, int) or (_are(value, list) and all(one and _are(one, int) for one in value))
        )

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if self.accepts(value):
            return
        if not isinstance(value, list):
            raise errors.wrong_type(param, "one of a string or array of strings, integers, or integer arrays", value)
        if not value:
            raise errors.empty_array(param)
        kind = type(value[0]) if type(value[0]) in {str, int, list} else str
        for index, item in enumerate(value):
            if type(item) is not kind:
                raise errors.wrong_type(f"{param}[{index}]", errors.TYPES[kind], item)
            if kind is list:
                Items(Number(), "integers", least=1).check(f"{param}[{index}]", item)
        raise errors.wrong_type(param, "a string", value)


STOP = Text(filled=True)
KEYS: Mapping[str, Kind] = {
    "prompt": Prompt(),
    "suffix": Text(),
    "max_tokens": Number(least=0, most=INTEGER_MOST),
    "temperature": Number(least=0, most=2, decimal=True),
    "top_p": Number(least=0, most=1, decimal=True),
    "n": Number(least=1, most=MOST_CHOICES),
    "best_of": Number(least=1, most=20),
    "stream": Flag(),
    "stream_options": Table({"include_usage": Flag(), "include_obfuscation": Flag()}, closed=True),
    "logprobs": Number(least=0, most=5),
    "echo": Flag(),
    "stop": TextOr(Items(STOP, "strings", most=4), STOP),
    "presence_penalty": Number(least=-2, most=2, decimal=True),
    "frequency_penalty": Number(least=-2, most=2, decimal=True),
    "logit_bias": Table(),
    "seed": Number(least=-INTEGER_MOST - 1, most=INTEGER_MOST),
    "user": Text(),
}
OPENED: Mapping[str, Kind] = opened(KEYS)


def check_completion(body: Mapping[str, Any], *, lenient: bool = False) -> None:
    """Look at a whole request.

    Raises:
        ClientError: the first fault: the model, unknown keys, the known ones, keys that do not go together.
    """
    model = body.get("model")
    if model is None or model == "":
        raise ClientError("you must provide a model parameter")
    if not isinstance(model, str):
        raise errors.wrong_type("model", "a string", model)
    if not lenient:
        refuse_unknown(body, ("model", *KEYS))
    check_keys(body, OPENED if lenient else KEYS)
    if body.get("stream_options") is not None and not body.get("stream"):
        raise errors.not_alone("stream_options", "stream")
    n, best_of = body.get("n") or 1, body.get("best_of")
    if best_of is not None and best_of < n:
        raise ClientError(
            "You requested that the server return more choices than it will generate (HINT: You must set 'n' "
            f"(currently {n}) to be at most 'best_of' (currently {best_of}), or omit either parameter if you don't "
            "specifically want to use them.)"
        )
    if best_of is not None and best_of > n and body.get("stream"):
        raise ClientError("The 'best_of' parameter cannot be above 'n' when 'stream' is enabled.", param="best_of")
    choices = max(n, best_of or 1) * prompts_in(body)
    if choices > MOST_CHOICES:
        raise ClientError(
            f"Invalid 'prompt': {choices} completions were requested (prompts times 'n' or 'best_of'), but at most "
            f"{MOST_CHOICES} are made.",
            param="prompt",
        )


def prompts_in(body: Mapping[str, Any]) -> int:
    """How many prompts a request that was checked has."""
    prompt = body.get("prompt")
    return len(prompt) if isinstance(prompt, list) and not isinstance(prompt[0], int) else 1


def messages_of(prompt: Any) -> tuple[Message, ...]:  # noqa: ANN401
    """The prompts, each as a message; what is absent is an empty text."""
    if isinstance(prompt, list) and not isinstance(prompt[0], int):
        return tuple(Message(Role.USER, _text(one)) for one in prompt)
    return (Message(Role.USER, _text(prompt or "")),)


def _text(prompt: str | list[int]) -> str:
    return unmarked(prompt) if isinstance(prompt, str) else "".join(map(word_of, prompt))


def word_of(token: int) -> str:
    """The made-up word of a token id: short, and for ids below 800,000 another one for each."""
    word = " "
    for _ in range(3):
        token, digit = divmod(token, len(SYLLABLES))
        word += SYLLABLES[digit]
    return word


def _are(values: list[Any], kind: type) -> bool:
    return all(type(value) is kind for value in values)
