"""What the slow brokers ask where nothing is set off, and what both sides bind."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol

from assay.model.accounts import AccountSpec
from assay.trading.engine.terms import Contract, RiskProfile
from tests.property.slow_orders import IN_PARTS, OLDEST_FIRST, Order, Position

Side = tuple[int, int]
"""Units and cost of what is held on one side."""


class Broker(Protocol):
    account: AccountSpec
    contracts: Sequence[Contract]
    positions: list[Position]
    profile: RiskProfile

    def lots(self, i: int) -> list[int]: ...

    def margin_of(self, raw: int | Fraction, i: int, rate: int) -> int: ...


def closed_by(broker: Broker, i: int, order: Order) -> int:
    """Return how many units an order that may open takes from the other side first."""
    if broker.account.margin_mode == "hedging" and order.ticket != OLDEST_FIRST:
        return 0
    other = sum(abs(units) for units in broker.lots(i) if units * order.quantity < 0)
    return min(other, abs(order.quantity))


def pass_gross(broker: Broker, i: int, order: Order) -> int:
    """Return the code of the limit on what is open that an order passes, else 0."""
    closed = closed_by(broker, i, order)
    opened = abs(order.quantity) - closed
    units, count = sum(map(abs, broker.lots(i))) - closed + opened, 0
    for j, held in enumerate(broker.positions):
        waiting = [
            one for one in held.slots if one and not one.reduces and one.kind not in IN_PARTS
        ]
        if j == i:
            units += sum(abs(one.quantity) for one in waiting)
        opening = len(waiting) + (j == i and opened > 0)
        open_now = sum(one != 0 for one in broker.lots(j))
        nets = broker.account.margin_mode == "netting"
        count += min(open_now + opening, 1) if nets else open_now + opening
    lots, most = broker.profile.gross_max_lots, broker.profile.positions_max
    if lots and units > lots * broker.contracts[i].instrument.lot_units:
        return 132
    return 133 if most and count > most else 0


def margin_of_sides(broker: Broker, i: int, sides: tuple[Side, Side], rate: int) -> int:
    """Return what both sides bind, each at its mean price in whole points."""

    def bind(units: int, side: Side, share: Fraction = Fraction(1)) -> int:
        mean = round(Fraction(side[1], side[0])) if side[0] else 0
        return broker.margin_of(units * mean * share, i, rate)

    spec = broker.contracts[i].instrument
    smaller, larger = sorted(sides)
    if spec.margin_hedged is None or not smaller[0]:
        return max(bind(side[0], side) for side in sides)
    both = (smaller[0] + larger[0], smaller[1] + larger[1])
    if smaller[0] == larger[0]:
        alone = 0
    else:
        alone = bind(larger[0] - smaller[0], larger)
    return alone + bind(smaller[0], both, Fraction(spec.margin_hedged) / int(spec.contract_size))
