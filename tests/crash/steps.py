"""A child process that does one thing to a store in one transaction; `test_kill_in_commit` kills it at every write.

Each thing leaves what the store keeps for providers' APIs in step with its turns, or is the change of a store's format.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from llmsim.store.batch import Operation, apply
from llmsim.store.environment import Environment, claim
from llmsim.store.operations import DeleteSession, PutTurn
from llmsim.store.resources import AppendItems, Count, DeleteItem, DeleteResource, PutResource
from llmsim.store.schema import Resource
from llmsim.store.turn_removal import DeleteTurn
from tests.stored import PROFILE, conversation, items_of, shown, turn_of

NAME = "conversation"
FIRST, SECOND, THIRD = conversation(NAME, 3)
LONG = "and so on " * 2000
"""Takes pages of its own: a commit of it is several writes."""
CONVERSATION = Resource("conv_1", NAME, "test.conversation", FIRST.created_s, {}, lists=("all",))
OTHERS = [turn for number in range(20) for turn in conversation(f"other-{number}", 2)]


def before() -> list[Operation]:
    """What there is: a conversation of three responses and six items, beside other sessions."""
    put: list[Operation] = [PutTurn(turn, PROFILE) for turn in (*OTHERS, FIRST, SECOND, THIRD)]
    put += [PutResource(shown(turn, id=f"resp_{turn.key.number}", lists=("all",))) for turn in (FIRST, SECOND, THIRD)]
    return [*put, PutResource(CONVERSATION), AppendItems(NAME, items_of(NAME, 6))]


FOURTH = turn_of(NAME, LONG, THIRD)
STEPS: dict[str, tuple[Operation, ...]] = {
    "response": (
        PutTurn(FOURTH, PROFILE, "key of a client"),
        PutResource(shown(FOURTH, id="resp_4", lists=("all", "running"), body={"said": LONG})),
        Count(bytes(16), 1),
    ),
    "conversation turn": (
        AppendItems(NAME, items_of(NAME, 3, LONG, first=6)),
        PutResource(shown(THIRD, id="resp_3", body={"over": True})),
    ),
    "response deleted": (DeleteResource("resp_2"), DeleteTurn(NAME, SECOND.key)),
    "item deleted": (DeleteItem(items_of(NAME, 6)[2]["id"]),),
    "conversation deleted": (DeleteSession(NAME),),
    "format": (),
}


def together(operations: tuple[Operation, ...]) -> Callable[..., None]:
    """Several operations as one, as a request makes them."""

    def operation(view: object) -> None:
        for one in operations:
            one(view)  # type: ignore[arg-type]  # a View

    return operation


def do(data_dir: Path, step: str) -> None:
    """Open the store, which changes an old format, and do one thing to it."""
    with claim(data_dir), Environment.open(data_dir) as environment:
        if STEPS[step]:
            [result] = apply(environment, [together(STEPS[step])])
            if result.error is not None:
                raise result.error


if __name__ == "__main__":
    do(Path(sys.argv[1]), sys.argv[2])
