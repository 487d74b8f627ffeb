"""Closed trades out of fills, and what they say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple


class Fill(NamedTuple):
    """Hold one execution: signed quantity, price and amounts in the account's currency.

    `profit` is realised before costs, `commission` a cost >= 0, a positive `swap` a gain. `ticket`
    is the position of a hedging account that it changed, 0 without.
    """

    time: int
    symbol: str
    quantity: float
    price: float
    profit: float
    commission: float
    swap: float
    reason: str = ""
    ticket: int = 0


class ClosedTrade(NamedTuple):
    """Hold a part of a position from its opening to its closing.

    `side` is long or short, `quantity` positive, `entry` the average opening price. `net` is the
    profit plus swap less the commission of the closed part, of both its sides. `reason` is what
    closed it, `opened_by` what opened it.
    """

    opened: int
    closed: int
    symbol: str
    side: str
    quantity: float
    entry: float
    exit: float
    costs: float
    net: float
    reason: str
    opened_by: str = ""


@dataclass(frozen=True, slots=True)
class _Open:
    quantity: float = 0.0
    cost: float = 0.0
    charges: float = 0.0
    since: int = 0
    reason: str = ""


def close_trades(fills: Iterable[Fill]) -> list[ClosedTrade]:
    """Return one trade for each fill that closes something, in order of closing.

    Commission and swap of opening fills are held with the position and released in proportion to
    the quantity closed; the commission of a flip is split between its two parts.

    >>> buy = Fill(1, "EURUSD", 100, 1.0, 0.0, 1.0, 0.0)
    >>> sell = Fill(2, "EURUSD", -50, 1.2, 10.0, 0.5, -0.25)
    >>> [(t.side, t.quantity, t.costs, t.net) for t in close_trades([buy, sell])]
    [('long', 50.0, 1.25, 8.75)]
    """
    held: dict[tuple[str, int], _Open] = {}
    trades: list[ClosedTrade] = []
    for fill in fills:
        place = fill.symbol, fill.ticket
        position = held.get(place, _Open())
        charge = fill.commission
        size = abs(fill.quantity)
        if position.quantity * fill.quantity >= 0:
            held[place] = _grow(position, fill, fill.quantity, charge - fill.swap)
            continue
        part = min(size, abs(position.quantity))
        share = part / abs(position.quantity)
        costs = position.charges * share + charge * part / size - fill.swap
        trades.append(
            ClosedTrade(
                opened=position.since, closed=fill.time, symbol=fill.symbol,
                side="long" if position.quantity > 0 else "short", quantity=float(part),
                entry=position.cost / position.quantity, exit=fill.price, costs=costs,
                net=fill.profit - costs, reason=fill.reason, opened_by=position.reason,
            )
        )  # fmt: skip
        rest = size - part
        if rest > 0:
            opened = rest if fill.quantity > 0 else -rest
            held[place] = _grow(_Open(), fill, opened, charge * rest / size)
        else:
            held[place] = replace(
                position,
                quantity=position.quantity + fill.quantity,
                cost=position.cost * (1 - share),
                charges=position.charges * (1 - share),
            )
    return trades


def _grow(position: _Open, fill: Fill, quantity: float, charge: float) -> _Open:
    return _Open(
        quantity=position.quantity + quantity,
        cost=position.cost + quantity * fill.price,
        charges=position.charges + charge,
        since=position.since if position.quantity else fill.time,
        reason=position.reason if position.quantity else fill.reason,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeStatistics:
    """Hold counts and averages of closed trades; None where there is nothing to divide by.

    `win_rate` = trades with net > 0 / trades; `profit_factor` = sum of gains / |sum of losses|
    (Pardo, "The Evaluation and Optimization of Trading Strategies", 2008); `expectancy` = mean net.
    """

    count: int
    wins: int
    losses: int
    longs: int
    win_rate: float | None
    profit_factor: float | None
    expectancy: float | None
    average_win: float | None
    average_loss: float | None
    largest_win: float | None
    largest_loss: float | None
    average_held: int | None


def summarise_trades(trades: Sequence[ClosedTrade]) -> TradeStatistics:
    """Return the statistics of closed trades; `average_held` is in nanoseconds.

    >>> one = ClosedTrade(0, 10, "EURUSD", "long", 1, 1, 1, 0, 30.0, "")
    >>> stats = summarise_trades([one, one._replace(net=-20.0), one._replace(net=0.0)])
    >>> stats.profit_factor, stats.wins, stats.losses, round(stats.win_rate, 4)
    (1.5, 1, 1, 0.3333)
    """
    nets = [trade.net for trade in trades]
    gains = [net for net in nets if net > 0]
    losses = [net for net in nets if net < 0]
    return TradeStatistics(
        count=len(nets),
        wins=len(gains),
        losses=len(losses),
        longs=sum(1 for trade in trades if trade.side == "long"),
        win_rate=len(gains) / len(nets) if nets else None,
        profit_factor=sum(gains) / -sum(losses) if losses else None,
        expectancy=_mean(nets),
        average_win=_mean(gains),
        average_loss=_mean(losses),
        largest_win=max(gains, default=None),
        largest_loss=min(losses, default=None),
        average_held=(
            sum(trade.closed - trade.opened for trade in trades) // len(trades) if trades else None
        ),
    )


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
