"""The emitter under a virtual clock: absolute deadlines, frames due together, and exactly one settling."""

from collections.abc import Callable, Iterator

import pytest
import trio
from trio.testing import MockClock

from llmsim.clock import Pace
from llmsim.serving.emitter import MAX_WRITE_BYTES, Emission
from llmsim.simulation.timeline import Timeline
from llmsim.store.schema import Ending
from llmsim.wire.base import Frame

TIMELINE = Timeline((500_000, 520_000, 560_000))


class Settled:
    """Records each settling."""

    def __init__(self) -> None:
        self.calls: list[tuple[Ending, int]] = []

    def __call__(self, ending: Ending, delivered: int, _late_s: float) -> None:
        self.calls.append((ending, delivered))


def frames() -> Iterator[Frame]:
    yield Frame(0, b"head ")
    for token in (1, 2, 3):
        yield Frame(token, b"%d " % token)
    yield Frame(3, b"done")


async def play(emission: Emission) -> list[tuple[float, bytes]]:
    begin = trio.current_time()
    return [(round(trio.current_time() - begin, 6), data) async for data in emission]


async def test_emission_leaves_each_frame_at_its_deadline(autojump_clock: MockClock) -> None:
    settled = Settled()
    written = await play(Emission(frames(), TIMELINE, Pace(), trio.current_time(), settled))
    assert written == [(0.0, b"head "), (0.5, b"1 "), (0.52, b"2 "), (0.56, b"3 done")]
    assert settled.calls == [(Ending.COMPLETED, 5)]


async def test_emission_at_speed_10_divides_every_delay(autojump_clock: MockClock) -> None:
    written = await play(Emission(frames(), TIMELINE, Pace(10.0), trio.current_time(), Settled()))
    assert written == [(0.0, b"head "), (0.05, b"1 "), (0.052, b"2 "), (0.056, b"3 done")]


async def test_emission_at_instant_pace_writes_all_at_once(autojump_clock: MockClock) -> None:
    written = await play(Emission(frames(), TIMELINE, Pace(None), trio.current_time(), Settled()))
    assert written == [(0.0, b"head 1 2 3 done")]


async def test_emission_counts_from_arrival_so_that_a_late_start_is_made_up(autojump_clock: MockClock) -> None:
    started = trio.current_time()
    await trio.lowlevel.checkpoint()
    with trio.move_on_after(0.51):
        await trio.sleep_forever()
    written = await play(Emission(frames(), TIMELINE, Pace(), started, Settled()))
    assert written == [(0.0, b"head 1 "), (0.01, b"2 "), (0.05, b"3 done")]


async def test_emission_bounds_one_write() -> None:
    big = (Frame(0, bytes(MAX_WRITE_BYTES)) for _ in range(3))
    written = await play(Emission(big, TIMELINE, Pace(), trio.current_time(), Settled()))
    assert [len(data) for _, data in written] == [MAX_WRITE_BYTES] * 3


async def test_emission_cancelled_at_every_frame_settles_with_what_has_left(autojump_clock: MockClock) -> None:
    for taken in range(4):
        settled = Settled()
        emission = Emission(frames(), TIMELINE, Pace(), trio.current_time(), settled)
        with trio.CancelScope() as scope:
            count = 0
            async for _ in emission:
                count += 1
                if count > taken:
                    scope.cancel()
                    await trio.lowlevel.checkpoint()
        emission.close(Ending.CLIENT_LEFT)
        emission.close(Ending.CLIENT_LEFT)
        assert settled.calls == [(Ending.CLIENT_LEFT, taken)]


async def test_emission_closed_before_it_begins_settles_with_nothing_delivered() -> None:
    settled = Settled()
    emission = Emission(frames(), TIMELINE, Pace(), trio.current_time(), settled)
    emission.close(Ending.CLIENT_LEFT)
    assert settled.calls == [(Ending.CLIENT_LEFT, 0)]
    assert not emission.completed


async def test_emission_that_its_client_holds_up_is_late_from_then_on_alone(autojump_clock: MockClock) -> None:
    late: list[tuple[float, int]] = []
    emission = Emission(
        frames(), TIMELINE, Pace(), 0.0, Settled(), lambda seconds, frames: late.append((round(seconds, 3), frames))
    )
    emission.take(0.51)
    emission.left(0.52)
    emission.take(0.52)
    emission.held(7.0)
    emission.left(7.25)
    emission.take(8.0)
    emission.left(8.0)
    assert late == [(0.52, 2), (0.25, 1), (1.0, 2)]


class Seal:
    """A seal that is opened when the test says so."""

    def __init__(self, *, at_once: bool = False, error: Exception | None = None) -> None:
        self.asked: list[float] = []
        self.at_once = at_once
        self.error = error
        self.told: Callable[[Exception | None], None] | None = None

    def __call__(self, told: Callable[[Exception | None], None]) -> None:
        self.asked.append(trio.current_time())
        self.told = told
        if self.at_once:
            told(self.error)

    async def open_after(self, delay_s: float) -> None:
        """Answer so long after it was asked."""
        while self.told is None:
            await trio.testing.wait_all_tasks_blocked()
            await trio.sleep(0.001)
        await trio.sleep(delay_s)
        self.told(self.error)


def sealed_frames() -> Iterator[Frame]:
    yield Frame(1, b"1 ")
    yield Frame(3, b"3 ")
    yield Frame(3, b"completed ", sealed=True)
    yield Frame(3, b"done", sealed=True)


async def test_sealed_frames_wait_for_the_seal_and_those_before_do_not(autojump_clock: MockClock) -> None:
    begun, seal, settled = trio.current_time(), Seal(), Settled()
    emission = Emission(sealed_frames(), TIMELINE, Pace(), begun, settled, seal=seal)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(seal.open_after, 0.5)
        written = await play(emission)
    assert [data for _, data in written] == [b"1 ", b"3 ", b"completed done"]
    assert [at for at, _ in written][:2] == [0.5, 0.56]
    assert written[2][0] >= 1.06
    assert [round(at - begun, 2) for at in seal.asked] == [0.56]
    assert settled.calls == [(Ending.COMPLETED, 4)]


async def test_sealed_frames_leave_with_the_others_where_the_seal_opens_at_once(autojump_clock: MockClock) -> None:
    emission = Emission(sealed_frames(), TIMELINE, Pace(), trio.current_time(), Settled(), seal=Seal(at_once=True))
    assert await play(emission) == [(0.5, b"1 "), (0.56, b"3 completed done")]


@pytest.mark.parametrize("at_once", [True, False])
async def test_seal_that_fails_ends_the_emission_before_its_sealed_frames(
    autojump_clock: MockClock, at_once: bool
) -> None:
    seal = Seal(at_once=at_once, error=OSError("no disk"))
    emission = Emission(sealed_frames(), TIMELINE, Pace(), trio.current_time(), Settled(), seal=seal)
    async with trio.open_nursery() as nursery:
        if not at_once:
            nursery.start_soon(seal.open_after, 0.5)
        assert [await anext(emission) for _ in range(2)] == [b"1 ", b"3 "]
        with pytest.raises(OSError, match="no disk"):
            await anext(emission)
    emission.close(Ending.FAILED)
    assert emission.delivered == 2


async def test_emission_cancelled_while_it_waits_for_the_seal_settles_without_the_sealed_frames(
    autojump_clock: MockClock,
) -> None:
    settled = Settled()
    emission = Emission(sealed_frames(), TIMELINE, Pace(), trio.current_time(), settled, seal=Seal())
    with trio.move_on_after(5):
        await play(emission)
    emission.close(Ending.CLIENT_LEFT)
    assert settled.calls == [(Ending.CLIENT_LEFT, 2)]


@pytest.mark.parametrize(
    ("at_s", "left"), [(0.0, [b"head "]), (0.51, [b"head ", b"1 "]), (0.7, [b"head ", b"1 ", b"3 "])]
)
async def test_emission_that_is_cut_ends_with_what_has_left(
    autojump_clock: MockClock, at_s: float, left: list[bytes]
) -> None:
    begun, settled = trio.current_time(), Settled()
    emission = Emission(iter((Frame(0, b"head "), *sealed_frames())), TIMELINE, Pace(), begun, settled, seal=Seal())

    async def cut() -> None:
        await trio.sleep(at_s)
        await trio.testing.wait_all_tasks_blocked()
        emission.cut()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(cut)
        assert [data for _, data in await play(emission) if data] == left
    assert trio.current_time() - begun == pytest.approx(at_s)
    assert settled.calls == [(Ending.COMPLETED, len(left))]
