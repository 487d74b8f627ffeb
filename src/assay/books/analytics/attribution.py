"""Where a result came from: trades gathered by side, symbol, hour, weekday, or any other key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from assay.books.analytics.trades import ClosedTrade, summarise_trades
from assay.model.time import DAY, HOUR

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday."""


class Part(NamedTuple):
    """Hold what the trades of one kind came to, money in the account's currency."""

    name: str
    trades: int
    net: float
    costs: float
    win_rate: float | None
    profit_factor: float | None
    expectancy: float | None


def attribute(
    trades: Iterable[ClosedTrade], key: Callable[[ClosedTrade], str], *, names: Sequence[str] = ()
) -> list[Part]:
    """Return one part a key, in the order of `names`, else of the alphabet.

    Of `names`, also those without a trade are told.

    >>> one = ClosedTrade(0, 10, "EURUSD", "long", 1, 1, 1, 2.0, 30.0, "")
    >>> two = one._replace(side="short", net=-10.0)
    >>> [(part.name, part.net) for part in attribute([one, two, one], lambda t: t.side)]
    [('long', 60.0), ('short', -10.0)]
    """
    found: dict[str, list[ClosedTrade]] = {name: [] for name in names}
    for trade in trades:
        found.setdefault(key(trade), []).append(trade)
    return [describe(name, found[name]) for name in (names or sorted(found))]


def describe(name: str, trades: Sequence[ClosedTrade]) -> Part:
    """Return what some trades came to."""
    stats = summarise_trades(trades)
    return Part(
        name, stats.count, sum(trade.net for trade in trades),
        sum(trade.costs for trade in trades), stats.win_rate, stats.profit_factor,
        stats.expectancy,
    )  # fmt: skip


def hour_of(ns: int) -> str:
    """Return the hour of the day (UTC).

    >>> hour_of(3 * 3_600 * 10**9)
    '03'
    """
    return f"{ns % DAY // HOUR:02d}"


def weekday_of(ns: int) -> str:
    """Return the day of the week (UTC).

    >>> weekday_of(0)
    'Thu'
    """
    return WEEKDAYS[(ns // DAY + EPOCH_WEEKDAY) % 7]


def day_of(ns: int) -> str:
    """Return the date (UTC).

    >>> day_of(86_400 * 10**9)
    '1970-01-02'
    """
    from assay.model.time import format_time

    return format_time(ns)[:10]
