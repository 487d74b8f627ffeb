"""What an account, its strategies, its models and its symbols have come to, from the books."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from assay.books.analytics.attribution import Part, attribute, day_of, hour_of
from assay.books.analytics.decisions import DecisionScore, score_decisions
from assay.books.analytics.performance import sharpe_ratio
from assay.books.analytics.trades import ClosedTrade, close_trades, summarise_trades
from assay.books.reports.backtest import split_costs
from assay.books.reports.tape import AccountTape, Entry
from assay.model.errors import UsageError

UNKNOWN = Entry("", "", None)
KEYS: dict[str, Callable[[AccountTape, ClosedTrade], str]] = {
    "symbol": lambda _, trade: trade.symbol,
    "strategy": lambda tape, trade: _entry(tape, trade).strategy or tape.result().strategy,
    "model": lambda tape, trade: _entry(tape, trade).model or "no model",
    "side": lambda _, trade: trade.side,
    "hour": lambda _, trade: hour_of(trade.opened),
    "day": lambda _, trade: day_of(trade.closed),
}
"""What trades are gathered by; days are those of the closing, hours those of the opening (UTC)."""


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
    trades = close_trades(result.read_fills())
    stats = summarise_trades(trades)
    minor = 10.0**result.currency_digits
    equity = int(result.equity[-1]) if len(result.equity) else result.cash
    net = (equity - result.cash) / minor
    score = score_entries(tape, trades)
    return {
        "account": tape.account, "currency": result.currency, "strategy": result.strategy,
        "from": int(result.times[0]) if len(result.times) else None,
        "to": int(result.times[-1]) if len(result.times) else None,
        "equity": equity / minor, "net": round(net, result.currency_digits),
        "trades": stats.count, "wins": stats.wins, "losses": stats.losses,
        "win_rate": stats.win_rate, "profit_factor": stats.profit_factor,
        "expectancy": stats.expectancy, "max_drawdown": tape.marks.deepest,
        "sharpe": sharpe_ratio(result.times, result.equity, result.cash),
        "costs": {
            name: round(value, result.currency_digits)
            for name, value in split_costs(result, net).items()
        },
        "decisions": None if score is None else _tell_score(score),
        "by": by,
        "parts": [part._asdict() for part in gather(tape, trades, by)],
    }  # fmt: skip


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
