"""When the server's weeks begin, read off the bars of the markets that open them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from assay.model.errors import UsageError
from assay.model.instruments import CURRENCIES, FOREX_WEEK, METALS, instrument_for
from assay.model.time import SECOND
from assay.trading.brokers.mt5.servertime import find_week_opens, first_of_weeks
from assay.trading.brokers.mt5.symbols import SymbolLink

_BEGIN = FOREX_WEEK[0].start
_TELLING = frozenset({*CURRENCIES, *METALS, "NSX", "SPX"})
"""What opens at one time nearly everywhere; oil and the dollar's index do where a broker likes."""


class BarTerminal(Protocol):
    """Give bars as the official package does."""

    def copy_rates_from_pos(
        self, symbol: str, timeframe: int, start_pos: int, count: int, /
    ) -> Any: ...


def read_week_opens(
    terminal: BarTerminal, links: Iterable[SymbolLink], timeframe: int, count: int
) -> list[int]:
    """Return the server times (s) at which weeks began, oldest first.

    Pairs of currencies open the week. Where a terminal shows none, others tell it by how much
    later they usually open: gold an hour.
    """
    opens: dict[int, list[int]] = {}
    for link in links:
        late_s = _lateness_s(link.symbol)
        if late_s is None:
            continue
        bars = terminal.copy_rates_from_pos(link.name, timeframe, 0, count)
        if bars is not None and len(bars) > 1:
            found = find_week_opens(bars["time"].tolist())
            opens.setdefault(late_s, []).extend(each - late_s for each in found)
    known = sorted(late_s for late_s, found in opens.items() if found)
    return first_of_weeks(opens[known[0]]) if known else []


def _lateness_s(symbol: str) -> int | None:
    """Return how long (s) after the week's begin a market opens; None for one that tells none."""
    try:
        instrument = instrument_for(symbol)
    except UsageError:
        return None
    if instrument.base not in _TELLING:
        return None
    late = instrument.sessions[0].start - _BEGIN
    return late // SECOND if late >= 0 else None
