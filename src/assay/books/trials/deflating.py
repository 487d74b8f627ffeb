"""What the trials before it leave of a result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
import numpy.typing as npt

from assay.books.analytics.deflated_sharpe import deflated_sharpe, period_sharpe
from assay.books.trials.lines import Line, Outcome, Trial
from assay.books.trials.sketches import cluster_sketches

Floats = npt.NDArray[np.float64]
Cluster = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deflation:
    """Hold how many trials came before, in how many clusters, and the deflated Sharpe ratio.

    `deflated` counts every trial, `clustered` a cluster of alike ones (this one's included) as the
    fewer independent ones that it is worth; None where there is no Sharpe ratio.
    """

    before: int
    clusters_before: int
    deflated: float | None
    clustered: float | None


@dataclass(frozen=True, slots=True)
class _Past:
    trial: Trial
    sharpe: float | None
    sketch: str


def deflate(lines: Sequence[Line], trial: Trial, returns: Floats, sketch: str) -> Deflation:
    """Hold a trial's daily returns against the trials before it that touch what it touches."""
    past = _find_past(lines, trial)
    every = [*past, _Past(trial, period_sharpe(returns), sketch)]
    known = [one.sharpe for one in every if one.sharpe is not None]
    # The same look again tells nothing more, whatever it is alike to.
    unlike = [*{one.trial.what: one for one in every}.values()]
    owned, count = _cluster(unlike)
    return Deflation(
        before=len(past), clusters_before=len(set(_cluster(past)[0])),
        deflated=deflated_sharpe(returns, len(every), _variance(known)),
        clustered=deflated_sharpe(returns, count, _variance(_average(unlike, owned))),
    )  # fmt: skip


def count_overlapping(lines: Sequence[Line], trial: Trial) -> int:
    """Return how many trials before it touched an instrument and a time in common with it."""
    return len(_find_past(lines, trial))


def _find_past(lines: Sequence[Line], trial: Trial) -> list[_Past]:
    outcomes = {line.trial: line for line in lines if isinstance(line, Outcome)}
    found = []
    for line in lines:
        if isinstance(line, Trial) and line.number < trial.number and line.overlaps(trial):
            came = outcomes.get(line.number)
            found.append(_Past(line, came.sharpe if came else None, came.sketch if came else ""))
    return found


def _cluster(past: Sequence[_Past]) -> tuple[list[Cluster], float]:
    """Return what names the cluster of each, and how many independent trials all are worth.

    Trials of alike returns are a cluster, one without returns is one of its own.
    """
    sketched, counts = cluster_sketches([one.sketch for one in past if one.sketch])
    places = iter(sketched)
    owned: list[Cluster] = [(next(places),) if one.sketch else one.trial.what for one in past]
    return owned, sum(counts) + sum(not one.sketch for one in past)


def _average(every: Sequence[_Past], owned: Sequence[Cluster]) -> list[float]:
    """Return the mean Sharpe ratio of each cluster that has any."""
    found: dict[Cluster, list[float]] = {}
    for one, cluster in zip(every, owned, strict=True):
        if one.sharpe is not None:
            found.setdefault(cluster, []).append(one.sharpe)
    return [fmean(sharpes) for sharpes in found.values()]


def _variance(sharpes: Sequence[float]) -> float:
    return float(np.var(sharpes, ddof=1)) if len(sharpes) > 1 else 0.0
