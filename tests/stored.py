"""Stores made for tests: conversations as records, without a simulator."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest

from llmsim.store.check import check
from llmsim.store.copying import records_of
from llmsim.store.environment import Environment, claim
from llmsim.store.loading import Loading
from llmsim.store.operations import PutOutcome, PutTurn, heads
from llmsim.store.ownership import open_for
from llmsim.store.schema import FORMAT_VERSION, Ending, Origin, Outcome, Resource, Table, Turn, TurnKey, branch_of
from llmsim.turn import ROOT, FinishReason, Message, Reply, Role, Usage, chain_digests

PROFILE = b'{"name":"stored-for-tests"}'
PROFILE_DIGEST = hashlib.blake2b(PROFILE, digest_size=16).digest()
SEED = 7


def turn_of(
    session: str, said: str, parent: Turn | None = None, *, choice: int = 0, attempt: int = 0, replies: int = 1
) -> Turn:
    """One turn in which the user says something, after a reply of the parent or at the beginning."""
    messages = (Message(Role.USER, said),)
    chain = chain_digests(messages, dict(heads(parent))[choice] if parent else ROOT)[-1]
    number = parent.key.number + 1 if parent else 1
    request_digest = hashlib.blake2b(said.encode(), digest_size=16).digest()
    return Turn(
        session=session,
        key=TurnKey(number, branch_of(chain, request_digest), attempt),
        parent=parent.key if parent else None,
        parent_choice=choice if parent else 0,
        messages=messages,
        chain=chain,
        dialect="openai-chat",
        params={"model": "stored-for-tests", "temperature": 0.5},
        request_digest=request_digest,
        origin=Origin(SEED, 0, session),
        profile=PROFILE_DIGEST,
        plan_version=1,
        replies=tuple(Reply(f"You said: {said}. ({index})", FinishReason.STOP) for index in range(replies)),
        usage=Usage(10 * number, 5),
        created_s=1_700_000_000 + number,
    )


def shown(turn: Turn, /, **changes: Any) -> Resource:  # noqa: ANN401
    """A resource that shows a turn, as a stored response does."""
    made = Resource(f"resp_{turn.session}_{turn.key}", turn.session, "test.response", turn.created_s, {}, turn.key)
    return attrs.evolve(made, **changes)


def items_of(session: str, count: int, said: str = "an item", first: int = 0) -> tuple[dict[str, Any], ...]:
    """Items of a conversation."""
    return tuple({"id": f"msg_{session}_{number}", "said": said} for number in range(first, first + count))


def conversation(session: str, turns: int, said: str = "Tell me more") -> Iterator[Turn]:
    """Turns in a row."""
    parent = None
    for number in range(1, turns + 1):
        parent = turn_of(session, f"{said} ({number})", parent)
        yield parent


def put(environment: Environment, *turns: Turn, ending: Ending | None = Ending.COMPLETED) -> None:
    """Store turns in one transaction, with outcomes unless `ending` is None."""
    with environment.write() as view:
        for turn in turns:
            PutTurn(turn, PROFILE)(view)
            if ending is not None:
                PutOutcome(turn.session, turn.key, Outcome(ending, 3))(view)


def fill(data_dir: Path, sessions: int = 3, turns: int = 4, ordinal: int = 0, said: str = "Tell me more") -> Path:
    """A store of a pod with so many sessions (`s-0`, `s-1`, ...) of so many turns; its directory."""
    with claim(data_dir), Environment.open(data_dir, create=True) as environment:
        open_for(environment, seed=SEED, ordinal=ordinal, now_s=1_700_000_000)
        put(environment, *(turn for index in range(sessions) for turn in conversation(f"s-{index}", turns, said)))
    return data_dir


@contextmanager
def checked(data_dir: Path) -> Iterator[Environment]:
    """The store, to be written to; it must be sound when the block ends."""
    with claim(data_dir), Environment.open(data_dir, create=True) as environment:
        yield environment
        assert check(environment) == []


def contents(data_dir: Path) -> dict[str, dict[bytes, bytes]]:
    """Every record of a store that is sound, by table and key; nothing is written beside it."""
    with Environment.open(data_dir, readonly=True, lock=False) as environment:
        assert check(environment) == []
        with environment.read() as view:
            return {table.value: dict(view.scan(table)) for table in Table}


def compact(data_dir: Path, folder: Path) -> None:
    """Make a data file in an existing folder that has the records of a store and nothing else."""
    with (
        Environment.open(data_dir, readonly=True, lock=False) as environment,
        environment.read() as view,
        Loading(folder, FORMAT_VERSION) as loading,
    ):
        loading.load(records_of(view))


def record_calls(monkeypatch: pytest.MonkeyPatch, folder: Path) -> list[str]:
    """What is made durable, renamed or removed from now on, in order; paths begin with the folder's name."""
    calls: list[str] = []

    def shown(path: int | str | Path) -> str:
        real = Path(f"/proc/self/fd/{path}").readlink() if isinstance(path, int) else Path(path)
        return str(real.relative_to(folder.parent)) if real.is_relative_to(folder) else str(real)

    def recording(name: str, really: Callable[..., None]) -> Callable[..., None]:
        def call(*paths: int | str | Path, **options: int | None) -> None:
            calls.append(" ".join([name, *map(shown, paths)]))
            really(*paths, **options)

        return call

    for name in ("fsync", "link", "rename", "replace", "unlink", "rmdir"):
        said = "rename" if name == "replace" else name
        monkeypatch.setattr(os, name, recording(said, getattr(os, name)))
    return calls
