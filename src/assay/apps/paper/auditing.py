"""The audit process: enter and seal, behind the hot path, whatever the journal gets."""

from __future__ import annotations

import sys
from collections.abc import Callable

from assay.apps.child import Child, run_beside
from assay.books.audit import BATCH, AuditKeeper, PostgresAuditStore
from assay.runtime.clock import Deadline
from assay.runtime.stores.postgres import open_postgres
from assay.runtime.stores.postgres.place import find_place
from assay.runtime.supervisor.leash import StopRequest

NAME = "audit"
FOLDER = NAME
"""Where a home keeps the key and the heads of its audit."""

SEAL_EVERY_S = 0.5
LOOK_EVERY_S = 0.05
NICENESS = 10
_WAIT_S = 10.0


def follow_journal(keeper: AuditKeeper, is_stopped: Callable[[], bool]) -> None:
    """Seal what the journal has, then what it gets, until told to stop; then the rest of it."""
    while not is_stopped():
        # One seal a tenant for what comes in a while, unless there is more than one can hold.
        pause = Deadline(SEAL_EVERY_S)
        is_behind = keeper.catch_up(BATCH) == BATCH
        while not is_behind and not pause.has_passed() and not is_stopped():
            pause.pause(LOOK_EVERY_S)
    while keeper.catch_up():
        pass


def run_audit(child: Child, is_stopped: StopRequest) -> None:
    """Open the chains, hold them against their heads, and follow the journal."""
    home, log, dsn = child.home, child.log, child.config.postgres.dsn or None
    # A new home gets its database from the trader, once it is sure that it will trade.
    while dsn is None and find_place(home.path) is None:
        if is_stopped():
            return
        Deadline(LOOK_EVERY_S).pause(LOOK_EVERY_S)
    postgres = open_postgres(home.path, dsn)
    try:
        store = PostgresAuditStore(postgres.dsn, wait_s=_WAIT_S)
        keeper = AuditKeeper(store, home.folder(FOLDER), home.clock)
        brought = keeper.recover()
        log.info("ready", position=keeper.position, heads_brought_forward=brought)
        follow_journal(keeper, is_stopped)
        log.info("stopped", position=keeper.position)
        store.close()
    finally:
        postgres.stop()


def main(argv: list[str]) -> int:
    """Run the process of `assay up`: the argument is the home."""
    return run_beside(NAME, argv[0], run_audit, niceness=NICENESS, refuses=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
