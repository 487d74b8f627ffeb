"""Chains in memory: for tests, and crashes that leave the process alive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from assay.books.audit.entries import AuditEntry
from assay.books.audit.seals import Seal
from assay.model.errors import RetryError
from assay.model.messages import encode_message, tag_of
from assay.runtime.journal import MemoryLog, RawRecord


@dataclass
class MemoryAudit:
    """Hold what was entered and sealed, beside the journal it came from."""

    journal: MemoryLog = field(default_factory=MemoryLog)
    entries: list[AuditEntry] = field(default_factory=list)
    seals: list[Seal] = field(default_factory=list)
    position: int = 0
    is_written: bool = False


class MemoryAuditStore:
    """Keep the promises of an audit store as long as the process lives."""

    def __init__(self, held: MemoryAudit) -> None:
        if held.is_written:
            raise RetryError("the audit in memory already has a writer; close that one first")
        self._held, self._is_open = held, True
        held.is_written = True

    def position(self) -> int:
        """Return the journal position up to which messages are entered."""
        return self._held.position

    def read_journal(self, after: int, limit: int) -> list[RawRecord]:
        """Return up to `limit` journalled messages behind a position."""
        return list(islice(read_memory(self._held.journal, after), limit))

    def lengths(self) -> dict[str, int]:
        """Return the number of each tenant's last entry."""
        return {entry.tenant: entry.number for entry in self._held.entries}

    def last_seals(self) -> dict[str, Seal]:
        """Return each tenant's newest seal."""
        return {seal.tenant: seal for seal in self._held.seals}

    def seal(self, tenant: str, number: int) -> Seal | None:
        """Return one seal."""
        wanted = (tenant, number)
        return next((each for each in self._held.seals if each[:2] == wanted), None)

    def append(self, entries: Sequence[AuditEntry], seals: Sequence[Seal], position: int) -> None:
        """Take a batch and the new place in the journal."""
        if not self._is_open:
            raise RetryError("the audit is closed; open it again")
        self._held.entries.extend(entries)
        self._held.seals.extend(seals)
        self._held.position = position

    def close(self) -> None:
        """Let another store write."""
        if self._is_open:
            self._is_open = False
            self._held.is_written = False


class MemoryChains:
    """Show chains and journal in memory."""

    def __init__(self, held: MemoryAudit) -> None:
        self._held = held

    def lengths(self) -> dict[str, tuple[int, int]]:
        """Return how many entries and seals each tenant has."""
        found = {message.tenant: (0, 0) for message in self._held.journal.messages}
        owners = [each.tenant for each in self._held.entries]
        owners += [each.tenant for each in self._held.seals]
        for tenant in set(owners):
            found[tenant] = (len(list(self.entries(tenant))), len(list(self.seals(tenant))))
        return found

    def entries(self, tenant: str) -> Iterator[AuditEntry]:
        """Yield a tenant's entries by number."""
        chosen = [each for each in self._held.entries if each.tenant == tenant]
        return iter(sorted(chosen, key=lambda each: each.number))

    def seals(self, tenant: str) -> Iterator[Seal]:
        """Yield a tenant's seals by number."""
        chosen = [each for each in self._held.seals if each.tenant == tenant]
        return iter(sorted(chosen, key=lambda each: each.number))

    def journal(self, tenant: str) -> Iterator[RawRecord]:
        """Yield a tenant's journalled messages."""
        return (each for each in read_memory(self._held.journal) if each.tenant == tenant)

    def covered(self) -> int:
        """Return the journal position up to which messages are entered."""
        return self._held.position


def read_memory(log: MemoryLog, after: int = 0) -> Iterator[RawRecord]:
    """Yield the messages of a journal in memory as the bytes they are journalled as."""
    for position in range(after + 1, len(log.messages) + 1):
        message = log.messages[position - 1]
        kind = tag_of(message)
        ids = (message.id, message.cause)
        payload = encode_message(message)
        yield RawRecord(message.tenant, position, kind, message.ts_event, *ids, payload)
