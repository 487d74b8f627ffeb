"""The guard of one model on one symbol: the same step for one bar and for a whole year."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.model.errors import DataError
from assay.signals.calibration import ONE
from assay.signals.guard.loop import COLUMNS, HALF, NUMBERS, OPEN, QUIET, follow
from assay.signals.guard.watch import Watch

Int64s = NDArray[np.int64]
MISSES = 0.1
"""Share of labels that prediction sets may miss."""
PACE = 150.0
"""Step of the reach (ten-thousandths) a label, over the horizon: neighbours share their label, and
a step that is large beside the wait for it would swing."""
LEVEL = 10_000.0
"""Evidence that silences a model, and that lets it speak again."""


class Guard:
    """Follow the forecasts of one symbol, and silence them while their skill is gone.

    Prediction sets follow the labels (quantile tracking): A. Angelopoulos, E. Candes,
    R. Tibshirani, Conformal PID control for time series prediction, 2023, after I. Gibbs,
    E. Candes, Adaptive conformal inference under distribution shift, 2021. What silences is in
    loop.py. A label counts once the bar that ends it has closed, not before.
    """

    def __init__(self, watch: Watch, horizon: int) -> None:
        self._watch = watch
        lag = watch.lag if watch.soon is not None else horizon
        numbers = np.zeros(NUMBERS, np.int64)
        numbers[OPEN] = -1
        self._state = (
            numbers, np.array([float(watch.reach)]), np.ones((lag + 1, 2)),
            np.zeros((horizon, COLUMNS), np.int64),
        )  # fmt: skip
        self._terms = np.array([PACE / horizon, MISSES, LEVEL])

    @property
    def is_silent(self) -> bool:
        """Say whether the model is silenced after the bars that were followed."""
        return bool(self._state[0][QUIET])

    @property
    def reach(self) -> float:
        """Return the share of certainty (ten-thousandths) that a direction in the set may lack."""
        return float(self._state[1][0])

    def follow(self, forecasts: Any, close: Int64s, spread: Int64s) -> None:
        """Write set size, evidence and, where silenced, the state of FORECAST records [n].

        They are of the symbol's next bars; `close` (the bid's) and `spread` are in points.
        """
        mids = 2 * close + spread
        claims, acted = self._claim(forecasts), _act(forecasts, spread)
        follow(self._state, forecasts, mids, claims, acted, self._terms)

    def _claim(self, forecasts: Any) -> Int64s:
        low, high = forecasts["up_lower"], forecasts["up_upper"]
        if self._watch.soon is not None:
            _, low, high = self._watch.soon.look_up(forecasts["p_up"])
        return np.where(low > HALF, low, np.where(high < HALF, high - ONE, 0)).astype(np.int64)

    def snapshot(self) -> bytes:
        """Return the bytes of everything its future depends on."""
        return b"".join(part.tobytes() for part in self._state)

    def restore(self, state: bytes) -> None:
        """Bring the guard to a state taken before; raise DataError for that of another model."""
        if len(state) != sum(part.nbytes for part in self._state):
            raise DataError(
                f"{len(state)} bytes are no state of this guard; start a run of its own"
            )
        at = 0
        for part in self._state:
            part.ravel()[:] = np.frombuffer(state, part.dtype, part.size, at)
            at += part.nbytes


def _act(forecasts: Any, spread: Int64s) -> Int64s:
    """Return the promise of the side whose worth at its lower bound exceeds the spread, else 0."""
    long, short = forecasts["up_lower"], ONE - forecasts["up_upper"]
    gain, loss = forecasts["gain"], forecasts["loss"]
    most = np.maximum(long, short)
    worth = most * gain - (ONE - most) * loss - ONE * spread
    promise = np.where(long >= short, long, -short)
    return np.where((worth > 0) & (most > HALF), promise, 0).astype(np.int64)
