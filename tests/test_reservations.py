"""What turns hold until they are stored, or settled."""

from unittest.mock import Mock

import attrs

from llmsim.admission import Slot
from llmsim.reservations import Reservations
from llmsim.store.schema import TurnKey

AT = ("s", 1, bytes(8))
FIRST = Slot("s", TurnKey(1, bytes(8)), "p", Mock(), Mock(), claims=("page",))
SECOND = attrs.evolve(FIRST, key=TurnKey(1, bytes(8), 1))


def test_attempt_number_is_taken_until_it_is_stored_and_a_later_one_stays_taken() -> None:
    held = Reservations()
    assert held.next_attempt(AT, 0) == 0
    first = held.take(FIRST)
    assert held.next_attempt(AT, 0) == 1
    second = held.take(SECOND)
    held.stored(*first)
    assert held.next_attempt(AT, 1) == 2
    held.stored(*second)
    assert held.next_attempt(AT, 2) == 2
    assert held.next_attempt(AT, 0) == 0
    assert not held._following


def test_attempts_at_another_turn_are_numbered_by_themselves() -> None:
    held = Reservations()
    held.take(FIRST)
    assert [held.next_attempt(other, 0) for other in (("t", 1, bytes(8)), ("s", 2, bytes(8)))] == [0, 0]


def test_claims_are_held_until_the_turn_is_settled() -> None:
    held = Reservations()
    first = held.take(FIRST)
    held.stored(*first)
    assert held.claimed(("page", "another"))
    assert not held.claimed(("another",))
    held.settled(FIRST)
    assert not held.claimed(("page",))
