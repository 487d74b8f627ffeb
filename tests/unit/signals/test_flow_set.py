"""The flow set: the standard one and more, blind to the future, absent where nothing is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assay.kernel.flow import ABSENT, FLOW_COLUMNS, MID_SQUARES
from assay.model.errors import UsageError
from assay.model.time import HOUR, MINUTE
from assay.signals.features import (
    FeatureSet,
    FeatureStream,
    Lead,
    build_set,
    compute_features,
    describe_bars,
    standard_set,
)
from assay.signals.features.definition import Longer
from assay.signals.features.description import describe_set
from assay.signals.features.flow import flow_set
from assay.signals.streams.columns import BarColumns
from assay.signals.streams.stream import compute_indicators
from tests.contract.bar_columns import SERIES, message_of, random_bars

FLOW, STANDARD = flow_set(HOUR), standard_set(HOUR)
OWN = FLOW.own_names[len(STANDARD.own_names) :]


def hourly() -> BarColumns:
    bars = random_bars()
    return replace(bars, ts_close=bars.ts_close[0] + HOUR * np.arange(len(bars)))


def test_it_is_the_standard_set_with_more_behind() -> None:
    bars = hourly().cut(slice(0, 600))
    assert FLOW.own_names[: len(STANDARD.own_names)] == STANDARD.own_names
    assert FLOW.inputs == FLOW_COLUMNS
    assert (STANDARD.inputs, STANDARD.flow_places) == ((), ())
    assert [FLOW.own_names[place] for place in FLOW.flow_places] == [*OWN]
    assert FLOW.settling == STANDARD.settling
    shared = compute_features(FLOW, bars)[:, : len(STANDARD.own_names)]
    assert shared.tobytes() == compute_features(STANDARD, bars).tobytes()
    leads = [Lead("XAUUSD", "EURUSD", 1)]
    led = flow_set(HOUR, leads)
    assert led.told_names == standard_set(HOUR, leads).told_names


def test_it_is_the_same_once_it_has_travelled_and_longer_bars_have_none_of_it() -> None:
    assert build_set(describe_set(FLOW)).digest == FLOW.digest
    with pytest.raises(UsageError, match="H1 bars tell no quotes, mid_squares"):
        FeatureSet("slow", 1, (), (), timeframe=MINUTE, longer=(Longer(HOUR, FLOW),))


@pytest.mark.parametrize("series", SERIES)
def test_live_and_cut_short_it_is_the_same_to_the_bit(series: str) -> None:
    bars = SERIES[series]().cut(slice(0, 500))
    whole, stream = compute_features(FLOW, bars), FeatureStream(FLOW)
    for length in (0, 1, 61, 333):
        cut = compute_features(FLOW, bars.cut(slice(0, length)))
        assert cut.tobytes() == whole[:length].tobytes()
    for row in range(len(bars)):
        if row == 200:
            state, stream = stream.snapshot(), FeatureStream(FLOW)
            stream.restore(state)
        assert stream.push(message_of(bars, row)).tobytes() == whole[row].tobytes()


def test_features_are_what_their_names_say() -> None:
    bars = hourly().cut(slice(0, 400))
    values = dict(zip(FLOW.own_names, compute_features(FLOW, bars).T, strict=True))
    by_label = {each.label: each for each in FLOW.uses}
    names = ("order_flow_imbalance_5", "depth_imbalance_20", "quote_volatility_1", "atr_14")
    given = compute_indicators([by_label[name] for name in names], bars).T
    begin = slice(100, None)
    for name, wanted in (
        ("order_flow_5", given[1] / 10 / np.sqrt(5)),
        ("depth_close", given[2]),
        ("depth_20", given[3]),
        ("quote_volatility_1", given[4] / given[5]),
    ):
        assert np.allclose(values[name][begin], wanted[begin], 2**-15, 1e-6), name


def test_prices_of_one_more_digit_and_sizes_in_other_units_give_the_same_features() -> None:
    bars = hourly().cut(slice(0, 400))
    assert bars.flow is not None
    flow = bars.flow * np.array([1, 100, 7, 7, 7, 7, 7])
    names = ("open", "high", "low", "close", "spread")
    finer = replace(bars, flow=flow, **{name: getattr(bars, name) * 10 for name in names})
    given, wanted = (
        compute_features(FLOW, one)[:, list(FLOW.flow_places)] for one in (finer, bars)
    )
    assert np.allclose(given, wanted, rtol=2**-15, atol=1e-6, equal_nan=True)


def test_a_bar_of_which_something_is_absent_has_not_settled() -> None:
    bars = hourly().cut(slice(0, FLOW.settling + 100))
    assert bars.flow is not None
    holed = bars.flow.copy()
    holed[-50, MID_SQUARES] = ABSENT
    bars = replace(bars, flow=holed)
    seen = describe_bars(FLOW, bars, symbol="EURUSD", timeframe=HOUR)
    late = np.arange(len(bars)) >= FLOW.settling - 1
    silent = np.flatnonzero(late & ~seen.settled) - len(bars)
    assert silent.tolist() == [*range(-50, -30)]


def test_bars_that_lack_what_it_reads_are_refused_by_name() -> None:
    bars = hourly().cut(slice(0, 50))
    assert bars.flow is not None
    flow = bars.flow.copy()
    flow[:, FLOW_COLUMNS.index("order_flow")] = ABSENT
    for given, absent in (
        (replace(bars, flow=flow), "order_flow"),
        (replace(bars, flow=None), "quotes, .*"),
    ):
        with pytest.raises(
            UsageError, match=f"flow.1 reads inputs the feed lacks: GBPUSD has no {absent}; give"
        ):
            describe_bars(FLOW, given, symbol="GBPUSD", timeframe=HOUR)
    assert len(describe_bars(STANDARD, replace(bars, flow=None), symbol="X", timeframe=HOUR).values)
