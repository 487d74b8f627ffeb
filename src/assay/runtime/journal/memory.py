"""A journal in memory: for backtests, tests, and crashes that leave the process alive."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from assay.model.errors import RetryError, UsageError
from assay.model.messages import Message, tag_of
from assay.runtime.journal.ports import Batch, ConcurrencyError, Halt, OutboxOrder, Recorded


@dataclass
class MemoryLog:
    """Hold what was committed; it outlives the journals that write to it, one at a time."""

    messages: list[Message] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)
    inbox: dict[str, tuple[int, str]] = field(default_factory=dict)
    snapshots: dict[str, tuple[int, int, bytes]] = field(default_factory=dict)
    orders: dict[int, OutboxOrder] = field(default_factory=dict)
    confirmed: dict[int, int] = field(default_factory=dict)
    halts: dict[str, Halt] = field(default_factory=dict)
    is_written: bool = False


class MemoryJournal:
    """Keep the promises of a journal as long as the process lives."""

    def __init__(self, log: MemoryLog | None = None) -> None:
        self.log = log if log is not None else MemoryLog()
        if self.log.is_written:
            raise RetryError("the journal in memory already has a writer; close that one first")
        self.log.is_written = True
        self._is_open = True

    def commit(self, batch: Batch) -> int:
        """Append a batch whole; return the last position."""
        log = self._require_open()
        self._check(log, batch)
        log.messages.extend(batch.messages)
        log.versions[batch.stream] = self.stream_version(batch.stream) + len(batch.messages)
        last = len(log.messages)
        if batch.inbox:
            module, position, cursor = batch.inbox
            log.inbox[module] = (position, cursor)
        if batch.snapshot:
            module, version, state = batch.snapshot
            log.snapshots[module] = (last, version, bytes(state))
        for key, payload in batch.orders:
            log.orders[key] = OutboxOrder(key, last, bytes(payload))
        return last

    def _check(self, log: MemoryLog, batch: Batch) -> None:
        found = self.stream_version(batch.stream)
        if batch.expected_version is not None and batch.expected_version != found:
            raise ConcurrencyError(stale_stream(batch, found))
        keys = [key for key, _ in batch.orders]
        doubled = [key for key in keys if key in log.orders or keys.count(key) > 1]
        if doubled:
            raise ConcurrencyError(doubled_order(doubled[0]))

    def last_position(self) -> int:
        """Return the number of messages."""
        return len(self.log.messages)

    def stream_version(self, stream: str) -> int:
        """Return how many messages a stream holds."""
        return self.log.versions.get(stream, 0)

    def read(
        self,
        after: int = 0,
        *,
        tenant: str | None = None,
        kinds: Collection[str] | None = None,
        limit: int | None = None,
    ) -> Iterator[Recorded]:
        """Yield the messages behind a position."""
        left = limit if limit is not None else len(self.log.messages)
        position = require_position(after)
        while left > 0 and position < len(self.log.messages):
            message = self.log.messages[position]
            position += 1
            if tenant is not None and message.tenant != tenant:
                continue
            if kinds is not None and tag_of(message) not in kinds:
                continue
            left -= 1
            yield Recorded(position, message)

    def load_snapshot(self, module: str) -> tuple[int, int, bytes] | None:
        """Return (position, format version, state) of the newest snapshot."""
        return self.log.snapshots.get(module)

    def load_inbox(self, module: str) -> tuple[int, str] | None:
        """Return (position, cursor) of a module."""
        return self.log.inbox.get(module)

    def unconfirmed_orders(self) -> list[OutboxOrder]:
        """Return the orders never marked confirmed."""
        return [order for key, order in self.log.orders.items() if key not in self.log.confirmed]

    def mark_confirmed(self, key: int, ts: int) -> bool:
        """Note the broker's answer."""
        if key not in self._require_open().orders:
            raise UsageError(unknown_order(key))
        if key in self.log.confirmed:
            return False
        self.log.confirmed[key] = ts
        return True

    def halt_state(self, tenant: str) -> Halt:
        """Return the kill switch of a tenant."""
        return self.log.halts.get(tenant) or Halt(tenant, False, "", "", 0)

    def set_halt(self, halt: Halt) -> None:
        """Keep the state of a kill switch."""
        self._require_open().halts[halt.tenant] = halt

    def close(self) -> None:
        """Let another journal write to the log."""
        if self._is_open:
            self._is_open = False
            self.log.is_written = False

    def _require_open(self) -> MemoryLog:
        if not self._is_open:
            raise RetryError("the journal is closed; open it again")
        return self.log


def stale_stream(batch: Batch, found: int) -> str:
    """Say which stream moved under its writer."""
    return (
        f"stream {batch.stream!r} is at version {found}, expected {batch.expected_version}; "
        "read it again and decide anew"
    )


def doubled_order(key: int) -> str:
    """Say which order was committed before."""
    return f"order {key} is in the outbox already; it is never sent twice"


def unknown_order(key: int) -> str:
    """Say which order nobody committed."""
    return f"order {key} is not in the outbox; commit it before it is sent"


def require_position(after: int) -> int:
    """Return a position to read from; raise UsageError below zero."""
    if after < 0:
        raise UsageError(f"position {after} lies before the journal; the first message follows 0")
    return after


def is_empty(batch: Batch) -> bool:
    """Return whether a batch holds nothing to commit."""
    parts: Sequence[object] = (batch.messages, batch.orders, batch.inbox, batch.snapshot)
    return not any(parts)
