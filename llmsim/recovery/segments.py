"""Segments: what an archive is made of. Each is some entries of a store's journal, sealed, behind a header of its own.

The header is one line of canonical JSON with its own sha256; it holds the digest of the header before it, so that the
digest of the last one stands for the whole chain. The name says which entries it has:
`archive-ORDINAL/GENERATION/FIRST-LAST.segment`. Pure. Invariant: a segment that `parse` takes has every byte that
`render` wrote.
"""

import hashlib
import re
import struct
from collections.abc import Iterator, Sequence
from typing import Any

import attrs
import cattrs
import orjson

from llmsim.errors import ArchiveDamaged, SnapshotDamaged, StoreDamaged
from llmsim.recovery.sealing import Sealing
from llmsim.store.journal import Entry, unpack_entry
from llmsim.store.schema import FORMAT_VERSION, READABLE_FORMATS

PREFIX = "archive-"
SEGMENT_VERSION = 1
CONTENT_BYTES = 8 << 20
"""Entries of one segment: whatever comes first, this or the interval."""
SEGMENT_BYTES_MAX = 256 << 20
"""Longest object that is read as a segment: its entries, and the largest record in the last of them."""
HEADER_BYTES_MAX = 4096
_NAME = re.compile(rf"{PREFIX}(\d+)/([0-9A-Za-z.-]+)/(\d{{12}})-(\d{{12,}})\.segment")
_ENTRY = struct.Struct(">QI")
_converter = cattrs.Converter(forbid_extra_keys=True)


@attrs.frozen
class Name:
    """Which entries an object has, by its name."""

    ordinal: int
    generation: str
    first: int
    last: int

    @classmethod
    def read(cls, name: str) -> "Name | None":
        """None for what is no segment's name."""
        match = _NAME.fullmatch(name)
        return cls(int(match[1]), match[2], int(match[3]), int(match[4])) if match else None

    def __str__(self) -> str:
        return f"{folder_of(self.ordinal, self.generation)}{self.first:012d}-{self.last:012d}.segment"


@attrs.frozen
class Header:
    """What a segment says of itself.

    `previous` is the digest of the segment before it, empty for the first of a generation; `content_*` are those of the
    entries before they were sealed, `sealed_*` of what follows the header. Stamps are unix milliseconds of its first
    and last entry; `turns` is that of the last.
    """

    ordinal: int
    generation: str
    first: int
    last: int
    first_ms: int
    last_ms: int
    turns: int
    previous: str
    content_bytes: int
    content_sha256: str
    sealed_bytes: int
    sealed_sha256: str
    encryption: str | None
    format: int = FORMAT_VERSION
    version: int = SEGMENT_VERSION

    @property
    def name(self) -> Name:
        return Name(self.ordinal, self.generation, self.first, self.last)

    @property
    def digest(self) -> str:
        """The sha256 of this header, and with it of all before."""
        return hashlib.sha256(_spell(attrs.asdict(self))).hexdigest()


@attrs.frozen
class Segment:
    """A segment: its header, and its entries, sealed."""

    header: Header
    sealed: bytes

    def entries(self, sealing: Sealing) -> Iterator[Entry]:
        """Its entries, in order.

        Raises:
            ArchiveDamaged: they are not what the header says.
            OperatorError: it is encrypted, and no key opens it.
        """
        header = self.header
        try:
            content = sealing.open_sealed(self.sealed, header.content_bytes, header.encryption, str(header.name))
            if hashlib.sha256(content).hexdigest() != header.content_sha256:
                raise ArchiveDamaged(f"{header.name}: its entries do not have their sha256")
            expected = header.first
            for sequence, data in split(content):
                if sequence != expected:
                    raise ArchiveDamaged(f"{header.name}: entry {sequence} stands where {expected} should")
                yield unpack_entry(sequence, data)
                expected += 1
        except (SnapshotDamaged, StoreDamaged) as error:
            raise ArchiveDamaged(f"{header.name}: {error}") from error
        if expected != header.last + 1:
            raise ArchiveDamaged(f"{header.name}: it ends with entry {expected - 1}")


def folder_of(ordinal: int, generation: str = "") -> str:
    """How the names of a pod's segments begin, or of those of one generation."""
    return f"{PREFIX}{ordinal}/{generation}/" if generation else f"{PREFIX}{ordinal}/"


def join(entries: Sequence[tuple[int, bytes]]) -> bytes:
    """Entries of a journal as the content of a segment."""
    return b"".join(part for sequence, data in entries for part in (_ENTRY.pack(sequence, len(data)), data))


def split(content: bytes) -> Iterator[tuple[int, bytes]]:
    """What `join` joined; StoreDamaged where it ends within an entry."""
    at = 0
    while at < len(content):
        if at + _ENTRY.size > len(content):
            raise StoreDamaged("it ends within the head of an entry")
        sequence, size_bytes = _ENTRY.unpack_from(content, at)
        at += _ENTRY.size
        if at + size_bytes > len(content):
            raise StoreDamaged(f"it ends within entry {sequence}")
        yield sequence, content[at : at + size_bytes]
        at += size_bytes


def render(segment: Segment) -> bytes:
    """The bytes of a segment."""
    header = segment.header
    line = _spell({"digest": header.digest, "segment": attrs.asdict(header)})
    return line + b"\n" + segment.sealed


def parse(name: str, data: bytes) -> Segment:
    """The segment that an object is; what it says of itself is what its name says.

    Raises:
        ArchiveDamaged: names what is wrong with it.
    """
    line, newline, sealed = data[:HEADER_BYTES_MAX].partition(b"\n")
    sealed = data[len(line) + len(newline) :]
    try:
        document = orjson.loads(line)
        body = document["segment"]
    except (orjson.JSONDecodeError, TypeError, KeyError):
        raise ArchiveDamaged(f"{name} does not begin with the header of a segment") from None
    if _spell(document) != line or document.keys() != {"digest", "segment"} or not newline:
        raise ArchiveDamaged(f"{name} does not begin with the header of a segment")
    if document["digest"] != hashlib.sha256(_spell(body)).hexdigest():
        raise ArchiveDamaged(f"{name}: its header does not match its own digest")
    header = _header(name, body)
    if str(header.name) != name:
        raise ArchiveDamaged(f"{name} is foreign: it says that it is {header.name}")
    if len(sealed) != header.sealed_bytes:
        raise ArchiveDamaged(f"{name} is truncated: {len(sealed):,} bytes of {header.sealed_bytes:,} follow its header")
    if hashlib.sha256(sealed).hexdigest() != header.sealed_sha256:
        raise ArchiveDamaged(f"{name} does not have the sha256 of its header")
    return Segment(header, sealed)


def _header(name: str, body: Any) -> Header:  # noqa: ANN401  (any JSON value)
    if isinstance(body, dict) and body.get("version") != SEGMENT_VERSION:
        raise ArchiveDamaged(
            f"{name} is a segment of version {body.get('version')}, this llmsim reads {SEGMENT_VERSION}"
        )
    try:
        header = _converter.structure(body, Header)
    except (cattrs.BaseValidationError, TypeError, ValueError) as error:
        raise ArchiveDamaged(f"{name}: {'; '.join(cattrs.transform_error(error))}") from error
    if header.format not in READABLE_FORMATS:
        raise ArchiveDamaged(f"{name} has format {header.format}, this llmsim reads {FORMAT_VERSION} and older ones")
    return header


def _spell(value: Any) -> bytes:  # noqa: ANN401  (any JSON value)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
