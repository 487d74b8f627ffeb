"""How well orders were executed: what each cost against the mid at which it was decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from assay.books.analytics.quotes import Quotes

HORIZONS = (1, 5, 15)
"""Bars after a fill at which the realised spread is taken."""
FILLED, PARTLY, UNFILLED, DENIED, PROTECTIVE = "filled partly unfilled denied protective".split()


class SentOrder(NamedTuple):
    """Hold an order: signed quantity in units of base; `denied` is the rule that refused it."""

    key: int
    time: int
    symbol: str
    quantity: float
    kind: str
    denied: str = ""


class Execution(NamedTuple):
    """Hold one execution of the order `key`, with money in the account's currency.

    `rate` turned quote currency into the account's; both costs are contained in the price.
    """

    key: int
    time: int
    symbol: str
    quantity: float
    price: float
    spread_cost: float
    slippage_cost: float
    commission: float
    rate: float
    reason: str


class OrderQuality(NamedTuple):
    """Hold what one order cost, money in the account's currency, a cost being positive.

    `state` is filled, partly, unfilled, denied (by the rule `denied`) or protective.

    `shortfall` = delay + spread + slippage + commission + opportunity: `delay` is what the mid
    moved against the order from the decision to the fill, `opportunity` what it moved away from
    what never filled, until the last horizon. Both are None where no quote tells, and of stops and
    targets at the broker, which nobody decides upon. Spreads are in price: `effective` is 2 x (fill
    - mid at the fill), `realised` 2 x (fill - mid 1, 5 and 15 bars later), signed by the side.
    Sources: Perold, "The Implementation Shortfall", Journal of Portfolio Management 14(3), 1988;
    Huang and Stoll, "Dealer versus Auction Markets", Journal of Financial Economics 41(3), 1996.
    """

    key: int
    time: int
    symbol: str
    side: str
    kind: str
    state: str
    quantity: float
    filled: float
    decided_mid: float | None
    price: float | None
    waited: int | None
    delay: float | None
    spread: float
    slippage: float
    commission: float
    opportunity: float | None
    shortfall: float
    effective: float | None
    realised: tuple[float | None, ...]
    denied: str = ""


def measure_execution(
    orders: Iterable[SentOrder], fills: Iterable[Execution], quotes: Mapping[str, Quotes]
) -> list[OrderQuality]:
    """Return one line an order, then one for each exit that was no order of its own, by time."""
    mine: dict[int, list[Execution]] = defaultdict(list)
    rates: dict[str, float] = {}
    for fill in fills:
        mine[fill.key].append(fill)
        rates[fill.symbol] = fill.rate
    found = [
        _measure(order, mine.pop(order.key, []), quotes.get(order.symbol), rates)
        for order in orders
    ]
    for key, part in mine.items():
        first = part[0]
        whole = sum(fill.quantity for fill in part)
        exit_ = SentOrder(key, first.time, first.symbol, whole, first.reason)
        found.append(_measure(exit_, part, quotes.get(first.symbol), {}))
    return sorted(found, key=lambda line: line.time)


def _measure(
    order: SentOrder, fills: Sequence[Execution], quotes: Quotes | None, rates: Mapping[str, float]
) -> OrderQuality:
    sign, size = (1.0 if order.quantity > 0 else -1.0), abs(order.quantity)
    filled = sum(abs(fill.quantity) for fill in fills)
    # Without rates it is an exit that the broker held: nothing was decided at its time.
    decided = quotes.mid_at(order.time) if quotes and rates else None
    price = sum(fill.price * abs(fill.quantity) for fill in fills) / filled if filled else None
    spread, slippage, commission = (
        sum(getattr(fill, name) for fill in fills)
        for name in ("spread_cost", "slippage_cost", "commission")
    )
    delay = opportunity = effective = None
    if price is not None:
        worth = sum(abs(fill.quantity) * fill.rate for fill in fills)
        effective = 2.0 * (spread + slippage) / worth if worth else None
        if decided is not None:
            delay = sign * (price - decided) * worth - spread - slippage
    if decided is not None and quotes is not None and not order.denied:
        opportunity = _miss(order, size - filled, decided, quotes) * rates.get(order.symbol, 0.0)
    return OrderQuality(
        key=order.key, time=order.time, symbol=order.symbol, side="buy" if sign > 0 else "sell",
        kind=order.kind, state=_state_of(order, filled, size, held=not rates), quantity=size,
        filled=filled, decided_mid=decided, price=price,
        waited=max(fill.time for fill in fills) - order.time if fills else None, delay=delay,
        spread=spread, slippage=slippage, commission=commission, opportunity=opportunity,
        shortfall=spread + slippage + commission + (delay or 0.0) + (opportunity or 0.0),
        effective=effective, realised=_realise(fills, price, sign, quotes), denied=order.denied,
    )  # fmt: skip


def _state_of(order: SentOrder, filled: float, size: float, *, held: bool) -> str:
    if order.denied:
        return DENIED
    if held and filled:
        return PROTECTIVE
    return UNFILLED if filled == 0 else PARTLY if filled < size * (1 - 1e-9) else FILLED


def _miss(order: SentOrder, left: float, decided: float, quotes: Quotes) -> float:
    if left <= 1e-9 * abs(order.quantity):
        return 0.0
    later = quotes.mid_at(order.time, HORIZONS[-1])
    if later is None:
        later = float(quotes.mid[-1])
    return (1.0 if order.quantity > 0 else -1.0) * (later - decided) * left


def _realise(
    fills: Sequence[Execution], price: float | None, sign: float, quotes: Quotes | None
) -> tuple[float | None, ...]:
    if price is None or quotes is None:
        return (None,) * len(HORIZONS)
    last = max(fill.time for fill in fills)
    later = [quotes.mid_at(last, bars) for bars in HORIZONS]
    return tuple(None if mid is None else 2.0 * sign * (price - mid) for mid in later)


class ExecutionPart(NamedTuple):
    """Hold what the orders of one kind and symbol cost together; spreads are means by quantity."""

    symbol: str
    kind: str
    orders: int
    filled: int
    denied: int
    delay: float
    spread: float
    slippage: float
    commission: float
    opportunity: float
    shortfall: float
    effective: float | None
    realised: tuple[float | None, ...]


def summarise_execution(lines: Iterable[OrderQuality]) -> list[ExecutionPart]:
    """Return one part a symbol and type of order, in the order of the alphabet."""
    found: dict[tuple[str, str], list[OrderQuality]] = defaultdict(list)
    for line in lines:
        found[line.symbol, line.kind].append(line)
    return [_sum_up(*key, found[key]) for key in sorted(found)]


def _sum_up(symbol: str, kind: str, lines: Sequence[OrderQuality]) -> ExecutionPart:
    def total(name: str) -> float:
        return float(sum(getattr(line, name) or 0.0 for line in lines))

    return ExecutionPart(
        symbol=symbol, kind=kind, orders=len(lines),
        filled=sum(line.filled > 0 for line in lines),
        denied=sum(line.state == DENIED for line in lines), delay=total("delay"),
        spread=total("spread"), slippage=total("slippage"), commission=total("commission"),
        opportunity=total("opportunity"), shortfall=total("shortfall"),
        effective=_weigh((line.effective, line.filled) for line in lines),
        realised=tuple(
            _weigh((line.realised[place], line.filled) for line in lines)
            for place in range(len(HORIZONS))
        ),
    )  # fmt: skip


def _weigh(pairs: Iterable[tuple[float | None, float]]) -> float | None:
    known = [(value, weight) for value, weight in pairs if value is not None and weight > 0]
    whole = sum(weight for _, weight in known)
    return sum(value * weight for value, weight in known) / whole if whole else None
