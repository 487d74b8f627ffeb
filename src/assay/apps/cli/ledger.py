"""`assay ledger`: the trial balance and the statement of an account."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Annotated, Any

import typer

from assay.apps.cli.console import HomeOption, JsonOption, emit
from assay.apps.config import Config
from assay.books.ledger import TrialBalance, statement, trial_balance
from assay.model.errors import DataError, InvariantError, UsageError
from assay.model.messages import EntryPosted, Message
from assay.model.time import format_time, parse_time
from assay.model.values import INT64_MAX
from assay.runtime.home import Home, open_home
from assay.runtime.settings import load_settings

TenantOption = Annotated[
    str | None, typer.Option("--tenant", help="Only this tenant's accounts.", show_default=False)
]
AccountOption = Annotated[
    str | None,
    typer.Option("--account", help="The account; needed where there are several."),
]
FromOption = Annotated[
    str | None, typer.Option("--from", help="First moment, ISO-8601, UTC unless it says otherwise.")
]
ToOption = Annotated[str | None, typer.Option("--to", help="Moment before which it ends.")]

PROBLEMS_SHOWN = 20


class LedgerEntries:
    """Read the posted entries of a database again and again, in the order of commit."""

    def __init__(self, dsn: str | None) -> None:
        self._dsn = dsn

    def read(self, tenant: str | None = None) -> Iterator[EntryPosted]:
        """Yield the entries, of one tenant if told; none where there is no database yet."""
        for message in self.messages(("EntryPosted",), tenant):
            if isinstance(message, EntryPosted):
                yield message

    def messages(self, kinds: Collection[str], tenant: str | None = None) -> Iterator[Message]:
        """Yield the journalled messages of some kinds, by their tags."""
        if self._dsn is None:
            return
        import psycopg

        from assay.runtime.journal.reading import reachable, read_journal

        with reachable():
            connection = psycopg.connect(self._dsn, autocommit=True)
        with connection:
            for recorded in read_journal(connection, tenant=tenant, kinds=kinds):
                yield recorded.message


@contextmanager
def open_entries(home: Home) -> Iterator[LedgerEntries]:
    """Open the books of a home beside whoever else uses it; a new home's books are empty."""
    from assay.runtime.stores.postgres import open_postgres
    from assay.runtime.stores.postgres.place import find_place

    dsn = load_settings(Config, home).value.postgres.dsn or None
    if dsn is None and find_place(home.path) is None:
        yield LedgerEntries(None)
        return
    server = open_postgres(home.path, dsn)
    try:
        yield LedgerEntries(server.dsn)
    finally:
        server.stop()


def describe_trial_balance(book: TrialBalance) -> dict[str, Any]:
    """Return the balances by account, in minor units, with every problem found."""
    accounts: dict[tuple[str, str], dict[str, Any]] = {}
    for row in book.rows:
        account = accounts.setdefault(
            (row.tenant, row.account),
            {
                "tenant": row.tenant, "account": row.account, "currency": row.currency,
                "currency_digits": row.currency_digits, "balances": {}, "total": 0,
            },
        )  # fmt: skip
        account["balances"][row.name] = row.balance
        account["total"] += row.balance
    return {
        "balanced": book.is_balanced,
        "entries": book.entries,
        "accounts": list(accounts.values()),
        "problems": list(book.problems),
    }


def print_trial_balance(
    home: HomeOption = None, as_json: JsonOption = False, tenant: TenantOption = None
) -> None:
    """Add up every ledger account and check each entry; exit 3 where the books do not balance.

    Amounts in the JSON are minor units. Debit is positive, so income is negative.

    Example: assay ledger trial-balance
    """
    with open_entries(open_home(home)) as entries:
        book = trial_balance(entries.read(tenant))
    emit(describe_trial_balance(book), as_json, _tabulate_balances)
    _require_sound(book)


def print_statement(
    home: HomeOption = None,
    as_json: JsonOption = False,
    account: AccountOption = None,
    tenant: TenantOption = None,
    start: FromOption = None,
    end: ToOption = None,
) -> None:
    """List the entries of an account between two dates, with the balance after each.

    Amounts in the JSON are minor units. Exit 3 where the books do not balance.

    Example: assay ledger statement --account paper --from 2017-01-01 --to 2017-02-01
    """
    first = -INT64_MAX if start is None else parse_time(start)
    last = INT64_MAX if end is None else parse_time(end)
    if first >= last:
        raise UsageError(f"--from {start} is not before --to {end}; give an earlier --from")
    with open_entries(open_home(home)) as entries:
        book = trial_balance(entries.read(tenant))
        owner, name = choose_account(book, account)
        found = statement(entries.read(owner), name, tenant=owner, start=first, end=last)
    if found is None:
        raise InvariantError(f"account {name} has balances and no entries")
    rows = [
        {
            "entry": row.entry, "time": format_time(row.ts_event), "source": row.source,
            "text": row.text, "parts": row.parts, "amount": row.amount, "balance": row.balance,
        }
        for row in found.rows
    ]  # fmt: skip
    result = {
        "tenant": found.tenant, "account": found.account, "currency": found.currency,
        "currency_digits": found.currency_digits, "opening": found.opening,
        "closing": found.closing, "rows": rows,
    }  # fmt: skip
    emit(result, as_json, _list_statement)
    _require_sound(book)


def choose_account(book: TrialBalance, account: str | None) -> tuple[str, str]:
    """Return tenant and name of the one account meant; raise UsageError naming those there are."""
    owners = sorted(book.totals())
    matches = [owner for owner in owners if account is None or owner[1] == account]
    if len(matches) == 1:
        return matches[0]
    if not owners:
        raise UsageError("the ledger has no entries yet; trade first with `assay up`")
    names = ", ".join(f"{name} (tenant {tenant or '-'})" for tenant, name in owners)
    if not matches:
        raise UsageError(f"account {account!r} has no entries; there are {names}")
    raise UsageError(f"several accounts fit; name one with --account and --tenant: {names}")


def _require_sound(book: TrialBalance) -> None:
    if book.is_balanced:
        return
    told = "; ".join(book.problems[:PROBLEMS_SHOWN]) or "an account does not sum to zero"
    more = len(book.problems) - PROBLEMS_SHOWN
    told += f"; and {more} more" if more > 0 else ""
    raise DataError(f"the ledger does not balance: {told}; restore a backup with `assay restore`")


def _format_amount(minor: int, digits: int) -> str:
    return f"{Decimal(minor).scaleb(-digits):,.{digits}f}"


def _tabulate_balances(result: dict[str, Any]) -> object:
    from rich.table import Table

    table = Table(title=f"Trial balance of {result['entries']:,} entries")
    for column in ("tenant", "account", "ledger account"):
        table.add_column(column)
    for column in ("debit", "credit"):
        table.add_column(column, justify="right")
    table.add_column("currency")
    for account in result["accounts"]:
        digits = account["currency_digits"]
        start = (account["tenant"] or "-", account["account"])
        for name, balance in account["balances"].items():
            amount = _format_amount(abs(balance), digits)
            sides = (amount, "") if balance >= 0 else ("", amount)
            table.add_row(*start, name, *sides, account["currency"])
        total = _format_amount(account["total"], digits)
        table.add_row(*start, "difference", total, "", account["currency"], end_section=True)
    return table


def _list_statement(result: dict[str, Any]) -> str:
    digits = result["currency_digits"]
    tenant = f", tenant {result['tenant']}" if result["tenant"] else ""
    lines = [f"Account {result['account']}{tenant}, {result['currency']}"]
    rows = [
        ("opening balance", "", _format_amount(result["opening"], digits), ""),
        *(
            (
                row["time"][:19].replace("T", " "),
                _format_amount(row["amount"], digits),
                _format_amount(row["balance"], digits),
                row["text"],
            )
            for row in result["rows"]
        ),
        ("closing balance", "", _format_amount(result["closing"], digits), ""),
    ]
    wide = [max(len(row[place]) for row in rows) for place in range(3)]
    lines += [
        f"{when:<{wide[0]}}  {amount:>{wide[1]}}  {balance:>{wide[2]}}  {text}".rstrip()
        for when, amount, balance, text in rows
    ]
    return "\n".join(lines)


def register(app: typer.Typer) -> None:
    """Add `ledger trial-balance` and `ledger statement` to the command line."""
    ledger = typer.Typer(no_args_is_help=True, help="Show and verify the books.")
    ledger.command("trial-balance")(print_trial_balance)
    ledger.command("statement")(print_statement)
    app.add_typer(ledger, name="ledger")
