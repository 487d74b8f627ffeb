"""Whether decisions came true as often as they said they would."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

BINS = 10
CLIP = 1e-6


class Bin(NamedTuple):
    """Hold the decisions between two probabilities: how many, what they said, what came."""

    lower: float
    upper: float
    entries: int
    said: float
    came: float


class DecisionScore(NamedTuple):
    """Hold how entered positions did against the probability they were entered with.

    `said` is the mean probability of earning after costs, `came` the share that did. Brier score
    and log loss are proper scores, the lower the better.
    """

    entries: int
    said: float
    came: float
    brier: float
    log_loss: float
    bins: tuple[Bin, ...]


def score_decisions(said: Sequence[float], came: Sequence[bool]) -> DecisionScore | None:
    """Return the score of decisions whose outcome is known; None without any.

    >>> score_decisions([0.6, 0.6, 0.8], [True, False, True]).brier
    0.18666666666666668
    """
    if not said:
        return None
    p, won = np.asarray(said, np.float64), np.asarray(came, np.float64)
    sure = np.clip(p, CLIP, 1.0 - CLIP)
    loss = -(won * np.log(sure) + (1.0 - won) * np.log(1.0 - sure))
    places = np.minimum((p * BINS).astype(np.int64), BINS - 1)
    bins = tuple(
        Bin(
            place / BINS, (place + 1) / BINS, int((places == place).sum()),
            float(p[places == place].mean()), float(won[places == place].mean()),
        )
        for place in np.unique(places).tolist()
    )  # fmt: skip
    return DecisionScore(
        len(p), float(p.mean()), float(won.mean()), float(((p - won) ** 2).mean()),
        float(loss.mean()), bins,
    )  # fmt: skip
