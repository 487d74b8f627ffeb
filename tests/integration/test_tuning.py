"""`assay tune` as a person runs it: counted, killed and gone on with, and trained with."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any

import psutil
import pytest

from assay.apps.cli.console import run
from assay.apps.cli.main import build
from assay.apps.lab.models.training import TrainingRequest
from assay.apps.lab.tuning.judges import Judged, Judges, Task, gather_judges
from assay.apps.lab.tuning.search import TuningRequest, tune
from assay.books.trials import Trial, TrialLedger
from assay.market.sources.parquet import read_parquet
from assay.model.time import parse_time
from assay.runtime.clock import wait_for
from assay.runtime.home import open_home
from assay.signals.labels import Bracket
from assay.signals.tuning import FAILED, Bench
from tests.integration.killing import ASSAY

UNTIL, HORIZON, TRIALS = "2010-03-20", "15", 2


@dataclass(frozen=True)
class Desk:
    """Run commands on one home and one simulated market."""

    home: Path
    market: Path

    def words(self, *words: object) -> list[str]:
        return [*map(str, words), "--home", str(self.home), "--json"]

    def asked(self, *words: object) -> list[str]:
        data = ("--data", self.market, "--until", UNTIL, "--horizon", HORIZON)
        return self.words(*words, *data)

    def told(self, words: list[str], code: int = 0) -> dict[str, Any]:
        with redirect_stdout(StringIO()) as shown:
            assert run(build(), words) == code
        found: dict[str, Any] = json.loads(shown.getvalue() or "{}")
        return found

    def counted(self) -> list[Trial]:
        lines = TrialLedger(open_home(self.home)).read().lines
        return [line for line in lines if isinstance(line, Trial) and line.kind == "tune"]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("tuning")
    words = ("simulate", "--seed", 7, "--bars", 16_000, "--symbols", "EURUSD", "--strength", 0.9)
    desk = Desk(folder / "home", folder)
    assert run(build(), desk.words(*words, "--out", folder / "market")) == 0
    (market,) = (folder / "market").glob("eurusd_*.parquet")
    return replace(desk, market=market)


@pytest.fixture(scope="module")
def whole(desk: Desk) -> dict[str, Any]:
    """Return what a search told that nothing stopped."""
    return desk.told(desk.asked("tune", "--study", "whole", "--trials", TRIALS))


def test_a_search_tells_the_best_beside_the_usual_settings(
    desk: Desk, whole: dict[str, Any]
) -> None:
    assert re.match(r"(No g|G)ain shown: ", whole["verdict"])
    assert (whole["trials"], whole["judged"]) == (TRIALS, TRIALS)
    assert whole["best"]["cost"] <= whole["usual"]["cost"]
    assert len(whole["folds"]) == 4
    assert whole["usual"]["settings"]["lightgbm"]["num_leaves"] == 6
    assert whole["gain_lower"] <= whole["gain"] <= whole["gain_upper"]
    mine = desk.counted()[:TRIALS]
    assert [each.strategy for each in mine] == ["lightgbm"] * TRIALS
    assert len({each.parameters for each in mine}) == TRIALS
    assert {each.end for each in mine} == {parse_time(whole["seen_until"])}
    traded = desk.words("backtest", "--strategy", "sma-cross", "--data", desk.market)
    assert desk.told(traded)["trials_before"] >= TRIALS


def test_a_killed_search_goes_on_to_the_same_best(desk: Desk, whole: dict[str, Any]) -> None:
    words = desk.asked("tune", "--study", "killed", "--trials", TRIALS)
    first = desk.told([*words, "--budget", "0"])
    assert (first["trials"], first["best"]["number"]) == (1, 0)
    folds = desk.home / "tuning" / "killed" / "folds"
    with subprocess.Popen(
        [*ASSAY, *words, "--jobs", "2"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as search:
        assert wait_for(lambda: len(list(folds.glob("[!.]*-[0-9].npz"))) >= 6, seconds=120)
        judges = psutil.Process(search.pid).children(recursive=True)
        search.send_signal(signal.SIGKILL)
    assert psutil.wait_procs(judges, timeout=60)[1] == []
    went_on = desk.told(words)
    for name in ("verdict", "best", "usual", "gain", "p", "folds", "judged", "pruned"):
        assert went_on[name] == whole[name], name


def test_a_model_is_trained_with_what_was_found(desk: Desk, whole: dict[str, Any]) -> None:
    found = desk.told(desk.asked("train", "--study", "whole"))
    same = desk.told(desk.asked("train", "--settings", whole["settings"]))
    assert same["model"] == found["model"]
    assert "chosen by | study whole, the best of 2 by log-loss" in Path(found["card"]).read_text()
    early = [*desk.asked("train", "--study", "whole"), "--until", "2010-03-12"]
    assert desk.told(early, code=3) == {}
    other = desk.asked("train", "--study", "whole", "--model", "xgboost")
    assert desk.told(other, code=2) == {}
    assert desk.told(desk.asked("train", "--study", "nobody"), code=2) == {}
    assert desk.told(desk.asked("tune", "--study", "whole", "--seed", "2"), code=2) == {}


class _Faltering:
    """Judge as others do, but fail the first fold of one attempt."""

    def __init__(self, judges: Judges, attempt: int) -> None:
        self._judges, self._attempt, self._fails = judges, attempt, False

    @property
    def has_room(self) -> bool:
        return self._judges.has_room

    def submit(self, task: Task) -> None:
        self._fails = task.attempt == self._attempt
        if not self._fails:
            self._judges.submit(task)

    def take(self) -> Judged:
        return Judged(self._attempt, None, "no memory") if self._fails else self._judges.take()


@contextmanager
def falter(bench: Bench, jobs: int) -> Iterator[Judges]:
    with gather_judges(bench, jobs) as judges:
        yield _Faltering(judges, 1)


def test_a_trial_that_fails_is_counted_and_told(desk: Desk, whole: dict[str, Any]) -> None:
    home, before = open_home(desk.home), len(desk.counted())
    training = TrainingRequest(
        series=[read_parquet(desk.market)], until=parse_time(UNTIL), models=home.folder("models"),
        bracket=Bracket(horizon=int(HORIZON)), ledger=TrialLedger(home),
    )  # fmt: skip
    request = TuningRequest(training=training, home=home, study="failing", trials=TRIALS)
    found = tune(request, gather=falter)
    assert len(desk.counted()) == before + TRIALS
    assert [(each.number, each.reason) for each in found.attempts if each.state == FAILED] == [
        (1, "no memory")
    ]
    assert found.usual.cost == whole["usual"]["cost"]
