"""Every dialect whose API remembers something has a keeper."""

from llmsim.keeping.dialects import KEEPERS
from llmsim.wire.dialects import GENERATING


def test_keepers_are_those_of_dialects_that_there_are() -> None:
    assert set(KEEPERS) <= {wire.dialect for wire in GENERATING.values()}
