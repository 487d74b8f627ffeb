"""Labels that are no trade, as a person teaches, judges and cannot trade them."""

from __future__ import annotations

import json
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from assay.signals.calibration.scoring import score_probabilities
from tests.integration.test_modelling import Desk

UNTIL, HORIZON = "2010-03-20", 15
Told = dict[str, Any]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk(tmp_path_factory.mktemp("labels"))
    arguments = ("--seed", 7, "--bars", 20_000, "--symbols", "EURUSD", "--kind", "volatility")
    assert desk.call("simulate", *arguments, "--out", desk.market) == 0
    return desk


def call(desk: Desk, *arguments: object) -> Told:
    with redirect_stdout(StringIO()) as shown:
        assert desk.call(*arguments, "--json") == 0
    found: Told = json.loads(shown.getvalue())
    return found


def teach(desk: Desk, label: str) -> Told:
    return call(desk, "train", *desk.data, "--until", UNTIL, "--horizon", HORIZON,
                "--label", label)  # fmt: skip


@pytest.fixture(scope="module")
def taught(desk: Desk) -> Told:
    return teach(desk, "volatility")


def test_turbulence_is_foretold_and_no_profit_is_claimed(
    desk: Desk, taught: Told, tmp_path: Path
) -> None:
    assert (taught["label"], taught["skilled"]) == ("volatility", True)
    card = Path(taught["card"]).read_text()
    assert "| labels | volatility, horizon 15 bars: whether realised volatility" in card
    assert "Chance of turbulent, by score" in card
    assert "bracket" not in card
    path = tmp_path / "answers.parquet"
    start = ("--from", taught["evaluate_from"])
    found = call(desk, "evaluate", "--model", taught["model"], *desk.data, *start,
                 "--predictions", path)  # fmt: skip
    assert found["verdict"].startswith("Skill shown: ")
    assert found["verdict"].endswith("label volatility is no trade, so no profit is claimed")
    assert not {"net_mean", "trades", "sharpe", "taken"} & set(found)
    assert found["neither_rate"] == 0
    assert 0.3 < found["log_loss_skill"] < 1
    assert found["set_coverage"] == pytest.approx(0.9, abs=0.03)
    assert_recomputed(found, path)


def assert_recomputed(found: Told, path: Path) -> None:
    table = pq.read_table(path)
    rows = {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}
    p, came = rows["p"], rows["came"]
    scores = score_probabilities(p, came)
    base = score_probabilities(np.full(len(p), came.mean()), came)
    assert None not in (scores.log_loss, base.log_loss, scores.brier, base.brier)
    right = (p >= 0.5) == came
    sure = np.argsort(-np.abs(p - 0.5), kind="stable")[: int(0.3 * len(p))]
    expected = {
        "n": len(p), "auc": scores.auc, "ece": scores.ece, "accuracy": right.mean(),
        "accuracy_surest": right[sure].mean(), "base_rate": came.mean(),
        "log_loss_skill": 1 - scores.log_loss / base.log_loss,
        "log_loss_gain": base.log_loss - scores.log_loss,
        "brier_skill": 1 - scores.brier / base.brier,
        "set_coverage": np.where(came, rows["set_yes"], rows["set_no"]).mean(),
    }  # fmt: skip
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-9), name
    assert sum(each["n"] for each in found["reliability"]) == len(p)
    assert set(rows["outcome"]) == {"usual", "turbulent"}
    assert (rows["known"] - rows["time"]).min() > np.timedelta64(15 * 300, "s")


def test_a_direction_may_be_neither_and_is_told_as_such(desk: Desk) -> None:
    taught = teach(desk, "fixed-horizon")
    found = call(desk, "evaluate", "--model", taught["model"], *desk.data,
                 "--from", taught["evaluate_from"])  # fmt: skip
    assert 0.02 < found["neither_rate"] < 0.5
    assert 0.35 < found["base_rate"] < 0.65
    assert "| outcomes | down " in Path(taught["card"]).read_text()


def test_what_is_no_trade_is_not_traded(
    desk: Desk, taught: Told, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = taught["model"]
    traded = f"{model} foretells label volatility, which is no trade"
    train = ("train", *desk.data, "--until", UNTIL)
    refusals: list[tuple[tuple[object, ...], int, str]] = [
        (("backtest", *desk.data, "--strategy", "ai", "--model", model), 2, traded),
        (("models", "promote", model), 3, traded),
        (("evaluate", "--model", model, *desk.data, "--from", taught["evaluate_from"],
          "--report", tmp_path), 2, "is not traded, so there is no --report of it"),
        (("evaluate", "--model", model, *desk.data, "--from", taught["evaluate_from"],
          "--risk", "default"), 2, "so there is no --risk to it"),
        (("evaluate", "--model", model, *desk.data, "--from", "2010-01-10"), 3, "begin there"),
        ((*train, "--label", "triple"), 2, "use one of bracket, fixed-horizon"),
        ((*train, "--label", "volatility", "--stop", 2), 2, "--stop and --target are of brackets"),
        ((*train, "--label", "trend-scanning", "--horizon", 1), 2, "give 2 or more"),
    ]  # fmt: skip
    for arguments, code, words in refusals:
        assert desk.call(*arguments) == code, words
        assert words in capsys.readouterr().err
    (row,) = (row for row in call(desk, "models", "list")["models"] if row["model"] == model)
    assert row["label"] == "volatility"
