"""Many histories that might have been: bands of equity, final equity and deepest fall."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assay.books.analytics.resampling import stationary_rows
from assay.model.errors import DataError
from assay.runtime.ids import seeded_generator

Floats = npt.NDArray[np.float64]

LEVELS = (5, 25, 50, 75, 95)
"""Percentiles of the bands."""
FALLS = (0.05, 0.1, 0.2, 0.3, 0.5)
PLACES_MOST = 240
"""Places of a history at which bands are measured, the first and the last among them."""
LEAST = 5


@dataclass(frozen=True, slots=True)
class Fan:
    """Hold histories: bands [levels, places], and of each its final equity and deepest drawdown.

    `places` count steps from the start, where every history stands at `start`.
    """

    start: float
    places: npt.NDArray[np.int64]
    bands: Floats
    finals: Floats
    drawdowns: Floats

    @property
    def chance_of_loss(self) -> float:
        """Return the share of histories that end below their start."""
        return float((self.finals < self.start).mean())

    def chance_of_fall(self, share: float) -> float:
        """Return the share of histories that once fell from their peak by more than a share."""
        return float((self.drawdowns > share).mean())

    def final_levels(self) -> list[float]:
        """Return the percentiles of final equity."""
        found: list[float] = np.percentile(self.finals, LEVELS).tolist()
        return found

    def drawdown_levels(self) -> list[float]:
        """Return the percentiles of the deepest drawdown."""
        found: list[float] = np.percentile(self.drawdowns, LEVELS).tolist()
        return found


def gather_fan(histories: Iterable[Floats], start: float, steps: int) -> Fan:
    """Return the fan of histories, each the equity after every one of so many steps.

    A history that is ruined stays at nothing: it is drawn as 0 from there on.

    >>> fan = gather_fan([np.array([90.0, 120.0]), np.array([110.0, 80.0])], 100.0, 2)
    >>> fan.chance_of_loss, fan.drawdowns.round(3).tolist(), fan.bands[2].tolist()
    (0.5, [0.1, 0.273], [100.0, 100.0, 100.0])
    """
    places = np.unique(np.linspace(0, steps, min(steps + 1, PLACES_MOST)).round().astype(np.int64))
    kept, finals, drawdowns = [], [], []
    for history in histories:
        equity = np.concatenate([[start], history])
        ruined = np.flatnonzero(equity <= 0)
        if len(ruined):
            equity[ruined[0] :] = 0.0
        peak = np.maximum.accumulate(equity)
        kept.append(equity[places])
        finals.append(float(equity[-1]))
        drawdowns.append(float(((peak - equity) / peak).max()))
    bands = np.percentile(np.array(kept), LEVELS, axis=0)
    return Fan(start, places, bands, np.array(finals), np.array(drawdowns))


def redraw_trades(nets: Sequence[float], start: float, *, draws: int, seed: int) -> Fan:
    """Return the fan of as many trades drawn with replacement, each at its own size.

    It takes trades for independent, and so tells too little where they come in runs. Raises
    DataError for fewer than 5.
    """
    known = np.asarray(nets, dtype=np.float64)
    _require_some(len(known), "trades")
    generator = seeded_generator(seed)

    def histories() -> Iterator[Floats]:
        for _ in range(draws):
            yield start + np.cumsum(known[generator.integers(0, len(known), size=len(known))])

    return gather_fan(histories(), start, len(known))


def redraw_days(returns: Floats, start: float, *, draws: int, block: float, seed: int) -> Fan:
    """Return the fan of daily returns drawn in blocks of `block` days on average, compounded.

    The stationary bootstrap keeps what hangs together from day to day. Raises DataError for fewer
    than 5 days.
    """
    _require_some(len(returns), "days")
    rows = stationary_rows(seeded_generator(seed), len(returns), block=block, draws=draws)

    def histories() -> Iterator[Floats]:
        for chosen in rows:
            yield start * np.asarray(np.cumprod(1.0 + returns[chosen]), dtype=np.float64)

    return gather_fan(histories(), start, len(returns))


def _require_some(count: int, what: str) -> None:
    if count < LEAST:
        raise DataError(f"{count} {what} are too few to redraw; give a run of {LEAST} or more")
