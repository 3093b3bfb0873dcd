"""Whatever a disk gives back otherwise than it got it is found: nothing that was stored is told otherwise."""

from pathlib import Path

import pytest

from llmsim.errors import LlmsimError, StoreDamaged
from llmsim.store.checksums import holds, named, summed, unsummed
from llmsim.store.environment import DATA_FILE, Environment
from llmsim.store.examine import examine
from llmsim.store.schema import Table
from tests.fixtures.make_store import FOLDER
from tests.stored import contents

FLIPS, STEP = 400, 99_991
"""So many, so far apart: a prime, so that they fall everywhere."""


def test_checksum_is_over_key_and_record() -> None:
    stored = summed(b"key", b"record")
    assert (unsummed(b"key", stored, "turns"), holds(b"key", stored)) == (b"record", True)
    assert not holds(b"kex", stored)
    for at in range(len(stored)):
        for bit in range(8):
            flipped = stored[:at] + bytes([stored[at] ^ 1 << bit]) + stored[at + 1 :]
            with pytest.raises(StoreDamaged, match="table turns: the record of key is not what was written there"):
                unsummed(b"key", flipped, "turns")


@pytest.mark.parametrize("stored", [b"", b"abc", b"{}"])
def test_record_too_short_for_a_checksum_is_damage(stored: bytes) -> None:
    with pytest.raises(StoreDamaged):
        unsummed(b"key", stored, "turns")


def test_key_is_named_as_people_read_it() -> None:
    assert named(b"session\x00\xff") == r"session\x00\\xff"


def test_flipped_bit_of_any_page_is_found_or_changes_nothing(tmp_path: Path) -> None:
    whole = (FOLDER / DATA_FILE).read_bytes()
    before = contents(FOLDER)
    found: list[str] = []
    for number in range(FLIPS):
        at, bit = number * STEP % len(whole), 1 << number % 8
        (tmp_path / DATA_FILE).write_bytes(whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :])
        try:
            findings = examine(tmp_path)
        except LlmsimError:
            found.append("refused")
            continue
        found.append(findings[0].split(":")[0] if findings else "nothing")
        if not findings:
            assert contents(tmp_path) == before, f"bit {bit} of byte {at}"
    assert {"checksum", "nothing"} < set(found)


@pytest.mark.leaves_unsound("a byte of a record is another")
def test_check_names_the_record_that_is_not_what_was_written(tmp_path: Path) -> None:
    whole = (FOLDER / DATA_FILE).read_bytes()
    (tmp_path / DATA_FILE).write_bytes(whole.replace(b"Your name is Ada.", b"Your name is Bob."))
    findings = examine(tmp_path)
    assert findings
    for one in findings:
        assert one.startswith("checksum: ")
        assert one.endswith(": it is not what was written there")
    with Environment.open(tmp_path, readonly=True) as environment, environment.read() as view:
        assert Table.TURNS in {table for table, _ in view.damaged()}
        with pytest.raises(StoreDamaged, match="is not what was written there"):
            list(view.scan(Table.TURNS))
