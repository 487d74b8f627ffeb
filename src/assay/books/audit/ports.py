"""What the audit asks of the journal and of the store that holds its chains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from assay.books.audit.entries import AuditEntry
from assay.books.audit.seals import Seal
from assay.runtime.journal import RawRecord

MODULE = "audit"
"""The name under which the audit keeps its place in the journal."""


class Chains(Protocol):
    """Show every chain, and the journal where there is one, as of one moment; all streamed."""

    def lengths(self) -> Mapping[str, tuple[int, int]]:
        """Return how many entries and seals each tenant has; (0, 0) if only journalled."""
        ...

    def entries(self, tenant: str) -> Iterator[AuditEntry]:
        """Yield a tenant's entries by number; raise DataError for what cannot be read."""
        ...

    def seals(self, tenant: str) -> Iterator[Seal]:
        """Yield a tenant's seals by number; raise DataError for what cannot be read."""
        ...

    def journal(self, tenant: str) -> Iterator[RawRecord] | None:
        """Yield a tenant's journalled messages, or None where no journal is at hand."""
        ...

    def covered(self) -> int:
        """Return the journal position up to which every message should have its entry."""
        ...


class AuditStore(Protocol):
    """Hold entries and seals, which are only ever appended, and the place in the journal.

    One store at a time may write to a home; another raises RetryError.
    """

    def position(self) -> int:
        """Return the journal position up to which messages are entered."""
        ...

    def read_journal(self, after: int, limit: int) -> list[RawRecord]:
        """Return up to `limit` journalled messages behind a position, in order."""
        ...

    def lengths(self) -> Mapping[str, int]:
        """Return how many entries each tenant has, by the number of the last one."""
        ...

    def last_seals(self) -> Mapping[str, Seal]:
        """Return each tenant's newest seal."""
        ...

    def seal(self, tenant: str, number: int) -> Seal | None:
        """Return one seal."""
        ...

    def append(self, entries: Sequence[AuditEntry], seals: Sequence[Seal], position: int) -> None:
        """Make a batch and the new place in the journal durable in one transaction."""
        ...

    def close(self) -> None:
        """Give up the right to write; a second call does nothing."""
        ...
