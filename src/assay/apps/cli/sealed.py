"""Verify a chained ledger of a home against its head, kept marks, and what the audit sealed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.model.errors import UsageError

if TYPE_CHECKING:
    from assay.books.chained import ChainRead, Kind
    from assay.books.chained.heads import HeadT
    from assay.books.chained.kinds import LineT
    from assay.runtime.home import Home

CheckpointOption = Annotated[
    list[str] | None,
    typer.Option(
        "--checkpoint",
        metavar="LINES:HASH",
        help="Lines and last hash kept from earlier, which must still hold; repeatable.",
    ),
]
KeyOption = Annotated[
    Path | None,
    typer.Option("--public-key", help="Public key that you trust, PEM; else the home's."),
]
AuditOption = Annotated[
    bool, typer.Option("--audit", help="Hold it also against every start that the audit sealed.")
]
MARKS = {
    "trials": ("trial_lines", "trials_hash"), "governance": ("governance_lines", "governance_hash"),
}  # fmt: skip
"""What a start tells of each ledger, by the ledger's folder."""


def verify_ledger(
    kind: Kind[LineT, HeadT], home: Home, public_key: Path | None, checkpoints: Sequence[str],
    *, audit: bool,
) -> ChainRead[LineT]:  # fmt: skip
    """Read a ledger and hold it against everything that is known of it.

    With `audit`, PostgreSQL is started where it does not run.
    """
    from assay.books.audit.keys import PublicKey
    from assay.books.chained import ChainedLedger, read_chain

    ledger = ChainedLedger(home, kind)
    marks = [_read_mark(text) for text in checkpoints]
    marks += _sealed_marks(home, *MARKS[kind.folder]) if audit else []
    key = PublicKey.parse(_read(public_key), public_key) if public_key else None
    if not ledger.path.is_dir():
        return read_chain(kind, ledger.path, key=key, marks=marks)
    with ledger.hold():
        return read_chain(kind, ledger.path, key=key, marks=marks)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); name a file") from error


def _read_mark(text: str) -> tuple[int, str]:
    count, _, hash_ = text.partition(":")
    if not count.isdecimal() or len(hash_) != 64:
        raise UsageError(f"--checkpoint {text!r} is not of the form LINES:HASH, as `verify` prints")
    return int(count), hash_


def _sealed_marks(home: Home, lines: str, hash_: str) -> list[tuple[int, str]]:
    """Return what the starts in the journal say of a ledger."""
    import psycopg

    from assay.apps.config import Config
    from assay.runtime.journal.reading import reachable, read_journal
    from assay.runtime.settings import load_settings
    from assay.runtime.stores.postgres import open_postgres
    from assay.runtime.stores.postgres.place import find_place

    dsn = load_settings(Config, home).value.postgres.dsn or None
    if dsn is None and find_place(home.path) is None:
        return []
    server = open_postgres(home.path, dsn)
    try:
        with reachable(), psycopg.connect(server.dsn, autocommit=True) as connection:
            kinds = ("PlatformStarted", "PlatformRecovered")
            starts = [one.message for one in read_journal(connection, kinds=kinds)]
    finally:
        server.stop()
    told = [(getattr(start, lines, 0), getattr(start, hash_, "")) for start in starts]
    return [mark for mark in told if mark[0] > 0]
