"""The package's functions of symbols, quotes, bars and depth."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from assay.model.time import MINUTE, SECOND
from assay.model.zones import zone_table
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.structures import BookInfo, SymbolInfo, Tick
from assay.trading.terminal.bars import aggregate, is_timeframe
from assay.trading.terminal.market import UNLIMITED, SymbolMarket
from assay.trading.terminal.session import Session
from assay.trading.terminal.wallclock import epoch, wall_ns

_FLAGS = (api.COPY_TICKS_ALL, api.COPY_TICKS_INFO, api.COPY_TICKS_TRADE)


class MarketCalls(Session):
    """Answer what the market is and was, as far as the terminal has seen it."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._books: set[str] = set()
        self._asked: dict[tuple[str, int], int] = {}

    def forget_history(self, calls: int) -> None:
        """Load all history anew; it is whole once it was asked for that many times."""
        self.switches.history_calls = calls
        self._asked.clear()

    def symbols_total(self) -> int | None:
        """Return how many symbols there are."""
        if not self._is_ready():
            return None
        self._succeed()
        return len(self.server.market.symbols)

    def symbols_get(self, *unnamed: Any, **named: Any) -> tuple[SymbolInfo, ...] | None:
        """Return symbols, of a `group` if named."""
        if not self._is_ready():
            return None
        group = named.get("group", unnamed[0] if unnamed else "")
        if not isinstance(group, str):
            self._fail(api.RES_E_INVALID_PARAMS, 'Invalid "group" argument')
            return None
        self._succeed()
        return tuple(self._info(name) for name in names_in(self.server.market.symbols, group))

    def symbol_info(self, symbol: str, /) -> SymbolInfo | None:
        """Return everything about a symbol; its prices are zero until it is selected."""
        return self._info(symbol) if self._find(symbol) else None

    def _info(self, name: str) -> SymbolInfo:
        if self._seen is not None:
            return self._seen.symbols[name]
        market = self.server.market.symbols[name]
        is_selected = self._is_visible(market)
        shown = self._showing().symbol(market, is_selected=is_selected)
        if is_selected:
            return shown
        return shown._replace(
            time=0, spread=0, bid=0.0, bidhigh=0.0, bidlow=0.0, ask=0.0, askhigh=0.0, asklow=0.0
        )

    def symbol_info_tick(self, symbol: str, /) -> Tick | None:
        """Return the latest prices of a symbol; None until it is selected and quoted."""
        market = self._find(symbol)
        if market is None:
            return None
        if not market.ts or not self._is_visible(market):
            self._fail(api.RES_E_NOT_FOUND)
            return None
        if self._seen is not None:
            return self._seen.ticks.get(symbol)
        return self._showing().tick(market)

    def symbol_select(self, symbol: str, enable: bool = True, /) -> bool:
        """Show a symbol in the market watch, or hide it; one with positions stays."""
        market = self._find(symbol)
        if market is None:
            return False
        self.selected.discard(symbol)
        if enable:
            self.selected.add(symbol)
        elif self._is_visible(market):
            return self._fail(api.RES_E_FAIL)
        return True

    def _find(self, symbol: object) -> SymbolMarket | None:
        """Return a symbol's market where the terminal can be asked for it."""
        if not self._is_ready():
            return None
        if not isinstance(symbol, str):
            self._fail(api.RES_E_INVALID_PARAMS, "Invalid 1st unnamed argument")
            return None
        market = self.server.market.symbols.get(symbol)
        if market is None:
            self._fail(api.RES_E_NOT_FOUND)
            return None
        self._succeed()
        return market

    def _priced(self, symbol: str, action: int) -> SymbolMarket | None:
        market = self._find(symbol)
        if market is not None and action not in (api.ORDER_TYPE_BUY, api.ORDER_TYPE_SELL):
            self._fail(api.RES_E_INVALID_PARAMS)
            return None
        return market

    def market_book_add(self, symbol: str, /) -> bool:
        """Subscribe to the depth of a symbol; False where the broker shows none."""
        market = self._find(symbol)
        if market is None or not market.depth:
            return self._fail(api.RES_E_FAIL) if market is not None else False
        self._books.add(symbol)
        return True

    def market_book_release(self, symbol: str, /) -> bool:
        """End a subscription to depth."""
        if self._find(symbol) is None or symbol not in self._books:
            return False
        self._books.discard(symbol)
        return True

    def market_book_get(self, symbol: str, /) -> tuple[BookInfo, ...] | None:
        """Return the depth of a symbol, the best price of either side."""
        market = self._find(symbol)
        if market is None or symbol not in self._books:
            return None
        rows = ((api.BOOK_TYPE_SELL, market.ask, 1), (api.BOOK_TYPE_BUY, market.bid, -1))
        return tuple(
            BookInfo(kind, price / market.scale, left // 10**8, left / 10**8)
            for kind, price, side in rows
            if 0 < (left := market.available(side)) < UNLIMITED
        )

    def copy_ticks_from(self, symbol: str, date_from: Any, count: int, flags: int, /) -> Any:
        """Return ticks from a moment on."""
        return self._copy_ticks(symbol, (date_from, None), count, flags)

    def copy_ticks_range(self, symbol: str, date_from: Any, date_to: Any, flags: int, /) -> Any:
        """Return ticks of a span."""
        return self._copy_ticks(symbol, (date_from, date_to), None, flags)

    def _copy_ticks(self, symbol: str, span: tuple[Any, Any], count: int | None, flags: int) -> Any:
        market = self._find(symbol)
        if market is None:
            return None
        moments = [epoch(moment) for moment in span]
        if moments[0] is None or flags not in _FLAGS or (count is None and moments[1] is None):
            self._fail(api.RES_E_INVALID_PARAMS)
            return None
        times = market.ticks[0]
        first = bisect_left(times, self.server.clock.utc(wall_ns(moments[0])))
        last = bisect_right(times, self._seen.now) if self._seen else len(times)
        if moments[1] is not None:
            last = min(last, bisect_right(times, self.server.clock.utc(wall_ns(moments[1]))))
        if count is not None:
            last = min(last, first + count)
        if flags == api.COPY_TICKS_TRADE:
            last = first
        return self._ticks_between(market, first, max(first, last))

    def _ticks_between(self, market: SymbolMarket, first: int, last: int) -> Any:
        before = max(0, first - 1)
        ts, bid, ask = (np.array(column[before:last], dtype=np.int64) for column in market.ticks)
        moved = [np.diff(column, prepend=0)[first - before :] != 0 for column in (bid, ask)]
        ts, bid, ask = (column[first - before :] for column in (ts, bid, ask))
        rows = np.zeros(len(ts), dtype=api.TICKS_COLUMNS)
        if len(ts):
            wall = zone_table(self.server.profile.zone).to_wall(ts)
            rows["time"], rows["time_msc"] = wall // SECOND, wall // 1_000_000
        rows["bid"], rows["ask"] = bid / market.scale, ask / market.scale
        rows["flags"] = moved[0] * api.TICK_FLAG_BID + moved[1] * api.TICK_FLAG_ASK
        return rows

    def copy_rates_from(self, symbol: str, timeframe: int, date_from: Any, count: int, /) -> Any:
        """Return bars up to a moment, the newest last."""
        bars, moment = self._bars(symbol, timeframe), epoch(date_from)
        if bars is None or moment is None:
            return None if bars is None else self._refuse_moment()
        return bars[: np.searchsorted(bars["time"], moment, side="right")][-count:]

    def copy_rates_from_pos(
        self, symbol: str, timeframe: int, start_pos: int, count: int, /
    ) -> Any:
        """Return bars counted back from the unfinished one, which is 0."""
        bars = self._bars(symbol, timeframe)
        if bars is None:
            return None
        end = max(0, len(bars) - start_pos)
        return bars[max(0, end - count) : end]

    def copy_rates_range(self, symbol: str, timeframe: int, date_from: Any, date_to: Any, /) -> Any:
        """Return bars that open in a span."""
        bars = self._bars(symbol, timeframe)
        start, end = epoch(date_from), epoch(date_to)
        if bars is None or start is None or end is None:
            return None if bars is None else self._refuse_moment()
        return bars[(bars["time"] >= start) & (bars["time"] <= end)]

    def _refuse_moment(self) -> None:
        self._fail(api.RES_E_INVALID_PARAMS)

    def _bars(self, symbol: str, timeframe: int) -> Any:
        """Return all bars that the terminal has; the oldest half is missing until asked again."""
        market = self._find(symbol)
        if market is None:
            return None
        if not is_timeframe(timeframe):
            self._fail(api.RES_E_INVALID_PARAMS)
            return None
        limit = None
        if self._seen is not None:
            limit = self.server.clock.wall(self._seen.now) // MINUTE * MINUTE
        bars = aggregate(market.bars, timeframe, market.digits, limit)
        calls = self._asked[symbol, timeframe] = self._asked.get((symbol, timeframe), 0) + 1
        if calls < self.switches.history_calls:
            bars = bars[len(bars) // 2 :]
        return bars[-self.server.profile.max_bars :]


def names_in(names: Iterable[str], group: str) -> list[str]:
    """Return the names that a group of patterns takes in: `*USD*,!EUR*`."""
    patterns = [part.strip() for part in group.split(",") if part.strip()]
    wanted = [part for part in patterns if not part.startswith("!")] or ["*"]
    banned = [part[1:] for part in patterns if part.startswith("!")]
    return [
        name
        for name in names
        if any(fnmatchcase(name, part) for part in wanted)
        and not any(fnmatchcase(name, part) for part in banned)
    ]
