"""What a ring promises to the one who writes and to those who read."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Frame(NamedTuple):
    """Hold what was published: a mark of the writer's own (a journal position), and the bytes."""

    mark: int
    payload: bytes


class Polled(NamedTuple):
    """Hold what a reader found: new frames in order, and how many before or among them are lost."""

    frames: list[Frame]
    lost: int


class Publisher(Protocol):
    """Take frames without ever waiting for a reader."""

    def publish(self, payload: bytes, mark: int = 0) -> None:
        """Hand a frame to whoever reads; a frame larger than a quarter of the ring counts as lost.

        `mark` lies in 0 .. 2^64-1.
        """
        ...

    def close(self) -> None:
        """Let go of the ring; what is in it stays readable."""
        ...


class Subscriber(Protocol):
    """Give what was published since the last look."""

    def poll(self, limit: int = 1_000) -> Polled:
        """Return up to `limit` new frames; the first look begins at the newest one."""
        ...

    def close(self) -> None:
        """Let go of the ring."""
        ...
