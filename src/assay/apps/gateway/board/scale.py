"""From the engine's integers to what people read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from assay.apps.gateway.views import Side
from assay.apps.paper.view.sheet import Traded
from assay.model.time import SECOND, Timeframe


def moment(ns: int) -> str:
    """Return ISO-8601 UTC with milliseconds.

    >>> moment(1_500_000_000)
    '1970-01-01T00:00:01.500Z'
    """
    whole = datetime.fromtimestamp(ns // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{ns % SECOND // 1_000_000:03d}Z"


def side_of(units: int) -> Side:
    """Return the side of a signed volume."""
    return "long" if units > 0 else "short" if units < 0 else "flat"


def timeframe_name(ns: int) -> str:
    """Return the name of a bar's length, or its seconds where it has none.

    >>> timeframe_name(60_000_000_000), timeframe_name(7_000_000_000)
    ('M1', '7s')
    """
    try:
        return Timeframe(ns).name
    except ValueError:
        return f"{ns // SECOND}s"


class Scale:
    """Turn points, units and minor units of one desk into prices, lots and money."""

    def __init__(self, traded: Iterable[Traded], currency: str, currency_digits: int) -> None:
        self.traded: dict[str, Traded] = {each.symbol: each for each in traded}
        self.currency, self.currency_digits = currency, currency_digits
        self._money = 10**currency_digits
        self._points = {symbol: 10**each.digits for symbol, each in self.traded.items()}

    def price(self, symbol: str, points: float) -> float:
        """Return a price, rounded to the symbol's digits."""
        return round(points / self._points[symbol], self.traded[symbol].digits)

    def price_or_none(self, symbol: str, points: int) -> float | None:
        """Return a price, None for 0, which is none."""
        return self.price(symbol, points) if points else None

    def lots(self, symbol: str, units: int) -> float:
        """Return an unsigned volume in lots."""
        return abs(units) / self.traded[symbol].lot_units

    def money(self, minor: int) -> float:
        """Return an amount of the account's currency."""
        return minor / self._money
