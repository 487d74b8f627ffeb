"""Holes planted in a series, filled from another source and by straight lines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.market.quality.mending import compare_series, mend, missing_opens
from assay.market.series import BarSeries
from assay.model.calendar import is_in_session
from assay.model.errors import DataError, UsageError
from assay.model.instruments import instrument_for
from assay.model.time import HOUR, MINUTE, Timeframe, parse_time

START = parse_time("2024-03-04T00:00:00Z")
BARS = 400


def walk(seed: int = 1, *, source: str = "one", digits: int = 5) -> BarSeries:
    """Return hours of two and a half weeks of open market."""
    hours = START + HOUR * np.arange(2 * BARS)
    opens = hours[is_in_session(instrument_for("EURUSD"), hours)][:BARS]
    moves = np.random.default_rng(seed).integers(-60, 61, BARS + 1)
    level = 110_000 + np.cumsum(moves)
    begin, end = level[:-1], level[1:]
    return BarSeries(
        symbol="EURUSD", timeframe=Timeframe.H1, side="bid", source=source, digits=digits,
        ts_open=opens, open=begin, close=end, high=np.maximum(begin, end) + 9,
        low=np.minimum(begin, end) - 9, fold=np.zeros(BARS, dtype=np.bool_),
        volume=np.full(BARS, 7.0),
    )  # fmt: skip


def without(series: BarSeries, rows: set[int]) -> BarSeries:
    return series.select(np.array([k for k in range(len(series)) if k not in rows]))


@given(st.sets(st.integers(1, BARS - 2), min_size=1, max_size=60))
def test_missing_bars_come_back_from_a_source_that_agrees(rows: set[int]) -> None:
    whole = walk()
    holed = without(whole, rows)
    opens = whole.ts_open[sorted(rows)].tolist()
    assert missing_opens(holed).tolist() == opens
    found = mend(holed, replace(whole, source="two", close=whole.close + 2))
    assert found.taken.tolist() == opens
    assert not len(found.left)
    assert found.series.ts_open.tolist() == whole.ts_open.tolist()
    assert found.series.open.tolist() == whole.open.tolist()
    kept = np.isin(whole.ts_open, holed.ts_open)
    assert found.series.close[kept].tolist() == whole.close[kept].tolist()


@given(st.sets(st.integers(1, BARS - 2), min_size=1, max_size=60), st.integers(1, 5))
def test_lines_are_drawn_over_short_holes_alone(rows: set[int], longest: int) -> None:
    whole = walk()
    holed = without(whole, rows)
    found = mend(holed, None, longest=longest * HOUR)
    assert sorted([*found.made.tolist(), *found.left.tolist()]) == missing_opens(holed).tolist()
    for opened in found.made.tolist():
        k = int(np.searchsorted(found.series.ts_open, opened))
        before, after = found.series.close[k - 1], found.series.open[k + 1]
        assert found.series.open[k] == before
        assert found.series.volume is not None
        assert found.series.volume[k] == 0
        low, high = found.series.low[k], found.series.high[k]
        assert low <= found.series.close[k] <= high
        # On the line itself: no further from either end than the ends are apart.
        assert abs(found.series.close[k] - after) <= abs(after - before)


def test_a_line_is_straight_on_both_sides_of_the_market() -> None:
    whole = walk()
    asks = {f"ask_{name}": getattr(whole, name) + 10 for name in ("open", "high", "low", "close")}
    holed = without(replace(whole, side="quote", **asks), {10, 11, 12})  # type: ignore[arg-type]
    found = mend(holed, None, longest=3 * HOUR).series
    line = np.linspace(whole.close[9], whole.open[13], 4)
    assert found.close[10:13].tolist() == np.rint(line[1:]).tolist()
    assert found.ask_open is not None
    assert (found.ask_open - found.open)[10:13].tolist() == [10, 10, 10]


def test_a_weekend_is_no_hole() -> None:
    assert not len(missing_opens(walk()))
    minutes = replace(walk(), timeframe=Timeframe.M1, ts_open=START + 3 * MINUTE * np.arange(BARS))
    assert not len(missing_opens(minutes))  # a minute without a quote is none either


@pytest.mark.parametrize("hours", [-5, 1, 7])
def test_a_source_on_another_clock_is_told_and_gives_nothing(hours: int) -> None:
    whole = walk()
    late = replace(whole, source="two", ts_open=whole.ts_open + hours * HOUR)
    found = compare_series(whole, late)
    assert found.shift_h == hours
    assert not found.agrees
    with pytest.raises(DataError, match=f"shifted by {hours} h"):
        mend(without(whole, {50}), late)


def test_another_market_gives_nothing() -> None:
    whole = walk()
    with pytest.raises(DataError, match="does not tell the market"):
        mend(without(whole, {50}), replace(walk(2), source="two"))
    with pytest.raises(UsageError, match="have the same"):
        compare_series(whole, replace(whole, side="ask"))


def test_agreement_is_counted_in_points_of_the_finer_grid() -> None:
    whole = walk()
    coarse = replace(
        without(whole, {3, 4}), source="two", digits=4,
        **{name: np.rint(getattr(without(whole, {3, 4}), name) / 10).astype(np.int64)
           for name in ("open", "high", "low", "close")},
    )  # fmt: skip
    found = compare_series(whole, coarse)
    assert (found.common, found.only_first, found.only_second) == (BARS - 2, 2, 0)
    assert found.p99_points <= 5
    assert found.agrees
