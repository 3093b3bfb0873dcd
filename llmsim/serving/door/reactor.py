"""Readiness of many sockets, watched by one task: whoever owns a socket is called when it can be read or written.

A selector of its own, which the event loop watches as one file. A socket stays registered as long as it is watched, so
that a request costs no system call to wait for it, and no task to be woken. Knows file numbers, and nothing of HTTP.
Sources: epoll(7), "epoll file descriptors can be monitored by epoll"; kqueue(2) says the same of its own.
"""

import selectors
from collections.abc import Callable

import trio

Ready = Callable[[bool, bool], None]
"""Called with whether the socket can be read and whether it can be written; awaits nothing, raises nothing."""
TURN = 32
"""Sockets that are served before other tasks have their turn: some milliseconds of generating requests."""
READ = selectors.EVENT_READ
WRITE = selectors.EVENT_WRITE


class Reactor:
    """Calls owners of ready sockets, as long as `run` runs. Level-triggered: who leaves data unread is called again."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def watch(self, file: int, ready: Ready, *, read: bool = True, write: bool = False) -> None:
        """Call `ready` for this, instead of what was watched before; with neither, the socket is not watched."""
        events = read * READ | write * WRITE
        known = file in self._selector.get_map()
        if known and events:
            self._selector.modify(file, events, ready)
        elif known:
            self._selector.unregister(file)
        elif events:
            self._selector.register(file, events, ready)

    def forget(self, file: int) -> None:
        """Watch a socket no more: before it is closed, or given to somebody else."""
        if file in self._selector.get_map():
            self._selector.unregister(file)

    async def run(self) -> None:
        """Watch until cancelled. While sockets are ready, the loop is asked for its turn only now and then."""
        selector = self._selector
        watched = selector.get_map()
        itself: int = selector.fileno()
        served = 0
        while True:
            await trio.lowlevel.wait_readable(itself)
            while ready := selector.select(0):
                for key, events in ready:
                    if watched.get(key.fd) is key:
                        key.data(bool(events & READ), bool(events & WRITE))
                    served += 1
                    if served % TURN == 0:
                        await trio.lowlevel.checkpoint()

    def close(self) -> None:
        """Let go of the selector, once nobody has a socket that is watched."""
        self._selector.close()
