"""The positions of a hedging account: one for each order that opened something, by that one's key.

A close is booked against the price at which its own ticket was opened.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from assay.books.ledger.arithmetic import half_even
from assay.books.ledger.marks import Mark
from assay.books.ledger.position import FLAT, Position, Valuation, apply_fill

Tickets = dict[str, Position]
"""Open tickets by the key of the order that opened each, as text: snapshots are sorted by it."""


class TicketChange(NamedTuple):
    """Hold the raw profit that a fill realised on a ticket, and the digits of its price grid."""

    raw_profit: int
    price_digits: int


def change_ticket(
    tickets: Tickets, key: int, quantity: int, *, price: int, price_digits: int
) -> TicketChange:
    """Book a fill of signed `quantity` on a ticket; one that is closed is gone.

    >>> held = {}
    >>> change_ticket(held, 1, 300, price=100, price_digits=2).raw_profit
    0
    >>> change_ticket(held, 2, -100, price=120, price_digits=2), sum_tickets(held.values()).quantity
    (TicketChange(raw_profit=0, price_digits=2), 200)
    >>> change_ticket(held, 1, -300, price=110, price_digits=2), list(held)
    (TicketChange(raw_profit=3000, price_digits=2), ['2'])
    """
    ticket = str(key)
    held = tickets.get(ticket, FLAT)
    position, raw_profit = apply_fill(held, quantity, price=price, price_digits=price_digits)
    tickets[ticket] = position
    if not position.quantity:
        del tickets[ticket]
    return TicketChange(raw_profit, position.price_digits)


def sum_tickets(tickets: Iterable[Position]) -> Position:
    """Return all tickets as one position, exact on the finest of their price grids."""
    held = list(tickets)
    digits = max((each.price_digits for each in held), default=0)
    fine = [each.refine(digits) for each in held]
    return Position(sum(each.quantity for each in fine), sum(each.cost for each in fine), digits)


def value_sides(
    tickets: Iterable[Position], marks: tuple[Mark, Mark], quantity_digits: int,
    currency_digits: int,
) -> int:  # fmt: skip
    """Return the unrealised profit of tickets in minor units, rounded half-even once.

    Longs are valued at the first mark, shorts at the second, each at what would close it.
    """
    held = list(tickets)
    digits = max(each.price_digits for each in held)
    raw, scale = 0, None
    for mark, side in zip(marks, (1, -1), strict=True):
        part = sum_tickets(each for each in held if each.quantity * side > 0).refine(digits)
        scale = Valuation(part, mark.price_digits, quantity_digits, currency_digits)
        raw += scale.units * mark.price - scale.cost
    assert scale is not None
    num, den = marks[0].rates.of(raw)
    return half_even(raw * num * scale.numerator, den * scale.denominator)
