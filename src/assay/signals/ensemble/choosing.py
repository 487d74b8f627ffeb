"""Choose how to combine members, on held-out rows that the weights were not fitted to either.

Source: M. van der Laan, E. Polley, A. Hubbard, Super learner, 2007 (the choice among combinations
by cross-validation).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec
import numpy as np

from assay.signals.calibration.logistic import logistic
from assay.signals.calibration.resampling import DRAWS, count_blocks
from assay.signals.calibration.scoring import log_losses
from assay.signals.ensemble.methods import FEWEST_PARTS, find_method, method_names
from assay.signals.ensemble.ports import Bools, Float64s, HeldOut, Int64s

if TYPE_CHECKING:
    from assay.runtime.ids import Generator

AUTO = "auto"


class Part(Protocol):
    """Split the held-out rows: some to judge on, and those, purged, to fit weights to."""

    @property
    def fit(self) -> Bools:
        """Return the rows to fit to."""
        ...

    @property
    def test(self) -> Bools:
        """Return the rows to judge on."""
        ...


class Combination(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say how members are combined and why; `losses` are the log losses that it was chosen by."""

    method: str
    reason: str
    losses: dict[str, float] = {}


def choose_combination(
    held: HeldOut, parts: Sequence[Part], block: Int64s, rng: Generator
) -> Combination:
    """Choose the method of least log loss on the tested rows where it is shown to be the better.

    It is where its advantage over FEWEST_PARTS, paired row by row, exceeds one standard error,
    which is by resampling blocks (`block` [n] numbers them); else FEWEST_PARTS stays.
    """
    lost = {name: losses_of(name, held, parts) for name in method_names()}
    losses = {name: float(each.mean()) for name, each in lost.items()}
    best = min(losses, key=losses.__getitem__)
    if best == FEWEST_PARTS:
        return Combination(FEWEST_PARTS, "its log loss on held-out rows is the least", losses)
    advantage = lost[FEWEST_PARTS] - lost[best]
    counts = count_blocks(np.zeros(len(held.up), np.int64), advantage, block, 1)
    rows, sums = counts.resample(DRAWS, rng)
    error = float((sums / rows).std())
    told = f"{best} is better on held-out rows by {advantage.mean():.6f}, one error {error:.6f}"
    if advantage.mean() > error:
        return Combination(best, told, losses)
    return Combination(FEWEST_PARTS, f"{told}: not enough to leave it", losses)


def losses_of(name: str, held: HeldOut, parts: Sequence[Part]) -> Float64s:
    """Return the log loss of each row [n] by weights that a method fitted without its part."""
    method, found = find_method(name), np.full(len(held.up), np.nan)
    for part in parts:
        told = held.take(part.test)
        weights = method.weigh(held.take(part.fit))[told.cell]
        pooled = told.base + (told.odds * weights).sum(axis=1)
        found[part.test] = log_losses(logistic(pooled), told.up)
    return found
