"""How often unchanged and changed strategies leave their band: the tables of docs/prop.md."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from assay.books.analytics.band import LEVEL, draw_band, weigh_evidence
from assay.runtime.ids import seeded_generator
from tools.tidy import ROOT

YEARS, YEAR = 1_000, 252
DOCUMENT = (ROOT / "docs" / "prop.md").read_text(encoding="utf-8")
Draw = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]


def _lingering(share: float) -> Draw:
    def draw(generator: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
        noise = generator.standard_normal(shape)
        for day in range(1, shape[1]):
            noise[:, day] += share * noise[:, day - 1]
        return noise

    return draw


MARKETS: tuple[Draw, ...] = (
    lambda generator, shape: generator.standard_normal(shape),
    lambda generator, shape: generator.standard_t(3, shape),
    _lingering(0.2),
    _lingering(0.4),
    lambda generator, shape: -(generator.exponential(size=shape) ** 2),
)


def exits(draw: Draw, past: int, fall: float = 0.0) -> int:
    """Return how many of a thousand years are below their band at some time."""
    days = draw(seeded_generator(past), (YEARS, past + YEAR))
    count = 0
    for row in days:
        lower = draw_band(weigh_evidence(row[:past]), YEAR).lower
        count += bool((np.cumsum(row[past:] - fall) < lower).any())
    return count


def rows_of(heading: str, cell: str) -> list[list[float]]:
    """Return the numbers of the table whose first heading is told."""
    table = DOCUMENT[DOCUMENT.index(f"| {heading} |") :].split("\n\n")[0]
    found = re.findall(rf"^\| ([\d.,]+) \|((?: {cell} \|)+)$", table, re.MULTILINE)
    return [
        [float(first.replace(",", "")), *(float(x) for x in re.findall(r"[\d.]+", rest))]
        for first, rest in found
    ]


def test_unchanged_strategies_leave_the_band_as_rarely_as_told() -> None:
    rows = rows_of("days of evidence", r"\d+")
    assert [row[0] for row in rows] == [60, 125, 250, 500, 1_000]
    for past, *told in rows:
        found = [exits(draw, int(past)) for draw in MARKETS]
        # The last bits of a logarithm differ between processors, and may turn a year.
        assert np.abs(np.subtract(found, told)).max() <= 2, past
        assert max(found[:4]) <= LEVEL * YEARS


@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_lower_mean_is_seen_as_often_as_told(place: int) -> None:
    rows = rows_of("fall of the mean", r"[\d.]+ %")
    assert [row[0] for row in rows] == [0.1, 0.2, 0.3, 0.5]
    for fall, *told in rows:
        found = exits(MARKETS[0], (250, 500, 1_000)[place - 1], fall)
        assert abs(found / 10 - told[place - 1]) < 0.8, fall
