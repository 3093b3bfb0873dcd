"""Which client speaks which dialect, by the name that a script gives it.

Knows no script beyond its part of a conversation; a dialect without a row cannot be played.
"""

from collections.abc import Callable, Mapping

from llmsim.replay.script import Dialect, Part
from llmsim.replay.speaking.anthropic import Anthropic
from llmsim.replay.speaking.base import Speaker
from llmsim.replay.speaking.chat import Chat
from llmsim.replay.speaking.gemini import Gemini
from llmsim.replay.speaking.responses import Responses

SPEAKERS: Mapping[Dialect, Callable[[Part], Speaker]] = {
    Dialect.CHAT: Chat,
    Dialect.RESPONSES: Responses,
    Dialect.ANTHROPIC: Anthropic,
    Dialect.GEMINI: Gemini,
}


def speaker(part: Part) -> Speaker:
    """The client of a part of a script, before its first turn."""
    return SPEAKERS[part.dialect](part)
