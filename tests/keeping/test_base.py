"""What the simulator does with a keeper's answers: claims are held and given back, what is kept is whole or absent."""

from collections.abc import Callable
from pathlib import Path

import attrs
import orjson
import pytest
from trio.testing import MockClock

from llmsim.admission import Ask, Slot, session_of
from llmsim.clock import Pace
from llmsim.errors import ClientError, WrongPod
from llmsim.keeping.base import All, Kept, Moment, Recalled, refuse_foreign
from llmsim.serving.pod import running_pod
from llmsim.serving.service import Service
from llmsim.simulation.plan import Plan
from llmsim.store import resources, sessions
from llmsim.store.environment import View
from llmsim.store.resources import PutResource
from llmsim.store.schema import Ending, Resource, Turn
from llmsim.turn import Message, Pod, Role
from llmsim.wire.base import Held, Parsed
from llmsim.wire.dialects import CHAT
from llmsim.wire.ids import keyed_id, partition_key
from tests.pods import options, pod

GOES_ON = Held(conversation="page")
REMEMBERED = (Message(Role.USER, "My name is Ada."), Message(Role.ASSISTANT, "Hello, Ada."))


class Notebook:
    """A keeper that remembers one exchange, and notes each turn when it has ended."""

    def __init__(self) -> None:
        self.moments: list[Moment] = []

    def session_of(self, view: View, parsed: Parsed) -> str:
        found = self.recall(view, parsed, Moment(Pod(7, 0), 0, Pace()))
        return found.session or session_of(found.parsed.request, None)

    def recall(self, view: View, parsed: Parsed, moment: Moment) -> Recalled:
        self.moments += [moment] if moment.now_s else []
        request = attrs.evolve(parsed.request, messages=REMEMBERED + parsed.request.messages)
        known = resources.resource(view, "note")
        taken = ClientError("busy", code="conversation_locked")
        return Recalled(attrs.evolve(parsed, request=request), known.session if known else None, ("page",), taken)

    def keep(self, turn: Turn, plan: Plan, asked: Parsed, moment: Moment) -> Kept:
        at = (turn.key, plan.unique.hex())
        assert asked.held is not None
        assert moment.now_s >= self.moments[0].now_s
        started = Resource("started", turn.session, "note", turn.created_s, {"unique": at[1]}, at[0])
        return Kept(PutResource(started), PutResource(attrs.evolve(started, id="note")))


def asked(held: Held | None = GOES_ON, text: str = "What is my name?") -> Parsed:
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}]}
    return attrs.evolve(CHAT.parse(orjson.dumps(body), {}), held=held)


async def admitted(service: Service, parsed: Parsed, ask: Ask | None = None) -> Slot:
    return await service.simulator.admit(CHAT, parsed, ask or Ask())


def known(service: Service, name: str) -> Resource | None:
    with service.simulator.environment.read() as view:
        return resources.resource(view, name)


def noted(service: Service) -> Notebook:
    notebook = Notebook()
    service.simulator.keepers = {CHAT.dialect: notebook}
    return notebook


async def sealed(service: Service, slot: Slot) -> None:
    told: list[Exception | None] = []
    service.simulator.seal(slot, told.append)
    await service.simulator.writer.drain()
    assert told == [None]


async def test_remembered_messages_are_the_context_and_what_is_kept_comes_in_two_parts(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        noted(under.service)
        slot = await admitted(under.service, asked())
        assert "Ada" in slot.plan.choices[0].text
        assert slot.key.number == 2
        assert known(under.service, "started") is not None
        assert known(under.service, "note") is None
        await sealed(under.service, slot)
        assert known(under.service, "note") is not None
        under.service.simulator.settle(slot, Ending.COMPLETED, 1)


async def test_claim_is_held_until_the_turn_is_settled(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        noted(under.service)
        slot = await admitted(under.service, asked())
        with pytest.raises(ClientError, match=r"^busy$"):
            await admitted(under.service, asked())
        await admitted(under.service, asked(held=None))
        under.service.simulator.settle(slot, Ending.CLIENT_LEFT, 0)
        again = await admitted(under.service, asked())
        assert again.key.attempt == 1
        under.service.simulator.settle(again, Ending.COMPLETED, 1)


async def test_claim_of_a_turn_that_cannot_be_stored_is_given_back(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        notebook = noted(under.service)
        fault = ClientError("no", status=507)

        def failing(_view: View) -> None:
            raise fault

        for wanted in (failing, None):
            notebook.keep = lambda *_, wanted=wanted: Kept(wanted)  # type: ignore[method-assign]
            if wanted:
                with pytest.raises(ClientError, match=r"^no$"):
                    await admitted(under.service, asked())
                continue
            slot = await admitted(under.service, asked())
            under.service.simulator.settle(slot, Ending.COMPLETED, 1)


async def test_request_that_goes_on_names_no_other_session(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        noted(under.service)
        slot = await admitted(under.service, asked(), Ask(session="here"))
        await sealed(under.service, slot)
        under.service.simulator.settle(slot, Ending.COMPLETED, 1)
        for ask in (Ask(session="there"), Ask(session="here", server_history=True)):
            with pytest.raises(ClientError, match=r"^The request goes on in session 'here'"):
                await admitted(under.service, asked(), ask)
        assert (await admitted(under.service, asked(text="Again?"))).session == "here"


async def test_idempotency_key_of_a_request_that_goes_on_brings_the_recorded_turn(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        noted(under.service)
        ask = Ask(idempotency_key="k")
        slot = await admitted(under.service, asked(), ask)
        under.service.simulator.settle(slot, Ending.COMPLETED, 1)
        again = await admitted(under.service, asked(), ask)
        assert (again.recorded, again.key) == (True, slot.key)
        with pytest.raises(ClientError, match="idempotent"):
            await admitted(under.service, asked(text="Something else?"), ask)


async def test_turn_that_is_not_stored_leaves_nothing_and_claims_nothing(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        noted(under.service)
        slots = [await admitted(under.service, asked(), Ask(store=False)) for _ in range(2)]
        assert [(slot.seal, slot.claims) for slot in slots] == [(None, ())] * 2
        assert known(under.service, "started") is None
        for slot in slots:
            under.service.simulator.settle(slot, Ending.COMPLETED, 1)


async def test_background_turn_has_no_outcome_when_its_first_answer_has_left(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with running_pod(options(tmp_path)) as service:
        noted(service)
        slot = await admitted(service, asked(Held(background=True)))
        service.simulator.settle(slot, Ending.COMPLETED, 1)
        await service.simulator.writer.drain()
        with service.simulator.environment.read() as view:
            assert sessions.outcome(view, slot.session, slot.key) is None


async def test_moments_begin_with_the_epoch_and_go_on_with_the_clock(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with running_pod(options(tmp_path)) as service:
        simulator = service.simulator
        begun = simulator.moment()
        autojump_clock.jump(90)
        assert simulator.moment().now_s == pytest.approx(begun.now_s + 90)
        assert begun.now_s == pytest.approx(simulator.clock.start_s())
        assert begun.pod == simulator.pod


def test_all_operations_are_applied_in_order_and_the_last_one_answers() -> None:
    applied: list[int] = []

    def numbered(number: int) -> Callable[[View], int]:
        def operation(_view: View) -> int:
            applied.append(number)
            return number

        return operation

    assert All((numbered(1), numbered(2)))(None) == 2  # type: ignore[arg-type]
    assert applied == [1, 2]


def test_id_of_another_pod_is_refused_with_its_owner_and_others_are_not() -> None:
    theirs = keyed_id("resp", partition_key(3, "s"), 1, bytes(32))
    with pytest.raises(
        WrongPod, match=rf"^The id '{theirs}' belongs to pod 3, and this is pod 0: ask that one\.$"
    ) as said:
        refuse_foreign(Pod(7, 0), theirs)
    assert (said.value.status, said.value.owner) == (421, 3)
    refuse_foreign(Pod(7, 3), theirs)
    refuse_foreign(Pod(7, 0), "resp_unknown")
