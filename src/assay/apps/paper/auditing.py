"""The audit process: enter and seal, behind the hot path, whatever the journal gets."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from assay.apps.config import Config
from assay.apps.paper.refusal import FILE, write_refusal
from assay.books.audit import BATCH, AuditKeeper, PostgresAuditStore
from assay.model.errors import AssayError, CallerError, OperatorError
from assay.runtime.clock import Deadline
from assay.runtime.faults import record_fault
from assay.runtime.home import Home, open_home
from assay.runtime.logs import Logger, open_log
from assay.runtime.settings import load_settings
from assay.runtime.stores.postgres import open_postgres
from assay.runtime.stores.postgres.place import find_place
from assay.runtime.supervisor.leash import stop_signals, watch_parent

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


def run_audit(home: Home, log: Logger, is_stopped: Callable[[], bool]) -> None:
    """Open the chains, hold them against their heads, and follow the journal."""
    dsn = load_settings(Config, home).value.postgres.dsn or None
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
    watch_parent()
    os.nice(NICENESS)
    home = open_home(Path(argv[0]))
    config = load_settings(Config, home).value
    log = open_log(home, NAME, level=config.log.level, file_bytes=config.log.bytes)
    try:
        # A request to stop must not leave a server behind that is just starting.
        with stop_signals() as is_stopped:
            run_audit(home, log, is_stopped)
    except AssayError as error:
        log.error(str(error))
        if isinstance(error, CallerError | OperatorError):
            write_refusal(home.folder("run") / FILE, error)
        return error.exit_code
    except Exception as error:
        log.error("fault", fingerprint=record_fault(home, error).fingerprint, error=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
