"""Features of longer bars: folded as all longer bars are, seen at their close and never before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assay.market.bars import bars_to_bars
from assay.market.series import BarSeries
from assay.model.calendar import bar_close
from assay.model.errors import DataError, UsageError
from assay.model.time import DAY, HOUR, MINUTE, Timeframe
from assay.signals.features import (
    BarColumns,
    FeatureSet,
    FeatureStream,
    Longer,
    change,
    compute_features,
    ewma,
    quotient,
    round_mantissa,
    use,
)
from assay.signals.features.folding import END, OPEN_BAR, fold_bars, mark_bars
from assay.signals.training.leaks import History, check_history
from tests.contract.bar_columns import START, bars_from, message_of, walk

QUARTER = 15 * MINUTE
ROUNDING = 2.0**-17
INNER = FeatureSet(
    "clock", 1, (use("sma", period=5), use("volume", period=3), use("time_of_day")),
    (
        quotient("away", "bar.close - sma_5.sma", "sma_5.sma", factor=1000.0),
        change("turn", "sma_5.sma", "one"),
        ewma("calm", "away", 2),
        quotient("volume", "volume_3.volume", "volume_3.mean"),
        quotient("hour", "time_of_day.sine"),
    ),
)  # fmt: skip


def longer_set(*lengths: Timeframe) -> FeatureSet:
    """Return a set of quarters of an hour beside these longer bars."""
    name = lengths[0].name
    return FeatureSet(
        "clocks", 1, (use("ema", period=4),),
        (
            quotient("near", "bar.close - ema_4.ema"),
            quotient("far", f"bar.close - {name}.sma_5.sma", "ema_4.ema", factor=1000.0),
            change("step", f"{name}.bar.close", "one"),
        ),
        timeframe=QUARTER, longer=tuple(Longer(int(each), INNER) for each in lengths),
    )  # fmt: skip


HOURS = longer_set(Timeframe.H1)
CLOCKS = longer_set(Timeframe.H1, Timeframe.H4, Timeframe.D1)


def holed_bars(bars: int = 1600) -> BarColumns:
    """Return bars over a change of clocks, some of them missing, ends of hours among them."""
    closes = START + QUARTER * (3 + np.arange(bars))
    made = replace(bars_from(walk(11, bars)), ts_close=closes)
    keep = np.random.default_rng(5).random(bars) > 0.2
    keep[700:790] = False
    return made.cut(np.flatnonzero(keep))


def series_of(columns: BarColumns) -> BarSeries:
    return BarSeries(
        symbol="EURUSD", timeframe=Timeframe.M15, side="quote", source="test", digits=5,
        ts_open=columns.ts_close - QUARTER, open=columns.open, high=columns.high, low=columns.low,
        close=columns.close, fold=np.zeros(len(columns), dtype=np.bool_),
        ask_open=columns.open, ask_high=columns.high, ask_low=columns.low,
        ask_close=columns.close + columns.spread, volume=columns.volume,
    )  # fmt: skip


def told_by_aggregation(columns: BarColumns, length: Timeframe) -> tuple[np.ndarray, np.ndarray]:
    """Return the closes of longer bars, made by the market's aggregation, and their features."""
    bars = bars_to_bars(series_of(columns), length)
    closes = bar_close(bars.ts_open, length)
    assert bars.ask_close is not None
    spread = bars.ask_close - bars.close
    longer = BarColumns(
        closes, bars.open, bars.high, bars.low, bars.close, spread, volume=bars.volume
    )  # fmt: skip
    return closes, compute_features(INNER, longer)


def align(closes: np.ndarray, told: tuple[np.ndarray, np.ndarray], *, late: int = 0) -> np.ndarray:
    """Return what had been told by each close; `late` ns later where it is not 0."""
    at = np.searchsorted(told[0], closes + late, side="right") - 1
    rows = np.full((len(closes), told[1].shape[1]), np.nan, dtype=np.float32)
    rows[at >= 0] = told[1][at[at >= 0]]
    return rows


@pytest.mark.parametrize("length", [Timeframe.H1, Timeframe.H4, Timeframe.D1])
def test_they_are_those_of_the_markets_own_longer_bars(length: Timeframe) -> None:
    columns = holed_bars()
    values = compute_features(longer_set(length), columns)[:, 3:]
    wanted = align(columns.ts_close, told_by_aggregation(columns, length))
    assert values.tobytes() == wanted.tobytes()
    assert len(np.unique(values[~np.isnan(values[:, 0]), 0])) > 5


def test_features_of_both_lengths_may_be_measured_by_each_other() -> None:
    columns = holed_bars()
    values = compute_features(HOURS, columns)
    known = ~np.isnan(values).any(axis=1)
    bars = bars_to_bars(series_of(columns), Timeframe.H1)
    mean = np.convolve(bars.close, np.ones(5) / 5, "valid")
    closes = bar_close(bars.ts_open, Timeframe.H1)[4:]
    held = mean[np.searchsorted(closes, columns.ts_close, side="right") - 1]
    near = values[:, 0].astype(np.float64) / 1
    ema = columns.close - near
    wanted = 1000 * (columns.close - held) / ema
    assert np.allclose(values[known, 1], wanted[known], rtol=1e-3, atol=1e-3)
    moved = np.flatnonzero(values[known, 2])
    assert 0 < len(moved) < known.sum() / 2


def test_bar_by_bar_is_the_same_to_the_bit_whatever_is_loaded_first() -> None:
    columns = holed_bars(900)
    wanted = compute_features(CLOCKS, columns)
    for loaded in (0, 1, 203, 500):
        stream = FeatureStream(CLOCKS)
        stream.load(columns.cut(slice(0, loaded)))
        rows = [stream.push(message_of(columns, row)) for row in range(loaded, len(columns))]
        assert np.array(rows).tobytes() == wanted[loaded:].tobytes()


def test_a_snapshot_in_the_middle_of_a_longer_bar_changes_nothing() -> None:
    columns = holed_bars(130)
    wanted = compute_features(CLOCKS, columns)
    stream = FeatureStream(CLOCKS)
    for row in range(len(columns)):
        state = stream.snapshot()
        stream = FeatureStream(CLOCKS)
        stream.restore(state)
        assert stream.push(message_of(columns, row)).tobytes() == wanted[row].tobytes()
    with pytest.raises(DataError, match="not of clocks"):
        FeatureStream(CLOCKS).restore(FeatureStream(HOURS).snapshot())


def test_the_future_changes_nothing_of_any_length() -> None:
    columns = holed_bars(900)
    whole = compute_features(CLOCKS, columns)
    for length in (0, 1, 2, 33, 34, 35, 36, 401, len(columns) - 1):
        cut = compute_features(CLOCKS, columns.cut(slice(0, length)))
        assert cut.tobytes() == whole[:length].tobytes()


def history_of(columns: BarColumns, describe: object) -> History:
    return History(
        symbol="EURUSD", names=INNER.own_names, closes=columns.ts_close,
        values=describe(len(columns)), describe=describe,  # type: ignore[operator, arg-type]
    )  # fmt: skip


def test_a_longer_bar_that_is_seen_before_its_close_is_caught() -> None:
    columns = holed_bars(900)
    cuts = [int(len(columns) * share) for share in (0.4, 0.7, 0.95)]

    def describe(cut: int, late: int) -> np.ndarray:
        past = columns.cut(slice(0, cut))
        return align(past.ts_close, told_by_aggregation(past, Timeframe.H4), late=late)

    check_history(history_of(columns, lambda cut: describe(cut, 0)), cuts)
    with pytest.raises(DataError, match="leak check truncated history: feature away"):
        check_history(history_of(columns, lambda cut: describe(cut, 4 * HOUR - 1)), cuts)


def test_an_unfinished_bar_is_held_back_by_the_loop_itself() -> None:
    columns = holed_bars(40)
    rows, marks = columns.to_rows(), mark_bars(columns.ts_close, QUARTER, HOUR)
    held, seen = np.zeros(OPEN_BAR), np.empty(len(rows), dtype=np.int64)
    closed = np.empty((len(rows), 7))
    count = fold_bars(held, marks, rows, closed, seen)
    ends = np.unique(marks[:, 0])
    for row, passed in enumerate(seen):
        assert passed == (ends <= marks[row, 2]).sum()
    assert count == seen[-1]
    assert held[END] == ends[-1]


@pytest.mark.parametrize("chosen", [HOURS, CLOCKS], ids=["hours", "clocks"])
def test_warm_up_and_settling_are_told_in_bars_of_the_set(chosen: FeatureSet) -> None:
    bars = 9_500 if chosen is CLOCKS else 900
    columns = replace(bars_from(walk(3, bars)), ts_close=START + QUARTER * np.arange(1, bars + 1))
    values = compute_features(chosen, columns)
    assert not np.isnan(values[chosen.warm_up - 1 :]).any()
    assert np.isnan(values[: chosen.warm_up - (1 if chosen is HOURS else 100)]).any(axis=1).all()
    for start in (1, 2, 3, 50):
        later = compute_features(chosen, columns.cut(slice(start, None)))[chosen.settling - 1 :]
        wanted = values[start + chosen.settling - 1 :]
        assert len(later) > 0
        assert np.allclose(later, wanted, rtol=4 * ROUNDING, atol=1e-5)


def test_an_hour_of_quarters_settles_a_bar_later_than_its_own_set() -> None:
    assert HOURS.warm_up == 4 * INNER.warm_up
    assert HOURS.settling == max(4 * (INNER.settling + 1), 1)
    day = Longer(DAY, INNER)
    assert day.most_bars(QUARTER) == 100  # of the day on which the clock is set back
    assert CLOCKS.settling == 100 * (INNER.settling + 1)


def test_all_values_are_rounded_and_named() -> None:
    values = compute_features(HOURS, holed_bars(400))
    assert round_mantissa(values).tobytes() == values.tobytes()
    assert HOURS.names == (
        "near", "far", "step", "H1.away", "H1.turn", "H1.calm", "H1.volume", "H1.hour",
    )  # fmt: skip


def test_sets_that_differ_in_longer_bars_differ_in_digest() -> None:
    plain = FeatureSet("clocks", 1, (use("ema", period=4),), (quotient("near", "ema_4.ema"),))
    sets = [
        plain,
        replace(plain, timeframe=QUARTER, longer=(Longer(HOUR, INNER),)),
        replace(plain, timeframe=5 * MINUTE, longer=(Longer(HOUR, INNER),)),
        replace(plain, timeframe=QUARTER, longer=(Longer(4 * HOUR, INNER),)),
    ]
    assert len({each.digest for each in sets}) == len(sets)


def test_lengths_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UsageError, match="takes M15 bars of bars of 900 s; take bars that are"):
        replace(HOURS, longer=(Longer(QUARTER, INNER),))
    with pytest.raises(UsageError, match="takes H1 bars of bars of 0 s"):
        replace(HOURS, timeframe=0)
    with pytest.raises(UsageError, match="takes bars of one length twice"):
        replace(HOURS, longer=HOURS.longer * 2)
    with pytest.raises(UsageError, match="longer bars have features of their own alone"):
        replace(HOURS, longer=(Longer(4 * HOUR, HOURS),))
    with pytest.raises(UsageError, match=r"its term 'H4\.sma_5\.sma' is unknown"):
        replace(HOURS, features=(quotient("far", "H4.sma_5.sma"),))
