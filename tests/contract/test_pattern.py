"""Every pattern found by folder: as its reference, blind to the future, the same bar by bar."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from assay.model.errors import DataError, UsageError
from assay.model.time import MINUTE
from assay.signals import patterns
from assay.signals.recognition import PATTERNS, PatternStream, catalogue, choose_patterns
from assay.signals.recognition.pattern import KINDS, SIDES
from assay.signals.recognition.stream import find_patterns
from assay.signals.streams.columns import BarColumns
from tests.contract.bar_columns import ODD_SERIES, SERIES, START, bars_from, message_of, walk
from tests.contract.pattern_references import CHARTS, TALIB, chart_finds, talib_sides
from tools.generate_pattern_catalogue import render

NAMES = sorted(path.stem for path in Path(patterns.__path__[0]).glob("[a-z]*.py"))
each_pattern = pytest.mark.parametrize("name", NAMES)
SLOW_BARS = 600


@cache
def gapping_bars() -> BarColumns:
    """Return a market that opens far from its closes, goes on for a while, and turns."""
    rng = np.random.default_rng(7)
    drift = np.repeat(rng.integers(-40, 41, 750), rng.integers(3, 14, 750))[:4000]
    closes = 110_000 + np.cumsum(drift + rng.integers(-12, 13, 4000))
    opens = np.concatenate((closes[:1], closes[:-1])) - np.sign(drift) * rng.integers(-5, 30, 4000)
    shadows = rng.integers(0, 5, (2, 4000))
    return BarColumns(
        START + MINUTE * np.arange(1, 4001), opens, np.maximum(opens, closes) + shadows[0],
        np.minimum(opens, closes) - shadows[1], closes, np.full(4000, 9),
    )  # fmt: skip


MARKETS = {**SERIES, "gapping": gapping_bars}
ALL = {**MARKETS, **ODD_SERIES}


@cache
def finds_in(series: str) -> np.ndarray:
    return find_patterns(ALL[series]())


def finds_of(name: str, series: str) -> np.ndarray:
    return finds_in(series)[:, NAMES.index(name)]


def test_the_catalogue_is_the_folder() -> None:
    assert [pattern.name for pattern in PATTERNS] == NAMES
    assert sorted([*TALIB, *CHARTS]) == NAMES
    assert Path(catalogue.__file__).read_text() == render()
    for name in NAMES:
        module = import_module(f"assay.signals.patterns.{name}")
        assert module.PLUGIN.name == name
        assert module.PLUGIN.find is module.find
        assert module.PLUGIN.kind in KINDS
        assert set(module.PLUGIN.sides) <= set(SIDES)
        assert module.PLUGIN.source


@pytest.mark.parametrize("series", ALL)
@pytest.mark.parametrize("name", TALIB)
def test_candles_are_those_of_talib(name: str, series: str) -> None:
    bars = ALL[series]()
    assert np.array_equal(np.sign(finds_of(name, series)), talib_sides(name, bars))


@pytest.mark.parametrize("series", MARKETS)
def test_charts_are_those_of_the_definition(series: str) -> None:
    bars = MARKETS[series]().cut(slice(0, SLOW_BARS))
    for name, wanted in chart_finds(bars).items():
        assert np.array_equal(finds_of(name, series)[:SLOW_BARS], wanted), name


@each_pattern
def test_each_is_found_on_the_sides_that_it_declares_and_within_its_span(name: str) -> None:
    pattern = PATTERNS[NAMES.index(name)]
    finds = np.concatenate([finds_of(name, series) for series in MARKETS])
    sides = {1: "up", -1: "down"}
    assert {sides[side] for side in np.sign(finds[finds != 0])} == set(pattern.sides)
    assert np.abs(finds).max() <= pattern.span
    for series in MARKETS:
        assert not finds_of(name, series)[: pattern.span - 1].any()


@pytest.mark.parametrize("series", ALL)
def test_the_future_changes_nothing(series: str) -> None:
    bars = ALL[series]()
    whole = finds_in(series)
    for length in (0, 1, 2, 15, 127, 128, 333, len(bars) - 1):
        assert np.array_equal(find_patterns(bars.cut(slice(0, length))), whole[:length])


@pytest.mark.parametrize("series", MARKETS)
def test_once_settled_the_start_no_longer_shows(series: str) -> None:
    bars = MARKETS[series]()
    whole = finds_in(series)
    for start in (1, 37, 402):
        later = find_patterns(bars.cut(slice(start, None)))
        for place, pattern in enumerate(PATTERNS):
            settled = slice(pattern.span - 1, None)
            assert np.array_equal(later[settled, place], whole[start:][settled, place])


@pytest.mark.parametrize("series", ALL)
def test_bar_by_bar_is_the_same(series: str) -> None:
    bars = ALL[series]().cut(slice(0, 600))
    stream = PatternStream()
    rows = [stream.push(message_of(bars, row)).copy() for row in range(len(bars))]
    assert np.array_equal(np.array(rows), finds_in(series)[:600])


def test_a_snapshot_at_any_bar_changes_nothing() -> None:
    bars = SERIES["real"]().cut(slice(0, 300))
    wanted = finds_in("real")
    stream = PatternStream()
    for row in range(len(bars)):
        state = stream.snapshot()
        stream = PatternStream()
        stream.restore(state)
        assert np.array_equal(stream.push(message_of(bars, row)), wanted[row])


def test_a_choice_finds_what_all_find() -> None:
    bars = SERIES["real"]()
    chosen = choose_patterns(["triangle", "hammer"])
    assert [pattern.name for pattern in chosen] == ["hammer", "triangle"]
    places = [NAMES.index(pattern.name) for pattern in chosen]
    assert np.array_equal(find_patterns(bars, chosen), find_patterns(bars)[:, places])


def test_what_is_unknown_is_refused() -> None:
    with pytest.raises(UsageError, match="pattern 'hamer' is unknown; use one of channel"):
        choose_patterns(["hamer"])
    with pytest.raises(DataError, match="a state of 100 bytes is not of at most 128 bars"):
        PatternStream().restore(bytes(100))
    bars = bars_from(walk(1, 5))
    with pytest.raises(DataError, match="does not close after the one before it"):
        find_patterns(bars.cut(np.array([0, 2, 1, 3, 4])))
