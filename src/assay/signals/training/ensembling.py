"""Train several members, combine them on rows they were not fitted on, calibrate the result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import combinations
from pathlib import Path

import numpy as np
from msgspec import UNSET, UnsetType
from numpy.typing import NDArray

from assay.model.errors import DataError
from assay.runtime.ids import seeded_generator
from assay.signals.augmentation import Augmented
from assay.signals.calibration import ONE, bin_scores, fit_slope, to_score
from assay.signals.calibration.logistic import logistic
from assay.signals.calibration.scoring import log_losses
from assay.signals.ensemble import (
    AUTO,
    CELLS,
    MILLION,
    Combination,
    HeldOut,
    Pool,
    choose_combination,
    find_method,
    round_weights,
)
from assay.signals.models import widest_window
from assay.signals.prediction.artifact import (
    Artifact,
    CellSkill,
    Ensemble,
    Graphs,
    Member,
    Panel,
    digest_graphs,
)
from assay.signals.training.augmenting import choose_seat
from assay.signals.training.calibrating import (
    HORIZONS_A_BLOCK,
    SKILL_LEVEL,
    Calibration,
    calibrate,
)
from assay.signals.training.fitting import (
    FittedMember,
    Lesson,
    Recipe,
    Tell,
    check_unseen,
    count_made,
    fit_member,
    name_artifact,
    payoffs_of,
    tell_spans,
    tell_taught,
    watch_of,
)
from assay.signals.training.rows import Bars, Rows
from assay.signals.training.sequences import cut_windows
from assay.signals.training.splits import split_rows
from assay.signals.training.stacking import (
    base_of,
    describe_held_out,
    fold_rows,
    hold_out,
    tell_cells,
)

Int64s = NDArray[np.int64]
COMBINING, REGIME = 6, 7
"""Streams of chance, beside those of the calibration."""


@dataclass(frozen=True, slots=True)
class _Calibrating:
    """Hold the calibration rows, their scores by each member [n, members], and their cells."""

    rows: Rows
    scores: Int64s
    cells: Int64s
    lesson: Lesson
    base: int

    def pool(self, panel: tuple[int, ...], weights: tuple[tuple[int, ...], ...]) -> Int64s:
        scores = self.scores[:, list(panel)]
        if len(panel) == 1:
            return scores[:, 0]
        return Pool(weights, self.base).combine(scores, self.cells)

    def calibrate(self, score: Int64s, method: str) -> Calibration:
        return calibrate(
            self.rows, score / ONE, horizon=self.lesson.span, method=method, seed=self.lesson.seed,
            label=self.lesson.marked_by,
        )  # fmt: skip


def train_ensemble(
    rows: Rows, lesson: Lesson, checkpoint: Path, tell: Tell, *, bars: Sequence[Bars] = ()
) -> tuple[Artifact, Graphs]:
    """Return the trained ensemble and its members' graphs; equal rows and lessons give equal ones.

    Members are fitted and stopped as they are alone. The combination learns from, and is chosen on,
    rows of the fit span that purged folds held out of the members; the calibration rows see the
    combined score alone. `bars` are as in `train`; where a member reads several, all learn from
    the rows whose window is whole. Raises DataError where the rows are too few for any of it.
    """
    families = lesson.members
    window = widest_window(families)
    if window > 1:
        rows = cut_windows(rows, bars, window)
    split = split_rows(rows)
    check_unseen(rows, split, lesson.tuned)
    fit = rows.take(split.fit)
    proof = lesson.proof(bars, checkpoint.parent, tell)
    found = {each: choose_seat(fit, each, lesson.seat_of(each), proof) for each in families}
    told = hold_out(
        fit, {each: seat for each, (seat, _) in found.items()},
        seed=lesson.seed, bars=bars, keep=checkpoint.parent, tell=tell,
    )  # fmt: skip
    held_out = describe_held_out(
        fit, told, lesson.features.names, base=base_of(fit) if lesson.is_lopsided else 0.0
    )
    combined_by = _combine(fit, held_out, lesson)
    members = {}
    for family in families:
        place = checkpoint.with_name(f"{checkpoint.name}-{family}")
        recipe = Recipe(
            seed=lesson.seed, checkpoint=place, tell=tell, bars=bars, seat=found[family][0]
        )
        members[family] = fit_member(family, rows, split, recipe)
    held = rows.take(split.calibrate)
    calibrating = _Calibrating(
        held, to_score(np.column_stack([each.served for each in members.values()])),
        tell_cells(held, lesson.features.names), lesson, round(MILLION * held_out.base),
    )  # fmt: skip
    tell("calibrating", 0.0)
    panels, whole = _make_panels(held_out, combined_by.method, calibrating)
    score = calibrating.pool(tuple(range(len(families))), panels[0].weights)
    graphs = {family: each.onnx for family, each in members.items()}
    ensemble = Ensemble(
        members=_describe_members(members, held_out, {
            family: count_made(augmented, members[family])
            for family, (_, augmented) in found.items()
        }),
        quorum=lesson.quorum,
        combined_by=combined_by, panels=panels, cells=_judge_cells(panels[0], calibrating),
        base=calibrating.base if lesson.is_lopsided else UNSET,
    )  # fmt: skip
    gain, loss = payoffs_of(held, lesson)
    artifact = Artifact(
        id="", family=lesson.family, graph_sha256=digest_graphs(graphs), seed=lesson.seed,
        taught=tell_taught(rows, held, lesson), spans=tell_spans(rows, held, split, lesson),
        up=whole.up, long=whole.long, short=whole.short, calibrated_by=whole.choice,
        slope=whole.slope.value, slope_bound=whole.slope.bound, gain=gain, loss=loss, facts={},
        watch=watch_of(held, score / ONE, whole, lesson), ensemble=ensemble, tuned=lesson.tuned,
    )  # fmt: skip
    return name_artifact(artifact), graphs


def _combine(fit: Rows, held_out: HeldOut, lesson: Lesson) -> Combination:
    if lesson.combination != AUTO:
        find_method(lesson.combination)
        return Combination(lesson.combination, "as set")
    block = fit.time // (HORIZONS_A_BLOCK * lesson.span)
    rng = seeded_generator(lesson.seed, COMBINING)
    return choose_combination(held_out, fold_rows(fit), block, rng)


def _describe_members(
    members: dict[str, FittedMember], held_out: HeldOut,
    augmented: dict[str, Augmented | UnsetType],
) -> tuple[Member, ...]:  # fmt: skip
    chances = logistic(held_out.base + held_out.odds).T
    return tuple(
        Member(
            family=family, graph_sha256=sha256(each.onnx).hexdigest(), facts=each.facts,
            held_out_loss=float(np.average(log_losses(p, held_out.up), weights=held_out.weight)),
            augmented=augmented[family],
        )
        for (family, each), p in zip(members.items(), chances, strict=True)
    )  # fmt: skip


def _make_panels(
    held_out: HeldOut, method: str, calibrating: _Calibrating
) -> tuple[tuple[Panel, ...], Calibration]:
    """Return a panel for each set of voters, all of them first, and the calibration of that."""
    lesson, found, whole = calibrating.lesson, [], None
    for voters in voter_sets(len(lesson.members), lesson.quorum):
        weights = round_weights(find_method(method).weigh(held_out.of_members(voters)))
        calibrated = calibrating.calibrate(
            calibrating.pool(voters, weights),
            whole.choice.method if whole else lesson.calibration,
        )
        whole = whole or calibrated
        found.append(
            Panel(
                voters=tuple(lesson.members[place] for place in voters), weights=weights,
                up=calibrated.up, long=calibrated.long, short=calibrated.short,
                slope=calibrated.slope.value, slope_bound=calibrated.slope.bound,
            )
        )  # fmt: skip
    assert whole is not None
    return tuple(found), whole


def voter_sets(members: int, quorum: int) -> Sequence[tuple[int, ...]]:
    """Return every set of at least `quorum` of so many members, the larger first.

    >>> voter_sets(3, 2)
    [(0, 1, 2), (0, 1), (0, 2), (1, 2)]
    """
    return [
        chosen
        for size in range(members, quorum - 1, -1)
        for chosen in combinations(range(members), size)
    ]


def _judge_cells(panel: Panel, calibrating: _Calibrating) -> tuple[CellSkill, ...]:
    rows, lesson = calibrating.rows, calibrating.lesson
    score = calibrating.pool(tuple(range(len(panel.voters))), panel.weights)
    block = rows.time // (HORIZONS_A_BLOCK * lesson.span)
    found = []
    for place, name in enumerate(CELLS):
        mine = calibrating.cells == place
        count = int(mine.sum())
        try:
            scored = bin_scores(score[mine], rows.up[mine] == 1, block[mine])
            rng = seeded_generator(lesson.seed, REGIME, place)
            slope = fit_slope(scored, level=SKILL_LEVEL, rng=rng)
        except DataError:
            found.append(CellSkill(name=name, rows=count, slope=None, slope_bound=None))
        else:
            found.append(
                CellSkill(name=name, rows=count, slope=slope.value, slope_bound=slope.bound)
            )
    return tuple(found)
