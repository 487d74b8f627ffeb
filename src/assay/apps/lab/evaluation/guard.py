"""How a model's guard did on judged bars: its prediction sets, its acted-on bars, its silence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.apps.lab.evaluation.verdict import blocks_of, mean_net
from assay.books.reports import Vigil
from assay.kernel.records import READY, SILENCED, UNSKILLED
from assay.model.time import format_time
from assay.signals.calibration import ONE
from assay.signals.guard import LEVEL
from assay.trading.decision.weighing import weigh_bars

if TYPE_CHECKING:
    from assay.apps.lab.evaluation.judging import Judged
    from assay.signals.prediction import Taught

STRETCHES = 60
"""Stretches of two horizons with an acted-on bar that the rolling accuracy looks back on."""
ONE_SIDED = 1.645
"""Standard errors to the 95 % lower bound."""


def sides_acted_on(
    events: np.ndarray, forecasts: np.ndarray, instruments: np.ndarray
) -> np.ndarray:
    """Return the side [n] that would be taken were nothing silenced: 1, -1, or 0 for none."""
    spoken = forecasts.copy()
    spoken["state"][spoken["state"] == SILENCED] = READY
    choice = weigh_bars(events, spoken, instruments)
    return np.where(choice["reason"] == 0, choice["side"], 0)


def judge_guard(judged: Judged, taught: Taught, symbols: Sequence[str]) -> dict[str, Any]:
    """Return the figures of the guard.

    `set_coverage` is how often the direction was in the prediction set, `set_single_share` how
    often that held one direction alone, `set_single_accuracy` how often that was right.
    `acted_accuracy` counts the direction of the bars that would be taken were nothing silenced,
    with the lower end of its 95 % interval. `silenced` lists who was silent from when until when
    (opens of bars), `silenced_share` the share of bars.
    """
    states, size = judged.forecasts["state"], judged.forecasts["set_size"]
    watched = np.isin(states, (READY, SILENCED, UNSKILLED))
    likely = (judged.forecasts["p_up"] > ONE // 2) == judged.up
    held = (size == 2) | ((size == 1) & likely)
    single = watched & (size == 1)
    acted = judged.acted != 0
    right = (judged.acted > 0) == judged.up
    block = blocks_of(judged.time, taught.horizon * taught.timeframe)
    found = mean_net(right.astype(np.float64), acted, block)
    return {
        "set_coverage": _mean(held[watched]), "set_single_share": _mean(single[watched]),
        "set_single_accuracy": _mean(likely[single]), "acted": int(acted.sum()),
        "acted_accuracy": found.mean, "acted_lower": found.lower,
        "silenced_share": float((states == SILENCED).mean()),
        "silenced": [
            {"symbol": symbols[number], "from": format_time(first), "until": format_time(last)}
            for number, first, last in silences(judged, taught.timeframe)
        ],
    }  # fmt: skip


def silences(judged: Judged, length: int) -> list[tuple[int, int, int]]:
    """Return (symbol, open of the first silent bar, end of the last, in ns) in order of time."""
    found = []
    for number in np.unique(judged.symbol):
        mine = judged.symbol == number
        time, quiet = judged.time[mine], judged.forecasts["state"][mine] == SILENCED
        edges = np.flatnonzero(np.diff(np.concatenate([[0], quiet.astype(np.int8), [0]])))
        found += [
            (int(time[first]), int(number), int(time[last - 1]) + length)
            for first, last in zip(edges[::2], edges[1::2], strict=True)
        ]
    return [(number, first, last) for first, number, last in sorted(found)]


def picture_vigil(judged: Judged, taught: Taught) -> Vigil:
    """Return what is drawn of the guard: rolling accuracy of acted-on bars, evidence, silences."""
    block = blocks_of(judged.time, taught.horizon * taught.timeframe)
    chosen = judged.acted != 0
    right = ((judged.acted > 0) == judged.up)[chosen]
    low, high = (judged.forecasts[name][chosen] / ONE for name in ("up_lower", "up_upper"))
    promise = np.where(judged.acted[chosen] > 0, low, 1 - high)
    _, first, place = np.unique(block[chosen], return_index=True, return_inverse=True)
    rows, hits, told = (
        np.bincount(place, weights=each, minlength=len(first))
        for each in (np.ones(len(place)), right, promise)
    )
    accuracy, lower = _roll(rows, hits)
    whole = _window(rows)
    times, against, back = _evidence(judged)
    return Vigil(
        times=judged.time[chosen][first][STRETCHES - 1 :], right=accuracy, lower=lower,
        promised=_window(told) / whole, moments=times, against=against, back=back,
        level=float(np.log10(LEVEL)),
        silences=np.array([[a, b] for _, a, b in silences(judged, taught.timeframe)], np.int64)
        .reshape(-1, 2),
    )  # fmt: skip


def _window(values: np.ndarray) -> np.ndarray:
    if len(values) < STRETCHES:
        return np.zeros(0)
    return np.convolve(values, np.ones(STRETCHES), mode="valid")


def _roll(rows: np.ndarray, hits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the accuracy over the last stretches and its lower bound, stretch by stretch.

    The error is that of a ratio of sums over independent stretches.
    """
    n = _window(rows)
    share = _window(hits) / n
    squares = _window(hits**2) - 2 * share * _window(hits * rows) + share**2 * _window(rows**2)
    return share, share - ONE_SIDED * np.sqrt(np.maximum(squares, 0)) / n


def _evidence(judged: Judged) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return times and the most evidence of any symbol: against skill, and for its return."""
    times, first = np.unique(judged.time, return_index=True)
    told = judged.forecasts["evidence"] / 1_000
    quiet = judged.forecasts["state"] == SILENCED
    against, back = np.where(quiet, 0.0, told), np.where(quiet, told, 0.0)
    return times, np.maximum.reduceat(against, first), np.maximum.reduceat(back, first)


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None
