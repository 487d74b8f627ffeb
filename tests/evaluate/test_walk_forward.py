"""A walk-forward over real hours of EURUSD: leaks checked, the same bytes from two homes.

Of the walks that docs/walk-forward.md tells of, the first fold; all of them: ASSAY_EVERY_FOLD=1. Of
those by networks, whose fit takes PyTorch and time, the graphs that are kept there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from assay.apps.lab.evaluation.walkforward import MEASURES
from assay.runtime.home import open_home
from tools.tidy import ROOT

CLI = "from assay.apps.cli.main import main; main()"
EVERY_FOLD = bool(os.environ.get("ASSAY_EVERY_FOLD"))
MAJORS = ("eurusd", "gbpusd", "usdjpy")
NEAR = {"net_mean": 0.1, "net_lower": 0.1, "net_upper": 0.1, "sharpe": 0.02, "net_return": 1e-3}
"""How far a figure may be off where another kind of processor rounds a forecast the other way."""
NAMES = ("walk-forward.json", "walk-forward.svg", "predictions.parquet")


def assay(*arguments: object) -> str:
    call = [sys.executable, "-c", CLI, *map(str, arguments), "--json"]
    return subprocess.run(call, check=True, capture_output=True, text=True).stdout


def test_real_hours_walk_to_the_same_bytes_in_two_processes(shared: Path, tmp_path: Path) -> None:
    (data,) = (shared / "data" / "bars").glob("eurusd_h1_lean-oanda_*.parquet")
    for name in ("first", "second"):
        assay("walk-forward", "--data", data, "--folds", 2, "--from", "2009-01-01", "--to",
              "2010-01-01", "--scheme", "rolling", "--horizon", 12, "--home", tmp_path / name,
              "--out", tmp_path / f"{name}-out")  # fmt: skip
    for name in NAMES:
        first, second = (tmp_path / f"{each}-out" / name for each in ("first", "second"))
        assert first.read_bytes() == second.read_bytes(), name
    found = json.loads((tmp_path / "first-out" / "walk-forward.json").read_text())
    assert found["pooled"]["n"] > 5_000
    assert found["leaks"]["future_shift_most"] < 0.25
    assert 0.45 < found["leaks"]["shuffled_line_auc"] < 0.55


def test_a_training_on_real_hours_passes_the_leak_checks(shared: Path, tmp_path: Path) -> None:
    (data,) = (shared / "data" / "bars").glob("eurusd_h1_lean-oanda_*.parquet")
    told = assay("train", "--data", data, "--until", "2009-01-01", "--horizon", 12,
                 "--check-leaks", "--home", tmp_path)  # fmt: skip
    leaks = json.loads(told)["leaks"]
    assert leaks["overlap"] == 3
    assert leaks["shuffled_t"] < 3.72


def test_an_ensemble_walks_as_one_model(shared: Path, tmp_path: Path) -> None:
    (data,) = (shared / "data" / "bars").glob("eurusd_h1_lean-oanda_*.parquet")
    told = assay("walk-forward", "--data", data, "--folds", 1, "--from", "2009-07-01", "--to",
                 "2009-10-01", "--scheme", "rolling", "--horizon", 12, "--members",
                 "lightgbm,xgboost", "--quorum", 1, "--home", tmp_path / "home", "--out",
                 tmp_path / "out")  # fmt: skip
    found = json.loads(told)
    (fold,) = found["folds"]
    assert fold["model"].startswith("ensemble-")
    assert found["leaks"]["refit"] == 3
    assert found["leaks"]["stacking_t"] < 3.9


WALKS = {
    "xauusd_m5": ["xauusd_m5_histdata_20100103_20191231"],
    "majors_m1": [f"{each}_m1_histdata_20180101_20191231" for each in MAJORS],
}
KEPT = ROOT / "docs" / "walk-forward"
KEPT_MODELS = sorted((KEPT / "models").iterdir())


def data_of(shared: Path, walk: str) -> list[object]:
    files = WALKS["_".join(walk.split("_")[:2])]
    return [word for each in files
            for word in ("--data", shared / "data" / "bars" / f"{each}.parquet")]  # fmt: skip


def hold(model: str, fold: dict[str, Any], data: list[object], home: Path) -> None:
    """Judge a model on the bars of a fold, and hold what comes of it to what was kept."""
    found = json.loads(assay("evaluate", "--model", model, *data, "--from", fold["from"], "--to",
                             fold["to"], "--home", home))  # fmt: skip
    assert found["verdict"].partition(":")[0] == fold["verdict"].partition(":")[0]
    for name in set(MEASURES) - {"verdict"}:
        assert found[name] == pytest.approx(fold[name], rel=1e-3, abs=NEAR.get(name)), name


@pytest.mark.parametrize("walk", WALKS)
def test_a_fold_of_a_committed_walk_comes_out_the_same(
    shared: Path, tmp_path: Path, walk: str
) -> None:
    told, data = json.loads((KEPT / f"{walk}.json").read_bytes()), data_of(shared, walk)
    for fold in told["folds"] if EVERY_FOLD else told["folds"][:1]:
        made = json.loads(assay("train", *data, "--until", fold["fit_until"], "--home", tmp_path))
        hold(made["model"], fold, data, tmp_path)


@pytest.mark.parametrize("folder", KEPT_MODELS, ids=lambda folder: folder.name)
def test_a_kept_model_of_a_committed_walk_is_judged_the_same(
    shared: Path, tmp_path: Path, folder: Path
) -> None:
    (walk, fold), = [
        (path.stem, fold) for path in sorted(KEPT.glob("*.json"))
        for fold in json.loads(path.read_bytes())["folds"] if fold["model"] == folder.name
    ]  # fmt: skip
    copytree(folder, open_home(tmp_path / "home").folder("models") / folder.name)
    hold(folder.name, fold, data_of(shared, walk), tmp_path / "home")
