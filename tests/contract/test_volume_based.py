"""Indicators of volume: nothing where it is absent, and then as from a first bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from assay.model.time import HOUR, parse_time
from assay.signals.streams.columns import BarColumns
from assay.signals.streams.plan import use
from assay.signals.streams.stream import compute_indicators
from tests.contract.bar_columns import random_bars

USES = [
    use(name)
    for name in (
        "accumulation_distribution", "chaikin_money_flow", "ease_of_movement", "force_index",
        "mfi", "obv", "price_impact", "volume", "vwap",
    )
]  # fmt: skip


def with_volume(bars: BarColumns, volume: np.ndarray | None) -> BarColumns:
    """Return the same bars with this volume."""
    return replace(bars, volume=volume)


def hours_of(text: str, closes: Sequence[int]) -> BarColumns:
    """Return hours from then on that reach from 10 below to 20 above their close, of volume 100."""
    close = np.array(closes)
    times = parse_time(text) + HOUR * np.arange(1, len(close) + 1)
    volume = np.full(len(close), 100.0)
    return BarColumns(times, close, close + 20, close - 10, close, 0 * close + 3, volume)


@pytest.mark.parametrize("chosen", USES, ids=lambda chosen: chosen.name)
def test_an_absent_volume_starts_it_afresh(chosen) -> None:  # type: ignore[no-untyped-def]
    bars = random_bars().cut(slice(0, 400))
    assert bars.volume is not None
    holes = bars.volume.copy()
    holes[170:173] = np.nan
    values = compute_indicators([chosen], with_volume(bars, holes))
    alone = [compute_indicators([chosen], bars.cut(part)) for part in (slice(170), slice(173, 400))]
    nothing = np.full((3, values.shape[1]), np.nan)
    assert values.tobytes() == np.concatenate((alone[0], nothing, alone[1])).tobytes()


def test_a_source_without_volume_has_none_of_them() -> None:
    bars = with_volume(random_bars().cut(slice(0, 400)), None)
    assert np.isnan(compute_indicators(USES, bars)).all()


def test_bars_that_had_no_trade_give_the_limit_and_no_nan() -> None:
    bars = random_bars().cut(slice(0, 200))
    silent = compute_indicators(USES, with_volume(bars, np.zeros(200)))[150:]
    typical = (bars.high + bars.low + bars.close)[150:] / 3
    assert np.array_equal(silent[:, -1], typical)
    assert not silent[:, :-1].any()


def test_price_impact_is_the_mean_over_bars_that_had_volume() -> None:
    bars = hours_of("2024-03-05", [1000, 1010, 1020.1, 1030.301])
    traded = with_volume(bars, np.array([100.0, 100.0, 0.0, 50.0]))
    (impact,) = compute_indicators([use("price_impact", period=3)], traded)[3]
    last = abs(bars.close[3] / bars.close[2] - 1) / 50
    assert impact == pytest.approx(1e6 * (0.01 / 100 + last) / 2)


@pytest.mark.parametrize("day", ["2024-03-05", "2024-07-02"])
def test_a_trading_day_ends_with_the_bar_that_closes_at_17_in_new_york(day: str) -> None:
    bars = hours_of(day, [1000 + 10 * k for k in range(48)])
    values = compute_indicators([use("pivot_points"), use("vwap")], bars)
    close = 22 if day == "2024-03-05" else 21
    first, last = close - 1, close + 23
    day_before = [f(bars.cut(slice(close, last + 1)).close) for f in (np.max, np.min)]
    high, low = day_before[0] + 20, day_before[1] - 10
    assert values[first, 5] != bars.close[first] + 10 / 3
    assert values[first + 1, 5] == pytest.approx(bars.close[first + 1] + 10 / 3)
    assert values[last, 0] != values[last + 1, 0]
    assert values[last + 1, 0] == pytest.approx((high + low + bars.close[last]) / 3)
