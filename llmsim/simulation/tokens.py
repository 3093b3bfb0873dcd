"""Counting and splitting text into tokens: the interface, and an estimator without dependencies.

The estimator splits as byte-pair encoders do before they merge (words with the space before them, digits by threes,
runs of punctuation), and cuts what is longer than a usual token. It looks at no character beyond the piece it takes,
so the pieces of a text that was cut at a piece are the same as before. Pure; any str is fine, lone surrogates included.
"""

import re
from collections.abc import Sequence
from typing import Protocol

from llmsim.turn import Message

PER_MESSAGE = 3
PER_NAME = 1
PRIMING = 3
_PIECE = re.compile(r" ?[^\W\d_]{1,12}|\d{1,3}| ?[^\w\s]{1,4}|\s{1,16}|.", re.DOTALL)


class TokenCounter(Protocol):
    """Who counts tokens. `split` and `count` agree, and neither raises, whatever the text."""

    def split(self, text: str) -> tuple[str, ...]:
        """The token-sized pieces of a text, in order; together they are the text. A piece may be empty."""
        ...

    def count(self, text: str) -> int:
        """How many pieces `split` gives."""
        ...


class Estimator:
    """Counts without a vocabulary."""

    def split(self, text: str) -> tuple[str, ...]:
        return tuple(_PIECE.findall(text))

    def count(self, text: str) -> int:
        return len(_PIECE.findall(text))


def prompt_counts(messages: Sequence[Message], counter: TokenCounter) -> list[int]:
    """The tokens of each message of a chat prompt: 3, its role, its texts, and 1 for a name.

    Source: OpenAI cookbook, "How to count tokens with tiktoken"; what a whole prompt adds is PRIMING.
    """
    return [_message_count(message, counter) for message in messages]


def prompt_tokens(messages: Sequence[Message], counter: TokenCounter) -> int:
    """The tokens of a chat prompt: its messages and the priming of the reply. "hi" from a user has 8."""
    return sum(prompt_counts(messages, counter)) + PRIMING


def _message_count(message: Message, counter: TokenCounter) -> int:
    tokens = PER_MESSAGE + 1 + counter.count(message.content)
    if message.name:
        tokens += PER_NAME + counter.count(message.name)
    for call in message.tool_calls:
        tokens += counter.count(call.name) + counter.count(call.arguments)
    return tokens
