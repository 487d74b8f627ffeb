"""`assay train`, `evaluate` and `backtest --strategy ai` as a person runs them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from assay.apps.cli.console import run
from assay.apps.cli.main import build
from assay.apps.lab.models.training import UNFINISHED, TrainingRequest, train_model
from assay.market.simulation import Scenario, simulate_ticks
from assay.market.sources.parquet import read_parquet
from assay.market.sources.parquet.writing import write_parquet
from assay.model.time import MINUTE, SECOND, parse_time
from assay.signals.calibration.scoring import score_probabilities
from assay.signals.labels import LONG, SHORT, Bracket

HORIZON, UNTIL = "15", "2010-03-20"
KEYS = [
    "n", "taken", "coverage", "accuracy", "accuracy_all", "base_rate", "brier", "log_loss", "ece",
    "auc", "trades", "net_return", "sharpe", "max_drawdown", "break_even_accuracy", "verdict",
    "accuracy_long", "accuracy_short", "direction_accuracy", "direction_accuracy_all",
    "net_mean", "net_lower", "net_upper", "sharpe_error", "trials_before", "clusters_before",
    "deflated_sharpe", "deflated_sharpe_clustered", "set_coverage", "set_single_share",
    "set_single_accuracy", "acted", "acted_accuracy", "acted_lower", "silenced_share", "silenced",
]  # fmt: skip


class Desk:
    """Run commands on one home and one simulated market."""

    def __init__(self, folder: Path) -> None:
        self.home, self.market = folder / "home", folder / "market"

    def call(self, *arguments: object) -> int:
        return run(build(), [*map(str, arguments), "--home", str(self.home)])

    @property
    def data(self) -> list[str]:
        files = sorted(self.market.glob("*_sim_*.parquet"))
        return [word for path in files for word in ("--data", str(path))]

    def train(self, *arguments: object) -> int:
        return self.call("train", *self.data, "--until", UNTIL, "--horizon", HORIZON, *arguments)


Told = dict[str, Any]


def told(capsys: pytest.CaptureFixture[str]) -> Told:
    shown = capsys.readouterr()
    assert shown.err == ""
    found: Told = json.loads(shown.out)
    return found


def refusal(capsys: pytest.CaptureFixture[str]) -> str:
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("assay: error: ")
    assert shown.err.count("\n") == 1
    return shown.err


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk(tmp_path_factory.mktemp("desk"))
    arguments = ("--seed", 7, "--bars", 20_000, "--symbols", "EURUSD,USDJPY", "--strength", 0.9)
    assert desk.call("simulate", *arguments, "--out", desk.market) == 0
    return desk


@pytest.fixture(scope="module")
def taught(desk: Desk) -> Told:
    """Return what a training told; asking again is answered from what it made."""
    with redirect_stdout(StringIO()) as shown:
        assert desk.train("--json") == 0
    found: Told = json.loads(shown.getvalue())
    return found


@pytest.fixture
def judge(desk: Desk, taught: Told, capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*arguments: object) -> Told:
        start = ("--from", taught["evaluate_from"])
        code = desk.call("evaluate", "--model", taught["model"], *desk.data, *start, "--json",
                         *arguments)  # fmt: skip
        assert code == 0
        return told(capsys)

    return call


def test_a_training_tells_what_it_made(desk: Desk, taught: Told) -> None:
    assert set(taught) >= {"model", "card", "rows", "from", "until", "seconds", "skilled"}
    card = Path(taught["card"])
    assert card.parent == desk.home / "models" / taught["model"]
    text = card.read_text()
    assert taught["model"] in text
    assert "fair to judge from" in text
    assert parse_time(taught["until"]) <= parse_time(UNTIL)
    assert taught["skilled"]
    assert taught["calibrated_by"] == "isotonic"
    assert f"| calibrated by | {taught['calibrated_by']}: " in text


def test_a_training_and_each_look_at_a_span_are_counted(
    desk: Desk, taught: Told, judge: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = judge(), judge("--to", "2010-04-01")
    assert second["trials_before"] > first["trials_before"]
    assert 0 <= second["deflated_sharpe"] <= 1
    rows = told_by(desk, capsys, "trials", "list", "--symbol", "USDJPY")["trials"]
    lessons = [row for row in rows if row["kind"] == "train"]
    assert lessons[0]["strategy"] == "lightgbm"
    assert lessons[0]["sharpe"] is None
    assert parse_time(lessons[0]["to"]) <= parse_time(UNTIL)
    last = rows[-1]
    assert (last["kind"], last["symbols"]) == ("evaluate", ["EURUSD", "USDJPY"])
    assert (last["from"], last["sharpe"]) == (
        taught["evaluate_from"], pytest.approx(second["sharpe"], rel=1e-12),
    )  # fmt: skip
    assert last["to"] <= "2010-04-01T00:00:00Z" < rows[-2]["to"]
    count = len(rows)
    desk.call("evaluate", "--model", taught["model"], *desk.data, "--from", "2012-01-01")
    assert told_by(desk, capsys, "trials", "list")["count"] == count
    assert told_by(desk, capsys, "trials", "verify")["ok"]


def test_an_interrupted_training_goes_on_to_the_same_model(
    desk: Desk, taught: Told, tmp_path: Path
) -> None:
    request = TrainingRequest(
        series=[read_parquet(Path(name)) for name in desk.data[1::2]], until=parse_time(UNTIL),
        models=tmp_path, bracket=Bracket(horizon=int(HORIZON)),
    )  # fmt: skip
    for stops_at in ("labelling USDJPY", "fitting lightgbm"):

        def tell(stage: str, share: float, stops_at: str = stops_at) -> None:
            if stage == stops_at:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            train_model(request, tell)
        assert not [path for path in tmp_path.iterdir() if path.name[0] != "."]
    with pytest.raises(KeyboardInterrupt):
        train_model(replace(request, calibration="beta"), interrupt)
    assert len(list((tmp_path / UNFINISHED).iterdir())) == 2
    found = train_model(request)
    assert found["model"] == taught["model"]
    graphs = {
        (folder / taught["model"] / "model.onnx").read_bytes()
        for folder in (desk.home / "models", tmp_path)
    }
    assert len(graphs) == 1
    assert {path.name for path in tmp_path.iterdir()} >= {taught["model"]}
    assert train_model(request)["model"] == found["model"]


def interrupt(stage: str, share: float) -> None:
    raise KeyboardInterrupt


def test_the_predictions_recompute_the_figures(judge: Any, tmp_path: Path) -> None:
    path = tmp_path / "predictions.parquet"
    found = judge("--predictions", path)
    assert set(found) >= set(KEYS)
    table = pq.read_table(path)
    rows = {name: table[name].to_numpy() for name in table.column_names}
    taken, long = rows["taken"], rows["side"] > 0
    net = np.where(long, rows["net_long"], rows["net_short"])
    scores = score_probabilities(rows["p_up"], rows["up"])
    leans = np.where(rows["p_up"] >= 0.5, LONG, SHORT)
    assert found["n"] == len(taken)
    assert found["taken"] == taken.sum() > 100
    expected = {
        "coverage": taken.mean(), "accuracy": (net > 0)[taken].mean(),
        "accuracy_all": (leans == rows["outcome"]).mean(), "brier": scores.brier,
        "base_rate": np.bincount(rows["outcome"]).max() / len(taken), "auc": scores.auc,
        "log_loss": scores.log_loss, "ece": scores.ece, "net_mean": net[taken].mean() / 100,
        "accuracy_long": (net > 0)[taken & long].mean(),
        "direction_accuracy": (long == rows["up"])[taken].mean(),
    }  # fmt: skip
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-9), name
    assert np.all((rows["edge"] > 0) == taken)
    assert np.all((rows["p_lower"] <= rows["p_up"]) & (rows["p_up"] <= rows["p_upper"]))


def test_a_planted_signal_is_found_and_the_verdict_says_so(judge: Any) -> None:
    found = judge()
    assert found["verdict"].startswith("Edge shown: ")
    assert found["direction_accuracy"] > found["direction_accuracy_all"] > found["up_rate"]
    assert found["accuracy"] > found["break_even_accuracy"]
    assert 0 < found["net_lower"] < found["net_mean"] < found["net_upper"]
    assert found["net_return"] > 0


def test_the_last_outcomes_are_those_of_the_data_given(judge: Any, tmp_path: Path) -> None:
    ends = "2010-04-01"
    judge("--predictions", tmp_path / "cut.parquet", "--to", ends)
    judge("--predictions", tmp_path / "whole.parquet")
    cut, whole = (
        pq.read_table(tmp_path / f"{name}.parquet").to_pylist() for name in ("cut", "whole")
    )
    assert cut == whole[: len(cut)]
    last = int(cut[-1]["time"].timestamp()) * SECOND
    assert last + int(HORIZON) * 5 * MINUTE < parse_time(ends)


def test_a_report_stands_alone_and_begins_with_the_verdict(judge: Any, tmp_path: Path) -> None:
    found = judge("--report", tmp_path / "made" / "here")
    names = {path.name for path in (tmp_path / "made" / "here").iterdir()}
    assert names == {
        "report.html", "reliability.svg", "coverage.svg", "expected.svg", "equity.svg", "vigil.svg",
        "rules.svg", "promises.svg", "importance.svg", "shapley.svg",
    }  # fmt: skip
    html = (tmp_path / "made" / "here" / "report.html").read_text()
    text = re.sub(r"\s+", " ", re.sub(r"<(style|svg|head).*?</\1>|<[^>]*>", " ", html, flags=re.S))
    head, _, rest = found["verdict"].partition(":")
    assert text.index(rest.strip()) < text.index("Judged on bars")
    assert text.index(head) < 300
    assert not re.search(r'(src|href)="https?:', html)
    assert f"{found['n']:,}" in text
    assert_evidence(found)
    assert "Beside simple rules" in text


def assert_evidence(found: Told) -> None:
    """Hold what a planted trend must show: the line and momentum see it, shuffled labels do not."""
    told = found["evidence"]
    assert told["absent"] == []
    rules = {row["rule"]: row for row in told["baselines"]}
    assert list(rules) == ["model", "flat", "momentum", "reversion", "linear", "shuffled"]
    assert rules["model"]["net_lower"] == rules["flat"]["lead_lower"] == found["net_lower"]
    assert rules["reversion"]["net_upper"] < 0 < rules["linear"]["net_mean"]
    assert rules["linear"]["taken"] > 100 > rules["shuffled"]["taken"]
    assert rules["linear"]["log_loss"] < np.log(2) - 0.005 < rules["shuffled"]["log_loss"]
    assert found["ece_band_lower"] < found["ece_band_upper"]
    assert told["superiority"]["beaten"] > 0.05
    for name, column in (("months", "n"), ("months", "taken"), ("sides", "taken")):
        assert sum(row[column] for row in told[name]) == found[column]
    assert 0 < sum(row["n"] for row in told["regimes"]) <= found["n"]
    promised = told["deciles"][-1]
    assert promised["realised_mean"] > promised["promised"] > 0
    features = told["importance"]["features"]
    assert len(features) == len({row["feature"] for row in features}) > 40
    assert features[0]["rise"] > 0.001 > features[-1]["rise"]
    assert all(row["shap"] >= 0 for row in features)


def test_both_drivers_trade_a_model_alike(
    desk: Desk, taught: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    digests = []
    for driver in ("sweep", "replay"):
        code = desk.call("backtest", *desk.data[:2], "--strategy", "ai", "--model", taught["model"],
                         "--driver", driver, "--json")  # fmt: skip
        assert code == 0
        found = told(capsys)
        assert found["fills"] > 100
        digests.append((found["digest"], found["final_equity"]))
    assert digests[0] == digests[1]


def refused(
    desk: Desk, capsys: pytest.CaptureFixture[str], arguments: Sequence[object]
) -> tuple[int, str]:
    code = desk.call(*arguments)
    return code, refusal(capsys)


def test_a_span_that_the_model_knows_is_refused(
    desk: Desk, taught: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    before = "2010-03-19T22:00:00Z"
    code, text = refused(desk, capsys, ["evaluate", "--model", taught["model"], *desk.data,
                                        "--from", before])  # fmt: skip
    assert code == 3
    assert f"--from {before} is before {taught['evaluate_from']}, when the calibration" in text
    code, text = refused(desk, capsys, ["evaluate", "--model", taught["model"], *desk.data,
                                        "--from", "2012-01-01"])  # fmt: skip
    assert code == 3
    assert "give more data" in text


def test_what_is_unknown_is_refused(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    data = desk.data
    code, text = refused(desk, capsys, ["evaluate", "--model", "lightgbm-0", *data,
                                        "--from", "2010-04-01"])  # fmt: skip
    assert (code, "model lightgbm-0 is unknown; `assay train` makes one" in text) == (2, True)
    code, text = refused(desk, capsys, ["backtest", *data, "--strategy", "ai"])
    assert (code, "name a model with --model" in text) == (2, True)
    code, text = refused(desk, capsys, ["train", *data, "--until", UNTIL, "--model", "oracle"])
    assert (code, "model 'oracle' is unknown; use one of" in text) == (2, True)
    call = ["train", *data, "--until", UNTIL, "--calibration", "spline"]
    code, text = refused(desk, capsys, call)
    assert (code, "calibration 'spline' is unknown; use one of auto, isotonic" in text) == (2, True)
    code, text = refused(desk, capsys, ["train", *data, "--until", UNTIL, "--symbol", "GBPUSD"])
    assert (code, "no file holds GBPUSD" in text) == (2, True)


def test_a_file_of_ticks_is_refused(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "eurusd_tick_2019.parquet"
    write_parquet(simulate_ticks(Scenario(seed=1, bars=50, symbols=("EURUSD",)))[0], path)
    code, text = refused(desk, capsys, ["train", "--data", path, "--until", UNTIL])
    assert (code, "give a file of bars" in text) == (2, True)


def test_too_few_bars_are_refused(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    for until, words in (("2010-02-05", "give more data"), ("2009-01-01", "no bar")):
        code, text = refused(desk, capsys, ["train", *desk.data, "--until", until])
        assert code == 3, text
        assert words in text


def test_a_graph_that_was_changed_is_refused(
    desk: Desk, taught: Told, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = desk.home / "models" / taught["model"] / "model.onnx"
    whole = graph.read_bytes()
    try:
        graph.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        code, text = refused(desk, capsys, ["evaluate", "--model", taught["model"], *desk.data,
                                            "--from", taught["evaluate_from"]])  # fmt: skip
    finally:
        graph.write_bytes(whole)
    assert code == 3
    assert "is not the graph that was trained" in text


@pytest.mark.long
def test_a_follower_is_taught_judged_and_traded_with_its_leader(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(tmp_path)
    arguments = ("--seed", 11, "--kind", "lagged", "--bars", 12_000, "--symbols", "EURUSD,GBPUSD",
                 "--strength", 0.9)  # fmt: skip
    assert desk.call("simulate", *arguments, "--out", desk.market) == 0
    until = ("--until", "2010-02-20")
    alone = told_by(desk, capsys, "train", *desk.data, *until, "--leaders", "none",
                    "--calibration", "venn-abers")  # fmt: skip
    taught = told_by(desk, capsys, "train", *desk.data, *until, "--horizon", 15)
    assert taught["model"] != alone["model"]
    assert "GBPUSD follows EURUSD" in Path(taught["card"]).read_text()
    assert "follows" not in Path(alone["card"]).read_text()
    assert alone["calibrated_by"] == "venn-abers"
    assert "| calibrated by | venn-abers: as set |" in Path(alone["card"]).read_text()

    code, text = refused(desk, capsys, ["train", *desk.data, *until, "--leaders", "XAUUSD"])
    assert (code, "XAUUSD may lead only with its bars among those given" in text) == (2, True)
    start = ("--from", taught["evaluate_from"])
    (follower,) = (path for path in desk.data if "gbpusd" in path)
    for command in (("evaluate", *start), ("backtest", "--strategy", "ai")):
        call = [*command, "--model", taught["model"], "--data", follower]
        code, text = refused(desk, capsys, call)
        assert (code, "GBPUSD follows EURUSD, whose bars are not given" in text) == (2, True)

    found = told_by(desk, capsys, "evaluate", "--model", taught["model"], *desk.data, *start)
    assert found["n"] > 2_000
    digests = {
        told_by(desk, capsys, "backtest", *desk.data, "--strategy", "ai", "--model",
                taught["model"], "--driver", driver)["digest"]
        for driver in ("sweep", "replay")
    }  # fmt: skip
    assert len(digests) == 1


def told_by(desk: Desk, capsys: pytest.CaptureFixture[str], *arguments: object) -> Told:
    capsys.readouterr()
    assert desk.call(*arguments, "--json") == 0
    return told(capsys)
