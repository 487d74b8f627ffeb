"""What an importer is asked and what it answers, and how importers are found by name."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from assay.market import sources
from assay.market.grid import choose_digits, to_flow, to_points
from assay.market.naming import Naming, parse_symbol
from assay.market.series import SIDES, BarSeries, Bools, Float64s, Int64s, Series, TickSeries
from assay.market.text import Sheet, to_utc_rows
from assay.model.errors import InvariantError, UsageError
from assay.model.time import Timeframe
from assay.model.zones import ZoneTable


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """Say which file to read and what its name does not tell."""

    path: Path
    symbol: str | None = None
    timeframe: Timeframe | None = None
    zone: str | None = None
    side: str | None = None
    columns: dict[str, str] | None = None
    time_format: str | None = None
    in_points: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawSeries:
    """Hold a file's rows in its own order: ns UTC and decimal prices, before any quality rule.

    `timeframe` is None for ticks. `prices` has bid and ask, or open, high, low, close and, for
    side "quote", ask_open, ask_high, ask_low, ask_close. `sizes` has volume, or bid_size and
    ask_size, where the source has them. `flow` has the columns of assay.kernel.flow where bars were
    made of quotes: a move is one of the mid, sizes are as the feed told them, NaN is unknown.
    `unresolved` marks rows whose hour the file leaves open.
    """

    symbol: str
    timeframe: Timeframe | None
    side: str
    source: str
    time: Int64s
    prices: dict[str, Float64s]
    sizes: dict[str, Float64s] = field(default_factory=dict)
    fold: Bools
    unresolved: Bools
    flow: dict[str, Float64s] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True, slots=True)
class Source:
    """Describe one importer; its folder under market/sources bears the same name."""

    name: str
    summary: str
    read: Callable[[ReadRequest], RawSeries]


def to_series(raw: RawSeries) -> tuple[Series, Bools]:
    """Return the rows in integer points and which of them fit the grid; one that does not is 0."""
    digits, fit = choose_digits(raw.symbol, list(raw.prices.values()))
    points = {name: to_points(column, digits) for name, column in raw.prices.items()}
    identity = {"symbol": raw.symbol, "source": raw.source, "digits": digits, "fold": raw.fold}
    if raw.timeframe is None:
        return TickSeries(ts=raw.time, **identity, **points, **raw.sizes), fit
    bars = BarSeries(
        timeframe=raw.timeframe, side=raw.side, ts_open=raw.time, **identity, **points, **raw.sizes,
        flow=to_flow(raw.flow, digits) if raw.flow else None,
    )  # fmt: skip
    return bars, fit


class Identity(NamedTuple):
    """Name a series: symbol and timeframe (None for ticks)."""

    symbol: str
    timeframe: Timeframe | None


def source_names() -> list[str]:
    """Return the names of all importers, sorted."""
    return sorted(found.name for found in pkgutil.iter_modules(sources.__path__))


def find_source(name: str) -> Source:
    """Return the importer of that name; raise UsageError naming those that exist."""
    if name not in source_names():
        raise UsageError(f"format {name!r} is unknown; use one of {', '.join(source_names())}")
    plugin: Source = importlib.import_module(f"assay.market.sources.{name}").PLUGIN
    if plugin.name != name:
        raise InvariantError(f"market/sources/{name} calls itself {plugin.name!r}")
    return plugin


def identify(request: ReadRequest, named: Naming, *, is_tick: bool) -> Identity:
    """Return symbol and timeframe from the request, else from the name; raise UsageError."""
    symbol = parse_symbol(request.symbol) if request.symbol else named.symbol
    timeframe = request.timeframe or named.timeframe
    if request.side is not None and request.side not in SIDES:
        raise UsageError(f"side {request.side!r} is unknown; use one of {', '.join(SIDES)}")
    if symbol is None:
        raise UsageError(f"{request.path.name} does not name its symbol; give --symbol")
    if is_tick:
        if request.timeframe is not None:
            raise UsageError(f"{request.path.name} holds ticks; leave out --timeframe")
        return Identity(symbol, None)
    if timeframe is None:
        raise UsageError(f"{request.path.name} does not name its timeframe; give --timeframe")
    return Identity(symbol, timeframe)


def from_sheet(
    sheet: Sheet,
    identity: Identity,
    *,
    source: str,
    side: str,
    zone: ZoneTable,
    prices: dict[str, Float64s] | None = None,
) -> RawSeries:
    """Build the rows of a text file whose number columns bear the names of RawSeries."""
    time, fold, unresolved = to_utc_rows(sheet, zone)
    size_names = ("volume", "bid_size", "ask_size")
    if prices is None:
        prices = {name: sheet.numbers[name] for name in sheet.numbers if name not in size_names}
    return RawSeries(
        symbol=identity.symbol, timeframe=identity.timeframe, side=side, source=source, time=time,
        prices=prices, fold=fold, unresolved=unresolved,
        sizes=present_sizes({name: sheet.numbers.get(name) for name in size_names}),
    )  # fmt: skip


def present_sizes(columns: dict[str, Float64s | None]) -> dict[str, Float64s]:
    """Keep the columns that say something; one of zeros only is a source without volume."""
    return {
        name: column
        for name, column in columns.items()
        if column is not None and np.any(np.nan_to_num(column) != 0)
    }
