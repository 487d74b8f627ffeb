"""What a calibration method must do: turn counts by bin into a probability at each score."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from assay.signals.calibration.binning import Float64s, Scored


class Curve(NamedTuple):
    """Hold probabilities at each grid score [draws, grid], and what the method leaves open.

    `lower` and `upper` enclose `p`; they equal it where a method gives one probability only.
    """

    p: Float64s
    lower: Float64s
    upper: Float64s


class Method(Protocol):
    """One calibration method; its file under signals/calibration/methods bears its name."""

    name: str

    def fit(self, scored: Scored, rows: Float64s, successes: Float64s) -> Curve:
        """Fit each draw of rows and successes [draws, bins]; never reverse the order of scores."""
        ...
