"""Fit the spread table: medians by hour of the week, and factors by minutes from a release.

Usage: python tools/fit_spreads.py FOLDER-OF-QUOTED-DATA (with bars/, ticks/ and calendar/)
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from assay.market.news import Release, read_calendar, release_times
from assay.market.series import TickSeries
from assay.market.sources.parquet import read_parquet
from assay.market.spreads import HOURS_A_WEEK, NewsFactors, SpreadTable, hour_of_week
from assay.market.spreads.proximity import EDGES
from assay.model.instruments import instrument_for
from assay.model.time import MINUTE, SECOND

TARGET = Path(__file__).resolve().parents[1] / "src/assay/market/spreads/table.json"
QUOTED = ("eurusd_h1_lean-oanda", "xauusd_h1_lean-oanda")
TICKS = {
    "EURUSD": ("eurusd_tick_lean-oanda", "eurusd_tick_dukascopy"),
    "XAUUSD": ("xauusd_tick_lean-oanda",),
}
QUIET = 60 * MINUTE
"""Farther than this from any release a feed shows its usual spread."""
STALE = MINUTE
PRIOR = 2
"""Each factor is an average over the releases seen and so many imagined ones of factor 1."""


def fit_hours(path: Path) -> tuple[str, tuple[float, ...]]:
    """Return the symbol and its median spread in pips for each hour of the week."""
    series = read_parquet(path)
    spec = instrument_for(series.symbol)
    pip = spec.pip_points * 10 ** (series.digits - spec.digits)
    pips = (series.ask_open - series.open) / pip
    hours = hour_of_week(series.ts_open)
    overall = float(np.median(pips))
    cells = [pips[hours == hour] for hour in range(HOURS_A_WEEK)]
    return series.symbol, tuple(
        round(float(np.median(cell)) if len(cell) >= 20 else overall, 2) for cell in cells
    )


class Feed:
    """Hold a feed's spread at each quoted second, as a multiple of its own quiet spread."""

    def __init__(
        self, ticks: TickSeries, usual: tuple[float, ...], releases: Sequence[Release]
    ) -> None:
        spec = instrument_for(ticks.symbol)
        pip = spec.pip_points * 10 ** (ticks.digits - spec.digits)
        first, last = int(ticks.ts[0]), int(ticks.ts[-1])
        known = release_times(releases, spec)
        self.releases = known[(known > first - QUIET) & (known < last + QUIET)]
        grid = np.arange(first - first % SECOND + SECOND, last, SECOND, dtype=np.int64)
        latest = np.searchsorted(ticks.ts, grid, side="right") - 1
        fresh = grid - ticks.ts[latest] <= STALE
        self.seconds, latest = grid[fresh], latest[fresh]
        pips = (ticks.ask - ticks.bid)[latest] / pip
        against = pips / np.array(usual)[hour_of_week(self.seconds)]
        # The level of a feed is its own; only its shape near a release is wanted.
        self.multiple = against / np.median(against[self._is_quiet()])

    def _is_quiet(self) -> NDArray[np.bool_]:
        since = np.searchsorted(self.releases, self.seconds + QUIET, side="right")
        return since == np.searchsorted(self.releases, self.seconds - QUIET, side="left")

    def near(self, bucket: int) -> list[NDArray[np.float64]]:
        """Return for each release the multiples in a bucket that belong to no other release."""
        low, high = EDGES[bucket] * MINUTE, EDGES[bucket + 1] * MINUTE
        begun = np.searchsorted(self.releases, self.seconds - EDGES[0] * MINUTE, side="right")
        ended = np.searchsorted(self.releases, self.seconds - EDGES[-1] * MINUTE, side="right")
        alone = begun - ended == 1
        found = []
        for release in self.releases.tolist():
            here = (self.seconds >= release + low) & (self.seconds < release + high) & alone
            if 2 * int(here.sum()) >= (high - low) // SECOND:
                found.append(self.multiple[here])
        return found


def fit_news(feeds: Sequence[Feed]) -> NewsFactors:
    """Return the factors of an instrument: mean over releases of medians, drawn towards 1."""
    factors, releases, seconds = [], [], []
    for bucket in range(len(EDGES) - 1):
        cells = [cell for feed in feeds for cell in feed.near(bucket)]
        total = sum(float(np.median(cell)) for cell in cells)
        mean = (PRIOR + total) / (PRIOR + len(cells))
        # A release does not narrow the spread; below 1 is the feed's own drift.
        factors.append(max(round(mean, 2), 1.0))
        releases.append(len(cells))
        seconds.append(sum(len(cell) for cell in cells))
    return NewsFactors(tuple(factors), tuple(releases), tuple(seconds))


def fit(folder: Path) -> SpreadTable:
    """Return the table fitted on a folder of quoted bars, quoted ticks and a calendar."""
    hours = dict(fit_hours(next((folder / "bars").glob(f"{name}_*.parquet"))) for name in QUOTED)
    releases = read_calendar(next((folder / "calendar").glob("*.parquet")))
    news = {}
    for symbol, names in TICKS.items():
        series = [read_parquet(next((folder / "ticks").glob(f"{name}_*"))) for name in names]
        news[symbol] = fit_news([Feed(each, hours[symbol], releases) for each in series])
    return SpreadTable(hours, EDGES, news)


def encode_table(table: SpreadTable) -> bytes:
    """Return the table as the bytes of its file."""
    return msgspec.json.format(msgspec.json.encode(table), indent=1) + b"\n"


if __name__ == "__main__":
    table = fit(Path(sys.argv[1]))
    TARGET.write_bytes(encode_table(table))
    sys.stdout.write(f"wrote {TARGET.name} for {', '.join(table.hours)}\n")
