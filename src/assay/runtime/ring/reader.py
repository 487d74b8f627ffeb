"""The reading side: each reader knows its place, and finds out by itself what it missed."""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import NamedTuple

from assay.runtime.ring.layout import (
    FILLER,
    HEADER,
    NOTHING,
    RECORD,
    WORD_CAPACITY,
    WORD_COUNT,
    WORD_EPOCH,
    WORD_LAST,
    WORD_RESERVED,
    checksum,
    open_file,
    record_size,
)
from assay.runtime.ring.ports import Frame, Polled


class _Record(NamedTuple):
    sequence: int
    frame: Frame
    end: int


class RingReader:
    """Read a ring's file from the newest frame on, in any process, without the writer noticing.

    A reader that falls behind by more than the ring holds goes on at the newest frame and says
    how many it lost. It may be opened before the writer is, and outlives it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._map: mmap.mmap | None = None
        self._inode = 0
        self._position: int | None = None
        self._seen: int | None = None
        self._open()

    def _open(self) -> None:
        found = open_file(self._path)
        if found is None:
            return
        self._map, self._inode = found
        self._words = memoryview(self._map).cast("Q")
        self._data = memoryview(self._map)[HEADER:]
        self._capacity = self._words[WORD_CAPACITY]
        last = self._words[WORD_LAST]
        self._position = 0 if last == NOTHING else last
        self._seen = None if last != NOTHING else self._words[WORD_COUNT]

    @property
    def epoch(self) -> int:
        """Return how often a writer has opened the file, 0 where there is none."""
        return self._words[WORD_EPOCH] if self._map is not None else 0

    @property
    def behind(self) -> int:
        """Return how many frames are published and not yet read."""
        if self._map is None or self._seen is None:
            return 0
        return max(self._words[WORD_COUNT] - self._seen, 0)

    def poll(self, limit: int = 1_000) -> Polled:
        """Return up to `limit` new frames and how many were lost on the way."""
        frames: list[Frame] = []
        lost = 0
        if self._map is None:
            self._open()
        while self._map is not None and len(frames) < limit:
            last = self._words[WORD_LAST]
            assert self._position is not None
            if last == NOTHING or self._position > last:
                break
            record = self._read(self._position)
            if record is None:
                if self._position == last:
                    break  # being overwritten or not yet whole in our sight; the next look tells
                self._position = last
                continue
            if self._seen is not None:
                lost += record.sequence - self._seen - 1
            self._seen, self._position = record.sequence, record.end
            frames.append(record.frame)
        if not frames:
            self._follow_replacement()
        return Polled(frames, lost)

    def _read(self, position: int) -> _Record | None:
        """Return the record at a position, None where it is overwritten or half written."""
        place = position % self._capacity
        left = self._capacity - place
        length = FILLER
        if left >= RECORD.size:
            sequence, mark, length, check = RECORD.unpack_from(self._data, place)
        if length == FILLER:
            if place == 0 or self._is_overwritten(position):
                return None
            return self._read(position + left)
        if length > left - RECORD.size:
            return None
        payload = bytes(self._data[place + RECORD.size : place + RECORD.size + length])
        if checksum(sequence, payload) != check or self._is_overwritten(position):
            return None
        return _Record(sequence, Frame(mark, payload), position + record_size(length))

    def _is_overwritten(self, position: int) -> bool:
        return self._words[WORD_RESERVED] > position + self._capacity

    def _follow_replacement(self) -> None:
        # A writer with another capacity puts a new file in the place of ours.
        try:
            inode = os.stat(self._path).st_ino
        except FileNotFoundError:
            return
        if self._map is not None and inode != self._inode:
            self.close()
            self._open()

    def close(self) -> None:
        """Unmap the file; a second call does nothing."""
        if self._map is not None:
            self._words.release()
            self._data.release()
            self._map.close()
            self._map = None
