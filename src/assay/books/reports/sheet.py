"""What a tear sheet says: a verdict that its data can bear, and the figures behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from assay.books.analytics.attribution import (
    WEEKDAYS,
    Part,
    attribute,
    hour_of,
    weekday_of,
)
from assay.books.analytics.execution import ExecutionPart, summarise_execution
from assay.books.analytics.exposure import Exposure, share_of_time
from assay.books.analytics.performance import (
    TRADING_DAYS,
    daily_returns,
    max_drawdown,
)
from assay.books.analytics.periods import Fall, Rolling, find_falls, roll
from assay.books.analytics.ratios import DAYS_LEAST, Estimate, estimate_ratios
from assay.books.analytics.trades import ClosedTrade, TradeStatistics, summarise_trades
from assay.books.reports.backtest import split_costs, tabulate_months
from assay.books.reports.losses import DayLoss
from assay.books.reports.record import RunRecord
from assay.books.reports.tape import LIVE
from assay.books.reports.wording import format_number

TESTS = ("backtest", "replay")
DEMO = "demo account"
ENOUGH = 0.95
"""Deflated probability below which the best of several trials shows nothing."""
HOURS = tuple(f"{hour:02d}" for hour in range(24))
QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Hold the first line: `head` in two or three words, `rest` why, `tone` good, bad or even."""

    head: str
    rest: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Hold everything a tear sheet shows, in numbers; money in whole units of the currency."""

    record: RunRecord
    verdict: Verdict
    days: int
    net: float
    drawdown: float
    ratios: dict[str, Estimate]
    losses: Sequence[DayLoss]
    stats: TradeStatistics
    payoff: float | None
    months: list[tuple[int, list[float | None], float]]
    rolling: Rolling
    falls: list[Fall]
    exposure: Exposure | None
    margin_use: tuple[float, float] | None
    costs: dict[str, float]
    held: list[int]
    sides: list[Part]
    symbols: list[Part]
    exits: list[Part]
    hours: list[Part]
    weekdays: list[Part]
    execution: list[ExecutionPart]

    @property
    def digits(self) -> int:
        """Return the decimal places of the account's money."""
        return self.record.result.currency_digits


def describe_run(record: RunRecord, losses: Sequence[DayLoss] = ()) -> Sheet:
    """Work out a tear sheet from what a run left, and what its days may lose."""
    result, trades = record.result, record.trades
    returns = daily_returns(result.times, result.equity, result.cash)
    ratios = estimate_ratios(returns)
    final = int(result.equity[-1]) if len(result.equity) else result.cash
    net = (final - result.cash) * 10.0**-result.currency_digits
    stats = summarise_trades(trades)
    fills = result.read_fills()
    return Sheet(
        record=record, verdict=judge(record, ratios["sharpe"], len(returns)), days=len(returns),
        net=net, drawdown=max_drawdown(result.equity, result.cash), ratios=ratios, stats=stats,
        losses=losses,
        payoff=_pay_off(stats), months=tabulate_months(result),
        rolling=roll(result.times, result.equity, result.cash),
        falls=find_falls(result.times, result.equity, result.cash),
        exposure=share_of_time(fills, int(result.times[0]), int(result.times[-1]))
        if len(result.times) else None,
        margin_use=_use_margin(record), costs=split_costs(result, net), held=_hold(trades),
        sides=attribute(trades, lambda trade: trade.side, names=("long", "short")),
        symbols=attribute(trades, lambda trade: trade.symbol),
        exits=attribute(trades, lambda trade: trade.reason),
        hours=attribute(trades, lambda trade: hour_of(trade.opened), names=HOURS),
        weekdays=attribute(trades, lambda trade: weekday_of(trade.opened), names=WEEKDAYS),
        execution=summarise_execution(record.quality),
    )  # fmt: skip


def judge(record: RunRecord, sharpe: Estimate, days: int) -> Verdict:
    """Return what may be said honestly of a result, luck and modelling included."""
    caveats = [*_caveats(record)]
    if sharpe.lower is None or sharpe.upper is None or sharpe.value is None:
        why = f"{days} days" if days < DAYS_LEAST else "a Sharpe ratio that is undefined"
        return _verdict("Too little to judge", [f"{why} say nothing of skill", *caveats], "even")
    span = f"{format_number(sharpe.lower, 2)} to {format_number(sharpe.upper, 2)}"
    told = f"the Sharpe ratio is {format_number(sharpe.value, 2)} a year (95 % interval {span})"
    if sharpe.upper < 0:
        return _verdict("Loss shown", [f"{told}, all below 0", *caveats], "bad")
    if sharpe.lower <= 0:
        return _verdict("No edge shown", [f"{told}, which includes 0", *caveats], "bad")
    deflated = record.figures.get("deflated_sharpe")
    if deflated is not None and deflated < ENOUGH:
        luck = f"{told}, but as the best of all trials counted it is skill with only "
        luck += f"{format_number(100 * deflated, 0)} % probability"
        return _verdict("No edge shown", [luck, *caveats], "bad")
    return _verdict("Edge shown on these data", [f"{told}, all above 0", *caveats], "good")


def _verdict(head: str, parts: Sequence[str], tone: str) -> Verdict:
    return Verdict(head=head, rest="; ".join(parts) + ".", tone=tone)


def _caveats(record: RunRecord) -> list[str]:
    found = []
    before = record.figures.get("trials_before")
    if record.origin in TESTS:
        found.append(
            "this look was counted in no trial ledger" if before is None
            else f"{_count(before, 'trial')} on these instruments and times came before it"
        )  # fmt: skip
    elif record.origin == "paper":
        found.append("traded with paper money, no order reached a market")
    elif record.origin == LIVE:
        found.append(
            "filled by a venue on a demo account, no money at stake" if DEMO in record.place
            else "filled by a venue, with money"
        )  # fmt: skip
    share = record.modelled_share
    if share:
        which = "every fill is" if share == 1 else f"{format_number(100 * share, 0)} % of fills are"
        found.append(f"{which} modelled from bars, not seen on a tick")
    return found


def _count(number: int, noun: str) -> str:
    return f"{format_number(number, 0) if number else 'no'} {noun}{'' if number == 1 else 's'}"


def _pay_off(stats: TradeStatistics) -> float | None:
    if stats.average_win is None or not stats.average_loss:
        return None
    return stats.average_win / -stats.average_loss


def _use_margin(record: RunRecord) -> tuple[float, float] | None:
    result = record.result
    sound = result.equity > 0
    if not sound.any():
        return None
    use = result.margin[sound] / result.equity[sound]
    return float(use.mean()), float(use.max())


def _hold(trades: Sequence[ClosedTrade]) -> list[int]:
    if not trades:
        return []
    lengths = [trade.closed - trade.opened for trade in trades]
    return [int(value) for value in np.quantile(lengths, QUANTILES)]


def list_figures(sheet: Sheet) -> dict[str, Any]:
    """Return the figures as `--json` has them: ratios with their intervals, shares as fractions."""
    stats, record = sheet.stats, sheet.record
    return {
        "run": record.name, "origin": record.origin, "place": record.place,
        "strategy": record.result.strategy,
        "symbols": list(record.result.symbols), "verdict": sheet.verdict.head,
        "why": sheet.verdict.rest, "days": sheet.days, "net_profit": round(sheet.net, 9),
        "currency": record.result.currency, "max_drawdown": sheet.drawdown,
        "ratios": {name: each._asdict() for name, each in sheet.ratios.items()},
        "losses": [asdict(each) for each in sheet.losses],
        "trades": stats.count, "win_rate": stats.win_rate, "payoff": sheet.payoff,
        "profit_factor": stats.profit_factor, "expectancy": stats.expectancy,
        "exposure": sheet.exposure._asdict() if sheet.exposure else None,
        "costs": {name: round(value, 9) for name, value in sheet.costs.items()},
        "modelled_share": record.modelled_share,
        "trials_before": record.figures.get("trials_before"),
        "deflated_sharpe": record.figures.get("deflated_sharpe"),
        "periods_a_year": TRADING_DAYS,
    }  # fmt: skip
