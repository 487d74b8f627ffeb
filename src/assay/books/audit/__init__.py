"""The audit: every journalled message entered, sealed, chained and signed, and how to verify it."""

from assay.books.audit.entries import LIFECYCLE, AuditEntry
from assay.books.audit.export import ExportFile, StartLine, write_export
from assay.books.audit.heads import Head, HeadFolder, parse_head
from assay.books.audit.keeper import BATCH, HEADS, AuditKeeper
from assay.books.audit.keys import PublicKey, SigningKey, load_public_key, open_key
from assay.books.audit.memory import MemoryAudit, MemoryAuditStore, MemoryChains
from assay.books.audit.opening import open_view, read_heads
from assay.books.audit.ports import AuditStore, Chains
from assay.books.audit.postgres import PostgresAuditStore, PostgresChains, open_chains
from assay.books.audit.seals import Seal
from assay.books.audit.verifying import AuditReport, ChainReport, summarise, verify_chains

__all__ = [
    "AuditEntry",
    "AuditKeeper",
    "AuditReport",
    "AuditStore",
    "BATCH",
    "ChainReport",
    "Chains",
    "ExportFile",
    "HEADS",
    "Head",
    "HeadFolder",
    "LIFECYCLE",
    "MemoryAudit",
    "MemoryAuditStore",
    "MemoryChains",
    "PostgresAuditStore",
    "PostgresChains",
    "PublicKey",
    "Seal",
    "SigningKey",
    "StartLine",
    "load_public_key",
    "open_chains",
    "open_key",
    "open_view",
    "parse_head",
    "read_heads",
    "summarise",
    "verify_chains",
    "write_export",
]
