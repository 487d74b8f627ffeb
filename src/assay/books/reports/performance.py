"""What an account, its strategies, its models and its symbols have come to, from the books."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from assay.books.analytics.attribution import Part, attribute, day_of, hour_of
from assay.books.analytics.decisions import DecisionScore, score_decisions
from assay.books.analytics.exposure import share_of_time
from assay.books.analytics.parts import follow_part
from assay.books.analytics.performance import daily_returns
from assay.books.analytics.ratios import estimate_ratios
from assay.books.analytics.trades import ClosedTrade, summarise_trades
from assay.books.reports.backtest import split_costs
from assay.books.reports.tape import AccountTape, Entry
from assay.model.errors import UsageError

UNKNOWN = Entry("", "", None)
KEYS: dict[str, Callable[[AccountTape, ClosedTrade], str]] = {
    "symbol": lambda _, trade: trade.symbol,
    "strategy": lambda tape, trade: _entry(tape, trade).strategy or tape.strategy,
    "model": lambda tape, trade: _entry(tape, trade).model or "no model",
    "side": lambda _, trade: trade.side,
    "hour": lambda _, trade: hour_of(trade.opened),
    "day": lambda _, trade: day_of(trade.closed),
}
"""What trades are gathered by; days are those of the closing, hours those of the opening (UTC)."""
RATIOS = ("annual_return", "volatility", "sharpe", "sortino", "calmar")


def _entry(tape: AccountTape, trade: ClosedTrade) -> Entry:
    return tape.entries.get((trade.symbol, trade.opened), UNKNOWN)


def measure_performance(tape: AccountTape, by: str = "symbol") -> dict[str, Any]:
    """Return the figures of an account so far, and of its trades gathered by a key.

    Money in whole currency, shares as fractions, None where there is nothing to divide by. Raises
    UsageError for a key that is none.
    """
    if by not in KEYS:
        raise UsageError(f"--by {by!r} is unknown; use one of {', '.join(KEYS)}")
    result = tape.result()
    fills = result.read_fills()
    trades = tape.trades()
    stats = summarise_trades(trades)
    minor = 10.0**result.currency_digits
    equity = int(result.equity[-1]) if len(result.equity) else result.cash
    net = (equity - result.cash) / minor
    score = score_entries(tape, trades)
    first, last = tape.marks.first, tape.marks.last
    returns = daily_returns(result.times, result.equity, result.cash)
    ratios = estimate_ratios(returns)
    held = share_of_time(fills, first, last)
    return {
        "account": tape.account, "currency": result.currency, "strategy": result.strategy,
        "from": first if len(result.times) else None,
        "to": last if len(result.times) else None, "days": len(returns),
        "cash": result.cash / minor, "equity": equity / minor,
        "net": round(net, result.currency_digits),
        "trades": stats.count, "wins": stats.wins, "losses": stats.losses,
        "win_rate": stats.win_rate, "profit_factor": stats.profit_factor,
        "expectancy": stats.expectancy, "average_win": stats.average_win,
        "average_loss": stats.average_loss, "max_drawdown": tape.marks.deepest,
        "sharpe": ratios["sharpe"].value,
        "ratios": {name: ratios[name]._asdict() for name in RATIOS},
        "exposure": None if held is None else held._asdict(),
        "costs": {
            name: round(value, result.currency_digits)
            for name, value in split_costs(result, net).items()
        },
        "decisions": None if score is None else _tell_score(score),
        "by": by,
        "parts": [part._asdict() for part in gather(tape, trades, by)],
    }  # fmt: skip


def trace_parts(tape: AccountTape, by: str) -> dict[str, dict[str, Any]]:
    """Return how the trades of each key went: curve, deepest fall, Sharpe ratio, time held.

    Ratios have 95 % intervals by the bootstrap; `points` are of net results (docs/tear-sheet.md).
    """
    result = tape.result()
    first, last = tape.marks.first, tape.marks.last
    found: dict[str, list[ClosedTrade]] = {}
    for trade in tape.trades():
        found.setdefault(KEYS[by](tape, trade), []).append(trade)
    cash = result.cash / 10.0**result.currency_digits
    return {name: _tell_course(found[name], cash, first, last) for name in sorted(found)}


def _tell_course(
    trades: list[ClosedTrade], cash: float, first: int, last: int
) -> dict[str, Any]:  # fmt: skip
    course = follow_part(trades, cash, first, last)
    points = [{"time": time, "net": net} for time, net in course.points]
    return {**course._asdict(), "sharpe": course.sharpe._asdict(), "points": points}


def gather(tape: AccountTape, trades: list[ClosedTrade], by: str) -> list[Part]:
    """Return the trades of an account gathered by a key."""
    return attribute(trades, lambda trade: KEYS[by](tape, trade))


def score_entries(tape: AccountTape, trades: list[ClosedTrade]) -> DecisionScore | None:
    """Return how entries that named a probability came out, a trade that earned being right.

    A position closed in parts is right where its parts together earned.
    """
    nets: dict[tuple[str, int], float] = {}
    for trade in trades:
        key = (trade.symbol, trade.opened)
        nets[key] = nets.get(key, 0.0) + trade.net
    known = [
        (entry.probability, nets[key] > 0)
        for key, entry in tape.entries.items()
        if entry.probability is not None and key in nets
    ]
    return score_decisions([said for said, _ in known], [came for _, came in known])


def _tell_score(score: DecisionScore) -> dict[str, Any]:
    return {**score._asdict(), "bins": [each._asdict() for each in score.bins]}
