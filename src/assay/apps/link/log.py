"""An append-only log in numbered segments: torn ends are cut off, whole segments dropped."""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from struct import Struct
from typing import NamedTuple

from assay.model.errors import DataError, InvariantError, OperatorError

SEGMENT_BYTES = 4 << 20
SUFFIX = ".log"
_HEAD = Struct("<8sII")
"""Magic, check and length of the head."""
_MAGIC = b"ASSAYLG1"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
_RECORD = Struct("<QII")
"""Number, length and check of the payload; the check is seeded with the number."""


class Record(NamedTuple):
    """Hold one numbered record."""

    number: int
    payload: bytes


class _Segment(NamedTuple):
    first: int
    path: Path


def make_private(folder: Path) -> None:
    """Make a folder and those above it that are missing, for their owner alone."""
    if not folder.is_dir():
        make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def list_segments(folder: Path) -> list[_Segment]:
    """Return the segments of a log by the number of their first record, the oldest first."""
    return sorted(_Segment(int(path.stem), path) for path in folder.glob(f"*{SUFFIX}"))


def _check(number: int, payload: bytes | memoryview) -> int:
    return zlib.crc32(payload, number & 0xFFFFFFFF)


def _parse(content: bytes, number: int) -> Iterator[tuple[Record, int]]:
    """Yield whole records from `number` on and where each ends, until one is torn or wrong."""
    place, view = 0, memoryview(content)
    while place + _RECORD.size <= len(content):
        found, length, check = _RECORD.unpack_from(content, place)
        end = place + _RECORD.size + length
        if found != number or end > len(content):
            return
        payload = view[place + _RECORD.size : end]
        if _check(number, payload) != check:
            return
        yield Record(number, bytes(payload)), end
        number, place = number + 1, end


def _read_head(path: Path) -> tuple[bytes, int]:
    """Return what a segment's head holds and where its records begin."""
    with path.open("rb") as file:
        magic, check, length = _HEAD.unpack(file.read(_HEAD.size).ljust(_HEAD.size, b"\0"))
        head = file.read(length) if magic == _MAGIC else b""
    if magic != _MAGIC or zlib.crc32(head) != check:
        raise DataError(f"{path} is no segment of a log or damaged; restore it from a backup")
    return head, _HEAD.size + length


class LogReader:
    """Read a log in order from behind a number on, in any process, while another writes it.

    No file stays open between two reads, so the writer may drop segments on every system. Records
    that were dropped before they were read show as a jump of the numbers.
    """

    def __init__(self, folder: Path, after: int = 0) -> None:
        self._folder = folder
        self.after = after
        self._at: _Segment | None = None
        self._offset = self._next = 0
        self._idle: tuple[int, int] | None = None

    def seek(self, after: int) -> None:
        """Go on behind another number."""
        if after != self.after:
            self.after, self._at, self._idle = after, None, None

    def read(self, count: int, octets: int = 1 << 18) -> list[Record]:
        """Return up to `count` records in order, none where there is nothing new."""
        # Who looks often finds nothing mostly, and that must cost next to nothing.
        if self._idle is not None and self._idle == self._stamp():
            return []
        self._idle = None
        while True:
            if self._at is None and not self._locate():
                return []
            assert self._at is not None
            following, stamp = self._following(), self._stamp()
            found = self._read_here(count, octets)
            if found is None:
                self._at = None
            elif found:
                return found
            elif following is None:
                self._idle = stamp
                return []
            else:
                self._enter(following)

    def _stamp(self) -> tuple[int, int] | None:
        """Return what changes with every write: the segment's size and its folder's time."""
        assert self._at is not None
        try:
            return os.stat(self._at.path).st_size, os.stat(self._folder).st_mtime_ns
        except FileNotFoundError:
            return None

    def _locate(self) -> bool:
        """Find the segment with the next record, or the oldest there is behind it."""
        segments = list_segments(self._folder)
        if not segments:
            return False
        before = [each for each in segments if each.first <= self.after + 1]
        return self._enter(before[-1] if before else segments[0])

    def _enter(self, segment: _Segment) -> bool:
        try:
            _, self._offset = _read_head(segment.path)
        except FileNotFoundError:
            self._at = None
            return False
        self._at, self._next = segment, segment.first
        return True

    def _following(self) -> _Segment | None:
        # It is looked up before the read: what a full segment lacks then, it never gets.
        assert self._at is not None
        here = self._at.first
        return next((each for each in list_segments(self._folder) if each.first > here), None)

    def _read_here(self, count: int, octets: int) -> list[Record] | None:
        """Return the next records of this segment, None where it was dropped."""
        assert self._at is not None
        # A segment without records may have been replaced by one with another head.
        if self._next == self._at.first and not self._enter(self._at):
            return None
        found: list[Record] = []
        while not found:
            content = self._content(octets)
            if content is None:
                return None
            taken = 0
            for record, end in _parse(content, self._next):
                taken, self._next = end, record.number + 1
                if record.number > self.after:
                    found.append(record)
                    if len(found) == count:
                        break
            self._offset += taken
            if not taken and len(content) < octets:
                return found
            octets = octets if taken else 2 * octets
        self.after = found[-1].number
        return found

    def _content(self, octets: int) -> bytes | None:
        assert self._at is not None
        try:
            with self._at.path.open("rb") as file:
                file.seek(self._offset)
                return file.read(octets)
        except FileNotFoundError:
            return None


class SegmentLog:
    """Append numbered records to files of a folder; one writer, whose end survives a kill.

    Every segment begins with a head: what `head` makes of the newest head before it, None in a
    new log. Over `bytes_max` the oldest segment goes, read or not: a log that must lose nothing
    has no such bound. Every call is safe between threads.
    """

    def __init__(
        self,
        folder: Path,
        head: Callable[[bytes | None], bytes],
        *,
        segment_bytes: int = SEGMENT_BYTES,
        bytes_max: int | None = None,
    ) -> None:
        self.folder = folder
        self._make_head, self._segment_bytes, self._bytes_max = head, segment_bytes, bytes_max
        self._guard = threading.RLock()
        make_private(folder)
        self._segments = list_segments(folder)
        self.head = b""
        self.end = self._size = self._older_octets = 0
        if self._segments:
            self._open_last()
        else:
            self._begin(1, None)

    @property
    def first(self) -> int:
        """Return the number of the oldest record that may be there."""
        return self._segments[0].first

    @property
    def last_first(self) -> int:
        """Return the number of the first record of the newest segment."""
        return self._segments[-1].first

    @property
    def octets(self) -> int:
        """Return how many bytes the segments take."""
        with self._guard:
            return self._older_octets + self._size

    def append(self, payloads: Sequence[bytes], *, sync: bool) -> int:
        """Write records behind the end and return the new end.

        With `sync` they are on the disk when this returns; without, a kill of the process loses
        none and a power cut the newest. Raises OperatorError where the disk takes no more.
        """
        with self._guard:
            if self._size >= self._segment_bytes:
                self._begin(self.end + 1, self.head)
            number, parts = self.end, list[bytes]()
            for payload in payloads:
                number += 1
                parts += (_RECORD.pack(number, len(payload), _check(number, payload)), payload)
            content = b"".join(parts)
            self._write(content, sync)
            self.end, self._size = number, self._size + len(content)
            return number

    def sync(self) -> None:
        """Bring what was written onto the disk."""
        with self._guard:
            os.fsync(self._file.fileno())

    def skip_to(self, number: int) -> None:
        """Let the next record be `number` + 1, in a segment of its own."""
        with self._guard:
            if number < self.end:
                raise InvariantError(f"log {self.folder} ends at {self.end}, behind {number}")
            if number > self.end:
                self._begin(number + 1, self.head)

    def last_whole(self, number: int, *, keep: int = 0) -> int:
        """Return the last record of the segments that `drop_through` would remove, 0 for none."""
        with self._guard:
            left, last = self.octets, 0
            for segment, following in pairwise(self._segments):
                left -= segment.path.stat().st_size
                if following.first > number + 1 or left < keep:
                    break
                last = following.first - 1
            return last

    def drop_through(self, number: int, *, keep: int = 0) -> None:
        """Remove the segments of which nothing behind `number` is left, all but `keep` bytes."""
        with self._guard:
            while len(self._segments) > 1 and self._segments[1].first <= number + 1:
                size = self._segments[0].path.stat().st_size
                if self.octets - size < keep or not self._drop_oldest(size):
                    return

    def roll(self) -> None:
        """Begin another segment, so that the log tells its newest head; an empty one stays."""
        with self._guard:
            self._begin(self.end + 1, self.head)

    def close(self) -> None:
        """Write all down and close."""
        with self._guard:
            if not self._file.closed:
                self.sync()
                self._file.close()

    def _open_last(self) -> None:
        last = self._segments[-1]
        self.head, start = _read_head(last.path)
        content = last.path.read_bytes()
        self.end, size = last.first - 1, start
        for record, end in _parse(content[start:], last.first):
            self.end, size = record.number, start + end
        self._file = last.path.open("r+b", buffering=0)
        self._file.truncate(size)
        self._file.seek(size)
        self._size = size
        self._older_octets = sum(each.path.stat().st_size for each in self._segments[:-1])

    def _begin(self, first: int, known: bytes | None) -> None:
        path = self.folder / f"{first:020d}{SUFFIX}"
        if self._segments and self._segments[-1].first == first:
            self._file.close()
            self._segments.pop()
        elif self._segments:
            self.sync()
            self._file.close()
            self._older_octets += self._size
        else:
            self._older_octets = 0
        head = self._make_head(known)
        draft = path.with_suffix(".draft")
        with os.fdopen(os.open(draft, _NEW, 0o600), "wb") as file:
            file.write(_HEAD.pack(_MAGIC, zlib.crc32(head), len(head)) + head)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
        self._file = path.open("r+b", buffering=0)
        self._size = self._file.seek(0, os.SEEK_END)
        self._segments.append(_Segment(first, path))
        self.head, self.end = head, first - 1
        self._bound()

    def _bound(self) -> None:
        if self._bytes_max is None:
            return
        while self.octets > self._bytes_max and len(self._segments) > 1:
            if not self._drop_oldest(self._segments[0].path.stat().st_size):
                return

    def _drop_oldest(self, size: int) -> bool:
        try:
            self._segments[0].path.unlink()
        except PermissionError:
            return False  # Windows removes no file that somebody reads: it goes the next time
        del self._segments[0]
        self._older_octets -= size
        return True

    def _write(self, content: bytes, sync: bool) -> None:
        # Nothing stays in a buffer: what a full disk did not take would be written later.
        rest = memoryview(content)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
            if sync:
                os.fsync(self._file.fileno())
        except OSError as error:
            self._file.truncate(self._size)
            self._file.seek(self._size)
            raise OperatorError(
                f"{self.folder} takes no more ({error.strerror}); free some disk and start again"
            ) from error
