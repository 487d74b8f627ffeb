"""Ledgers that nobody can take back: lines chained by hash, a signed head beside them."""

from assay.books.chained.carrying import carry_over, copy_ledger
from assay.books.chained.heads import HEAD, SignedHead, write_head
from assay.books.chained.kinds import NO_LINE, ChainedLine, Kind
from assay.books.chained.ledger import ChainedLedger
from assay.books.chained.reading import LEDGER, ChainRead, ChainVerdict, read_chain, require_whole

__all__ = [
    "ChainRead", "ChainVerdict", "ChainedLedger", "ChainedLine", "HEAD", "Kind", "LEDGER",
    "NO_LINE", "SignedHead", "carry_over", "copy_ledger", "read_chain", "require_whole",
    "write_head",
]  # fmt: skip
