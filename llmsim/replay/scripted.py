"""Replies that session scripts put into a model's mouth: whoever holds one of their conversations gets them.

A reply belongs to the session, the number of the turn and what the user said last; these are the same in every dialect.
Knows no client and no server.
"""

from collections.abc import Iterable

import attrs

from llmsim.replay.script import Script, parts, scripted_by, spoken
from llmsim.turn import Place, Role, Scripted, TurnRequest


@attrs.frozen
class ScriptedReplies:
    """The replies of scripts, by session, turn number and what the user said; the simulator asks for them."""

    _replies: dict[tuple[str, int, str], Scripted]

    @classmethod
    def from_scripts(cls, scripts: Iterable[Script]) -> "ScriptedReplies":
        """Every reply that these scripts have."""
        replies = {}
        for script in scripts:
            for part in parts(script):
                for number, said, turn in spoken(part.turns):
                    scripted = scripted_by(turn)
                    if scripted is not None:
                        replies[part.session, number, said] = scripted
        return cls(replies)

    def __call__(self, place: Place, request: TurnRequest) -> Scripted | None:
        """The reply for this place, if a script has one."""
        if not self._replies:
            return None
        said = next((message.content for message in reversed(request.messages) if message.role is Role.USER), "")
        return self._replies.get((place.session, place.number, said))
