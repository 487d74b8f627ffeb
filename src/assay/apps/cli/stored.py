"""What the commands over stored series share: which one, and how it is read and told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.model.time import Timeframe, format_time, parse_time
from assay.runtime.home import Home

if TYPE_CHECKING:
    from assay.market.history import SeriesKey
    from assay.market.series import Series
    from assay.runtime.stores.clickhouse import Analytics

SymbolArgument = Annotated[str, typer.Argument(metavar="SYMBOL", help="Such as EURUSD.")]
FrameArgument = Annotated[
    str, typer.Argument(metavar="TF", help="M1 M5 M15 M30 H1 H4 D1, or ticks.")
]
SideOption = Annotated[
    str | None, typer.Option("--side", help="bid, ask, mid or quote; else the longest series.")
]
SourceOption = Annotated[
    str | None, typer.Option("--source", help="Such as histdata; else the longest series.")
]


@contextmanager
def open_series(home: Home) -> Iterator[Analytics]:
    """Open the store of series, its tables made."""
    from assay.market.history import prepare_schema
    from assay.runtime.stores.clickhouse import open_analytics

    with open_analytics(home) as store:
        prepare_schema(store)
        yield store


def read_stored(
    home: Home,
    symbol: str,
    timeframe: str,
    choice: tuple[str | None, str | None],
    span: tuple[str | None, str | None],
) -> tuple[SeriesKey, Series]:
    """Read the stored series of a symbol that fits side, source and span best."""
    from assay.market.history import choose_series, read_series
    from assay.market.naming import parse_symbol

    start, end = (parse_time(text) if text else None for text in span)
    frame, name = parse_frame(timeframe), parse_symbol(symbol)
    with open_series(home) as store:
        key = choose_series(store, name, frame, side=choice[0], source=choice[1])
        return key, read_series(store, key, start=start, end=end)


def describe_series(key: SeriesKey, series: Series) -> dict[str, Any]:
    """Return what a series is, without its rows."""
    return {
        "symbol": key.symbol, "timeframe": name_frame(key.timeframe), "side": key.side,
        "source": key.source, "digits": series.digits, "rows": len(series),
        "first": word_time(int(series.time[0])) if len(series) else None,
        "last": word_time(int(series.time[-1])) if len(series) else None,
    }  # fmt: skip


def parse_frame(text: str) -> Timeframe | None:
    """Read the length of bars, None for quotes; raise UsageError."""
    from assay.market.naming import TICK_WORDS

    return None if text.lower() in TICK_WORDS else Timeframe.parse(text)


def name_frame(timeframe: Timeframe | None) -> str:
    """Return what `parse_frame` reads."""
    return "ticks" if timeframe is None else timeframe.name


def word_time(ns: int | None) -> str | None:
    """Return a time as text, None for none."""
    return None if ns is None else format_time(ns)
