"""What a sweep found: its best variant, and how much of that is luck."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np

from assay.apps.lab.sweeps.course import Measured, Runner
from assay.apps.lab.sweeps.store import FIGURES
from assay.apps.lab.sweeps.sweep import Swept, figure_of
from assay.books.analytics.deflated_sharpe import deflated_sharpe, period_sharpe
from assay.books.analytics.overfitting import MIN_DAYS, SPLITS, Overfitting, measure_overfitting
from assay.books.trials import Deflation
from assay.model.errors import DataError

SKILL = 0.95
"""A deflated Sharpe ratio above which skill is called shown."""
CELLS_MOST = 70_000
"""Ways to halve the days x variants, above which the days are cut into fewer blocks."""
DRAWN_MOST, DRAWS, FEW_DRAWS = 200_000, 200, 50


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedSweep:
    """Hold the place of the best variant, None where none traded, and what is left of it.

    `alone` deflates it by the variants of this sweep only, `deflation` by all in the ledger.
    `overfitting` is None with a reason in `unjudged`.
    """

    best: int | None
    digest: str
    alone: float | None
    deflation: Deflation | None
    overfitting: Overfitting | None
    splits: int
    unjudged: str
    median: float | None

    @property
    def deflated(self) -> float | None:
        """Return the deflated Sharpe ratio that the verdict goes by."""
        return self.deflation.clustered if self.deflation else self.alone


def judge_sweep(swept: Swept) -> JudgedSweep:
    """Choose the best variant by the objective and hold it against all that was tried."""
    values = [figure_of(one, swept.request.objective) for one in swept.found]
    known = [value for value in values if value is not None]
    if not known:
        return JudgedSweep(
            best=None, digest="", alone=None, deflation=None, overfitting=None, splits=0,
            unjudged="no variant ever traded", median=None,
        )  # fmt: skip
    best = max(range(len(values)), key=lambda place: _rank(values[place]))
    variant, chosen = swept.variants[best], swept.found[best]
    sharpes = [period_sharpe(one.returns) for one in swept.found]
    told = [sharpe for sharpe in sharpes if sharpe is not None]
    variance = float(np.var(told, ddof=1)) if len(told) > 1 else 0.0
    overfitting, splits, why = _measure_luck(swept.found, len(swept.course.ends))
    return JudgedSweep(
        best=best, digest=Runner(swept.course).run(variant).digest(swept.course.setup),
        alone=deflated_sharpe(chosen.returns, len(swept.variants), variance),
        deflation=swept.tally.deflate(variant, chosen.returns), overfitting=overfitting,
        splits=splits, unjudged=why, median=float(np.median(known)),
    )  # fmt: skip


def _rank(value: float | None) -> float:
    return -np.inf if value is None else value


def _measure_luck(found: Sequence[Measured], days: int) -> tuple[Overfitting | None, int, str]:
    """Return the probability of overfitting with the splits it was measured by, or why not."""
    returns = np.zeros((days, len(found)))
    for column, one in enumerate(found):  # what is ruined stays where it is
        returns[: len(one.returns), column] = one.returns
    fits = [
        splits for splits in range(SPLITS, 4, -2)
        if comb(splits, splits // 2) * len(found) <= CELLS_MOST and days >= MIN_DAYS * splits
    ]  # fmt: skip
    splits = fits[0] if fits else 6
    draws = DRAWS if returns.size <= DRAWN_MOST else FEW_DRAWS
    try:
        return measure_overfitting(returns, splits=splits, draws=draws), splits, ""
    except DataError as error:
        return None, 0, str(error)


def describe_sweep(swept: Swept, judged: JudgedSweep) -> dict[str, Any]:
    """Return what is told of a sweep, the verdict first."""
    request, setup = swept.request, swept.course.setup
    deflation, overfitting = judged.deflation, judged.overfitting
    return {
        "verdict": word_verdict(swept, judged),
        "variants": len(swept.variants), "measured_now": swept.fresh, "search": request.search,
        "bars": swept.course.bars, "days": len(swept.course.ends),
        "objective": request.objective, "median": judged.median,
        "best": None if judged.best is None else {
            "params": dict(swept.variants[judged.best]),
            **describe_variant(swept.found[judged.best], setup.account.currency_digits),
            "digest": judged.digest,
        },
        "deflated_sharpe_alone": judged.alone,
        "deflated_sharpe": deflation.deflated if deflation else None,
        "deflated_sharpe_clustered": deflation.clustered if deflation else None,
        "looks": deflation.before + 1 if deflation else None,
        "clusters_before": deflation.clusters_before if deflation else None,
        "overfitting": None if overfitting is None else {
            "probability": overfitting.probability, "lower": overfitting.lower,
            "upper": overfitting.upper, "splits": judged.splits,
        },
        "unjudged": judged.unjudged,
        "seconds": round(swept.seconds, 3),
        "bars_per_second": _rate(swept),
        "out": str(request.base.out) if request.base.out else None,
    }  # fmt: skip


def _rate(swept: Swept) -> int | None:
    done = swept.fresh * swept.course.bars
    return round(done / swept.seconds) if done and swept.seconds > 0 else None


def describe_variant(found: Measured, digits: int) -> dict[str, Any]:
    """Return the figures of a variant, money in whole currency."""
    told = {name: getattr(found, name) for name in FIGURES}
    scale = 10.0**-digits
    for name in ("net", "costs"):
        told[name] = round(told[name] * scale, digits)
    return told


def word_verdict(swept: Swept, judged: JudgedSweep) -> str:
    """Say in one line whether the best variant shows skill, by the deflated Sharpe ratio."""
    count = f"{len(swept.variants):,} variants"
    if judged.best is None:
        return f"Nothing to judge: none of {count} ever traded"
    deflated = judged.deflated
    if deflated is None:
        return f"Nothing to judge: the best of {count} has no Sharpe ratio"
    if swept.found[judged.best].net <= 0:
        return f"No skill shown: none of {count} earned anything; the best of them lost least"
    looks = judged.deflation.before + 1 if judged.deflation else len(swept.variants)
    shown = f"the best of {count} has a deflated Sharpe ratio of {deflated:.3f}"
    over = "" if looks == len(swept.variants) else f", all {looks:,} looks at these bars counted"
    if deflated > SKILL:
        return f"Skill shown: {shown}{over}, above {SKILL}; hold it against bars it never saw"
    return f"No skill shown: {shown}{over}, not above {SKILL}; luck among so many explains it"
