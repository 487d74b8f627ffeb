"""A ring inside one process, and one that nobody reads."""

from __future__ import annotations

from assay.runtime.ring.ports import Frame, Polled


class NullRing:
    """Take frames and forget them."""

    def publish(self, payload: bytes, mark: int = 0) -> None:
        """Forget a frame."""

    def close(self) -> None:
        """Do nothing."""


class MemoryRing:
    """Keep the newest `capacity` frames for readers in the same thread."""

    def __init__(self, capacity: int = 65_536) -> None:
        self.capacity = capacity
        self.count = 0
        self.frames: list[Frame | None] = [None] * capacity

    def publish(self, payload: bytes, mark: int = 0) -> None:
        """Keep a frame in the place of the oldest."""
        self.frames[self.count % self.capacity] = Frame(mark, payload)
        self.count += 1

    def subscribe(self) -> MemoryReader:
        """Return a reader that begins at the newest frame."""
        return MemoryReader(self)

    def close(self) -> None:
        """Do nothing; readers may read on."""


class MemoryReader:
    """Read a ring of the same process."""

    def __init__(self, ring: MemoryRing) -> None:
        self._ring = ring
        self._next = max(ring.count - 1, 0)

    def poll(self, limit: int = 1_000) -> Polled:
        """Return up to `limit` new frames and how many were lost on the way."""
        ring = self._ring
        oldest = ring.count - ring.capacity
        lost = max(oldest - self._next, 0)
        # As with the file: who has lost something goes on at the newest.
        if lost:
            lost, self._next = ring.count - 1 - self._next, ring.count - 1
        end = min(ring.count, self._next + limit)
        found = [ring.frames[number % ring.capacity] for number in range(self._next, end)]
        self._next = end
        return Polled([frame for frame in found if frame is not None], lost)

    def close(self) -> None:
        """Do nothing."""
