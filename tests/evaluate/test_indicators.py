"""On years of real minutes the indicators are TA-Lib's, and features do not see the future."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from assay.market.series import BarSeries
from assay.market.sources.parquet.reading import read_parquet
from assay.model.calendar import bar_close
from assay.model.time import MINUTE
from assay.signals.features import BarColumns, compute_features, standard_set
from assay.signals.streams.stream import compute_indicators
from tests.contract.indicator_references import REFERENCES
from tests.contract.test_indicator import TOLERANCE, USES, distance, whole

FILES = (
    "eurusd_m1_histdata_20180101_20191231",
    "xauusd_m5_histdata_20100103_20191231",
    "usdjpy_m1_histdata_20180101_20191231",
)


@cache
def real_columns(path: Path) -> BarColumns:
    series = read_parquet(path)
    assert isinstance(series, BarSeries)
    closes = bar_close(series.ts_open, series.timeframe)
    spread = np.full(len(series), 15)
    return BarColumns(
        closes, series.open, series.high, series.low, series.close, spread, series.volume
    )


FIRST_USES = {chosen.name: chosen for chosen in reversed(USES)}.values()
"""One of each indicator: years of minutes take long, and the other parameters are tried without."""


@pytest.mark.parametrize("name", FILES)
def test_indicators_are_those_of_the_reference(shared: Path, name: str) -> None:
    bars = real_columns(shared / "data/bars" / f"{name}.parquet")
    for chosen in FIRST_USES:
        values = compute_indicators([chosen], bars)
        wanted = np.column_stack(REFERENCES[chosen.name](bars, **whole(chosen)))
        begin = chosen.indicator.warm_up(chosen.values) - 1
        late = bars.cut(slice(begin, None))
        error = distance(values[begin:], wanted[begin:], chosen, late)
        assert error <= TOLERANCE, chosen.label


@pytest.mark.parametrize("name", FILES)
def test_features_of_real_years_are_finite_and_settle(shared: Path, name: str) -> None:
    bars = real_columns(shared / "data/bars" / f"{name}.parquet")
    chosen = standard_set(MINUTE if "_m1_" in name else 5 * MINUTE)
    values = compute_features(chosen, bars)
    has_volume = bars.volume is not None
    known = [i for i, feature in enumerate(chosen.names) if feature != "volume" or has_volume]
    assert np.isfinite(values[chosen.warm_up - 1 :, known]).all()
    half = len(bars) // 2
    assert compute_features(chosen, bars.cut(slice(0, half))).tobytes() == values[:half].tobytes()
    later = compute_features(chosen, bars.cut(slice(half, None)))[chosen.settling - 1 :]
    wanted = values[half + chosen.settling - 1 :]
    assert np.allclose(later, wanted, rtol=2.0**-15, atol=1e-7, equal_nan=True)
