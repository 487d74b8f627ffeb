"""`assay patterns`: what it prints, writes and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from assay.apps.cli.console import run
from assay.apps.cli.main import build
from assay.apps.lab.feeds.simulation import write_simulation
from assay.books.trials import Trial, TrialLedger
from assay.market.simulation import Scenario
from assay.model.time import Timeframe, format_time
from assay.runtime.home import open_home


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of simulated hours."""
    scenario = Scenario(seed=7, bars=1_500, timeframe=Timeframe.H1, symbols=("EURUSD",))
    found = write_simulation(scenario, tmp_path_factory.mktemp("market"))
    return Path(found["files"][0])


def scan(data: Path, home: Path, *given: str) -> int:
    return run(build(), ["patterns", "scan", "--data", str(data), "--home", str(home), *given])


def test_patterns_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(build(), ["patterns", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["patterns"]
    assert {each["kind"] for each in listed} == {"candle", "chart"}
    assert run(build(), ["patterns", "list", "--pattern", "engulfing"]) == 0
    shown = capsys.readouterr().out
    assert "TA-Lib CDLENGULFING" in shown
    assert "hammer" not in shown


def test_a_scan_is_shown_written_and_drawn(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = tmp_path / "seen"
    assert scan(data, tmp_path / "home", "--report", str(seen)) == 0
    shown = capsys.readouterr().out
    assert "What came of verdicts, 12 bars later" in shown
    assert "engulfing up" in shown
    found = json.loads((seen / "patterns.json").read_text())
    rows = pq.read_table(seen / "occurrences.parquet").to_pylist()
    assert len(rows) == found["occurrences"] > 300
    for each in found["verdicts"]:
        assert each["found"] == sum(row["verdict"] == each["verdict"] for row in rows)
        assert each["count"] <= each["found"]
    assert sum(each["found"] for each in found["patterns"]) == len(rows)
    for name in ("patterns.svg", "patterns-narrow.svg"):
        text = (seen / name).read_text()
        assert "an arrow points where its pattern does" in text
        assert "engulfing up" in text


def test_live_says_the_same_and_how_long_it_took(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = []
    for given in ((), ("--live",)):
        code = scan(data, tmp_path, "--json", "--from", "2010-02-15", "--horizon", "6", *given)
        assert code == 0
        said.append(json.loads(capsys.readouterr().out))
    assert set(said[1]) - set(said[0]) == {"latency_us"}
    assert set(said[1]["latency_us"]) == {"p50", "p95", "p99"}
    for found in said:
        found.pop("latency_us", None)
        found.pop("seconds")
    assert [found.pop("trials_before") for found in said] == [0, 1]
    assert said[0] == said[1]
    assert said[0]["bars_before"] > 0
    assert said[0]["from"] >= "2010-02-15"
    assert len(said[0]["last"]) == 10
    assert said[0]["last"][-1]["came_points"] is None


def test_a_scan_is_a_look_at_every_bar_that_it_reads(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spans = (("--to", "2010-02-01"), ("--from", "2010-02-10"), ("--to", "2010-01-20"))
    for before, given in enumerate((*spans, ("--pattern", "hamer"))):
        if scan(data, tmp_path, "--json", *given) == 0:
            assert json.loads(capsys.readouterr().out)["trials_before"] == before
    lines = TrialLedger(open_home(tmp_path)).read().lines
    counted = [line for line in lines if isinstance(line, Trial)]
    assert [line.kind for line in counted] == ["patterns"] * 3
    ends = [format_time(line.end)[:13] for line in counted]
    assert ends[0] == "2010-02-01T00"
    assert ends[2] == "2010-01-20T00"
    assert len({line.parameters for line in counted}) == 2
    assert scan(data, tmp_path, "--to", "2010-02-01") == 0
    assert "trials before this one on this instrument and time: 3" in capsys.readouterr().out

    ledger = tmp_path / "trials" / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b'"patterns"', b'"pattern_"', 1))
    assert scan(data, tmp_path) == 3
    assert "the trial ledger does not hold at line 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "code", "says"),
    [
        (["--pattern", "hamer"], 2, "pattern 'hamer' is unknown"),
        (["--confidence", "0.2"], 2, "confidence 0.2 is outside 0.5..1"),
        (["--to", "2009-01-01"], 3, "no bar before --to"),
        (["--from", "2030-01-01"], 3, "no bar from 2030-01-01"),
    ],
)
def test_what_makes_no_sense_is_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], given: list[str],
    code: int, says: str,
) -> None:  # fmt: skip
    assert scan(data, tmp_path, *given) == code
    assert says in capsys.readouterr().err
