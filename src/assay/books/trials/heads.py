"""The head of the trial ledger: how long it is, signed, in a file of its own."""

from __future__ import annotations

import msgspec

from assay.books.chained.kinds import NO_LINE


class TrialsHead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say how many lines and trials the ledger has, the hash of the last one, and since when.

    `signature` is Ed25519 over "assay.trials.head.1", a line feed, and the JSON of the head with an
    empty signature.
    """

    lines: int = 0
    trials: int = 0
    hash: str = NO_LINE
    at: int = 0
    signature: str = ""
