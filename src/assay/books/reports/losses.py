"""What a day may lose, in words: value at risk, the mean loss behind it, and how often it came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from assay.books.reports.wording import NOTHING, format_number


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLoss:
    """Hold what a day loses at a confidence, as shares of the equity it began with.

    Of so many `days` each was held to the value at risk of the days before it: `breaches` lost
    more, `expected` should have. The p-values are of as many, and of breaches that call no other;
    None where there were too few days to look back on.
    """

    confidence: float
    value_at_risk: float
    shortfall: float
    days: int = 0
    breaches: int = 0
    expected: float = 0.0
    proportion: float | None = None
    independence: float | None = None


class LossRow(NamedTuple):
    """Hold one confidence in words."""

    confidence: str
    value_at_risk: str
    shortfall: str
    breaches: str
    proportion: str
    independence: str


def list_losses(losses: Sequence[DayLoss]) -> list[LossRow]:
    """Return each confidence in words.

    >>> list_losses([DayLoss(confidence=0.95, value_at_risk=0.01, shortfall=0.015)])[0][:4]
    ('95 %', '1.00 %', '1.50 %', '–')
    """
    return [
        LossRow(
            f"{100 * each.confidence:g} %",
            format_number(100 * each.value_at_risk, 2, unit=" %"),
            format_number(100 * each.shortfall, 2, unit=" %"),
            f"{each.breaches} of {each.days:,}, {format_number(each.expected, 1)} expected"
            if each.days else NOTHING,
            format_number(each.proportion, 3), format_number(each.independence, 3),
        )
        for each in losses
    ]  # fmt: skip
