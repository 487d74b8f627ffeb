"""A look at data is a trial: entered in the home's ledger before it, and told with its result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np

from assay.apps.lab.provenance import digest_series
from assay.books.analytics.deflated_sharpe import period_sharpe, sharpe_error
from assay.books.analytics.performance import TRADING_DAYS, daily_returns
from assay.books.trials import (
    Outcome,
    Trial,
    TrialLedger,
    count_overlapping,
    deflate,
    sketch_returns,
)
from assay.market.series import BarSeries, TickSeries
from assay.model.time import DAY
from assay.runtime.environment import user_name

UNCOUNTED = {
    "trials_before": None, "clusters_before": None, "deflated_sharpe": None,
    "deflated_sharpe_clustered": None,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Say what a command is about to look at: kind, series, the time, and what decides there.

    `parameters` are whatever else changes the result; their `repr` must be the same every time.
    """

    kind: str
    series: Sequence[BarSeries | TickSeries]
    start: int
    end: int
    strategy: str
    parameters: object


def span_of(series: Sequence[BarSeries | TickSeries]) -> tuple[int, int]:
    """Return the first moment of all series and the one after their last, in ns UTC."""
    shown = [one for one in series if len(one)]
    starts = [int(one.time[0]) for one in shown]
    return min(starts, default=0), max((_end_of(one) for one in shown), default=0)


def _end_of(one: BarSeries | TickSeries) -> int:
    length = int(one.timeframe) if isinstance(one, BarSeries) else 1
    return int(one.time[-1]) + length


def enter_look(ledger: TrialLedger | None, look: Look) -> Trial | None:
    """Count a look before it is taken; None without a ledger.

    Raises OperatorError where it cannot be counted: then it must not be taken.
    """
    if ledger is None:
        return None
    return ledger.enter(draft_trial(look, ledger.home.clock.now_ns()))


def draft_trial(look: Look, at: int) -> Trial:
    """Return the line of a look that is about to be taken, not entered yet."""
    return Trial(
        at=at, kind=look.kind, who=user_name(),
        symbols=tuple(one.symbol for one in look.series), start=look.start, end=look.end,
        strategy=look.strategy, data=digest_series(look.series),
        parameters=digest_parameters(look.parameters),
    )  # fmt: skip


def digest_parameters(parameters: object) -> str:
    """Return SHA-256 over whatever decides the result of a look."""
    return sha256(repr(parameters).encode()).hexdigest()


def count_before(ledger: TrialLedger | None, trial: Trial | None) -> int | None:
    """Return how many trials came before one that has no Sharpe ratio; None without a ledger."""
    if ledger is None or trial is None:
        return None
    return count_overlapping(ledger.read().lines, trial)


def tell_trial(
    ledger: TrialLedger | None, trial: Trial | None, equity: np.ndarray, cash: int
) -> dict[str, Any]:
    """Note what came of a trial, and return what is told with its result.

    `equity` has `ts` and `equity` of each bar. The standard error of the Sharpe ratio, annualised
    as the ratio is; how many trials came before on an instrument and time in common, in how many
    clusters; and the deflated Sharpe ratio at both counts. The counts are None without a ledger.
    """
    returns = daily_returns(equity["ts"], equity["equity"], cash)
    error = sharpe_error(returns)
    told = {"sharpe_error": None if error is None else error * TRADING_DAYS**0.5}
    if ledger is None or trial is None:
        return {**told, **UNCOUNTED}
    days = np.unique(equity["ts"] // DAY)[: len(returns)]
    sketch = sketch_returns(days, returns)
    outcome = Outcome(
        at=ledger.home.clock.now_ns(), trial=trial.number, sharpe=period_sharpe(returns),
        days=len(returns), sketch=sketch,
    )  # fmt: skip
    found = deflate(ledger.conclude(outcome).lines, trial, returns, sketch)
    return {
        **told, "trials_before": found.before, "clusters_before": found.clusters_before,
        "deflated_sharpe": found.deflated, "deflated_sharpe_clustered": found.clustered,
    }  # fmt: skip


def word_trial(figures: dict[str, Any]) -> str:
    """Return the figures of a trial in two lines for people."""
    before = figures["trials_before"]
    if before is None:
        return "counted in no trial ledger"
    shown = [
        "-" if figures[name] is None else f"{figures[name]:.3f}"
        for name in ("deflated_sharpe", "deflated_sharpe_clustered")
    ]
    return (
        f"trials before this one on these instruments and times: {before:,} "
        f"(clusters of alike returns: {figures['clusters_before']:,})\n"
        f"deflated Sharpe {shown[0]} counting every trial, {shown[1]} counting alike ones as fewer"
    )
