"""Simple rules beside a model, on the same bars: flat, a straight line, momentum, reversion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.apps.lab.evaluation.material import Seen
from assay.apps.lab.evaluation.verdict import SEED, blocks_of
from assay.kernel.records import BASE_BAR, READY
from assay.model.errors import DataError
from assay.runtime.ids import seeded_generator
from assay.signals.calibration import (
    ONE,
    bin_scores,
    find_method,
    fit_middle,
    fit_slope,
    fit_steps,
    mirror_rows,
    to_score,
)
from assay.signals.calibration.methods import FEWEST_PARTS
from assay.signals.evidence import fit_line, shuffle_blocks
from assay.signals.training import Rows, pool
from assay.trading.decision.weighing import weigh_bars

if TYPE_CHECKING:
    from assay.apps.lab.evaluation.judging import Judged
    from assay.signals.prediction import Artifact
    from assay.signals.prediction.artifact import Spans

FLAT, MOMENTUM, REVERSION, LINE, SHUFFLED = "flat momentum reversion linear shuffled".split()
FIT_ROWS, HELD_ROWS = 12_000, 20_000
"""Rows that the line is fitted and calibrated on at most, of all the time."""
LEAST_ROWS = 200
BOUND_LEVEL, SKILL_LEVEL = 0.10, 0.001
SHUFFLE, STEPS, SLOPE = 11, 12, 13
"""Streams of chance, one each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Hold what a rule says of every judged bar [n]: the side it leans to, and the one it takes.

    Sides are 1, -1 or 0 for none; `p_up` is None for rules without a probability.
    """

    name: str
    leans: np.ndarray
    takes: np.ndarray
    p_up: np.ndarray | None = None


def play_baselines(
    judged: Judged, seen: Sequence[Seen], artifact: Artifact
) -> tuple[list[Baseline], str]:
    """Return every baseline, and why the line is not among them, where it is not.

    Momentum and reversion take every bar. The line is taught the directions and calibrated on the
    spans that the model was, and decides as it does, at its lower bound; `shuffled` is the same of
    directions shuffled in stretches of two horizons. They need the bars of these spans.
    """
    none = np.zeros(len(judged), np.int64)
    follows = _follow(judged, seen, artifact.taught.horizon)
    found = [
        Baseline(name=FLAT, leans=none, takes=none),
        Baseline(name=MOMENTUM, leans=follows, takes=follows),
        Baseline(name=REVERSION, leans=-follows, takes=-follows),
    ]
    try:
        fit, held = choose_past([each.rows for each in seen], artifact.spans)
        lines = [_draw(name, judged, seen, (fit, held)) for name in (LINE, SHUFFLED)]
    except DataError as error:
        return found, str(error)
    return [*found, *lines], ""


def _follow(judged: Judged, seen: Sequence[Seen], horizon: int) -> np.ndarray:
    """Return the sign of the move over the last horizon, 0 where it came to nothing."""
    found = np.zeros(len(judged), np.int64)
    for number, each in enumerate(seen):
        mine, at = each.places(judged, number)
        mid = each.instrument.bars.mid
        found[mine] = np.sign(mid[at] - mid[np.maximum(at - horizon, 0)])
    return found


def choose_past(rows: Sequence[Rows], spans: Spans) -> tuple[Rows, Rows]:
    """Return the rows of a model's own spans to fit and to calibrate a line on, thinned.

    `rows` are those of each instrument. Raises DataError where the bars of these spans are absent.
    """
    fit, held = [], []
    for each in rows:
        early = (each.time >= spans.fit_from) & (each.end <= spans.fit_until)
        later = (each.time >= spans.calibrate_from) & (each.end <= spans.calibrate_until)
        fit.append(each.take(_thin(np.flatnonzero(early), FIT_ROWS // len(rows))))
        held.append(each.take(_thin(np.flatnonzero(later), HELD_ROWS // len(rows))))
    pooled = pool(fit), pool(held)
    if min(map(len, pooled)) < LEAST_ROWS:
        raise DataError(
            "a straight line needs the bars that the model was taught and calibrated on, before "
            "those that are judged; give files that hold them too"
        )
    return pooled


def _thin(rows: np.ndarray, most: int) -> np.ndarray:
    return rows[:: max(1, -(-len(rows) // max(most, 1)))]


def _draw(name: str, judged: Judged, seen: Sequence[Seen], past: tuple[Rows, Rows]) -> Baseline:
    fit, held = past
    taught = seen[0].forecaster.artifact.taught
    length = taught.horizon * taught.timeframe
    up = fit.up == 1
    if name == SHUFFLED:
        block = blocks_of(fit.time, length)
        order = seeded_generator(SEED, SHUFFLE).permutation(len(np.unique(block)))
        up = shuffle_blocks(up, block, order)
    line = fit_line(fit.features, up, fit.weight)
    told = to_score(line.predict(held.features)), held.up == 1, blocks_of(held.time, length)
    slope = fit_slope(bin_scores(*told), level=SKILL_LEVEL, rng=seeded_generator(SEED, SLOPE))
    scored, method = bin_scores(*mirror_rows(*told)), find_method(FEWEST_PARTS)
    # A line without skill takes nothing, so nobody asks for its bounds.
    table = fit_middle(scored, method)
    if slope.is_positive:
        table = fit_steps(scored, method, level=BOUND_LEVEL, rng=seeded_generator(SEED, STEPS))
    takes, p_up = np.zeros(len(judged), np.int64), np.empty(len(judged))
    for number, each in enumerate(seen):
        mine, at = each.places(judged, number)
        forecasts = judged.forecasts[mine]
        score = to_score(line.predict(each.instrument.bars.features[at]))
        columns = table.look_up(score)
        for column, values in zip(("p_up", "up_lower", "up_upper"), columns, strict=True):
            forecasts[column] = values
        forecasts["state"] = READY
        p_up[mine] = forecasts["p_up"] / ONE
        events = each.instrument.events
        bars = np.flatnonzero(events["kind"] == BASE_BAR)[at]
        choice = weigh_bars(events[bars], forecasts, each.instrument.setup.terms[0])
        if slope.is_positive:
            takes[mine] = np.where(choice["reason"] == 0, choice["side"], 0)
    return Baseline(name=name, leans=np.where(p_up >= 0.5, 1, -1), takes=takes, p_up=p_up)
