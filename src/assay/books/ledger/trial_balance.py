"""Trial balance: the sum of every ledger account, and whether each entry keeps its promise."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from assay.model.messages import EntryPosted


class TrialBalanceRow(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one ledger account of one trading account; debit is positive, in minor units."""

    tenant: str
    account: str
    name: str
    currency: str
    currency_digits: int
    balance: int


class TrialBalance(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the rows in order of tenant, account and name, and every broken promise found."""

    rows: tuple[TrialBalanceRow, ...]
    entries: int
    problems: tuple[str, ...]

    def totals(self) -> dict[tuple[str, str], int]:
        """Return the sum of each (tenant, account); each is zero in sound books."""
        sums: dict[tuple[str, str], int] = {}
        for row in self.rows:
            key = (row.tenant, row.account)
            sums[key] = sums.get(key, 0) + row.balance
        return sums

    @property
    def is_balanced(self) -> bool:
        """Tell whether no problem was found and every account sums to zero."""
        return not self.problems and not any(self.totals().values())


def check_entry(entry: EntryPosted, expected: int) -> list[str]:
    """Return what is wrong with an entry that should be the tenant's number `expected`."""
    place = f"entry {entry.entry} of account {entry.account}"
    problems = []
    total = sum(line.amount for line in entry.lines)
    if total:
        problems.append(f"{place} sums to {total}, not 0")
    if len(entry.lines) < 2:
        problems.append(f"{place} has {len(entry.lines)} line, not two or more")
    if entry.entry != expected:
        problems.append(f"{place} follows {expected - 1}; entry {expected} was expected")
    return problems


def trial_balance(entries: Iterable[EntryPosted]) -> TrialBalance:
    """Add up entries in journal order; problems are told in the result, not raised."""
    sums: dict[tuple[str, str, str], int] = {}
    money: dict[tuple[str, str], tuple[str, int]] = {}
    numbers: dict[str, int] = {}
    problems: list[str] = []
    count = 0
    for entry in entries:
        count += 1
        problems += check_entry(entry, numbers.get(entry.tenant, 0) + 1)
        numbers[entry.tenant] = entry.entry
        owner = (entry.tenant, entry.account)
        unit = (entry.currency, entry.currency_digits)
        if money.setdefault(owner, unit) != unit:
            problems.append(f"entry {entry.entry} of account {entry.account} changes its currency")
        for line in entry.lines:
            key = (*owner, line.account)
            sums[key] = sums.get(key, 0) + line.amount
    rows = tuple(
        TrialBalanceRow(
            tenant=tenant, account=account, name=name, currency=money[tenant, account][0],
            currency_digits=money[tenant, account][1], balance=balance,
        )
        for (tenant, account, name), balance in sorted(sums.items())
    )  # fmt: skip
    return TrialBalance(rows=rows, entries=count, problems=tuple(problems))
