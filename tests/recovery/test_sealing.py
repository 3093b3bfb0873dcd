"""What is sealed can be opened by whoever should, comes out as it went in, and says so when it does not."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrage import x25519

from llmsim.errors import OperatorError, SnapshotDamaged
from llmsim.recovery.sealing import AGE, PLAIN, Sealing

CONTENT = b"what is to be sealed, " * 20


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "key.txt"
    path.write_text(f"# made by age-keygen\n\n{x25519.Identity.generate()}\n")
    return path


@given(content=st.binary(max_size=300))
def test_sealed_opens_to_the_same(content: bytes) -> None:
    assert PLAIN.open_sealed(PLAIN.seal(content), len(content), PLAIN.encryption, "it") == content


@given(place=st.integers(0, len(PLAIN.seal(CONTENT)) - 1), mask=st.integers(1, 255))
def test_sealed_with_another_byte_never_opens_to_something_else(place: int, mask: int) -> None:
    sealed = bytearray(PLAIN.seal(CONTENT))
    sealed[place] ^= mask
    with suppress(SnapshotDamaged):
        assert PLAIN.open_sealed(bytes(sealed), len(CONTENT), None, "it") == CONTENT


@pytest.mark.parametrize("size", [len(CONTENT) - 1, len(CONTENT) + 1, 0])
def test_sealed_of_another_size_is_damaged(size: int) -> None:
    with pytest.raises(SnapshotDamaged, match=f"it does not unpack to its {size:,} bytes"):
        PLAIN.open_sealed(PLAIN.seal(CONTENT), size, None, "it")


def test_encrypted_opens_with_its_key_alone(key_file: Path, tmp_path: Path) -> None:
    sealing = Sealing.by(key_file)
    sealed = sealing.seal(CONTENT)
    assert (sealing.encryption, PLAIN.encryption) == (AGE, None)
    assert sealing.open_sealed(sealed, len(CONTENT), AGE, "it") == CONTENT
    with pytest.raises(OperatorError, match=r"it is encrypted: give the file with its key .* by --key-file"):
        PLAIN.open_sealed(sealed, len(CONTENT), AGE, "it")
    other = tmp_path / "other.txt"
    other.write_text(f"{x25519.Identity.generate()}\n")
    with pytest.raises(OperatorError, match="it is encrypted, and no key of the key file opens it"):
        Sealing.by(other).open_sealed(sealed, len(CONTENT), AGE, "it")


def test_recipient_alone_seals_and_does_not_open(tmp_path: Path) -> None:
    identity = x25519.Identity.generate()
    (tmp_path / "public").write_text(f"{identity.to_public()}\n")
    (tmp_path / "secret").write_text(f"{identity}\n")
    sealed = Sealing.by(tmp_path / "public").seal(CONTENT)
    with pytest.raises(OperatorError, match="give the file with its key"):
        Sealing.by(tmp_path / "public").open_sealed(sealed, len(CONTENT), AGE, "it")
    assert Sealing.by(tmp_path / "secret").open_sealed(sealed, len(CONTENT), AGE, "it") == CONTENT


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no key: expected lines with AGE-SECRET-KEY-1"),
        (b"# nothing\nhunter2\n", "line 2 is no key of age"),
        (b"AGE-SECRET-KEY-1HUNTER2\n", "line 1 is no key of age"),
        (b"\xff\xfe", "it is not text"),
        (b"#" * 70_000, "too long for a key file"),
    ],
)
def test_key_file_without_a_key_is_refused_and_not_told(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(OperatorError, match=message) as refused:
        Sealing.by(tmp_path / "key")
    assert "hunter2" not in str(refused.value).lower()


def test_key_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=f"{tmp_path}/key: No such file"):
        Sealing.by(tmp_path / "key")


def test_no_key_file_encrypts_nothing() -> None:
    assert Sealing.by(None) == PLAIN
