"""Owners of sockets are called when those are ready, as long as they are watched."""

import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from functools import partial
from itertools import pairwise

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from llmsim.serving.door.reactor import TURN, Reactor

TURNS = 20
Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    ours.settimeout(0)
    with ours, theirs:
        yield ours, theirs


@asynccontextmanager
async def running() -> AsyncIterator[Reactor]:
    reactor = Reactor()
    with closing(reactor):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(reactor.run)
            yield reactor
            nursery.cancel_scope.cancel()


class Owner:
    """Notes what it is called for, and reads what there is."""

    def __init__(self, file: int) -> None:
        self.file = file
        self.called = list[tuple[bool, bool]]()
        self.read = b""

    def __call__(self, readable: bool, writable: bool) -> None:
        self.called.append((readable, writable))
        if readable:
            self.read += os.read(self.file, 100)


async def test_owner_is_called_for_what_it_watches(autojump_clock: MockClock, pair: Pair) -> None:
    ours, theirs = pair
    owner = Owner(ours.fileno())
    async with running() as reactor:
        reactor.watch(owner.file, owner)
        await wait_all_tasks_blocked()
        assert owner.called == []
        theirs.send(b"one")
        await wait_all_tasks_blocked()
        theirs.send(b"two")
        await wait_all_tasks_blocked()
        assert (owner.read, owner.called) == (b"onetwo", [(True, False)] * 2)
        reactor.watch(owner.file, owner, read=False)
        theirs.send(b"three")
        await wait_all_tasks_blocked()
        assert owner.read == b"onetwo"
        reactor.watch(owner.file, owner)
        await wait_all_tasks_blocked()
        assert owner.read == b"onetwothree"
        reactor.forget(owner.file)
        reactor.forget(owner.file)
        theirs.send(b"four")
        await wait_all_tasks_blocked()
        assert owner.read == b"onetwothree"


async def test_owner_is_called_while_its_socket_can_be_written_until_it_says_no_more(
    autojump_clock: MockClock, pair: Pair
) -> None:
    file = pair[0].fileno()
    called = list[tuple[bool, bool]]()

    def ready(readable: bool, writable: bool) -> None:
        called.append((readable, writable))
        if len(called) == 3:
            reactor.watch(file, ready, read=True, write=False)

    async with running() as reactor:
        reactor.watch(file, ready, read=False, write=True)
        await wait_all_tasks_blocked()
        reactor.forget(file)
    assert called == [(False, True)] * 3


async def test_owner_that_leaves_data_unread_is_called_again_and_others_have_their_turn(
    autojump_clock: MockClock, pair: Pair
) -> None:
    count = 0

    def ready(_readable: bool, _writable: bool) -> None:
        nonlocal count
        count += 1

    async with running() as reactor:
        reactor.watch(pair[0].fileno(), ready)
        pair[1].send(b"unread")
        for _ in range(TURNS):
            await trio.lowlevel.checkpoint()
        reactor.forget(pair[0].fileno())
    assert 1 < count <= (TURNS + 1) * TURN


async def test_owner_that_was_forgotten_by_another_is_not_called(autojump_clock: MockClock) -> None:
    pairs = [socket.socketpair() for _ in range(3 * TURN)]
    files = [ours.fileno() for ours, _ in pairs]
    called = list[int]()

    def first_forgets_all(file: int, _readable: bool, _writable: bool) -> None:
        called.append(file)
        for each in files:
            reactor.forget(each)

    async with running() as reactor:
        for file in files:
            reactor.watch(file, partial(first_forgets_all, file))
        for _, theirs in pairs:
            theirs.send(b"x")
        await wait_all_tasks_blocked()
    for each in pairs:
        for end in each:
            end.close()
    assert len(called) == 1


async def test_many_sockets_are_all_served_and_the_loop_goes_on_between(autojump_clock: MockClock) -> None:
    pairs = [socket.socketpair() for _ in range(4 * TURN)]
    owners = [Owner(ours.fileno()) for ours, _ in pairs]
    turns = list[int]()
    async with running() as reactor:
        for owner in owners:
            reactor.watch(owner.file, owner)
        for _, theirs in pairs:
            theirs.send(b"x")
        while not turns or turns[-1] < len(pairs):
            turns.append(sum(len(owner.called) for owner in owners))
            await trio.lowlevel.checkpoint()
        for owner in owners:
            reactor.forget(owner.file)
    for each in pairs:
        for end in each:
            end.close()
    assert max(after - before for before, after in pairwise(turns)) <= 2 * TURN
    assert [owner.read for owner in owners] == [b"x"] * len(pairs)


async def test_file_number_that_is_used_again_is_another_socket(autojump_clock: MockClock) -> None:
    read = list[bytes]()
    async with running() as reactor:
        for data in (b"one", b"two"):
            ours, theirs = socket.socketpair()
            with ours, theirs:
                owner = Owner(ours.fileno())
                reactor.watch(owner.file, owner)
                theirs.send(data)
                await wait_all_tasks_blocked()
                read.append(owner.read)
                reactor.forget(owner.file)
    assert read == [b"one", b"two"]
