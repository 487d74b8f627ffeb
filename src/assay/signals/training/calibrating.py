"""Calibrate a fitted model: choose the method on the later part of the span, refit on all of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assay.model.errors import DataError
from assay.runtime.ids import seeded_generator
from assay.signals.calibration import (
    AUTO,
    FEWEST_PARTS,
    ONE,
    Choice,
    Later,
    Scored,
    Slope,
    StepTable,
    bin_scores,
    choose_method,
    find_method,
    fit_slope,
    fit_steps,
    mirror_rows,
)
from assay.signals.guard import Kept, Watch, learn_watch, start_reach
from assay.signals.labels import Label
from assay.signals.prediction.forecaster import scores_of
from assay.signals.training.rows import Rows, soon_of

if TYPE_CHECKING:
    from assay.runtime.ids import Generator

BOUND_LEVEL = 0.10
"""Share of the resampled calibrations below the lower bound of a probability, and above upper."""
SKILL_LEVEL = 0.001
"""A thousandth: at a hundredth, one model of nothing in a hundred would pass, and trade."""
HORIZONS_A_BLOCK = 2
EARLIER_SHARE = 0.6
"""Share of the span that methods are fitted to in order to be compared on what follows."""
UP, LONG_SIDE, SHORT_SIDE, SLOPE, CHOICE, PROMISE = 1, 2, 3, 4, 5, 6
"""Streams of chance, one each."""
UNTOLD = StepTable((0,), (ONE // 2,), (0,), (ONE,))
"""What is known of a bracket by a model that was taught no bracket: nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Hold the tables of the direction and of either side, the slope, and how it was chosen."""

    up: StepTable
    long: StepTable
    short: StepTable
    slope: Slope
    choice: Choice


def calibrate(
    held: Rows, probabilities: NDArray[np.float32], *, horizon: int, method: str, seed: int,
    label: Label | None = None,
) -> Calibration:  # fmt: skip
    """Calibrate the model's probabilities [n] of the held rows by the method, AUTO to choose.

    `horizon` is in ns; without a `label` rows are of brackets. The choice looks at the direction,
    which decisions rest on; its method serves the sides too. Raises DataError where stretches of
    two horizons are too few, UsageError for a method that is unknown.
    """
    block = held.time // (HORIZONS_A_BLOCK * horizon)
    hits = (held.up == 1, held.long_net > 0, held.short_net > 0)
    scores = scores_of(probabilities)
    mirrored = label is None or label.symmetric
    told = Later(scores[0], hits[0], block)
    choice = Choice(method, "as set")
    if method == AUTO:
        choice = _choose(held, told, seeded_generator(seed, CHOICE), mirrored=mirrored)

    def fit(scored: Scored, stream: int) -> StepTable:
        rng = seeded_generator(seed, stream)
        return fit_steps(scored, find_method(choice.method), level=BOUND_LEVEL, rng=rng)

    up = fit(_bin(told, mirrored=mirrored), UP)
    long = short = UNTOLD
    if label is None:
        long, short = (
            fit(bin_scores(score, hit, block), stream)
            for score, hit, stream in zip(
                scores[1:], hits[1:], (LONG_SIDE, SHORT_SIDE), strict=True
            )
        )
    slope = fit_slope(
        _bin(told, mirrored=False), level=SKILL_LEVEL, rng=seeded_generator(seed, SLOPE)
    )
    return Calibration(up=up, long=long, short=short, slope=slope, choice=choice)


def _bin(told: Later, *, mirrored: bool) -> Scored:
    rows = (told.score, told.hit, told.block)
    return bin_scores(*(mirror_rows(*rows) if mirrored else rows))


def measure_promise(
    held: Rows, probabilities: NDArray[np.float32], found: Calibration, *, bars: int, length: int,
    seed: int,
) -> Watch:  # fmt: skip
    """Return what the guard of a calibrated model holds it to, by the rows it was calibrated on.

    The horizon is in `bars` of a `length` in ns.
    """
    kept = Kept(
        rise=found.up.look_up(scores_of(probabilities)[0])[0], up=held.up == 1,
        soon=held.up_soon == 1, block=held.time // (HORIZONS_A_BLOCK * bars * length),
        lag=soon_of(bars),
    )  # fmt: skip
    method, rng = find_method(found.choice.method), seeded_generator(seed, PROMISE)
    return learn_watch(kept, method, level=BOUND_LEVEL, rng=rng)


def measure_reach(
    held: Rows, probabilities: NDArray[np.float32], found: Calibration
) -> Watch:  # fmt: skip
    """Return where the prediction sets of a label without a bracket start; it has no guard."""
    p = found.up.look_up(scores_of(probabilities)[0])[0]
    return Watch(reach=start_reach(p, held.up == 1))


def _choose(held: Rows, told: Later, rng: Generator, *, mirrored: bool) -> Choice:
    """Compare on rows a longest label after the labels of the earlier ones have ended."""
    edge = int(np.quantile(held.time, EARLIER_SHARE, method="nearest"))
    before = held.end < edge
    after = held.time >= edge + int((held.end - held.time).max())
    try:
        past = Later(told.score[before], told.hit[before], told.block[before])
        earlier = _bin(past, mirrored=mirrored)
    except DataError as error:
        return Choice(FEWEST_PARTS, f"of the earlier part, {str(error).partition(';')[0]}")
    later = Later(told.score[after], told.hit[after], told.block[after])
    return choose_method(earlier, later, rng=rng)
