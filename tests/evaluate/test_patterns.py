"""Patterns on real markets: those of TA-Lib, no look ahead, and verdicts that claim no more."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assay.apps.config import Config
from assay.apps.lab.markets.patterns import PatternsRequest, judge_patterns
from assay.apps.lab.models.labelling import priced_columns
from assay.market.sources.parquet import read_parquet
from assay.model.time import parse_time
from assay.signals.recognition import PATTERNS, find_patterns, scan
from assay.signals.streams.columns import BarColumns
from tests.contract.pattern_references import TALIB, talib_sides

FILES = (
    "eurusd_m1_histdata_20180101_20191231", "xauusd_m5_histdata_20100103_20191231",
)  # fmt: skip
BARS = 40_000


def read(shared: Path, file: str) -> BarColumns:
    series = read_parquet(shared / "data/bars" / f"{file}.parquet")
    return priced_columns(series.select(slice(0, BARS)), Config())


@pytest.mark.parametrize("file", FILES)
def test_candles_are_those_of_talib(shared: Path, file: str) -> None:
    columns = read(shared, file)
    finds = find_patterns(columns)
    for place, pattern in enumerate(PATTERNS):
        if pattern.name in TALIB:
            wanted = talib_sides(pattern.name, columns)
            assert np.array_equal(np.sign(finds[:, place]), wanted), pattern.name


def test_the_future_changes_no_judgement(shared: Path) -> None:
    columns = read(shared, FILES[1]).cut(slice(0, 6_000))
    whole = scan(columns)
    assert scan(columns.cut(slice(0, 4_000))) == [each for each in whole if each.found.bar < 4_000]


def test_what_is_said_of_verdicts_is_what_came(shared: Path) -> None:
    request = PatternsRequest(
        data=shared / "data/bars/eurusd_h1_lean-oanda_20070101_20181231.parquet",
        start=parse_time("2010-01-01"), end=parse_time("2012-01-01"),
    )  # fmt: skip
    judged = judge_patterns(request)
    confirmed, refused, _ = judged.figures["verdicts"]
    assert confirmed["count"] > 100
    assert confirmed["found"] < 0.3 * refused["found"]
    for verdict in (confirmed, refused):
        # No skill is asked of a market; a rate far from chance would be a look ahead.
        assert verdict["low"] - 0.05 < verdict["chance"] < verdict["high"] + 0.05
