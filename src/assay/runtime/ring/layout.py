"""Where everything lies in a ring's file.

Header, in 64-bit words of the machine's own order: magic, capacity, epoch (how often a writer has
opened the file), reserved (end of what is or may be overwritten), last (start of the newest whole
record), count (frames published). Positions count bytes since the file was made and never turn
back; a position's place is its remainder by the capacity. Records begin at multiples of 8:
sequence, mark, length, checksum of the payload seeded with the sequence, payload. A record that
would cross the end of the file begins at its start, behind a filler.
"""

from __future__ import annotations

import mmap
import os
import zlib
from pathlib import Path
from struct import Struct

from assay.model.errors import UsageError
from assay.runtime.ids import fresh_token

CAPACITY = 1 << 24
HEADER = 4096
MAGIC = 0x31474E49525941  # "AYRING1"
WORD_MAGIC, WORD_CAPACITY, WORD_EPOCH, WORD_RESERVED, WORD_LAST, WORD_COUNT = range(6)
NOTHING = (1 << 64) - 1
"""`last` of a ring to which nobody has published yet."""

RECORD = Struct("=QQII")
FILLER = 0xFFFFFFFF
"""Length that says: go on at the start of the file."""


def checksum(sequence: int, payload: bytes) -> int:
    """Return the check of a record; it fails where old and new bytes are mixed."""
    return zlib.crc32(payload, sequence & 0xFFFFFFFF)


def record_size(payload: int) -> int:
    """Return the bytes of a record, a multiple of 8.

    >>> record_size(0), record_size(1)
    (24, 32)
    """
    return (RECORD.size + payload + 7) & ~7


def create_file(path: Path, capacity: int) -> None:
    """Put an empty ring in place in one step; a reader of the one before sees that it was replaced.

    A mapped file is never cut, for that would kill whoever reads it.
    """
    if capacity % 8 or not 1 << 10 <= capacity <= 1 << 31:
        raise UsageError(f"capacity {capacity} of a ring is no multiple of 8 in 2^10 .. 2^31")
    draft = path.with_name(f".{path.name}.{fresh_token(4)}")
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.ftruncate(descriptor, HEADER + capacity)
        with mmap.mmap(descriptor, HEADER) as head, memoryview(head).cast("Q") as words:
            words[WORD_CAPACITY], words[WORD_LAST] = capacity, NOTHING
            words[WORD_MAGIC] = MAGIC
    finally:
        os.close(descriptor)
    os.replace(draft, path)


def open_file(path: Path) -> tuple[mmap.mmap, int] | None:
    """Return the mapped file and its inode, or None where there is no ring."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        found = os.fstat(descriptor)
        if found.st_size < HEADER + 8:
            return None
        mapped = mmap.mmap(descriptor, found.st_size)
    finally:
        os.close(descriptor)
    words = memoryview(mapped).cast("Q")
    is_ring = words[WORD_MAGIC] == MAGIC and words[WORD_CAPACITY] == found.st_size - HEADER
    words.release()
    if not is_ring:
        mapped.close()
        return None
    return mapped, found.st_ino
