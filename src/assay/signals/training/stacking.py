"""What members say of rows that they were not fitted on, which a combination may learn from.

Source: D. Wolpert, Stacked generalization, Neural Networks, 1992; with the folds purged and
embargoed as M. Lopez de Prado has it, Advances in Financial Machine Learning, 2018, 7.4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from assay.signals.augmentation import Augmentation, widen
from assay.signals.calibration.binning import log_odds
from assay.signals.ensemble import HeldOut, cells_of
from assay.signals.models import FitRequest, Settings, narrow_windows
from assay.signals.training.folds import Fold, Labels, purged_folds
from assay.signals.training.learners import Widen, family_learner
from assay.signals.training.rows import Bars, Rows

Float64s = NDArray[np.float64]
FOLDS = 4


@dataclass(frozen=True, slots=True)
class Seat:
    """Say how a member is fitted: by which settings, on which features (their places, or all).

    Where `augment` is given it makes rows beside those that the member is fitted on.
    """

    settings: Settings = field(default_factory=dict)
    sees: tuple[int, ...] | None = None
    augment: Augmentation | None = None

    def call(self, family: str) -> str:
        """Return what a member of this family is called while it is held out."""
        return f"{family}+{self.augment.name}" if self.augment else family


def fold_rows(rows: Rows) -> list[Fold]:
    """Return the folds that members are held out by: each row is in one test."""
    return purged_folds(Labels(time=rows.time, end=rows.end), folds=FOLDS)


def hold_out(
    rows: Rows, families: Sequence[str] | Mapping[str, Seat], *, seed: int,
    bars: Sequence[Bars] = (), keep: Path | None = None,
    tell: Callable[[str, float], None] | None = None,
) -> Float64s:  # fmt: skip
    """Return each family's probability of up [n, families] by models that did not see the row.

    A mapping says how each is fitted, too. What is done lies in the folder `keep`, and is not
    done again; `bars` as in choose_examples.
    Raises DataError where the rows are too few to be cut in folds.
    """
    folds = fold_rows(rows)
    found = np.full((len(rows), len(families)), np.nan)
    for place, family in enumerate(families):
        seat = families[family] if isinstance(families, Mapping) else Seat()
        name, shown = seat.call(family), rows.seen(seat.sees)
        for number, fold in enumerate(folds):
            if tell:
                done = place * len(folds) + number
                tell(f"holding out of {name}", done / (len(families) * len(folds)))
            kept = keep / f"held-out-{name}-{number + 1}.npy" if keep else None
            if kept and kept.exists():
                found[fold.test, place] = np.load(kept)
                continue
            widen_fit = widen_by(seat.augment, kept, tell) if seat.augment else None
            learn = family_learner(family, seed, bars, seat.settings, widen_fit)
            found[fold.test, place] = learn(shown, fold.fit, fold.test)
            if kept:
                _save(kept, found[fold.test, place])
    return found


def widen_by(
    augment: Augmentation,
    kept: Path | None = None,
    tell: Callable[[str, float], None] | None = None,
) -> Widen:
    """Return what makes rows for one fold, with a checkpoint of its own beside what is kept."""

    def widen_fit(request: FitRequest) -> FitRequest:
        with TemporaryDirectory(prefix="assay-made-") as folder:
            place = kept.with_suffix(".making") if kept else Path(folder) / "making"
            return widen(request, augment, place, tell and tell_making(augment, tell))

    return widen_fit


def tell_making(
    augment: Augmentation, tell: Callable[[str, float], None]
) -> Callable[[int, int], None]:
    """Return what tells how far the making of rows is."""
    return lambda done, most: tell(f"making rows by {augment.name}", done / most)


def base_of(rows: Rows) -> float:
    """Return the log odds of up among these rows, each by its uniqueness."""
    return float(log_odds(np.average(rows.up_soon, weights=rows.weight)))


def describe_held_out(
    rows: Rows, probabilities: Float64s, names: Sequence[str], *, base: float = 0.0
) -> HeldOut:
    """Return held-out probabilities [n, members] of these rows as combinations learn from them."""
    first, last = int(rows.time.min()), int(rows.time.max())
    return HeldOut(
        odds=log_odds(probabilities) - base, up=rows.up_soon == 1, weight=rows.weight,
        age=(last - rows.time) / max(last - first, 1), cell=tell_cells(rows, names),
        base=base,
    )  # fmt: skip


def tell_cells(rows: Rows, names: Sequence[str]) -> NDArray[np.int64]:
    """Return the cell of volatility of each row [n]; of a window, that of its newest bar."""
    return cells_of(np.asarray(narrow_windows(rows.features, 1)), names)


def _save(path: Path, values: Float64s) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part.npy")
    np.save(beside, values)
    beside.replace(path)
