"""Account statement: each entry between two dates with the balance after it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from assay.books.ledger.chart import CASH
from assay.model.messages import EntryPosted
from assay.model.values import INT64_MAX


class StatementRow(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one entry as the account's owner sees it, in minor units.

    `amount` is what it did to the cash; `parts` are the other lines with the sign turned, so they
    sum to `amount`: a gain is positive, a cost negative.
    """

    entry: int
    ts_event: int
    source: int
    text: str
    amount: int
    parts: dict[str, int]
    balance: int


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the rows of a span between the balance before and after it."""

    tenant: str
    account: str
    currency: str
    currency_digits: int
    opening: int
    closing: int
    rows: tuple[StatementRow, ...]


def statement(
    entries: Iterable[EntryPosted],
    account: str,
    *,
    tenant: str = "",
    start: int = -INT64_MAX,
    end: int = INT64_MAX,
) -> Statement | None:
    """List the entries of an account with start <= ts_event < end (ns UTC).

    Return None when the account has no entry at all.
    """
    rows: list[StatementRow] = []
    balance = opening = 0
    unit: tuple[str, int] | None = None
    for entry in entries:
        if entry.account != account or entry.tenant != tenant:
            continue
        unit = unit or (entry.currency, entry.currency_digits)
        amount = sum(line.amount for line in entry.lines if line.account == CASH)
        if entry.ts_event >= end:
            continue
        balance += amount
        if entry.ts_event < start:
            opening = balance
            continue
        parts = {line.account: -line.amount for line in entry.lines if line.account != CASH}
        rows.append(
            StatementRow(
                entry=entry.entry, ts_event=entry.ts_event, source=entry.source, text=entry.text,
                amount=amount, parts=parts, balance=balance,
            )
        )  # fmt: skip
    if unit is None:
        return None
    return Statement(
        tenant=tenant, account=account, currency=unit[0], currency_digits=unit[1],
        opening=opening, closing=balance, rows=tuple(rows),
    )  # fmt: skip
