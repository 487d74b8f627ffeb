"""Choose a calibration method by rows that it was not fitted to, inside the calibration span."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from assay.signals.calibration.binning import Bools, Float64s, Int64s, Scored
from assay.signals.calibration.methods import FEWEST_PARTS, find_method, method_names
from assay.signals.calibration.resampling import DRAWS, count_blocks
from assay.signals.calibration.scoring import log_losses
from assay.signals.calibration.steps import ONE
from assay.signals.calibration.tabulating import fit_middle

if TYPE_CHECKING:
    from assay.runtime.ids import Generator

AUTO = "auto"
LATER_BLOCKS_MIN = 20


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say which method calibrates and why; `losses` are the log losses that it was chosen by."""

    method: str
    reason: str
    losses: dict[str, float] = {}


@dataclass(frozen=True, slots=True)
class Later:
    """Hold later rows to compare methods on: score (ten-thousandths), outcome, block of time."""

    score: Int64s
    hit: Bools
    block: Int64s


def choose_method(earlier: Scored, later: Later, *, rng: Generator) -> Choice:
    """Choose the method of least log loss on the later rows where it is shown to be the better.

    It is where its advantage over FEWEST_PARTS, paired row by row, exceeds one standard error,
    which is by resampling blocks; else FEWEST_PARTS stays.
    """
    blocks = len(np.unique(later.block))
    if blocks < LATER_BLOCKS_MIN:
        return Choice(
            FEWEST_PARTS,
            f"{blocks} later stretches are too few to choose on, {LATER_BLOCKS_MIN} are needed",
        )
    lost = {name: _losses_of(name, earlier, later) for name in method_names()}
    losses = {name: float(each.mean()) for name, each in lost.items()}
    best = min(losses, key=losses.__getitem__)
    if best == FEWEST_PARTS:
        return Choice(FEWEST_PARTS, "its log loss on later rows is the least", losses)
    advantage = lost[FEWEST_PARTS] - lost[best]
    error = _standard_error(advantage, later.block, rng)
    told = f"{best} is better on later rows by {advantage.mean():.6f}, standard error {error:.6f}"
    if advantage.mean() > error:
        return Choice(best, told, losses)
    return Choice(FEWEST_PARTS, f"{told}: not enough to leave it", losses)


def _losses_of(name: str, earlier: Scored, later: Later) -> Float64s:
    p, _, _ = fit_middle(earlier, find_method(name)).look_up(later.score)
    return log_losses(p / ONE, later.hit)


def _standard_error(values: Float64s, block: Int64s, rng: Generator) -> float:
    counts = count_blocks(np.zeros(len(values), dtype=np.int64), values, block, 1)
    rows, sums = counts.resample(DRAWS, rng)
    return float((sums / rows).std())
