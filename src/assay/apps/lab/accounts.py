"""The books of an account of a home, read from its journal."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from assay.apps.config import Config, configured_instrument
from assay.books.reports.record import RunRecord
from assay.books.reports.tape import TAPE_KINDS, AccountTape, Contract
from assay.model.errors import UsageError
from assay.model.messages import EntryPosted
from assay.runtime.home import Home
from assay.runtime.journal.reading import reachable, read_journal
from assay.runtime.settings import load_settings

PAPER = "paper"


@contextmanager
def opened_journal(home: Home) -> Iterator[psycopg.Connection[Any] | None]:
    """Open the journal of a home beside whoever else uses it; None where there is none yet."""
    from assay.runtime.stores.postgres import open_postgres
    from assay.runtime.stores.postgres.place import find_place

    dsn = load_settings(Config, home).value.postgres.dsn or None
    if dsn is None and find_place(home.path) is None:
        yield None
        return
    server = open_postgres(home.path, dsn)
    try:
        with reachable():
            connection = psycopg.connect(server.dsn, autocommit=True)
        with connection:
            yield connection
    finally:
        server.stop()


def contracts_of(home: Home) -> Callable[[str], Contract]:
    """Return how the symbols of a home are counted."""
    config = load_settings(Config, home).value

    def tell(symbol: str) -> Contract:
        spec = configured_instrument(config, symbol)
        return Contract(spec.quantity_digits, spec.pip_points * 10.0**-spec.digits)

    return tell


def read_tape(
    home: Home, account: str | None = None, *, kinds: Collection[str] = TAPE_KINDS
) -> AccountTape:
    """Return the newest run of an account; it may be left out where there is one alone.

    Raises UsageError naming those that there are.
    """
    with opened_journal(home) as connection:
        if connection is None:
            raise UsageError("the journal is empty yet; trade first with `assay up`")
        start = _find_start(connection)
        name = _choose(connection, start, account)
        tape = AccountTape(name, contracts_of(home))
        for recorded in read_journal(connection, start, kinds=kinds):
            tape.take(recorded.message)
    return tape


def read_account(home: Home, account: str | None = None) -> RunRecord:
    """Return the newest run of an account as a record."""
    return read_tape(home, account).record(PAPER)


def _find_start(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute(
        "select position from journal where kind = 'PlatformStarted' order by position desc limit 1"
    ).fetchone()
    return int(row[0]) - 1 if row else 0


def _choose(connection: psycopg.Connection[Any], start: int, account: str | None) -> str:
    names = set()
    for recorded in read_journal(connection, start, kinds=("EntryPosted",)):
        entry = recorded.message
        if not isinstance(entry, EntryPosted):
            continue
        if entry.account == account:
            return entry.account
        names.add(entry.account)
    if account is None and len(names) == 1:
        return str(names.pop())
    told = ", ".join(sorted(names)) or "none"
    wish = "several accounts traded" if account is None else f"account {account!r} has no entries"
    raise UsageError(f"{wish}; name one with --account: {told}")
