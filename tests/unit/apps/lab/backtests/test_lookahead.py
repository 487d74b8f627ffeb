"""Strategies that see the future are named; those that do not are let be."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from assay.apps.cli.console import run
from assay.apps.cli.main import build
from assay.apps.lab.backtests.backtest import Request
from assay.apps.lab.backtests.lookahead import Finding, LookaheadRequest, choose_cuts, look_ahead
from assay.apps.lab.models import labelling
from assay.books.trials import Trial, TrialLedger
from assay.model.time import Timeframe
from assay.runtime.home import open_home
from assay.signals.features import describe_bars, standard_set
from tests.replay.markets import generate_bars
from tests.replay.taught import make_model
from tests.unit.apps.lab.backtests.test_backtest import PLAIN, hours  # noqa: F401 - a fixture

HEAD = '''"""A strategy to be found out."""

{imports}

PARAMETERS = {{"units": 1_000}}
{globals}

def memory_words(params):
    return 1


def decide(memory, event, position, params, intent):
    at = int(memory[0])
    memory[0] += 1
{body}
    intent["action"] = 1
    intent["quantity"] = params[0] if rises else -params[0]
'''
FRAMES = """    frame = sys._getframe()
    while "setup" not in frame.f_locals:
        frame = frame.f_back
    close = frame.f_locals["setup"].series[0].close
    rises = at + {ahead} < len(close) and close[at + {ahead}] > close[at]
"""
SABOTAGE = {
    "arrays": HEAD.format(imports="import sys", globals="", body=FRAMES.format(ahead=1)),
    "last": HEAD.format(
        imports="import sys", globals="",
        body=FRAMES.format(ahead=0).replace("close[at + 0] >", "close[-1] >"),
    ),
    "crash": HEAD.format(
        imports="import sys", globals="",
        body=FRAMES.format(ahead=1).replace("at + 1 < len(close)", "at + 1 < 400"),
    ),
    "filed": HEAD.format(
        imports="from pathlib import Path\n\nimport numpy as np",
        globals='CLOSES = np.load(Path(__file__).with_suffix(".npy"))',
        body="    rises = at + 1 < len(CLOSES) and CLOSES[at + 1] > CLOSES[at]",
    ),
    "counts": HEAD.format(
        imports="from itertools import count", globals="RUNS = count()",
        body="    rises = (at + next(RUNS)) % 7 < 3",
    ),
}  # fmt: skip


@pytest.fixture
def bars(hours: Path, tmp_path: Path) -> Path:  # noqa: F811
    path = tmp_path / hours.name
    pq.write_table(pq.read_table(hours).slice(0, 400), path)
    return path


def write_strategies(bars: Path) -> Path:
    """Write every strategy into a home beside the bars, and return the home."""
    home = open_home(bars.parent / "home").path
    folder = home / "strategies"
    folder.mkdir(exist_ok=True)
    (folder / "plain.py").write_text(PLAIN)
    for each, text in SABOTAGE.items():
        (folder / f"{each}.py").write_text(text)
    np.save(folder / "filed.npy", pq.read_table(bars)["close"].to_numpy())
    return home


def examine(
    bars: Path, capsys: pytest.CaptureFixture[str], name: str, *options: str
) -> tuple[int, dict[str, Any]]:  # fmt: skip
    home = write_strategies(bars)
    capsys.readouterr()
    code = run(build(), ["lookahead", "--data", str(bars), "--strategy", name, "--cuts", "6",
                         "--home", str(home), "--json", *options])  # fmt: skip
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, found


@pytest.mark.parametrize("name", ["sma-cross", "breakout", "plain"])
def test_what_sees_nothing_of_the_future_is_let_be(
    bars: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    code, found = examine(bars, capsys, name)
    assert (code, found["clean"]) == (0, True)
    assert found["orders"] > 3
    assert len(found["cuts"]) == 6
    looks = TrialLedger(open_home(bars.parent / "home")).read().lines
    assert [(line.kind, line.strategy) for line in looks if isinstance(line, Trial)] == [
        ("check", name)
    ]


@pytest.mark.parametrize("name", ["arrays", "last"])
def test_a_future_array_is_found_where_it_changes_an_order(
    bars: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    code, found = examine(bars, capsys, name)
    assert (code, found["clean"]) == (3, False)
    first = found["differences"][0]
    assert (first["table"], first["symbol"]) == ("orders", "EURUSD")
    assert first["time"] <= first["cut"]
    assert {"line": 3, "what": "imports sys"} in found["outside"]


def test_an_error_for_want_of_the_future_is_a_finding(
    bars: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = examine(bars, capsys, "crash")
    assert code == 3
    first = found["differences"][0]
    assert (first["table"], first["field"]) == ("run", "error")
    assert "IndexError" in first["shorter"]


def test_a_file_read_at_import_is_found_though_no_cut_changes_it(
    bars: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = examine(bars, capsys, "filed")
    assert code == 3
    assert found["differences"] == []
    told = [each["what"] for each in found["outside"]]
    assert "imports pathlib" in told
    assert "calls load" in told
    assert any(each.endswith("filed.npy") and each.startswith("opens") for each in told)


def test_what_carries_over_from_run_to_run_is_found(
    bars: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = examine(bars, capsys, "counts")
    assert code == 3
    assert found["differences"][0]["table"] == "orders"


def test_a_person_is_told_what_differs(bars: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = write_strategies(bars)
    arguments = ["--data", str(bars), "--strategy", "arrays", "--home", str(home), "--cuts", "6"]
    assert run(build(), ["lookahead", *arguments]) == 3
    shown = capsys.readouterr().out
    assert "LOOKS AHEAD: cut after 2017-01-" in shown
    assert "READS BESIDE ITS FEED: line 3 imports sys" in shown


def test_cuts_are_seeded_and_half_of_them_where_orders_were_sent() -> None:
    closes = np.arange(1_000) * 60
    orders = closes[100:900:40]
    cuts = choose_cuts(closes, orders, 16, 3)
    assert cuts == choose_cuts(closes, orders, 16, 3) != choose_cuts(closes, orders, 16, 4)
    assert len(set(cuts)) == 16
    assert len(set(cuts) & set(orders.tolist())) >= 8
    assert min(cuts) >= closes[100]
    assert max(cuts) < closes[-1]
    assert len(choose_cuts(closes[:12], orders[:0], 16, 1)) == 10


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("model"))


def look_at_model(model: Path) -> Finding:
    count = standard_set(Timeframe.H1).settling + 200
    series = [generate_bars("EURUSD", count, 5, gapped=True, quoted=True)]
    request = Request(data=(), strategy="ai", model=model)
    return look_ahead(LookaheadRequest(run=request, cuts=3), series=series)


def test_a_model_and_its_features_are_run_on_less_too(model: Path) -> None:
    found = look_at_model(model)
    assert (found.is_clean, found.features) == (True, "")
    assert found.orders > 5
    assert len(found.cuts) == 3


def test_features_that_know_later_bars_are_named(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def describe_ahead(*arguments: Any, **words: Any) -> Any:
        told = describe_bars(*arguments, **words)
        values = np.roll(told.values, -1, axis=0)
        return dataclasses.replace(told, values=values)

    monkeypatch.setattr(labelling, "describe_bars", describe_ahead)
    found = look_at_model(model)
    assert not found.is_clean
    assert "leak check truncated history" in found.features
