"""Every indicator found by folder: right, honest about its start, blind to the future."""

from __future__ import annotations

from importlib import import_module
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from assay.model.errors import DataError, UsageError
from assay.signals import indicators
from assay.signals.plugins.checks import (
    TOLERANCE,
    check_absence,
    check_finite,
    check_future,
    check_settling,
    check_snapshot,
    check_stream,
    check_warm_up,
    distance,
)
from assay.signals.streams import catalogue
from assay.signals.streams.columns import BarColumns
from assay.signals.streams.plan import Use, use
from assay.signals.streams.stream import IndicatorStream, compute_indicators
from tests.contract.bar_columns import ODD_SERIES, SERIES, random_bars
from tests.contract.indicator_references import CHOICES, DEFAULT_CHOICES, REFERENCES
from tools.generate_indicator_catalogue import render

NAMES = sorted(path.stem for path in Path(indicators.__path__[0]).glob("[a-z]*.py"))
USES = [use(name, **given) for name in NAMES for given in CHOICES.get(name, DEFAULT_CHOICES)]
each_use = pytest.mark.parametrize("chosen", USES, ids=lambda chosen: chosen.label)


def test_the_catalogue_is_the_folder() -> None:
    assert [indicator.name for indicator in catalogue.INDICATORS] == NAMES
    assert sorted(REFERENCES) == NAMES
    assert Path(catalogue.__file__).read_text() == render()
    for name in NAMES:
        module = import_module(f"assay.signals.indicators.{name}")
        assert module.PLUGIN.name == name
        assert module.PLUGIN.step is module.step


@each_use
@pytest.mark.parametrize("series", SERIES)
def test_values_are_those_of_the_reference(chosen: Use, series: str) -> None:
    bars = SERIES[series]()
    values = compute_indicators([chosen], bars)
    wanted = np.column_stack(REFERENCES[chosen.name](bars, **whole(chosen)))
    begin = chosen.indicator.warm_up(chosen.values) - 1
    late = bars.cut(slice(begin, None))
    assert distance(values[begin:], wanted[begin:], chosen, late) <= TOLERANCE


def whole(chosen: Use) -> dict[str, float]:
    """Return the parameters with whole numbers as such, which TA-Lib insists on."""
    kinds = {parameter.name: parameter.is_whole for parameter in chosen.indicator.parameters}
    return {k: int(v) if kinds[k] else v for k, v in chosen.values.items()}


@each_use
def test_the_first_value_comes_when_it_says(chosen: Use) -> None:
    check_warm_up(chosen, random_bars())


@each_use
@pytest.mark.parametrize("series", SERIES)
def test_once_settled_the_start_no_longer_shows(chosen: Use, series: str) -> None:
    check_settling(chosen, SERIES[series]())


@pytest.mark.parametrize("series", [*SERIES, *ODD_SERIES])
def test_the_future_changes_nothing(series: str) -> None:
    check_future(USES, {**SERIES, **ODD_SERIES}[series]())


@pytest.mark.parametrize("series", [*SERIES, *ODD_SERIES])
def test_bar_by_bar_is_the_same_to_the_bit(series: str) -> None:
    check_stream(USES, {**SERIES, **ODD_SERIES}[series]().cut(slice(0, 1200)))


def test_a_snapshot_at_any_bar_changes_nothing() -> None:
    check_snapshot(USES, random_bars().cut(slice(0, 260)))


def test_a_snapshot_of_other_indicators_is_refused() -> None:
    stream = IndicatorStream([use("sma")])
    with pytest.raises(DataError, match="is not of these indicators"):
        stream.restore(IndicatorStream([use("sma", period=21)]).snapshot())


@each_use
def test_an_absent_volume_is_got_over(chosen: Use) -> None:
    check_absence(chosen, random_bars())


@each_use
@pytest.mark.parametrize("series", ODD_SERIES)
def test_odd_markets_give_finite_values(chosen: Use, series: str) -> None:
    check_finite(chosen, ODD_SERIES[series]())


def test_an_absent_volume_is_absent_and_not_zero() -> None:
    bars = random_bars().cut(slice(0, 50))
    assert bars.volume is not None
    holes = bars.volume.copy()
    holes[20] = np.nan
    columns = BarColumns(
        bars.ts_close, bars.open, bars.high, bars.low, bars.close, bars.spread, holes
    )
    values = compute_indicators([use("volume", period=5)], columns)[:, 1]
    assert np.flatnonzero(np.isnan(values)).tolist() == [0, 1, 2, 3, 20, 21, 22, 23, 24]


@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_checked(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} has no parameter 'speed'"):
        use(name, speed=3)
    bad = (0.0, -1.0, 1e9, float("nan"), float("inf"))
    for parameter, value in product(catalogue.INDICATORS[NAMES.index(name)].parameters, bad):
        with pytest.raises(UsageError, match=f"{name}: {parameter.name} .* is outside"):
            use(name, **{parameter.name: value})


def test_parameters_must_fit_each_other() -> None:
    with pytest.raises(UsageError, match="macd: fast 30 is not below slow 26"):
        use("macd", fast=30)
    with pytest.raises(UsageError, match="ichimoku: base 60 is not below leading 52"):
        use("ichimoku", base=60)
    with pytest.raises(UsageError, match=r"sar: start 0\.3 is above most 0\.2"):
        use("sar", start=0.3)
    with pytest.raises(UsageError, match="ultimate_oscillator: short 7, medium 28 and long 28 do"):
        use("ultimate_oscillator", medium=28)
    with pytest.raises(UsageError, match=r"sma: period 2\.5 is not a whole number"):
        use("sma", period=2.5)
    with pytest.raises(UsageError, match="indicator 'smma' is unknown; use one of a"):
        use("smma")
    with pytest.raises(UsageError, match="stands twice"):
        IndicatorStream([use("sma"), use("sma", period=20)])


def test_bars_out_of_order_or_out_of_bounds_are_refused() -> None:
    bars = random_bars().cut(slice(0, 5))
    swapped = bars.cut(np.array([0, 2, 1, 3, 4]))
    with pytest.raises(DataError, match="bar 2 does not close after the one before it"):
        compute_indicators([use("sma")], swapped)
    huge = BarColumns(
        bars.ts_close, bars.open, bars.high * 2**40, bars.low, bars.close, bars.spread
    )
    with pytest.raises(DataError, match="give the symbol fewer digits"):
        compute_indicators([use("sma")], huge)
