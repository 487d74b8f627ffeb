"""A gain is called shown where there is one, and hardly ever where luck alone chose the best."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from assay.apps.lab.tuning.finding import Finding, describe_finding, weigh_attempts, write_best
from assay.apps.lab.tuning.report import write_tuning_report
from assay.apps.lab.tuning.settings import read_settings
from assay.model.errors import DataError, UsageError
from assay.runtime.ids import seeded_generator
from assay.signals.models import find_family
from assay.signals.tuning import FAILED, JUDGED, OPEN, PRUNED, Attempt, FoldScore
from tests.unit.signals.tuning_rows import bench_of, labelled

FOLDS, STRETCHES, TRIES = 4, 40, 12


def study(seed: int, gain: float = 0.0, tries: int = TRIES, stretches: int = STRETCHES) -> Finding:
    """Return a study of tries that differ from the usual settings by chance, the last by a gain."""
    rng = seeded_generator(seed)
    hard = 0.69 + 0.02 * rng.normal(size=(FOLDS, stretches))
    costs = hard + 0.004 * rng.normal(size=(tries, FOLDS, stretches))
    costs[0] = hard
    costs[-1] -= gain
    weight = np.full(stretches, 20.0)

    def scores(number: int) -> list[FoldScore]:
        return [
            FoldScore(np.arange(stretches) + fold * stretches, cost * weight, weight)
            for fold, cost in enumerate(costs[number])
        ]

    space = find_family("lightgbm").space
    settings = {f"lightgbm.{each.name}": each.usual for each in space}
    attempts = [
        Attempt(
            number=number, settings={**settings, "lightgbm.lambda_l2": 50.0 + number},
            state=JUDGED, cost=float(costs[number].mean()),
        )
        for number in range(tries)
    ]  # fmt: skip
    attempts += [
        Attempt(number=tries, settings=settings, state=PRUNED, steps=1),
        Attempt(number=tries + 1, settings=settings, state=FAILED, reason="no memory"),
        Attempt(number=tries + 2, settings=settings, state=OPEN),
    ]
    bench = bench_of(labelled(3_000))
    shares = {"lightgbm.lambda_l2": 1.0} if tries > 2 else {}
    return weigh_attempts(attempts, scores, bench, name="mine", importances=shares)


def test_a_gain_that_is_there_is_shown() -> None:
    found = study(1, gain=0.002)
    assert found.best.number == TRIES - 1
    assert found.gain.is_shown
    assert found.gain.lower is not None
    assert found.gain.upper is not None
    assert found.gain.lower < 0.002 < found.gain.upper
    assert found.verdict.startswith("Gain shown: +0.00")
    assert found.gained[-1] == pytest.approx(found.gain.mean)
    assert np.mean([usual - best for usual, best in found.folds]) == pytest.approx(found.gain.mean)


def test_the_best_of_many_worth_nothing_is_not_called_better() -> None:
    found = [study(seed) for seed in range(12)]
    alone = [each.gain.lower for each in found if each.gain.lower is not None]
    # The interval of the pair alone would claim some: whoever is chosen as best looks better.
    assert sum(lower > 0 for lower in alone) >= 3
    assert sum(each.gain.is_shown for each in found) <= 1
    assert all(each.best.number > 0 for each in found)
    assert found[0].verdict.startswith("No gain shown: +")


def test_too_little_to_judge_is_said() -> None:
    assert study(1, tries=1).verdict.endswith("tried costs less than the usual ones")
    few = study(2, gain=0.01, stretches=4)
    assert few.gain.p is None
    assert few.verdict.endswith("but too few stretches of time for an interval")


def test_what_is_told_and_written(tmp_path: Path) -> None:
    found = study(1, gain=0.002)
    told = describe_finding(found)
    assert (told["judged"], told["pruned"], told["failed"], told["open"]) == (TRIES, 1, 1, 1)
    assert told["failures"] == [{"number": TRIES + 1, "reason": "no memory"}]
    write_best(tmp_path / "best.json", found)
    assert read_settings(tmp_path / "best.json") == found.tuned
    assert found.tuned.settings["lightgbm"]["lambda_l2"] == 50.0 + TRIES - 1
    (tmp_path / "best.json").write_text("{}")
    with pytest.raises(DataError, match="give a file that `assay tune` wrote"):
        read_settings(tmp_path / "best.json")
    with pytest.raises(UsageError, match="cannot be read"):
        read_settings(tmp_path / "none.json")


def test_a_report_stands_alone_and_begins_with_the_verdict(tmp_path: Path) -> None:
    found = study(1, gain=0.002)
    write_tuning_report(found, tmp_path / "report")
    names = {path.name for path in (tmp_path / "report").iterdir()}
    assert names == {"report.html", "history.svg", "gain.svg", "importance.svg", "slices.svg"}
    html = (tmp_path / "report" / "report.html").read_text()
    text = re.sub(r"\s+", " ", re.sub(r"<(style|svg|head).*?</\1>|<[^>]*>", " ", html, flags=re.S))
    assert text.index("Gain shown:") < 60
    assert "Trial 13 failed: no memory." in text
    assert "1 trials were not done when the time was used up." in text
    assert not re.search(r'(src|href)="https?:', html)
    for name in ("lambda_l2", "leaf_share", "Fold 4", "Hansen"):
        assert name in text
