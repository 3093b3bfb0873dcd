"""Which dialect answers on which path.

Pure. A generating route is a row of GENERATING; errors on any path leave in the words of the provider whose path it is.
"""

from collections.abc import Mapping

from llmsim.wire.base import Wire
from llmsim.wire.openai.chat import OpenAIChat

CHAT = OpenAIChat()

GENERATING: Mapping[str, Wire] = {"/v1/chat/completions": CHAT}
"""The routes that make a model speak, all by POST."""


def refusing(_path: str) -> Wire:
    """The dialect in which errors on this path are told; OpenAI's, as long as it is the only one."""
    return CHAT
