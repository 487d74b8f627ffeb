"""Variants chosen one round after another by Optuna, each round from what came of those before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from assay.apps.lab.sweeps.grid import Axis, Grid, Variant
from assay.signals.models import Bounds
from assay.signals.tuning import FAILED, JUDGED, Attempt, Study

WIDTH = 8
"""Variants of a round, whatever the cores, so that the same variants are chosen everywhere."""
Judge = Callable[[Sequence[Variant]], Sequence[float | None]]


def search_variants(
    folder: Path, grid: Grid, judge: Judge, *, trials: int, seed: int
) -> list[Variant]:
    """Return the variants that were chosen of so many trials and meet the condition, each once.

    `judge` returns what is to be large of each variant, None where there is no such figure. The
    study lies in the folder; asked again, it goes on where it was.
    """
    study = _open_study(folder, grid, seed)
    while attempts := study.next_round(trials):
        _judge_round(study, attempts, grid, judge)
    chosen = [_variant_of(attempt, grid) for attempt in study.attempts]
    met = {tuple(variant.values()): variant for variant in chosen if grid.meets(variant)}
    return list(met.values())


def _open_study(folder: Path, grid: Grid, seed: int) -> Study:
    """Open a study that chooses places among the values of each axis."""
    space = tuple(
        Bounds(axis.name, 0, len(axis.values) - 1, _nearest(axis, grid.usual[axis.name]))
        for axis in grid.axes
    )
    return Study(folder, space, seed=seed, width=WIDTH)


def _nearest(axis: Axis, value: int) -> int:
    return min(range(len(axis.values)), key=lambda place: abs(axis.values[place] - value))


def _variant_of(attempt: Attempt, grid: Grid) -> Variant:
    return grid.variant([axis.values[int(attempt.settings[axis.name])] for axis in grid.axes])


def _judge_round(study: Study, attempts: Sequence[Attempt], grid: Grid, judge: Judge) -> None:
    variants = [_variant_of(attempt, grid) for attempt in attempts]
    meets = [grid.meets(variant) for variant in variants]
    found = iter(
        judge([variant for variant, is_met in zip(variants, meets, strict=True) if is_met])
    )
    for attempt, is_met in zip(attempts, meets, strict=True):
        value = next(found) if is_met else None
        if value is None:
            why = "there is no figure of it" if is_met else "it does not meet the condition"
            study.settle(attempt.number, FAILED, why=why)
        else:
            study.settle(attempt.number, JUDGED, cost=-value)
    study.close_round([attempt.number for attempt in attempts])
