"""What a journal promises, whatever holds it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from assay.model.errors import RetryError
from assay.model.messages import Message


class ConcurrencyError(RetryError):
    """Report a stream that is not at the version its writer expected."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Hold what one step leaves behind; all of it is committed, or none.

    `messages` are appended in order to `stream`, whose version is the number of its messages so
    far; another `expected_version` raises ConcurrencyError. `inbox` is (module, position, cursor
    of the source), `snapshot` is (module, format version, state), `orders` are (key, payload) for
    the outbox.
    """

    messages: Sequence[Message]
    stream: str = "main"
    expected_version: int | None = None
    inbox: tuple[str, int, str] | None = None
    snapshot: tuple[str, int, bytes] | None = None
    orders: Sequence[tuple[int, bytes]] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """Hold a message and its place in the journal; positions count from 1 without a gap."""

    position: int
    message: Message


@dataclass(frozen=True, slots=True)
class OutboxOrder:
    """Hold an order committed for sending; until it is confirmed, its fate is unknown."""

    key: int
    position: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Halt:
    """Hold the state of a tenant's kill switch, who set it, why, and when (ns UTC)."""

    tenant: str
    engaged: bool
    reason: str
    by: str
    ts: int


class Journal(Protocol):
    """Append what happened and read it again in the order of commit; one writer per home."""

    def commit(self, batch: Batch) -> int:
        """Make a batch durable in one transaction; return the journal's last position."""
        ...

    def last_position(self) -> int:
        """Return the position of the last message, 0 for an empty journal."""
        ...

    def stream_version(self, stream: str) -> int:
        """Return how many messages a stream holds."""
        ...

    def read(
        self,
        after: int = 0,
        *,
        tenant: str | None = None,
        kinds: Collection[str] | None = None,
        limit: int | None = None,
    ) -> Iterator[Recorded]:
        """Yield the messages behind a position, of one tenant and of some tags if told."""
        ...

    def load_snapshot(self, module: str) -> tuple[int, int, bytes] | None:
        """Return (position, format version, state) of the newest sound snapshot."""
        ...

    def load_inbox(self, module: str) -> tuple[int, str] | None:
        """Return (position, cursor) up to which a module's effects are committed."""
        ...

    def unconfirmed_orders(self) -> list[OutboxOrder]:
        """Return the orders never marked confirmed, unsent or not, in the order of commit."""
        ...

    def mark_confirmed(self, key: int, ts: int) -> bool:
        """Note the broker's answer; return False when it was noted before."""
        ...

    def halt_state(self, tenant: str) -> Halt:
        """Return the kill switch of a tenant, not engaged if it never was."""
        ...

    def set_halt(self, halt: Halt) -> None:
        """Make the state of a kill switch durable."""
        ...

    def close(self) -> None:
        """Give up the right to write; a second call does nothing."""
        ...
