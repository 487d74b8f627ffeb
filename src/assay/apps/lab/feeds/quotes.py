"""Ticks and bars of files as the quotes of a simulated terminal, under its broker's names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from assay.apps.lab.feeds.brokerage import find_terms, hourly_spreads
from assay.apps.lab.feeds.events import choose_pricing, merge_events
from assay.kernel.records import TICK
from assay.market.news import Importance, Release
from assay.market.series import BarSeries, TickSeries
from assay.market.sources.parquet import read_parquet
from assay.model.instruments import instrument_for
from assay.model.time import MINUTE
from assay.trading.terminal import BrokerProfile, Quote
from assay.trading.terminal.profile import SymbolTerms
from assay.trading.terminal.records import round_ratio

_CORNERS = ("open", "", "", "close")
_ROWS = 65_536
"""Rows at a time that become objects."""
_NEWS_BEFORE, _NEWS_AFTER = MINUTE, 5 * MINUTE


def read_quotes(paths: Sequence[Path], profile: BrokerProfile) -> Iterator[Quote]:
    """Return the quotes of Parquet files in order of time, each symbol by the broker's name for it.

    A bar becomes four quotes inside its span: open, the extreme nearer to it, the other, close.
    Where the data have one side alone, the spread of each hour is the profile's, the usual one
    where it has none. Raises UsageError for a symbol that the profile does not trade.
    """
    series = [read_parquet(path) for path in paths]
    terms = [find_terms(profile, one.symbol) for one in series]
    specs = [instrument_for(one.symbol) for one in series]
    pricing = [
        choose_pricing(one, spec, None, measured=hourly_spreads(profile, named.name))
        for one, spec, named in zip(series, specs, terms, strict=True)
    ]
    events = merge_events(series, pricing, specs)
    return _quotes(events, series, terms)


def begin_at(quotes: Iterator[Quote], ts: int) -> Iterator[Quote]:
    """Yield quotes moved in time so that the first comes at a moment (ns UTC)."""
    shift = None
    for quote in quotes:
        shift = ts - quote.ts if shift is None else shift
        yield quote._replace(ts=quote.ts + shift)


def news_spans(releases: Sequence[Release], profile: BrokerProfile) -> list[tuple[int, int]]:
    """Return spans around releases of high importance of the currencies that a broker trades."""
    currencies = {
        name for terms in profile.symbols for name in (terms.currency_base, terms.currency_profit)
    }
    return [
        (one.time - _NEWS_BEFORE, one.time + _NEWS_AFTER)
        for one in releases
        if one.importance == Importance.HIGH and one.currency in currencies
    ]


def _quotes(
    events: np.ndarray, series: Sequence[BarSeries | TickSeries], terms: Sequence[SymbolTerms]
) -> Iterator[Quote]:
    are_ticks = np.array([isinstance(one, TickSeries) for one in series])
    # Ticks bring bars with them, for strategies to decide on; here they would come twice.
    events = events[(events["kind"] == TICK) | ~are_ticks[events["instrument"]]]
    shifts = [named.digits - one.digits for named, one in zip(terms, series, strict=True)]
    lengths = [0 if isinstance(one, TickSeries) else int(one.timeframe) for one in series]
    rows = _expand(events, np.array(lengths))
    for first in range(0, len(rows), _ROWS):
        for ts, place, bid, ask in rows[first : first + _ROWS].tolist():
            shift = shifts[place]
            yield Quote(ts, terms[place].name, _rescale(bid, shift), _rescale(ask, shift))


def _expand(events: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return rows of ts, series, bid and ask in order of time, four for each bar."""
    place = events["instrument"].astype(np.int64)
    length = lengths[place]
    low_first = events["open"] - events["low"] <= events["high"] - events["open"]
    blocks = []
    for step in range(4):
        near_low = low_first if step == 1 else ~low_first
        prices = _CORNERS[step] or np.where(near_low, "low", "high")
        blocks.append(_corner(events, prices, place, length, step))
    ticks = length == 0
    rows = np.concatenate([blocks[0], *(block[~ticks] for block in blocks[1:])])
    return rows[np.argsort(rows[:, 0], kind="stable")]


def _corner(
    events: np.ndarray, prices: str | np.ndarray, place: np.ndarray, length: np.ndarray, step: int
) -> np.ndarray:
    if isinstance(prices, str):
        bid, spread = events[prices], events[f"spread_{prices}"]
    else:
        is_low = prices == "low"
        bid = np.where(is_low, events["low"], events["high"])
        spread = np.where(is_low, events["spread_low"], events["spread_high"])
    # The close is a millisecond before the next bar's open.
    back = length * (3 - step) // 3 + (1_000_000 if step == 3 else 0) * (length > 0)
    return np.stack([events["ts"] - back, place, bid, bid + spread], axis=1)


def _rescale(price: int, shift: int) -> int:
    if shift >= 0:
        return price * int(10**shift)
    return round_ratio(price, 10**-shift)
