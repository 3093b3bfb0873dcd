"""Which dialect remembers what: its keeper, by the name of the dialect.

And what a process does when it starts. Knows keepers and names, nothing of what they keep.
"""

from collections.abc import Callable, Mapping

from llmsim.keeping.background import go_on
from llmsim.keeping.base import Keeper, Moment
from llmsim.keeping.completions import Completions
from llmsim.keeping.responses import Responses
from llmsim.keeping.threads import Threads
from llmsim.store.batch import Operation
from llmsim.store.environment import View
from llmsim.wire.dialects import CHAT, MESSAGES, RESPONSES

KEEPERS: Mapping[str, Keeper] = {
    CHAT.dialect: Completions(),
    MESSAGES.dialect: Threads(),
    RESPONSES.dialect: Responses(),
}
"""A dialect without one remembers nothing beyond its turns."""
STARTING: tuple[Callable[[View, Moment], Operation | None], ...] = (go_on,)
"""What is made durable before a pod answers: what was under way when its last process ended goes on."""
