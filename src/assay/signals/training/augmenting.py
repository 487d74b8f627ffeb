"""Made rows must prove their worth on rows held out of whoever made them, or they stay off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from msgspec import UNSET, UnsetType

from assay.runtime.ids import seeded_generator
from assay.signals.augmentation import SHARE, Augmentation, Augmented, weigh_gains
from assay.signals.calibration.scoring import log_losses
from assay.signals.training.rows import Bars, Rows
from assay.signals.training.stacking import Seat, hold_out

HORIZONS_A_BLOCK = 2
PROVING = 8
"""A stream of chance, beside those of the calibration and of ensembles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Say how rows made `by` somebody are to prove their worth; `horizon` is in ns.

    What is done lies in the folder `keep`, and is not done again; `bars` as in choose_examples.
    """

    by: Augmentation
    horizon: int
    seed: int
    bars: Sequence[Bars] = ()
    keep: Path | None = None
    tell: Callable[[str, float], None] | None = None


def prove(rows: Rows, family: str, seat: Seat, proof: Proof) -> Augmented:
    """Return whether a family does better on rows unseen where it also fits on made ones.

    On the purged folds that members are held out by: it is fitted with and without rows that are
    made anew from what each fold fits on, and the log losses of the direction that it is taught
    are paired row by row. Raises DataError where the rows are too few to be cut in folds.
    """
    lost = []
    for each in (seat, replace(seat, augment=proof.by)):
        found = hold_out(
            rows, {family: each}, seed=proof.seed, bars=proof.bars, keep=proof.keep,
            tell=proof.tell,
        )  # fmt: skip
        lost.append(log_losses(found[:, 0], rows.up_soon == 1))
    return weigh_gains(
        lost[0] - lost[1], rows.weight, rows.time // (HORIZONS_A_BLOCK * proof.horizon),
        seeded_generator(proof.seed, PROVING), method=proof.by.name, share=SHARE,
    )  # fmt: skip


def choose_seat(
    rows: Rows, family: str, seat: Seat, proof: Proof | None
) -> tuple[Seat, Augmented | UnsetType]:
    """Return how a family is fitted, with made rows where they proved their worth, and what did.

    Without a proof to be given, it is as it was. `rows` are those of the fit span.
    """
    if proof is None:
        return seat, UNSET
    found = prove(rows, family, seat, proof)
    return (replace(seat, augment=proof.by) if found.on else seat), found
