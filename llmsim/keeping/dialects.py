"""Which dialect remembers what: its keeper, by the name of the dialect."""

from collections.abc import Mapping

from llmsim.keeping.base import Keeper
from llmsim.keeping.threads import Threads
from llmsim.wire.anthropic.messages import AnthropicMessages

KEEPERS: Mapping[str, Keeper] = {AnthropicMessages().dialect: Threads()}
"""A dialect without one remembers nothing beyond its turns."""
