"""Commit runners for tests: one that waits to be let through, one that fails while it is told to."""

from collections.abc import Callable

import trio

from llmsim.errors import StoreError
from llmsim.store.batch import Results
from llmsim.store.writer import inline


class Gate:
    """A commit runner that waits to be let through."""

    def __init__(self) -> None:
        self.open = trio.Event()

    async def __call__(self, commit: Callable[[], Results]) -> Results:
        await self.open.wait()
        return await inline(commit)


class Failing:
    """A commit runner that raises an error while it has one."""

    def __init__(self) -> None:
        self.error: StoreError | None = None

    async def __call__(self, commit: Callable[[], Results]) -> Results:
        if self.error is not None:
            await trio.lowlevel.checkpoint()
            raise self.error
        return await inline(commit)
