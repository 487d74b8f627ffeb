"""`assay frames` and `--years`: lengths of bars made of the same data, and the last of it alone."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from assay.apps.cli.console import run
from assay.apps.cli.main import build
from assay.books.trials import TrialLedger
from assay.runtime.home import open_home

SAMPLE = files("assay.market.history") / "sample" / "eurusd_h1_sample_20170101_20171229.parquet"
TRADED = ("--data", str(SAMPLE), "--strategy", "sma-cross")


def ask(
    capsys: pytest.CaptureFixture[str], home: Path, *words: str, code: int = 0
) -> dict[str, Any]:
    capsys.readouterr()
    assert run(build(), [*words, "--home", str(home), "--json"]) == code
    told = capsys.readouterr()
    return json.loads(told.out) if code == 0 else {"error": told.err}


def test_each_length_is_a_backtest_and_a_look(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = ask(capsys, tmp_path, "frames", *TRADED, "--frames", "H4,H1", "--draws", "200")
    plain = ask(capsys, tmp_path, "backtest", *TRADED)
    assert [one["frame"] for one in found["frames"]] == ["H1", "H4"]
    hours, four = found["frames"]
    assert hours["digest"] == plain["digest"]
    assert four["bars"] < hours["bars"] / 3
    assert four["trials_before"] == 1
    low, high = hours["sharpe_interval"]
    assert low < hours["sharpe"] < high
    assert found["verdict"] == "No edge shown on any of 2 lengths"
    assert -1 <= found["alike"][0]["correlation"] <= 1
    lines = TrialLedger(open_home(tmp_path)).read().lines
    assert sum(getattr(line, "kind", "") == "frames" for line in lines) == 2


def test_lengths_that_the_data_do_not_make_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for text, said in (("M15", "do not make M15 bars"), ("H1,H1", "twice"), ("H7", "is unknown")):
        told = ask(capsys, tmp_path, "frames", *TRADED, "--frames", text, code=2)
        assert said in told["error"]


def test_years_take_the_last_of_the_data_by_option_or_environment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ask(capsys, tmp_path, "backtest", *TRADED)
    half = ask(capsys, tmp_path, "backtest", *TRADED, "--years", "0.5")
    assert 0.4 * whole["bars"] < half["bars"] < 0.6 * whole["bars"]
    monkeypatch.setenv("HISTORICAL_DATA_YEARS", "0.5")
    assert ask(capsys, tmp_path, "backtest", *TRADED)["digest"] == half["digest"]
    monkeypatch.setenv("HISTORICAL_DATA_YEARS", "5")
    assert ask(capsys, tmp_path, "backtest", *TRADED)["digest"] == whole["digest"]
    told = ask(capsys, tmp_path, "backtest", *TRADED, "--years", "0", code=2)
    assert "lack some of the data" in told["error"]
