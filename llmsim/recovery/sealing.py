"""Sealing: how bytes are made smaller, and secret where a key is given, before they leave for a place.

zstd with its own checksum, then age (https://age-encryption.org/v1) for every recipient of the key file. A key file has
a line for each key, as `age-keygen` writes it: identities (AGE-SECRET-KEY-1...), which open as well, and recipients
(age1...), which only seal. Invariant: what `open_sealed` gives is what was sealed, and has the size that it should.
"""

import sys
from pathlib import Path

import attrs

from llmsim.errors import OperatorError, SnapshotDamaged

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LEVEL = 1
"""Four times smaller at the speed of a disk; level 3 takes twice the time for a tenth less."""
AGE = "age"
KEY_FILE_BYTES_MAX = 1 << 16
_OPTIONS = {int(zstd.CompressionParameter.compression_level): LEVEL, int(zstd.CompressionParameter.checksum_flag): 1}


@attrs.frozen
class Sealing:
    """How to seal and open. `recipients` and `identities` are pyrage's; without any, nothing is encrypted."""

    recipients: tuple[object, ...] = ()
    identities: tuple[object, ...] = ()

    @classmethod
    def by(cls, key_file: Path | None) -> "Sealing":
        """What a key file says; without one, nothing is encrypted.

        Raises:
            OperatorError: it cannot be read, or has something else than keys.
        """
        if key_file is None:
            return cls()
        from pyrage import IdentityError, RecipientError, x25519  # noqa: PLC0415  (who has no key needs no age)

        recipients: list[object] = []
        identities: list[object] = []
        for number, line in enumerate(_lines(key_file), 1):
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            try:
                if text.startswith("AGE-SECRET-KEY-"):
                    identity = x25519.Identity.from_str(text)
                    identities.append(identity)
                    recipients.append(identity.to_public())
                else:
                    recipients.append(x25519.Recipient.from_str(text))
            except (IdentityError, RecipientError):
                raise OperatorError(f"{key_file}: line {number} is no key of age") from None
        if not recipients:
            raise OperatorError(f"{key_file}: no key: expected lines with AGE-SECRET-KEY-1... or age1...")
        return cls(tuple(recipients), tuple(identities))

    @property
    def encryption(self) -> str | None:
        """What a manifest says of it."""
        return AGE if self.recipients else None

    def seal(self, content: bytes) -> bytes:
        """Bytes to keep elsewhere."""
        packed = zstd.compress(content, options=_OPTIONS)
        if not self.recipients:
            return packed
        import pyrage  # noqa: PLC0415  (as above)

        sealed: bytes = pyrage.encrypt(packed, list(self.recipients))
        return sealed

    def open_sealed(self, sealed: bytes, size_bytes: int, encryption: str | None, name: str) -> bytes:
        """What was sealed, which should have this size.

        Raises:
            OperatorError: it is encrypted, and there is no key, or not the right one.
            SnapshotDamaged: it is not what was sealed.
        """
        packed = self._decrypted(sealed, name) if encryption else sealed
        try:
            opened = zstd.ZstdDecompressor()
            content = opened.decompress(packed, max_length=size_bytes + 1)
        except zstd.ZstdError as error:
            raise SnapshotDamaged(f"{name} cannot be unpacked: {error}") from error
        if len(content) != size_bytes or not opened.eof or opened.unused_data:
            raise SnapshotDamaged(f"{name} does not unpack to its {size_bytes:,} bytes")
        return content

    def _decrypted(self, sealed: bytes, name: str) -> bytes:
        if not self.identities:
            raise OperatorError(f"{name} is encrypted: give the file with its key (AGE-SECRET-KEY-1...) by --key-file")
        import pyrage  # noqa: PLC0415  (as above)

        try:
            packed: bytes = pyrage.decrypt(sealed, list(self.identities))
        except pyrage.DecryptError as error:
            raise OperatorError(f"{name} is encrypted, and no key of the key file opens it: {error}") from None
        return packed


PLAIN = Sealing()
"""Nothing is encrypted."""


def _lines(key_file: Path) -> list[str]:
    try:
        with key_file.open("rb") as file:
            text = file.read(KEY_FILE_BYTES_MAX + 1)
        if len(text) > KEY_FILE_BYTES_MAX:
            raise OperatorError(f"{key_file}: too long for a key file")
        return text.decode().splitlines()
    except OSError as error:
        raise OperatorError(f"{key_file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise OperatorError(f"{key_file}: no key: it is not text") from None
