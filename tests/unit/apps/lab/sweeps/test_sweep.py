"""`assay sweep` as a person runs it: the verdict, the table, the looks, and going on."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from assay.apps.cli.console import run
from assay.apps.cli.main import build
from assay.apps.lab.backtests.backtest import Request
from assay.apps.lab.sweeps.cluster import gather_measurer
from assay.apps.lab.sweeps.grid import parse_axis
from assay.apps.lab.sweeps.report import table_of
from assay.apps.lab.sweeps.store import KeptVariants
from assay.apps.lab.sweeps.sweep import SweepRequest, Swept, run_sweep
from assay.apps.lab.sweeps.verdict import describe_sweep, judge_sweep
from assay.apps.lab.tuning.cluster import LOCAL
from assay.books.trials import TrialLedger
from assay.model.errors import OperatorError
from assay.runtime.home import open_home

STEM = "eurusd_h1_sample_20170101_20171229"


@pytest.fixture(scope="module")
def hours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    whole = files("assay.market.history") / "sample" / f"{STEM}.parquet"
    path = tmp_path_factory.mktemp("hours") / f"{STEM}.parquet"
    pq.write_table(pq.read_table(str(whole)).slice(0, 2_000), path)
    return path


class Caller:
    """Run commands in one home."""

    def __init__(self, home: Path, hours: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.home, self.hours, self.capsys = home, hours, capsys

    def code(self, *words: object) -> int:
        texts = ["sweep", "--data", self.hours, "--strategy", "sma-cross", *words]
        return run(build(), [*map(str, texts), "--home", str(self.home)])

    def told(self, *words: object) -> dict[str, Any]:
        assert self.code(*words, "--json") == 0
        shown = self.capsys.readouterr()
        assert shown.err == ""
        found: dict[str, Any] = json.loads(shown.out)
        return found

    def refusal(self, *words: object) -> str:
        assert self.code(*words) == 2
        return self.capsys.readouterr().err

    @property
    def looks(self) -> int:
        return TrialLedger(open_home(self.home)).read().report.trials


@pytest.fixture
def caller(tmp_path: Path, hours: Path, capsys: pytest.CaptureFixture[str]) -> Caller:
    return Caller(tmp_path / "home", hours, capsys)


SMALL = ("--grid", "fast=5:15:5", "--grid", "slow=20,40")


def request_of(home: Path, hours: Path, out: Path | None, **words: Any) -> SweepRequest:
    base = Request(
        data=[hours], strategy="sma-cross", out=out, ledger=TrialLedger(open_home(home))
    )  # fmt: skip
    return SweepRequest(base=base, jobs=2, **words)


def test_a_sweep_that_was_stopped_goes_on_to_the_same_table(tmp_path: Path, hours: Path) -> None:
    def swept(name: str, grid: str, **words: Any) -> tuple[Swept, int]:
        axes = [parse_axis(grid), parse_axis("slow=20,40")]
        home = tmp_path / f"{name}-home"
        found = run_sweep(request_of(home, hours, tmp_path / name, axes=axes, **words))
        return found, TrialLedger(open_home(home)).read().report.trials

    first, looks = swept("two", "fast=5:15:5")
    assert (len(first.variants), first.fresh, looks) == (6, 6, 6)
    more, looks = swept("two", "fast=5:25:5", where="fast < slow")
    assert (len(more.variants), more.fresh, looks) == (8, 2, 8)
    whole, looks = swept("one", "fast=5:25:5", where="fast < slow")
    assert (whole.fresh, looks) == (8, 8)
    assert table_of(whole).equals(table_of(more))
    told = [describe_sweep(each, judge_sweep(each)) for each in (whole, more)]
    for name in ("seconds", "bars_per_second", "out", "measured_now"):
        for each in told:
            del each[name]
    assert told[0] == told[1]
    again, looks = swept("two", "fast=5:25:5", where="fast < slow")
    assert (again.fresh, looks) == (0, 8)


def test_an_interrupt_keeps_the_batches_before_it(
    tmp_path: Path, hours: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assay.apps.lab.sweeps.sweep.BATCH_MOST", 2)
    axes = [parse_axis("fast=5:30:5"), parse_axis("slow=40")]
    request = request_of(tmp_path / "home", hours, tmp_path / "swept", axes=axes)
    asked = 0

    def interrupt(_stage: str, _share: float) -> None:
        nonlocal asked
        asked += 1
        if asked == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_sweep(request, interrupt)
    gone_on = run_sweep(request)
    assert (len(gone_on.variants), gone_on.fresh) == (6, 2)
    # The batch that was interrupted was looked at twice.
    assert TrialLedger(open_home(tmp_path / "home")).read().report.trials == 8
    alone = replace(request, base=replace(request.base, out=None, ledger=None))
    assert table_of(gone_on).equals(table_of(run_sweep(alone)))


def test_the_first_line_is_the_verdict_and_every_look_counts(
    caller: Caller, tmp_path: Path
) -> None:
    told = caller.told(*SMALL, "--out", tmp_path / "swept")
    assert told["looks"] == 6
    report = (tmp_path / "swept" / "report.html").read_text(encoding="utf-8")
    assert told["verdict"].partition(": ")[2] in report
    assert len(pq.read_table(tmp_path / "swept" / "variants.parquet")) == 6
    assert caller.code(*SMALL) == 0
    shown = caller.capsys.readouterr().out.splitlines()
    assert shown[0].startswith("No skill shown: ")
    assert caller.looks == 12
    best = told["best"]
    assert best["params"] in [
        {"fast": fast, "slow": slow, "units": 10_000} for fast in (5, 10, 15) for slow in (20, 40)
    ]
    words = [
        "--param",
        f"fast={best['params']['fast']}",
        "--param",
        f"slow={best['params']['slow']}",
    ]
    texts = ["backtest", "--data", str(caller.hours), "--strategy", "sma-cross", *words]
    assert run(build(), [*texts, "--json", "--home", str(caller.home)]) == 0
    alone = json.loads(caller.capsys.readouterr().out)
    assert alone["digest"] == best["digest"]
    assert alone["net_profit"] == best["net"]
    assert alone["trials_before"] == 12


def test_optuna_chooses_the_same_variants_in_one_go_and_in_two(tmp_path: Path, hours: Path) -> None:
    def swept(name: str, count: int) -> Swept:
        return run_sweep(request_of(
            tmp_path / f"{name}-home", hours, tmp_path / name if name == "two" else None,
            axes=[parse_axis("fast=5:60:5"), parse_axis("slow=20:100:5")], where="fast < slow",
            search="optuna", objective="net", count=count,
        ))  # fmt: skip

    swept("two", 9)
    two, one = swept("two", 17), swept("one", 17)
    assert table_of(two).equals(table_of(one))
    assert 9 < len(one.variants) <= 17
    looks = TrialLedger(open_home(tmp_path / "two-home")).read().report.trials
    assert looks == len(two.variants)


def test_what_does_not_fit_is_refused_before_a_look(caller: Caller, tmp_path: Path) -> None:
    assert "nothing is swept" in caller.refusal()
    assert "no parameter 'quick'" in caller.refusal("--grid", "quick=1:3")
    assert "'fast' is given twice" in caller.refusal(*SMALL, "--param", "fast=3")
    assert "below 1" in caller.refusal("--grid", "fast=0:3")
    assert "objective 'luck' is unknown" in caller.refusal(*SMALL, "--objective", "luck")
    assert "search 'hunt' is unknown" in caller.refusal(*SMALL, "--search", "hunt")
    assert "no parameter 'slower'" in caller.refusal(*SMALL, "--where", "fast < slower")
    assert caller.looks == 0
    KeptVariants(["fast"], "of something else", tmp_path / "swept")
    other = caller.refusal(*SMALL, "--out", tmp_path / "swept")
    assert "search of other data or options" in other
    assert caller.looks == 0


def test_where_nothing_trades_there_is_nothing_to_judge(caller: Caller) -> None:
    told = caller.told("--grid", "fast=5,6", "--param", "slow=5000")
    assert told["verdict"] == "Nothing to judge: none of 2 variants ever traded"
    assert told["best"] is None


def test_a_strategy_that_asks_a_model_is_refused_by_name(
    hours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["sweep", "--data", str(hours), "--strategy", "ai", "--home", str(tmp_path / "home")]
    assert run(build(), [*words, "--grid", "units=1,2"]) == 2
    assert "assay backtest --strategy ai --model NAME" in capsys.readouterr().err


def test_a_cluster_measures_what_this_process_would(tmp_path: Path, hours: Path) -> None:
    request = request_of(tmp_path / "home", hours, None, axes=[parse_axis("fast=5:40:5")])
    if find_spec("ray") is None:
        refused = pytest.raises(OperatorError, match="EXTRA=ray")
        with refused, gather_measurer(request.base, 2, LOCAL):
            pass
        pytest.skip("NOT RUN: no Ray; `make test EXTRA=ray` installs it")
    with gather_measurer(request.base, 2, LOCAL) as measure:
        there = run_sweep(request, measure=measure)
    assert table_of(there).equals(table_of(run_sweep(request)))
