"""One strategy on bars of several lengths made of the same data, each held to chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assay.apps.lab.backtests.backtest import Request, describe_look, prepare_run, read_data
from assay.apps.lab.models.forecasting import forecast_events
from assay.apps.lab.runs.drivers import sweep
from assay.apps.lab.runs.outcome import summarise
from assay.apps.lab.trial import enter_look, tell_trial
from assay.books.analytics.intervals import LEAST, measure_intervals
from assay.books.analytics.performance import daily_returns
from assay.market.bars import bars_to_bars, ticks_to_bars
from assay.market.series import BarSeries, TickSeries
from assay.model.errors import InvariantError, UsageError
from assay.model.time import DAY, Timeframe

Tell = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Framed:
    """Hold one length of bars: the figures of its run, and its returns by day (days since 1970)."""

    frame: Timeframe
    figures: dict[str, Any]
    days: np.ndarray
    returns: np.ndarray


def run_frames(
    base: Request, frames: Sequence[Timeframe], *, draws: int, seed: int,
    on_stage: Tell | None = None,
) -> list[Framed]:  # fmt: skip
    """Trade a backtest on bars of each length; each run is a look, counted before it.

    Raises UsageError for a length that the data do not make.
    """
    if len(set(frames)) < len(frames) or not frames:
        raise UsageError("--frames names nothing, or a length twice")
    tell = on_stage or (lambda _stage, _share: None)
    series = read_data(base)
    found = []
    for number, frame in enumerate(sorted(frames), 1):
        tell(frame.name, number / len(frames))
        found.append(_run_frame(base, [_lengthen(one, frame) for one in series], draws, seed))
    return found


def _lengthen(series: BarSeries | TickSeries, frame: Timeframe) -> BarSeries:
    if isinstance(series, TickSeries):
        return ticks_to_bars(series, frame)
    return series if series.timeframe is frame else bars_to_bars(series, frame)


def _run_frame(base: Request, series: Sequence[BarSeries], draws: int, seed: int) -> Framed:
    setup = prepare_run(base, series)
    trial = enter_look(base.ledger, describe_look(setup, base, "frames"))
    run = sweep(forecast_events(setup))
    if run.halted:
        raise InvariantError(f"the ledger and the engine disagree: trading halted, {run.halted}")
    figures = summarise(run.outcome, setup, bars=run.bars, seconds=run.seconds)
    rows, cash = run.outcome.equity, setup.account.cash
    figures |= tell_trial(base.ledger, trial, rows, cash)
    returns = daily_returns(rows["ts"], rows["equity"], cash)
    interval = None
    if len(returns) >= LEAST:
        sharpe = measure_intervals(returns, draws=draws, seed=seed).sharpe
        interval = [sharpe.lower, sharpe.upper]
    return Framed(
        frame=series[0].timeframe, figures={**figures, "sharpe_interval": interval},
        days=np.unique(rows["ts"] // DAY)[: len(returns)], returns=returns,
    )  # fmt: skip


def describe_frames(found: Sequence[Framed]) -> dict[str, Any]:
    """Return what is told of it, the verdict first, and how alike the days of each two are."""
    return {
        "verdict": word_verdict(found),
        "frames": [{"frame": one.frame.name, "days": len(one.returns), **one.figures}
                   for one in found],
        "alike": [
            {"first": one.frame.name, "second": two.frame.name, "correlation": _likeness(one, two)}
            for place, one in enumerate(found) for two in found[place + 1 :]
        ],
    }  # fmt: skip


def word_verdict(found: Sequence[Framed]) -> str:
    """Say in one line on which lengths there is an edge: intervals widened by nothing else."""
    intervals = [one.figures["sharpe_interval"] for one in found]
    shown = [
        one.frame.name
        for one, interval in zip(found, intervals, strict=True)
        if interval is not None and interval[0] > 0
    ]
    if len(shown) == len(found):
        return f"Edge shown on each of {len(found)} lengths"
    if shown:
        return (
            f"Edge shown on {', '.join(shown)} and not on the other {len(found) - len(shown)}: of "
            "so many lengths one may look so by chance"
        )
    return f"No edge shown on any of {len(found)} lengths"


def _likeness(one: Framed, two: Framed) -> float | None:
    """Return the correlation of daily returns on the days of both; None where one stands still."""
    _, ours, theirs = np.intersect1d(one.days, two.days, return_indices=True)
    first, second = one.returns[ours], two.returns[theirs]
    if len(first) < LEAST or not first.std() or not second.std():
        return None
    return float(np.corrcoef(first, second)[0, 1])
