"""The writing side: three stores and a copy a frame."""

from __future__ import annotations

from pathlib import Path
from zlib import crc32

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
    create_file,
    open_file,
    record_size,
)


class RingWriter:
    """Publish frames to a file that any number of readers map.

    The file of a writer that died is taken over where its last whole record ends, with the epoch
    one higher; a file of another size or form is replaced. A second writer at the same time is
    the caller's to prevent (the home's lock).
    """

    def __init__(self, path: Path, capacity: int) -> None:
        mapped = open_file(path)
        if mapped is not None and len(mapped[0]) != HEADER + capacity:
            mapped[0].close()
            mapped = None
        if mapped is None:
            create_file(path, capacity)
            mapped = open_file(path)
            assert mapped is not None
        self._map = mapped[0]
        self._words = memoryview(self._map).cast("Q")
        self._data = memoryview(self._map)[HEADER:]
        self._capacity = self._words[WORD_CAPACITY]
        self._largest = capacity // 4
        self._words[WORD_EPOCH] += 1
        self._sequence, self._head = self._go_on()

    def _go_on(self) -> tuple[int, int]:
        last, count = self._words[WORD_LAST], self._words[WORD_COUNT]
        if last == NOTHING:
            return count, 0
        place = last % self._capacity
        if place + RECORD.size <= self._capacity:
            sequence, _, length, check = RECORD.unpack_from(self._data, place)
            end = place + RECORD.size + length
            whole = bytes(self._data[place + RECORD.size : end]) if end <= self._capacity else b""
            if len(whole) == length and checksum(sequence, whole) == check:
                return max(sequence, count), last + record_size(length)
        # Nothing of it can be trusted: begin so far ahead that every reader sees an overrun.
        head = (max(self._words[WORD_RESERVED], last) + 2 * self._capacity) // 8 * 8
        return count, head

    @property
    def epoch(self) -> int:
        """Return how often the file has been opened for writing, this time included."""
        return self._words[WORD_EPOCH]

    def publish(self, payload: bytes, mark: int = 0) -> None:
        """Hand a frame to whoever reads."""
        length = len(payload)
        sequence = self._sequence = self._sequence + 1
        if length > self._largest:
            self._words[WORD_COUNT] = sequence
            return
        words, data, head = self._words, self._data, self._head
        size = (length + 31) & ~7
        place = head % self._capacity
        left = self._capacity - place
        if size > left:
            words[WORD_RESERVED] = head + left + size
            if left >= RECORD.size:
                RECORD.pack_into(data, place, 0, 0, FILLER, 0)
            head, place = head + left, 0
        else:
            words[WORD_RESERVED] = head + size
        check = crc32(payload, sequence & 0xFFFFFFFF)
        RECORD.pack_into(data, place, sequence, mark, length, check)
        data[place + 24 : place + 24 + length] = payload
        words[WORD_COUNT] = sequence
        words[WORD_LAST] = head
        self._head = head + size

    def close(self) -> None:
        """Unmap the file; a second call does nothing."""
        self._words.release()
        self._data.release()
        self._map.close()
