"""`assay correlations` from files to tables, JSON and charts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assay.apps.cli.console import run
from assay.apps.cli.main import build
from assay.apps.lab.markets.correlations import CorrelationRequest, find_correlations
from assay.market.series import BarSeries
from assay.market.sources.parquet.writing import write_parquet
from assay.model.time import MINUTE, Timeframe, parse_time
from assay.runtime.ids import seeded_generator
from assay.signals.correlation import Estimator

BARS = 900
PAIRS = ("EURUSD", "USDJPY", "GBPUSD", "USDCAD", "USDCHF")


def make_bars(symbol: str, returns: np.ndarray, start: str = "2018-01-02") -> BarSeries:
    digits = 3 if symbol == "USDJPY" else 5
    level = 110.0 if symbol == "USDJPY" else 1.2
    prices = np.rint(level * np.exp(np.cumsum(returns)) * 10**digits).astype(np.int64)
    times = parse_time(start) + MINUTE * np.arange(len(returns))
    return BarSeries(
        symbol, Timeframe.M1, "bid", "test", digits, times, prices, prices + 9, prices - 9, prices,
        np.zeros(len(times), dtype=bool),
    )  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Write five pairs that a dollar moves; in the last third USDCHF goes its own way."""
    rng, folder = seeded_generator(85), tmp_path_factory.mktemp("bars")
    dollar = 1e-4 * rng.standard_normal(BARS)
    paths = []
    for symbol in PAIRS:
        sign = -1 if symbol.endswith("USD") else 1
        returns = sign * dollar + 5e-5 * rng.standard_normal(BARS)
        if symbol == "USDCHF":
            returns[600:] = 1e-4 * rng.standard_normal(300)
        bars = make_bars(symbol, returns)
        if symbol == "GBPUSD":
            bars = bars.select(np.arange(BARS) != 77)
        paths.append(folder / f"{symbol.lower()}_m1_test_20180102_20180102.parquet")
        write_parquet(bars, paths[-1])
    return paths


def call(files: list[Path], *arguments: str) -> int:
    named = [word for path in files for word in ("--data", str(path))]
    return run(build(), ["correlations", *named, *arguments])


def test_everything_is_told_as_json(files: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(files, "--window", "40", "--lags", "1", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    (found,) = told["timeframes"]
    assert found["symbols"] == [*PAIRS, "USD-PROXY"]
    assert found["dollar"]["kind"] == "proxy"
    assert found["coverage"]["absent"]["GBPUSD"] == 1
    assert (found["returns"], found["coverage"]["after_absence"]) == (BARS - 3, 2)
    matrix = np.array(found["correlation"])
    assert np.array_equal(matrix, matrix.T)
    assert matrix[0, 1] < -0.5
    alerted = [each for each in found["alerts"] if each["pair"] == ["USDJPY", "USDCHF"]]
    assert alerted[0]["start"] > "2018-01-02T10:00"
    assert [each["symbol"] for each in found["exposures"]] == list(PAIRS)
    assert {edge["pair"][1] for edge in found["graph"]["edges"]} <= set(PAIRS)
    assert len(found["graph"]["tree"]) == 5


def test_a_report_has_charts_with_the_alerts_marked(
    files: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--window", "40", "--lags", "1", "--report", str(tmp_path), "--json")
    assert call([files[1], files[4]], *options) == 0
    told = json.loads(capsys.readouterr().out)
    graph = json.loads((tmp_path / "graph_m1.json").read_bytes())
    assert graph == told["timeframes"][0]["graph"]
    names = {Path(path).name for path in told["files"]}
    assert names == {
        "correlations.json", "graph_m1.json", "graph_m1.svg", "heatmap_m1.svg", "rolling_m1.svg",
    }  # fmt: skip
    chart = (tmp_path / "rolling_m1.svg").read_text(encoding="utf-8")
    assert "Alert begins" in chart
    assert "USDJPY and USDCHF" in chart


def test_people_read_tables_of_each_timeframe(
    files: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--timeframe", "M1,M5", "--method", "shrinkage", "--window", "60", "--lags", "1")
    assert call(files[:2], *options, "--from", "2018-01-02T01:00") == 0
    text = capsys.readouterr().out
    for words in (
        "M1: ", "M5: ", "towards constant", "Stability", "Lead and lag", "Tree: EURUSD–USDJPY",
        "dollar: none; a proxy needs GBPUSD, USDCAD, USDCHF", "Alerts: none since 2018-01-02 1",
        "Alerts: none; no pair has a past of ten windows",
    ):  # fmt: skip
        assert words in text
    assert "→ " in text


def test_longer_bars_are_those_of_the_aggregation_and_early_ones_are_counted(
    files: list[Path],
) -> None:
    request = CorrelationRequest(
        data=files[:3], estimator=Estimator("ewm", half_life=10), timeframes=[Timeframe.M5],
        end=parse_time("2018-01-02T10:00"), lags=1,
    )  # fmt: skip
    (found,) = find_correlations(request)
    assert found.early == {"EURUSD": 0, "USDJPY": 0, "GBPUSD": 0}
    assert len(found.analysis.returns) == 118
    assert found.analysis.matrix.effective_rows == pytest.approx(28.9, abs=0.1)


def test_a_bar_whose_last_part_is_missing_is_early(tmp_path: Path) -> None:
    rng = seeded_generator(1)
    paths = []
    for symbol in PAIRS[:2]:
        bars = make_bars(symbol, 1e-4 * rng.standard_normal(BARS))
        if symbol == "USDJPY":
            bars = bars.select(np.arange(BARS) % 100 != 99)
        paths.append(tmp_path / f"{symbol.lower()}_m1_test.parquet")
        write_parquet(bars, paths[-1])
    request = CorrelationRequest(
        data=paths, estimator=Estimator(window=40), timeframes=[Timeframe.M5]
    )
    assert find_correlations(request)[0].early == {"EURUSD": 0, "USDJPY": 9}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--timeframe", "S1"), "M1 bars do not make S1 bars"),
        (("--method", "guess"), "method 'guess' is unknown; there are rolling, ewm, shrinkage"),
        (("--window", "5000"), "looks back on 5,000; give more bars or a shorter --window"),
        (("--from", "2030-01-01"), "EURUSD, USDJPY has no bars"),
    ],
)
def test_what_makes_no_sense_is_refused(
    files: list[Path], arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(files[:2], *arguments) == 2
    assert words in capsys.readouterr().err


def test_files_of_two_lengths_ask_for_a_timeframe(
    files: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    longer = replace(make_bars("XAUUSD", np.full(9, 1e-4)), timeframe=Timeframe.M5)
    longer = replace(longer, ts_open=longer.ts_open[0] + 5 * MINUTE * np.arange(9))
    path = tmp_path / "xauusd_m5_test.parquet"
    write_parquet(longer, path)
    assert call([files[0], path]) == 2
    error: Any = capsys.readouterr().err
    assert "the files hold bars of M1, M5; name one length with --timeframe" in error


def test_an_instrument_that_never_moves_is_shown_without_correlations(
    files: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "hkdusd_m1_test.parquet"
    write_parquet(make_bars("HKDUSD", np.zeros(BARS)), path)
    out = tmp_path / "report"
    assert call([files[0], path], "--window", "40", "--lags", "1", "--report", str(out)) == 0
    text = capsys.readouterr().out
    assert "one instrument is a sum of others or never moves" in text
    told = json.loads((out / "correlations.json").read_bytes())["timeframes"][0]
    assert told["correlation"] == [[1.0, None], [None, None]]
