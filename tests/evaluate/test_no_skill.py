"""On walks that nobody can foretell, hardly a bar is traded, whatever horizon and cost.

One walk of each kind, each with a horizon and a cost of its own; all of them on each of twenty
walks: ASSAY_WALKS=20. The figures: --junitxml FILE, with -o junit_family=xunit1.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from assay.apps.lab.evaluation.judging import EvaluationRequest, judge_series
from assay.apps.lab.models.training import TrainingRequest, train_model
from assay.market.series import BarSeries
from assay.market.simulation import Scenario, simulate
from assay.runtime.ids import seeded_generator
from assay.signals.labels import Bracket

if TYPE_CHECKING:
    from assay.runtime.ids import Generator

WALKS = int(os.environ.get("ASSAY_WALKS", "0"))
HORIZONS, COSTS = (30, 120, 720), (0.30, 0.14, 0.06)
"""Bars held, and what a round trip costs in distances of the stop."""
BARS, TAUGHT, STEPS = 120_000, 0.6, 12
HOUR = 3_600_000_000_000
DIGITS, START, DEVIATION = 5, 1.2, 3e-4
RANGE = 1.5
"""About the average true range of a bar of so many steps, in its standard deviations."""


def gaussian(rng: Generator) -> np.ndarray:
    return rng.standard_normal((BARS, STEPS)) * DEVIATION / STEPS**0.5


def garch(rng: Generator) -> np.ndarray:
    """Return returns whose variance is 0.05 + 0.05 of the last bar's square + 0.9 of its own."""
    found, variance = rng.standard_normal((BARS, STEPS)) / STEPS**0.5, 1.0
    for row in found:
        row *= variance**0.5
        variance = 0.05 + 0.05 * float(row.sum()) ** 2 + 0.9 * variance
    return found * DEVIATION


KINDS: dict[str, Callable[[Generator], np.ndarray]] = {
    "gaussian": gaussian, "garch": garch, "bounce": gaussian,
}  # fmt: skip


def walk(kind: str, seed: int, horizon: int, cost: float) -> BarSeries:
    """Return quotes of a walk; with kind `bounce` each lies half a spread above or below it.

    So what bounces comes back, which can be foretold and pays for no spread. It widens the bars,
    and with them the stop, so that the spread is a smaller part of that.
    """
    rng = seeded_generator(seed, sorted(KINDS).index(kind))
    (grid,) = simulate(Scenario(seed=1, bars=BARS, kind="none", symbols=("EURUSD",)))
    steps = KINDS[kind](rng)
    path = START * np.exp(np.cumsum(steps).reshape(steps.shape))
    spread = cost * Bracket().stop * RANGE * DEVIATION * START * horizon**0.5
    if kind == "bounce":
        path += spread / 2 * rng.choice((-1, 1), size=path.shape)
    opened = np.concatenate([[START], path[:-1, -1]])
    whole = np.column_stack([opened, path])
    bid = [
        np.rint(column * 10**DIGITS).astype(np.int64)
        for column in (whole[:, 0], whole.max(axis=1), whole.min(axis=1), whole[:, -1])
    ]
    ask = [column + max(1, round(spread * 10**DIGITS)) for column in bid]
    names = ("open", "high", "low", "close")
    return replace(
        grid.bars, **dict(zip(names, bid, strict=True)),
        **{f"ask_{name}": column for name, column in zip(names, ask, strict=True)},
    )  # fmt: skip


def share_traded(folder: Path, series: BarSeries, horizon: int) -> float:
    """Return the share of bars that a model taught on the first part takes on the rest."""
    until = int(series.ts_open[int(TAUGHT * len(series))])
    made = train_model(
        TrainingRequest(
            series=[series], until=until, models=folder, bracket=Bracket(horizon=horizon)
        )
    )
    start = until + horizon * HOUR
    request = EvaluationRequest(model=folder / made["model"], data=(), start=start)
    return float(judge_series(request, [series]).judged.taken.mean())


def chosen() -> list[tuple[str, int, int, float]]:
    """Return kind, seed, horizon and cost of each run."""
    kinds = list(KINDS)
    if WALKS:
        walks = [(kinds[number % len(kinds)], 201 + number) for number in range(WALKS)]
        return [(*each, *of) for each, of in product(walks, product(HORIZONS, COSTS))]
    square = zip(kinds, HORIZONS, COSTS, strict=True)
    return [(kind, 101, horizon, cost) for kind, horizon, cost in square]


def test_hardly_a_bar_of_a_walk_is_traded(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    shares = {}
    for number, (kind, seed, horizon, cost) in enumerate(chosen()):
        series = walk(kind, seed, horizon, cost)
        share = share_traded(tmp_path / str(number), series, horizon)
        shares[kind, seed, horizon, cost] = share
        record_property(f"{kind} {seed} {horizon} {cost}", share)
    assert max(shares.values()) < 0.05, shares
    assert float(np.mean(list(shares.values()))) < 0.01, shares


@pytest.mark.parametrize("kind", KINDS)
def test_a_walk_has_the_spread_that_is_asked_for(kind: str) -> None:
    series = walk(kind, 1, 30, 0.14)
    assert series.ask_close is not None
    spread = np.unique(series.ask_close - series.close)
    assert len(spread) == 1
    reach = Bracket().stop * float((series.high - series.low).mean()) * 30**0.5
    assert 0.05 < spread[0] / (0.14 * reach) < 1.3
