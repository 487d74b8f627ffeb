"""A slow broker whose accounts hedge: a list of tickets, oldest first, and their sum.

It follows docs/orders.md, and shares no code with the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from tests.property.slow_broker import SlowBroker
from tests.property.slow_limits import Side, closed_by, margin_of_sides
from tests.property.slow_orders import (
    BUY,
    CLOSE_BY,
    EXPIRED,
    GO_TO,
    OLDEST,
    OLDEST_FIRST,
    PLACE_CLOSE_BY,
    SELL,
    STOP_LIMIT,
    STOP_LOSS,
    STOP_OUT,
    TAKE_PROFIT,
    TIME_STOP,
    UNFILLED,
    Corner,
    Event,
    Order,
    Position,
    Ticket,
    Wish,
    sign,
    waiting_of,
)

MOST_TICKETS = 32


class HedgingBroker(SlowBroker):
    """Trade one hedging account; `named` are the tickets of its fills."""

    def __init__(self, *told: Any) -> None:
        super().__init__(*told)
        self.tickets: list[list[Ticket]] = [[] for _ in self.contracts]
        self.named: list[int] = []

    def find(self, i: int, reference: int) -> Ticket | None:
        return next((one for one in self.tickets[i] if one.number + 1 == reference), None)

    # Money

    def bound(self, i: int, rate: int) -> int:
        return margin_of_sides(self, i, (self.side(i, BUY), self.side(i, SELL)), rate)

    def side(self, i: int, way: int) -> Side:
        held = [one for one in self.tickets[i] if sign(one.quantity) == way]
        return sum(abs(one.quantity) for one in held), sum(abs(one.cost) for one in held)

    def margin_added(self, i: int, order: Order, before: int, price: int) -> int:
        if self.contracts[i].instrument.margin_hedged is None:
            return super().margin_added(i, order, before, price)
        held, way = self.positions[i], sign(order.quantity)
        own, other = self.side(i, way), self.side(i, -way)
        closed = closed_by(self, i, order)
        opened = abs(order.quantity) - closed
        if closed:
            mean = round(Fraction(other[1], other[0]))
            other = (other[0] - closed, other[1] - closed * mean)
        own = (own[0] + opened, own[1] + opened * price)
        return margin_of_sides(self, i, (own, other), held.rate) - held.margin

    def own_side(self, i: int, order: Order) -> int:
        if order.ticket:
            return 0
        way = sign(order.quantity)
        waiting = waiting_of(self.positions[i]) * way
        return self.side(i, way)[0] + max(waiting, 0) + abs(order.quantity)

    def lots(self, i: int) -> list[int]:
        return [one.quantity for one in self.tickets[i]]

    def worth_at(self, i: int, quote: Corner) -> int:
        raw = Fraction(0)
        for one in self.tickets[i]:
            price = Fraction(quote.bid if one.quantity > 0 else quote.ask)
            if self.account.mark == "mid":
                price = Fraction(quote.bid + quote.ask, 2)
            raw += one.quantity * price - one.cost
        return self.worth_of(raw, i)

    def check_stop_out(self, event: Event) -> None:
        """Close what loses most at the adverse extreme, one by one, while the account is ruined."""
        i, level = event.instrument, self.profile.stop_out_level_bp
        held, tickets = self.positions[i], self.tickets[i]
        if not level or not tickets:
            return
        worst = event.low if held.quantity > 0 else event.high

        def gain(one: Ticket) -> int:
            return one.quantity * self.price_of(one, worst) - one.cost

        held.worth = self.worth_at(i, worst)
        while tickets and self.margin and self.worth * 10_000 < level * self.margin:
            one = min(tickets, key=gain)
            if not self.available(-one.quantity):
                break
            self.quit(event, one, STOP_OUT, self.price_of(one, worst), event.ts)
            held.worth = self.worth_at(i, worst)
        self.bury(event)

    @staticmethod
    def price_of(one: Ticket, quote: Corner) -> int:
        return quote.bid if one.quantity > 0 else quote.ask

    # Matching

    def match(self, event: Event) -> None:
        i = event.instrument
        self.tired = []
        for one in self.tickets[i]:
            one.is_new = False
        for order in [one for one in self.positions[i].slots if one]:
            if order.expires and event.ts_open >= order.expires:
                self.end(i, order, event.ts_open, EXPIRED)
            elif order.is_for_now:
                self.meet_open(event, order)
        for one in list(self.tickets[i]):
            if one.close_at and event.ts_open >= one.close_at and not self.spent:
                self.quit(event, one, TIME_STOP, self.price_of(one, event.open), event.ts_open)
        self.travel(event, event.open, event.open, entered=False)
        if not event.is_tick:
            for start, end in pairwise([event.open, *self.extremes(event), event.close]):
                self.travel(event, start, end, entered=False)
            self.take_at_close(event)
        self.bury(event)

    def take_at_close(self, event: Event) -> None:
        """Take the profit of what was made inside the bar where that closes beyond its target."""
        for one in list(self.tickets[event.instrument]):
            gone = sign(one.quantity) * (self.price_of(one, event.close) - one.target)
            if one.is_new and one.target and gone >= 0 and not self.spent:
                self.quit(event, one, TAKE_PROFIT, one.target, event.ts)

    def bury(self, event: Event) -> None:
        """End the orders whose ticket is closed."""
        i = event.instrument
        for order in [one for one in self.positions[i].slots if one and one.ticket > 0]:
            partner = order.by == 0 or self.find(i, order.by)
            if not (self.find(i, order.ticket) and partner):
                self.end(i, order, event.ts, UNFILLED)

    def meet_open(self, event: Event, order: Order) -> None:
        if order.kind == CLOSE_BY:
            self.close_by(event, order)
        elif self.fillable(event.instrument, order):
            super().meet_open(event, order)
        else:
            self.end(event.instrument, order, event.ts_open, UNFILLED)

    def close_by(self, event: Event, order: Order) -> None:
        """Close two tickets against each other at the open price of the second."""
        i = event.instrument
        first, second = self.find(i, order.ticket), self.find(i, order.by)
        if first is None or second is None:
            self.end(i, order, event.ts_open, UNFILLED)
            return
        units = min(abs(one) for one in (first.quantity, second.quantity, order.quantity))
        price, slots = round(Fraction(second.cost, second.quantity)), self.positions[i].slots
        order.quantity -= sign(order.quantity) * units
        if not order.quantity:
            slots[slots.index(order)] = None
        for one in (first, second):
            self.change(event, one, (CLOSE_BY, -sign(one.quantity) * units, price, event.ts_open))

    def available(self, quantity: int) -> int:
        return super().available(quantity) if quantity else 0

    def fillable(self, i: int, order: Order) -> int:
        if order.ticket in (0, OLDEST_FIRST):
            return order.quantity
        meant = [self.find(i, order.ticket)] if order.ticket > 0 else self.tickets[i]
        against = [one.quantity for one in meant if one and one.quantity * order.quantity < 0]
        return sign(order.quantity) * min(abs(order.quantity), abs(sum(against)))

    def quit(self, event: Event, one: Ticket, kind: int, price: int, ts: int) -> None:
        """Close as much of a ticket as there is room for; then no exit is tried in this event."""
        part = self.available(-one.quantity)
        self.spent = self.spent or part != -one.quantity
        if part:
            self.change(event, one, (kind, part, price, ts))

    def follow(self, event: Event, corner: Corner, *, with_position: bool) -> None:
        super().follow(event, corner, with_position=False)
        for one in self.tickets[event.instrument]:
            way, price = sign(one.quantity), self.price_of(one, corner)
            if one.is_new and not with_position:
                continue
            mean = Fraction(one.cost, one.quantity)
            if one.break_after and way * (price - mean) >= one.break_after:
                entry = -(-mean.numerator // mean.denominator) if way > 0 else int(mean)
                self.tighten(one, entry + way * one.break_keep)
                one.break_after = 0
            if one.trail:
                self.tighten(one, price - way * one.trail)

    def travel(self, event: Event, start: Corner, end: Corner, *, entered: bool) -> bool:
        """Fill what a stretch of the path reaches: the nearest, of several the oldest ticket's."""
        i = event.instrument
        held, tickets, asleep = self.positions[i], self.tickets[i], list[Order]()
        while True:
            found: list[tuple[int, int, int, Ticket | None, Order | int]] = []
            for place, one in enumerate(tickets):
                if not one.is_new and not self.spent:
                    reached = self.reached(one, start, end, with_exits=True, asleep=())
                    found += [(far, place, rank, one, what) for far, rank, what in reached]
            idle = [*asleep, *self.tired]
            reached = self.reached(held, start, end, with_exits=False, asleep=idle)
            found += [(far, MOST_TICKETS, rank, None, what) for far, rank, what in reached]
            if not found:
                is_last = end is event.close and start is not event.open
                self.follow(event, end, with_position=is_last)
                return False
            far, _, _, ticket, what = min(found, key=lambda one: one[:3])
            if ticket is not None:
                level = ticket.target if what == TAKE_PROFIT else ticket.stop
                price = level if far else self.price_of(ticket, start)
                self.quit(event, ticket, int(what), price, event.ts)  # type: ignore[arg-type]
            elif isinstance(what, Order) and not self.sleeps(what, far, start, asleep):
                self.reach(event, what, far, start)

    @staticmethod
    def sleeps(order: Order, far: int, start: Corner, asleep: list[Order]) -> bool:
        """Say whether a stop-limit becomes a limit that waits for the next stretch."""
        side = start.ask if order.quantity > 0 else start.bid
        price = order.price if far else side
        is_new = order.kind == STOP_LIMIT and not order.is_triggered
        if not is_new or sign(order.quantity) * (price - order.limit) <= 0:
            return False
        order.is_triggered, order.price = True, order.limit
        asleep.append(order)
        return True

    def reach(self, event: Event, order: Order, far: int, start: Corner) -> None:
        """Fill an order on the path; what it opened inside a bar may meet its stop at once."""
        i = event.instrument
        side = start.ask if order.quantity > 0 else start.bid
        own = self.find(i, order.number + 1)
        before = own.quantity if own else 0
        self.execute(event, order, order.price if far else side, event.ts, start)
        own = self.find(i, order.number + 1)
        if own and far and not event.is_tick and abs(own.quantity) > abs(before):
            own.is_new = True
            way = sign(own.quantity)
            worst = event.low.bid if way > 0 else event.high.ask
            if own.stop and way * (worst - own.stop) <= 0:
                self.quit(event, own, STOP_LOSS, own.stop, event.ts)

    def fill(
        self, event: Event, kind: int, quantity: int, price: int, ts: int,
        order: Order | int | None = None, quote: Corner | None = None,
    ) -> None:  # fmt: skip
        """Fill an order ticket by ticket."""
        assert isinstance(order, Order)
        tickets = self.tickets[event.instrument]
        while quantity:
            against = [one for one in tickets if one.quantity * quantity < 0]
            if order.ticket > 0:
                against = [one for one in against if one.number + 1 == order.ticket]
            if order.ticket == 0 or not against:
                one = self.find(event.instrument, order.number + 1)
                if one is None:
                    one = Ticket(number=order.number)
                    tickets.append(one)
                part = quantity
            else:
                one = against[0]
                part = sign(quantity) * min(abs(quantity), abs(one.quantity))
            self.change(event, one, (kind, part, price, ts), order, quote)
            quantity -= part

    def change(
        self, event: Event, one: Ticket, what: tuple[int, int, int, int],
        order: Order | None = None, quote: Corner | None = None,
    ) -> None:  # fmt: skip
        """Book one fill on one ticket."""
        kind, quantity, price, ts = what
        i = event.instrument
        held, contract = self.positions[i], self.contracts[i]
        reached, price = price, self.slipped(i, quantity, price, kind, order)
        rate, raw = price if contract.leg == i else held.rate, 0
        closes = one.quantity * quantity < 0
        released = -quantity * price
        if closes:
            released = round(Fraction(one.cost * -quantity, one.quantity))
            raw = -quantity * price - released
        one.cost -= released
        one.quantity += quantity
        held.quantity += quantity
        turned = price if contract.leg == i else self.worse(raw, i)
        profit, fee = round(self.money(raw, i, turned)), self.commission(quantity, price, i, turned)
        self.balance += profit - fee
        if not one.quantity:
            self.tickets[i].remove(one)
        elif order and quote and not closes:
            self.guard(one, order, reached - sign(quantity) * (quote.ask - quote.bid), ts)
        held.margin = self.bound(i, rate)
        self.note_fill(event, (quantity, price, fee, profit), kind, ts)
        self.named.append(one.number)

    # Wishes

    def wanted(self, i: int, wish: Wish, before: int) -> int:
        one, other = self.find(i, wish.ticket), self.find(i, wish.order)
        if wish.action == PLACE_CLOSE_BY:
            if not one or not other or one.quantity * other.quantity > 0:
                return 0
            return -sign(one.quantity) * min(abs(one.quantity), abs(other.quantity))
        if wish.action == GO_TO and wish.ticket > 0:
            return wish.quantity - (one.quantity if one else 0)
        return super().wanted(i, wish, before)

    def ticket_of(self, wish: Wish) -> int:
        return wish.ticket or (OLDEST_FIRST if wish.action == GO_TO else 0)

    def reduces(self, order: Order, before: int) -> bool:
        if order.ticket == OLDEST_FIRST and order.kind != CLOSE_BY:
            return super().reduces(order, before)
        return order.ticket != 0 or order.kind == CLOSE_BY

    def grows(self, order: Order, before: int) -> int:
        if order.ticket == OLDEST_FIRST:
            return super().grows(order, before)
        if order.quantity * before >= 0:
            return abs(order.quantity)
        return max(abs(order.quantity) - abs(before), 0)

    def crowded(self, i: int, order: Order) -> int:
        used = sum(one is not None for one in self.positions[i].slots) + len(self.tickets[i])
        opens = order.kind != CLOSE_BY and order.ticket in (0, OLDEST_FIRST)
        return 97 if opens and used >= MOST_TICKETS else 0

    def ticketless(self, i: int, order: Order) -> int:
        one = self.find(i, order.ticket)
        if order.kind == CLOSE_BY:
            return 0 if order.quantity else 96
        if order.ticket > 0:
            return 0 if one and one.quantity * order.quantity < 0 else 96
        return 0 if order.ticket in (0, OLDEST, OLDEST_FIRST) else 96

    def protected(self, i: int, wish: Wish) -> Position | Ticket | None:
        tickets: Sequence[Ticket] = self.tickets[i]
        if not wish.ticket and len(tickets) < 2:
            return tickets[0] if tickets else Position()
        return self.find(i, wish.ticket)
