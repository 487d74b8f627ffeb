"""`assay trials` and the commands that count, as a person runs them."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from assay.apps.cli.console import run
from assay.apps.cli.main import build
from assay.books.trials import Outcome, Trial, TrialLedger
from assay.runtime.home import open_home

STEM = "eurusd_h1_sample_20170101_20171229"
BREAKING = """
PARAMETERS = {"units": 1000}


def memory_words(params):
    return 1


def decide(*_):
    raise KeyboardInterrupt
"""


class Desk:
    """Run commands on one home, and read the one object that they print."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.home, self._capsys = folder, folder / "home", capsys

    def call(self, *words: object) -> tuple[int, str, str]:
        home = [] if "compare" in words or "--home" in words else ["--home", self.home]
        code = run(build(), [str(word) for word in (*words, *home)])
        shown = self._capsys.readouterr()
        return code, shown.out, shown.err

    def told(self, *words: object) -> dict[str, Any]:
        code, out, err = self.call(*words, "--json")
        assert (code, err) == (0, ""), err
        found: dict[str, Any] = json.loads(out)
        return found

    def refused(self, *words: object) -> tuple[int, str]:
        code, _, err = self.call(*words)
        assert err.count("\n") == 1, err
        return code, err

    def backtest(self, data: Path, *words: object) -> dict[str, Any]:
        return self.told("backtest", "--data", data, "--strategy", "sma-cross", *words)

    @property
    def trials(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.told("trials", "list")["trials"]
        return found


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the first 1,500 hours of the sample and the 1,500 after them."""
    table = pq.read_table(str(files("assay.market.history") / "sample" / f"{STEM}.parquet"))
    folder = tmp_path_factory.mktemp("halves")
    paths = (folder / "first" / f"{STEM}.parquet", folder / "second" / f"{STEM}.parquet")
    for number, path in enumerate(paths):
        path.parent.mkdir()
        pq.write_table(table.slice(1_500 * number, 1_500), path)
    return paths


def test_each_backtest_is_counted_by_instrument_and_time(
    desk: Desk, halves: tuple[Path, Path]
) -> None:
    first, second = halves
    found = [desk.backtest(first, "--param", f"fast={fast}") for fast in (5, 6, 20)]
    assert [each["trials_before"] for each in found] == [0, 1, 2]
    assert found[0]["clusters_before"] == 0
    for each in found:
        assert each["sharpe_error"] > 0
        assert 0 <= each["deflated_sharpe"] <= each["deflated_sharpe_clustered"] <= 1
    again = desk.backtest(first, "--param", "fast=20")
    assert again["trials_before"] == 3
    assert again["digest"] == found[2]["digest"]
    assert again["deflated_sharpe"] < found[2]["deflated_sharpe"]
    assert again["deflated_sharpe_clustered"] == found[2]["deflated_sharpe_clustered"]
    assert desk.backtest(second)["trials_before"] == 0

    rows = desk.trials
    assert [row["line"] for row in rows] == [1, 3, 5, 7, 9]
    assert {row["kind"] for row in rows} == {"backtest"}
    assert {tuple(row["symbols"]) for row in rows} == {("EURUSD",)}
    assert len({row["parameters"] for row in rows}) == 3
    assert len({row["data"] for row in rows}) == 2
    assert rows[0]["from"] == "2017-01-01T22:00:00Z"
    assert rows[0]["sharpe"] == pytest.approx(found[0]["sharpe"], rel=1e-12)
    assert desk.told("trials", "list", "--symbol", "XAUUSD")["count"] == 0
    assert desk.told("trials", "list", "--symbol", "eurusd")["count"] == 5
    code, out, _ = desk.call("trials", "list")
    assert (code, "5 trials" in out, "sma-cross" in out) == (0, True, True)


def test_what_never_looked_is_not_counted_and_what_broke_off_is(
    desk: Desk, halves: tuple[Path, Path], tmp_path: Path
) -> None:
    data = halves[0]
    for words in (
        ("--data", data, "--strategy", "oracle"),
        ("--data", data, "--strategy", "sma-cross", "--param", "fats=3"),
        ("--data", tmp_path / "absent_h1_x.parquet", "--strategy", "sma-cross"),
    ):
        assert desk.call("backtest", *words)[0] in (2, 3)
    assert desk.trials == []
    place = open_home(desk.home).folder("strategies")
    (place / "breaking.py").write_text(BREAKING)
    code = desk.call("backtest", "--data", data, "--strategy", "breaking", "--driver", "replay")[0]
    assert code == 130
    (row,) = desk.trials
    assert (row["strategy"], row["sharpe"]) == ("breaking", None)
    found = desk.backtest(data)
    assert (found["trials_before"], found["clusters_before"]) == (1, 1)


def test_what_cannot_be_counted_is_not_looked_at(
    desk: Desk, halves: tuple[Path, Path], tmp_path: Path
) -> None:
    ledger = TrialLedger(open_home(desk.home))
    ledger.path.write_text("in the way")
    words = ("backtest", "--data", halves[0], "--strategy", "sma-cross", "--out", tmp_path / "out")
    code, text = desk.refused(*words)
    assert (code, "nothing is looked at uncounted" in text) == (4, True)
    assert not (tmp_path / "out").exists()
    ledger.path.unlink()
    desk.backtest(halves[0])
    with (ledger.path / "ledger.jsonl").open("r+b") as file:
        file.truncate(40)
    code, text = desk.refused(*words)
    assert (code, "the trial ledger does not hold at line 1" in text) == (3, True)
    assert not (tmp_path / "out").exists()


def test_verify_names_the_first_bad_line(desk: Desk, halves: tuple[Path, Path]) -> None:
    empty = desk.told("trials", "verify")
    assert (empty["ok"], empty["lines"]) == (True, 0)
    for fast in (5, 6):
        desk.backtest(halves[0], "--param", f"fast={fast}")
    whole = desk.told("trials", "verify")
    assert (whole["ok"], whole["lines"], whole["trials"]) == (True, 4, 2)
    mark = f"4:{whole['hash']}"
    assert desk.told("trials", "verify", "--checkpoint", mark)["ok"]
    code, out, _ = desk.call("trials", "verify")
    assert (code, f"holds; keep {mark} elsewhere" in out) == (0, True)
    public = desk.home / "trials" / "key.pub.pem"
    assert desk.told("trials", "verify", "--public-key", public)["ok"]
    for words in (("--checkpoint", "4"), ("--public-key", desk.folder / "none.pem")):
        assert desk.refused("trials", "verify", *words)[0] == 2

    path = desk.home / "trials" / "ledger.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"trial":3', b'"trial":1'))
    code, out, err = desk.call("trials", "verify", "--json")
    assert (code, json.loads(out)["first_bad"], "at line 4" in err) == (3, 4, True)
    code, text = desk.refused("trials", "list")
    assert (code, "at line 4: it was edited" in text) == (3, True)
    (desk.home / "trials" / "heads" / "ledger.json").unlink()
    path.unlink()
    assert desk.told("trials", "verify")["ok"]
    code, out, err = desk.call("trials", "verify", "--checkpoint", mark)
    assert (code, "it was cut off" in err) == (3, True)


def test_people_are_told_in_words_and_runs_are_compared(
    desk: Desk, halves: tuple[Path, Path], tmp_path: Path
) -> None:
    runs = [tmp_path / f"run{fast}" for fast in (5, 15)]
    for before, (folder, fast) in enumerate(zip(runs, (5, 15), strict=True)):
        words = ("--data", halves[0], "--strategy", "sma-cross", "--param", f"fast={fast}")
        code, out, _ = desk.call("backtest", *words, "--out", folder)
        assert code == 0
        text = f"trials before this one on these instruments and times: {before} ("
        assert text in out
        assert "deflated Sharpe 0." in out
        assert text in (folder / "report.html").read_text()
    few = ("--splits", 4)
    found = desk.told("trials", "compare", *runs, *few)
    assert [row["run"] for row in found["runs"]] == [str(path) for path in runs]
    assert 0 <= found["overfitting"]["lower"] <= found["overfitting"]["upper"] <= 1
    spa = found["superiority"]
    assert 0 <= spa["lower"] <= spa["p"] <= spa["upper"] <= 1
    assert found["best"] == max(found["runs"], key=lambda row: row["sharpe"])["run"]
    code, out, _ = desk.call("trials", "compare", *runs, *few)
    assert (code, "probability of overfitting" in out) == (0, True)
    for wrong in (
        runs[:1], [runs[0], runs[0]], [runs[0], tmp_path], [*runs, "--splits", 5],
    ):  # fmt: skip
        assert desk.refused("trials", "compare", *wrong)[0] == 2


def test_counting_goes_on_where_a_backup_was_restored(
    desk: Desk, halves: tuple[Path, Path], tmp_path: Path
) -> None:
    archive, other = tmp_path / "home.tar.gz", tmp_path / "other"
    desk.backtest(halves[0])
    desk.told("backup", archive)
    desk.backtest(halves[0], "--param", "fast=5")
    desk.told("restore", archive, "--force")
    assert len(desk.trials) == 2
    assert desk.told("trials", "verify")["ok"]
    assert desk.backtest(halves[0])["trials_before"] == 2

    with (desk.home / "trials" / "ledger.jsonl").open("r+b") as file:
        file.truncate(3_000)
    assert desk.refused("trials", "verify")[0] == 3
    desk.told("restore", archive, "--force")
    assert desk.told("trials", "verify")["ok"]
    assert len(desk.trials) == 3

    desk.told("restore", archive, "--home", other)
    assert TrialLedger(open_home(other)).read().report.trials == 1
    elsewhere = tmp_path / "elsewhere"
    for _ in range(2):
        words = ("backtest", "--data", halves[1], "--strategy", "sma-cross", "--home", elsewhere)
        desk.told(*words)
    desk.told("restore", archive, "--home", elsewhere)
    found = TrialLedger(open_home(elsewhere)).read()
    assert found.report.trials == 3
    numbers = [line.number for line in found.lines if isinstance(line, Trial)]
    assert [line.trial for line in found.lines if isinstance(line, Outcome)] == numbers
