"""The books of an account of a home, read from its journal."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import psycopg

from assay.apps.config import Config, configured_instrument
from assay.apps.paper.view.sheet import SHEET, Sheet
from assay.books.reports.record import RunRecord
from assay.books.reports.tape import TAPE_KINDS, AccountTape, Contract
from assay.model.errors import UsageError
from assay.model.messages import EntryPosted
from assay.runtime.home import Home
from assay.runtime.journal.reading import reachable, read_journal
from assay.runtime.settings import load_settings

PAPER = "paper"
MARKETS = {
    "live": "a live market's quotes", "replay": "recorded quotes or bars, replayed",
    "sample": "the packaged sample's bars, replayed", "sim": "a simulated market's quotes",
}  # fmt: skip


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
    """Return the run of an account; the newest run's may be left out where there is one alone.

    Each run has an account of its own, so that of an earlier one is named. Raises UsageError
    naming those of the newest run.
    """
    with opened_journal(home) as connection:
        if connection is None:
            raise UsageError("the journal is empty yet; trade first with `assay up`")
        starts = _find_starts(connection)
        start, end = starts[-1], None
        if account is not None:
            start, end = _find_span(connection, starts, account)
        name = _choose(connection, start, account)
        tape = AccountTape(name, contracts_of(home))
        for recorded in read_journal(connection, start, kinds=kinds):
            if end is not None and recorded.position > end:
                break
            tape.take(recorded.message)
    return tape


def read_account(home: Home, account: str | None = None) -> RunRecord:
    """Return the newest run of an account as a record."""
    tape = read_tape(home, account)
    return tape.record(PAPER, _name_market(home, tape.account))


def _name_market(home: Home, account: str) -> str:
    """Return whose quotes the account of the newest run is traded on; empty for another."""
    try:
        sheet = msgspec.json.decode((home.path / "run" / SHEET).read_bytes(), type=Sheet)
    except (OSError, msgspec.MsgspecError):
        return ""
    return MARKETS.get(sheet.source, sheet.source) if sheet.account == account else ""


def list_accounts(home: Home) -> list[str]:
    """Return the accounts of all runs of a home, the oldest first; none where nothing traded."""
    with opened_journal(home) as connection:
        if connection is None:
            return []
        openings = (_opening(connection, start) for start in _find_starts(connection))
        return list(dict.fromkeys(name for name in openings if name))


def _find_starts(connection: psycopg.Connection[Any]) -> list[int]:
    """Return the places behind which runs begin, the oldest first."""
    rows = connection.execute(
        "select position from journal where kind = 'PlatformStarted' order by position"
    ).fetchall()
    return [int(row[0]) - 1 for row in rows] or [0]


def _find_span(
    connection: psycopg.Connection[Any], starts: Sequence[int], account: str
) -> tuple[int, int | None]:
    """Return behind which place an account's run begins, and with which it ends (None: open)."""
    ends = [*starts[1:], None]
    for start, end in zip(starts[::-1], ends[::-1], strict=True):
        if _opening(connection, start) == account:
            return start, end
    return starts[-1], None


def _opening(connection: psycopg.Connection[Any], start: int) -> str | None:
    """Return the account that the first entry behind a place is of."""
    for recorded in read_journal(connection, start, kinds=("EntryPosted",)):
        return recorded.message.account if isinstance(recorded.message, EntryPosted) else None
    return None


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
