"""Every dialect that a script may name has a client that speaks it."""

import pytest

from llmsim.replay.script import Dialect, ScriptTurn
from llmsim.replay.speaking.dialects import SPEAKERS, speaker
from llmsim.wire.dialects import WIRES
from tests.replay.speaking.parties import part


@pytest.mark.parametrize("dialect", Dialect)
def test_dialect_has_a_client_and_a_wire(dialect: Dialect) -> None:
    assert type(speaker(part(dialect, ScriptTurn("a")))) is SPEAKERS[dialect]
    assert dialect.value in WIRES
