"""An audit entry: one journalled message, as the exact bytes that are hashed."""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from assay.books.audit.merkle import hash_leaf
from assay.model.messages import HomeRestored, PlatformRecovered, PlatformStarted
from assay.runtime.journal import RawRecord

LIFECYCLE = "lifecycle"
"""The kind of what happened to the platform itself; it differs between equal runs."""

_LIFECYCLE_TAGS = frozenset(
    str(each.__struct_config__.tag) for each in (PlatformStarted, PlatformRecovered, HomeRestored)
)
_NUMBERS = Struct(">qqqqqHH")


class AuditEntry(NamedTuple):
    """Hold one entry; `number` counts a tenant's entries from 1 without a gap.

    `position` is the message's place in the journal, `ts_event` is in nanoseconds UTC, `payload`
    is the message as it was journalled.
    """

    tenant: str
    number: int
    position: int
    kind: str
    ts_event: int
    message_id: int
    cause: int
    payload: bytes


def enter_record(record: RawRecord, number: int) -> AuditEntry:
    """Return the entry of a journalled message."""
    tenant, position, tag, ts_event, message_id, cause, payload = record
    kind = LIFECYCLE if tag in _LIFECYCLE_TAGS else tag
    return AuditEntry(tenant, number, position, kind, ts_event, message_id, cause, payload)


def hash_entry(entry: AuditEntry) -> bytes:
    """Return the hash of an entry as a leaf.

    The content is, big-endian: number, position, ts_event, message id and cause in 8 bytes each,
    the lengths of tenant and kind in 2 bytes each, tenant and kind in UTF-8, and the payload.
    """
    tenant, kind = entry.tenant.encode(), entry.kind.encode()
    heading = _NUMBERS.pack(
        entry.number, entry.position, entry.ts_event, entry.message_id, entry.cause,
        len(tenant), len(kind),
    )  # fmt: skip
    return hash_leaf(heading + tenant + kind + entry.payload)
