"""The journal: what happened, in order, with the state and the orders that belong to it."""

from assay.runtime.journal.frames import RawRecord
from assay.runtime.journal.memory import MemoryJournal, MemoryLog
from assay.runtime.journal.ports import (
    Batch,
    ConcurrencyError,
    Halt,
    Journal,
    OutboxOrder,
    Recorded,
)
from assay.runtime.journal.postgres import PostgresJournal
from assay.runtime.journal.reading import read_journal, read_raw, sample_journal

__all__ = [
    "Batch",
    "ConcurrencyError",
    "Halt",
    "Journal",
    "MemoryJournal",
    "MemoryLog",
    "OutboxOrder",
    "PostgresJournal",
    "RawRecord",
    "Recorded",
    "read_journal",
    "read_raw",
    "sample_journal",
]
