"""Settings are chosen alike whoever judges them and however often it is stopped, and fairly."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assay.model.errors import DataError, UsageError
from assay.runtime.ids import seeded_generator
from assay.signals.models import Bounds, find_family, settle
from assay.signals.prediction import Tuned
from assay.signals.training import Rows, split_rows
from assay.signals.training.fitting import check_unseen
from assay.signals.tuning import (
    FAILED,
    JUDGED,
    OPEN,
    PRUNED,
    Study,
    group_settings,
    join_spaces,
    judge_fold,
)
from assay.signals.tuning.study import JOURNAL
from tests.unit.signals.tuning_rows import bench_of, labelled

SPACE = (
    Bounds("trees.leaves", 2, 32, 8, by_ratio=True),
    Bounds("trees.rate", 0.01, 1.0, 0.1, by_ratio=True),
    Bounds("trees.share", 0.0, 1.0, 0.5),
)
FOLDS, MOST = 3, 22


class StoppedError(Exception):
    pass


def cost_of(settings: dict[str, Any], fold: int) -> float:
    """Return a cost that is least at 16 leaves and a rate of 0.05."""
    leaves, rate = np.log2(settings["trees.leaves"]), np.log10(settings["trees.rate"])
    return float((leaves - 4) ** 2 + 4 * (rate + 1.3) ** 2 + 0.1 * fold)


def search(folder: Path, *, most: int = MOST, seed: int = 1, stop: Callable[[], None]) -> Study:
    """Search to the end; `stop` is called before each step that a kill could come before."""
    folder.mkdir(exist_ok=True)
    study = Study(folder, SPACE, seed=seed, width=4)
    while attempts := study.next_round(most):
        for attempt in attempts:
            if attempt.state == OPEN:
                judge(study, attempt.number, attempt.settings, stop)
        for place, attempt in enumerate(attempts):
            stop()
            study.close_round([attempt.number for attempt in attempts[place : place + 1]])
    return study


def judge(study: Study, number: int, settings: dict[str, Any], stop: Callable[[], None]) -> None:
    usual = {each.name: each.usual for each in SPACE}
    if number == 7:
        study.settle(number, FAILED, why="no such leaves")
        return
    gaps = []
    for fold in range(FOLDS):
        stop()
        gaps.append(cost_of(settings, fold) - cost_of(usual, fold))
        if study.report(number, fold, float(np.mean(gaps))):
            study.settle(number, PRUNED)
            return
    stop()
    mean = float(np.mean([cost_of(settings, fold) for fold in range(FOLDS)]))
    study.settle(number, JUDGED, cost=mean)


def go_on() -> None:
    return


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return search(tmp_path_factory.mktemp("whole"), stop=go_on)


def test_the_first_attempt_has_the_usual_settings_and_the_best_is_found(whole: Study) -> None:
    attempts = whole.attempts
    assert [each.number for each in attempts] == list(range(MOST))
    assert attempts[0].settings == {each.name: each.usual for each in SPACE}
    states = [each.state for each in attempts]
    assert (states.count(FAILED), attempts[7].reason) == (1, "no such leaves")
    assert states.count(PRUNED) >= 3
    assert OPEN not in states
    for each in attempts:
        assert all(bounds.holds(each.settings[bounds.name]) for bounds in SPACE)
    costs = [each.cost for each in attempts if each.cost is not None]
    assert min(costs) < costs[0] / 4
    shares = whole.importances()
    assert sum(shares.values()) == pytest.approx(1.0)
    assert min(shares, key=lambda name: shares[name]) == "trees.share"


def test_a_search_that_is_stopped_anywhere_goes_on_to_the_same_attempts(
    whole: Study, tmp_path: Path
) -> None:
    rng = seeded_generator(3)
    for _ in range(60):
        left = int(rng.integers(1, 12))

        def stop() -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise StoppedError

        try:
            found = search(tmp_path / "stopped", stop=stop)
            break
        except StoppedError:
            continue
    else:
        found = search(tmp_path / "stopped", stop=go_on)
    assert found.attempts == whole.attempts


def test_every_line_of_the_journal_may_be_the_last(whole: Study, tmp_path: Path) -> None:
    """Cut the file after every fortieth line, and once inside one: the same attempts follow."""
    folder = tmp_path / "lines"
    search(folder, most=9, stop=go_on)
    lines = (folder / JOURNAL).read_bytes().splitlines(keepends=True)
    wanted = [(each.settings, each.state, each.cost) for each in whole.attempts[:9]]
    for kept in (*range(1, len(lines), 40), len(lines)):
        torn = tmp_path / f"torn-{kept}"
        torn.mkdir()
        (torn / JOURNAL).write_bytes(b"".join(lines[:kept])[: -7 if kept % 80 == 1 else None])
        found = search(torn, most=9, stop=go_on)
        assert [(each.settings, each.state, each.cost) for each in found.attempts] == wanted


def test_another_seed_tries_other_settings(whole: Study, tmp_path: Path) -> None:
    other = search(tmp_path / "other", most=5, seed=2, stop=go_on)
    assert other.attempts[0].settings == whole.attempts[0].settings
    assert other.attempts[1].settings != whole.attempts[1].settings


def test_optuna_reads_what_is_kept(whole: Study, tmp_path: Path) -> None:
    folder = tmp_path / "read"
    search(folder, most=5, stop=go_on)
    for line in (folder / JOURNAL).read_text().splitlines():
        json.loads(line)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"leafs": 3}, "setting 'leafs' of lightgbm is unknown; use one of num_leaves, "),
        ({"num_leaves": 3.5}, "num_leaves 3.5 is outside whole numbers 3..24"),
        ({"learning_rate": 2}, "learning_rate 2 is outside 0.015..0.2"),
    ],
)
def test_settings_that_a_family_lacks_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_family("lightgbm", settings)
    assert words in str(caught.value)


def test_settings_of_several_families_are_told_apart() -> None:
    space = join_spaces(("lightgbm", "random_forest"))
    usual = {each.name: each.usual for each in space}
    found = group_settings(usual)
    assert set(found) == {"lightgbm", "random_forest"}
    family = find_family("lightgbm")
    assert settle("lightgbm", family.space, found["lightgbm"]) == found["lightgbm"]


def poisoned(rows: Rows) -> Rows:
    """Return the rows with nonsense wherever a training would not fit."""
    later = ~split_rows(rows).fit
    columns = {}
    for each in fields(Rows):
        values = np.array(getattr(rows, each.name))
        if each.name not in ("time", "end", "symbol"):
            values[later] = 1 - values[later] if each.name.startswith("up") else 77
        columns[each.name] = values
    return Rows(**columns)


@pytest.mark.parametrize("metric", ["log-loss", "net"])
def test_no_row_beyond_the_fit_span_is_read(metric: str) -> None:
    rows, settings = labelled(3_000), {"lightgbm": {"num_leaves": 4, "learning_rate": 0.1}}
    found = judge_fold(bench_of(rows, metric=metric), settings, 1)
    spoilt = judge_fold(bench_of(poisoned(rows), metric=metric), settings, 1)
    for name in ("stretch", "cost", "weight"):
        assert np.array_equal(getattr(found, name), getattr(spoilt, name))
    changed = replace(rows, up_soon=np.roll(rows.up_soon, 1), long_net=np.roll(rows.long_net, 1))
    assert judge_fold(bench_of(changed, metric=metric), settings, 1).mean != found.mean


def test_a_fold_costs_what_its_rows_cost() -> None:
    rows = labelled(3_000)
    bench = bench_of(rows)
    costs = [judge_fold(bench, {}, number) for number in range(len(bench.folds()))]
    assert sum(each.weight.sum() for each in costs) == pytest.approx(bench.rows.weight.sum())
    assert all(0.4 < each.mean < np.log(2) for each in costs)
    earned = judge_fold(bench_of(rows, metric="net"), {}, 0)
    assert -90 < earned.mean < -20
    taken = earned.weight.sum() / bench.folds()[0].test.sum()
    assert taken == pytest.approx(0.3, abs=0.02)
    with pytest.raises(UsageError, match="metric 'luck' is unknown"):
        bench_of(rows, metric="luck")


def test_settings_chosen_on_later_labels_are_refused() -> None:
    rows = labelled(3_000)
    split = split_rows(rows)
    until = int(rows.end[split.fit].max())
    tuned = Tuned(study="mine", metric="net", trials=3, seen_until=until, settings={})
    check_unseen(rows, split, tuned)
    with pytest.raises(DataError, match="the settings of study mine were chosen on labels until"):
        check_unseen(rows, split, replace_until(tuned, until + 1))


def replace_until(tuned: Tuned, until: int) -> Tuned:
    return Tuned(
        study=tuned.study, metric=tuned.metric, trials=tuned.trials, seen_until=until, settings={}
    )
