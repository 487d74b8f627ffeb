"""A restore and the audit: heads that fit the database, and a record of what was replaced."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from assay import __version__
from assay.apps.paper.auditing import FOLDER
from assay.books.audit import HEADS, AuditKeeper, Head, HeadFolder, PostgresAuditStore, read_heads
from assay.books.chained import ChainedLedger, Kind, carry_over, copy_ledger
from assay.books.governance import ACTS
from assay.books.trials import TRIALS
from assay.model.messages import HomeRestored, ReplacedHead
from assay.runtime.home import Home
from assay.runtime.journal import Batch, PostgresJournal
from assay.runtime.stores.postgres import open_postgres

HEADS_PATH = f"{FOLDER}/{HEADS}"
STREAM = "operations"
LEDGERS: tuple[Kind[Any, Any], ...] = (TRIALS, ACTS)
"""The ledgers whose lines outlive a restore."""


def copy_heads(home: Home, folder: Path) -> dict[str, Path]:
    """Copy the heads as they are now; return the copies by their names in an archive.

    Taken before the database is dumped they may lag its chains, and never lead them.
    """
    source, copies = home.path / HEADS_PATH, {}
    for path in sorted(source.glob("*.json")) if source.is_dir() else ():
        copy = folder / path.name
        shutil.copyfile(path, copy)
        copies[f"home/{HEADS_PATH}/{path.name}"] = copy
    return copies


def take_heads(home: Home) -> tuple[ReplacedHead, ...]:
    """Remove the heads of the chains that a restore is to replace, and return them."""
    folder = HeadFolder(home.path / HEADS_PATH)
    found = read_heads(folder)
    shutil.rmtree(folder.folder, ignore_errors=True)
    return tuple(
        ReplacedHead(head.tenant, head.count, head.hash)
        for head in found.values()
        if isinstance(head, Head)
    )


def copy_ledgers(home: Home, folder: Path) -> dict[str, Path]:
    """Copy each chained ledger as it is between two lines; return the copies by archive names."""
    found: dict[str, Path] = {}
    for kind in LEDGERS:
        ledger = ChainedLedger(home, kind)
        if ledger.path.is_dir():
            copies = folder / kind.folder
            with ledger.hold() as source:
                names = copy_ledger(source, copies)
            prefix = f"home/{kind.folder}"
            found |= {f"{prefix}/{name.as_posix()}": copies / name for name in names}
    return found


@contextmanager
def keeping_ledgers(home: Home, unpacked: Path) -> Iterator[None]:
    """Hold the ledgers while a restore replaces them, with what was entered since carried over."""
    with ExitStack() as held:
        for kind in LEDGERS:
            restored = unpacked / kind.folder
            if restored.is_dir():
                replaced = held.enter_context(ChainedLedger(home, kind).hold())
                carry_over(kind, replaced, restored, home.clock.now_ns())
        yield


def record_restore(
    home: Home,
    dsn: str | None,
    archive: tuple[str, int],
    replaced: tuple[ReplacedHead, ...],
) -> None:
    """Journal the restore, bring the heads forward, and enter it in the audit.

    `archive` is its name and when it was made, in nanoseconds UTC.
    Raises DataError where the restored chains do not hold against the restored heads.
    """
    from assay.apps.paper.trader.producers import CONTROL

    postgres = open_postgres(home.path, dsn)
    try:
        store = PostgresAuditStore(postgres.dsn)
        keeper = AuditKeeper(store, home.folder(FOLDER), home.clock)
        # The heads were copied before the dump, and the platform may have gone on in between.
        keeper.recover(lag_max=None)
        journal = PostgresJournal(postgres.dsn)
        now = home.clock.now_ns()
        message = HomeRestored(
            id=(CONTROL << 48) | (journal.last_position() + 1), ts_event=now, ts_init=now,
            version=__version__, archive=archive[0], created=archive[1], replaced=replaced,
        )  # fmt: skip
        journal.commit(Batch((message,), stream=STREAM))
        journal.close()
        while keeper.catch_up():
            pass
        store.close()
    finally:
        postgres.stop()
