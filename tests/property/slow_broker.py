"""A broker written for obviousness: Python integers, fractions and lists, one event at a time.

It follows docs/orders.md and the design's section 2, and shares no code with the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor

from assay.model.accounts import AccountSpec
from assay.trading.engine.terms import Contract, RiskProfile
from tests.property.slow_limits import pass_gross
from tests.property.slow_money import SlowMoney
from tests.property.slow_orders import (
    BUY,
    CANCEL,
    CANCEL_ONE,
    CANCELLED,
    CLOSE_BY,
    DAY,
    EXPIRED,
    FOK,
    GO_TO,
    HOLD,
    HOUR,
    IN_PARTS,
    IOC,
    LIMIT,
    MARKET,
    MODIFY,
    OTHER_FILLED,
    PROTECT,
    PROTECTION,
    REMOVE,
    SELL,
    STOP_LIMIT,
    STOP_LOSS,
    STOP_OUT,
    TAKE_PROFIT,
    TIME_STOP,
    TRAILING_STOP,
    TWAP,
    TYPES,
    UNFILLED,
    VWAP,
    Corner,
    Event,
    Held,
    Order,
    Position,
    Ticket,
    Wish,
    next_rollover,
    rollovers_in,
    sign,
    waiting_of,
)
from tests.property.slow_working import has_time, refuse_parts, work


class SlowBroker(SlowMoney):
    """Trade one account; fills, orders, swaps and equity are lists of tuples."""

    def __init__(
        self, contracts: Sequence[Contract], account: AccountSpec, profile: RiskProfile, start: int
    ) -> None:
        self.contracts, self.account, self.profile = contracts, account, profile
        self.price_max = 2**40
        self.offers = {BUY: 0, SELL: 0}
        self.numbered = self.changes = 0
        self.quotes = [[0] * 24 for _ in contracts]
        self.balance = self.peak = self.day_start = account.cash
        self.day = 0
        self.positions = [Position(turned=start) for _ in contracts]
        self.fills: list[tuple[int, ...]] = []
        self.orders: list[tuple[int, ...]] = []
        self.endings: list[tuple[int, ...]] = []
        self.swaps: list[tuple[int, ...]] = []
        self.equity: list[tuple[int, int, int, int]] = []

    # Money

    def bound(self, i: int, rate: int) -> int:
        return self.margin_of(self.positions[i].cost, i, rate)

    def lots(self, i: int) -> list[int]:
        return [self.positions[i].quantity]

    def worth_at(self, i: int, quote: Corner) -> int:
        held = self.positions[i]
        side, mid = quote.bid if held.quantity > 0 else quote.ask, quote.bid + quote.ask
        price = Fraction(mid, 2) if self.account.mark == "mid" else Fraction(side)
        return self.worth_of(held.quantity * price - held.cost, i)

    @property
    def worth(self) -> int:
        return self.balance + sum(held.worth for held in self.positions)

    @property
    def margin(self) -> int:
        return sum(held.margin for held in self.positions)

    # Time

    def turn(self, i: int, until: int) -> None:
        """Charge every rollover that the instrument has passed."""
        held = self.positions[i]
        for ts, weekday in rollovers_in(held.turned, until):
            if ts > self.day:
                self.day, self.day_start = ts, self.worth
            nights = self.contracts[i].instrument.swap_weekdays[weekday]
            for quantity in self.lots(i):
                amount = self.swap(i, nights, quantity)
                self.balance += amount
                if amount:
                    self.swaps.append((ts, i, amount, nights, held.quantity))
        held.turned = until

    def show(self, i: int, quote: Corner) -> None:
        """Show a quote, and note the conversion rates that hold with it."""
        held, leg = self.positions[i], self.contracts[i].leg
        held.quote = quote
        if leg >= 0:
            held.rate, held.asked = self.positions[leg].quote.bid, self.positions[leg].quote.ask

    # Events

    def step(self, event: Event, wish: Wish) -> None:
        i = event.instrument
        depth = self.contracts[i].depth
        self.offers = {BUY: depth, SELL: depth}
        if event.is_tick and self.contracts[i].size_units:
            self.offers = {BUY: event.ask_units or depth, SELL: event.bid_units or depth}
        self.is_bounded = {side: units > 0 for side, units in self.offers.items()}
        self.spent = False
        self.turn(i, event.ts_open)
        self.show(i, event.open)
        self.match(event)
        self.check_stop_out(event)
        self.show(i, event.close)
        held = self.positions[i]
        held.worth = self.worth_at(i, held.quote)
        if self.contracts[i].leg >= 0:
            held.margin = self.bound(i, held.rate)
        self.peak = max(self.peak, self.worth)
        self.turn(i, event.ts)
        self.quotes[i][event.ts // HOUR % 24] += event.is_tick
        work(self, i, event.ts)
        if not event.is_tick:
            self.place(i, event.ts, wish)
            self.equity.append((event.ts, self.balance, self.worth, self.margin))

    def check_stop_out(self, event: Event) -> None:
        """Close a position whose account is ruined at the bar's adverse extreme."""
        i, level = event.instrument, self.profile.stop_out_level_bp
        held = self.positions[i]
        if not level or not held.quantity:
            return
        worst = event.low if held.quantity > 0 else event.high
        held.worth = self.worth_at(i, worst)
        if self.margin and self.worth * 10_000 < level * self.margin:
            price = worst.bid if held.quantity > 0 else worst.ask
            self.leave(event, STOP_OUT, price, event.ts)

    # Matching

    def match(self, event: Event) -> None:
        held = self.positions[event.instrument]
        self.tired: list[Order] = []
        for order in [one for one in held.slots if one]:
            if order.expires and event.ts_open >= order.expires:
                self.end(event.instrument, order, event.ts_open, EXPIRED)
            elif order.is_for_now:
                self.meet_open(event, order)
        if held.close_at and event.ts_open >= held.close_at:
            price = event.open.bid if held.quantity > 0 else event.open.ask
            self.leave(event, TIME_STOP, price, event.ts_open)
        entered = self.travel(event, event.open, event.open, entered=False)
        if event.is_tick:
            return
        corners = [event.open, *self.extremes(event), event.close]
        for start, end in pairwise(corners):
            entered = self.travel(event, start, end, entered=entered)
        if entered and held.quantity and held.target and not self.spent:
            long = held.quantity > 0
            if (event.close.bid >= held.target) if long else (event.close.ask <= held.target):
                self.leave(event, TAKE_PROFIT, held.target, event.ts)

    def meet_open(self, event: Event, order: Order) -> None:
        """Fill an order at the event's first price, or cancel it."""
        waited, most = event.ts_open - order.ts, self.profile.wait_max
        price = event.open.ask if order.quantity > 0 else event.open.bid
        if order.kind == MARKET and most and not order.reduces and waited > most:
            self.end(event.instrument, order, event.ts_open, CANCELLED)
        elif order.kind == LIMIT and sign(order.quantity) * (price - order.price) > 0:
            self.end(event.instrument, order, event.ts_open, UNFILLED)
        else:
            self.execute(event, order, price, event.ts_open, event.open)

    def available(self, quantity: int) -> int:
        """Return how much of a signed quantity is still on offer."""
        side = sign(quantity)
        return side * min(abs(quantity), self.offers[side]) if self.is_bounded[side] else quantity

    def execute(self, event: Event, order: Order, price: int, ts: int, quote: Corner) -> None:
        """Fill as much of an order as there is; what is left waits, or ends."""
        i, slots = event.instrument, self.positions[event.instrument].slots
        part, force = self.available(self.fillable(i, order)), order.wish.time_in_force
        if part != order.quantity and (force == FOK or (force == IOC and part == 0)):
            self.end(i, order, ts, UNFILLED)
            return
        whole = order.quantity
        order.quantity -= part
        if order.quantity:
            self.tired.append(order)
        else:
            slots[slots.index(order)] = None
        if part:
            group, order.group = order.group, 0
            self.fill(event, order.kind, part, price, ts, order, quote)
            if group:
                self.positions[i].last_group = group
            for other in [one for one in slots if one and group and one.group == group]:
                self.end(i, other, ts, OTHER_FILLED)
        if order.quantity and not part:
            order.quantity = whole
        if order.quantity and force == IOC:
            self.end(i, order, ts, UNFILLED)

    def fillable(self, i: int, order: Order) -> int:
        return order.quantity

    def leave(self, event: Event, kind: int, price: int, ts: int) -> None:
        """Close as much of a position as there is room for; then no exit is tried in this event."""
        held = self.positions[event.instrument]
        part = self.available(-held.quantity)
        if part != -held.quantity:
            self.spent = True
        if part:
            self.fill(event, kind, part, price, ts)

    def end(self, i: int, order: Order, ts: int, why: int) -> None:
        """Take an order away and say why."""
        held = self.positions[i]
        held.slots[held.slots.index(order)] = None
        self.endings.append((ts, i, why, order.number, held.quantity))

    def follow(self, event: Event, corner: Corner, *, with_position: bool) -> None:
        """Bring what follows the price to a corner of the path."""
        held = self.positions[event.instrument]
        way = sign(held.quantity)
        price = corner.bid if way > 0 else corner.ask
        if with_position and held.quantity and held.break_after:
            mean = Fraction(held.cost, held.quantity)
            if way * (price - mean) >= held.break_after:
                self.tighten(held, (ceil(mean) if way > 0 else floor(mean)) + way * held.break_keep)
                held.break_after = 0
        if with_position and held.quantity and held.trail:
            self.tighten(held, price - way * held.trail)
        for order in held.slots:
            if order and order.kind == TRAILING_STOP and order.quantity > 0:
                order.price = min(order.price, corner.ask + order.wish.distance)
            elif order and order.kind == TRAILING_STOP:
                order.price = max(order.price, corner.bid - order.wish.distance)

    @staticmethod
    def tighten(held: Held, stop: int) -> None:
        if held.stop:
            stop = max(stop, held.stop) if held.quantity > 0 else min(stop, held.stop)
        held.stop = stop

    def extremes(self, event: Event) -> tuple[Corner, Corner]:
        """Return the adverse extreme and the other; without a position, the nearer one first."""
        held = self.positions[event.instrument]
        low_first = event.open.bid - event.low.bid <= event.high.bid - event.open.bid
        if held.quantity:
            low_first = held.quantity > 0
        return (event.low, event.high) if low_first else (event.high, event.low)

    def travel(self, event: Event, start: Corner, end: Corner, *, entered: bool) -> bool:
        """Fill what a stretch of the path reaches, nearest first; say if a fill opened inside."""
        held = self.positions[event.instrument]
        asleep: list[Order] = []
        while True:
            with_exits = not entered and not self.spent
            idle = [*asleep, *self.tired]
            reached = self.reached(held, start, end, with_exits=with_exits, asleep=idle)
            if not reached:
                is_last = end is event.close and start is not event.open
                self.follow(event, end, with_position=not entered or is_last)
                return entered
            distance, _, order = min(reached, key=lambda one: one[:2])
            if isinstance(order, Order):
                kind, quantity, price = order.kind, order.quantity, order.price
            else:
                kind, quantity, price = order, -held.quantity, held.stop
                if kind == TAKE_PROFIT:
                    price = held.target
            if distance == 0:
                price = start.ask if quantity > 0 else start.bid
            if isinstance(order, Order):
                is_new = kind == STOP_LIMIT and not order.is_triggered
                if is_new and sign(quantity) * (price - order.limit) > 0:
                    order.is_triggered, order.price = True, order.limit
                    asleep.append(order)
                    continue
            before = held.quantity
            if isinstance(order, Order):
                self.execute(event, order, price, event.ts, start)
            else:
                self.leave(event, kind, price, event.ts)
            opens = sign(held.quantity) not in (0, sign(before)) or (
                abs(held.quantity) > abs(before)
            )
            if opens and distance > 0 and not event.is_tick:
                entered = True
                self.stop_inside(event)

    def stop_inside(self, event: Event) -> None:
        """Close a position opened inside the bar if its stop lies within the bar."""
        held = self.positions[event.instrument]
        worst = event.low.bid if held.quantity > 0 else event.high.ask
        hit = worst <= held.stop if held.quantity > 0 else worst >= held.stop
        if held.stop and hit:
            self.leave(event, STOP_LOSS, held.stop, event.ts)

    @staticmethod
    def reached(
        held: Position, start: Corner, end: Corner, *, with_exits: bool, asleep: Sequence[Order]
    ) -> list[tuple[int, int, Order | int]]:
        """Return (how far the price travels to it, rank among equals, order) of all it reaches."""
        wanted: list[tuple[int, int, int, Order | int]] = []
        if held.quantity and with_exits:
            if held.stop:
                wanted.append((0, -held.quantity, held.stop, STOP_LOSS))
            if held.target:
                wanted.append((1, -held.quantity, held.target, TAKE_PROFIT))
        for slot, order in enumerate(held.slots):
            if order and order not in asleep and order.kind not in IN_PARTS:
                wanted.append((2 + slot, order.quantity, order.price, order))
        found: list[tuple[int, int, Order | int]] = []
        for rank, quantity, trigger, order in wanted:
            better = order.waits_for_better if isinstance(order, Order) else order == TAKE_PROFIT
            begin, stop = (start.ask, end.ask) if quantity > 0 else (start.bid, end.bid)
            # A buy limit and a short's target wait for a price below, as does a sell stop.
            way = -1 if better == (quantity > 0) else 1
            if way * begin >= way * trigger:
                found.append((0, rank, order))
            elif way * stop >= way * trigger:
                found.append((abs(trigger - begin), rank, order))
        return found

    def fill(
        self, event: Event, kind: int, quantity: int, price: int, ts: int,
        order: Order | int | None = None, quote: Corner | None = None,
    ) -> None:  # fmt: skip
        i = event.instrument
        held, contract = self.positions[i], self.contracts[i]
        resting = order if isinstance(order, Order) else None
        reached, price = price, self.slipped(i, quantity, price, kind, resting)
        rate = price if contract.leg == i else held.rate
        before, raw = held.quantity, 0
        if before and sign(before) != sign(quantity):
            closed = min(abs(quantity), abs(before))
            released = round(Fraction(held.cost * closed, abs(before)))
            raw = sign(before) * closed * price - released
            held.cost -= released
            held.cost += (quantity + sign(before) * closed) * price
        else:
            held.cost += quantity * price
        held.quantity += quantity
        turned = price if contract.leg == i else self.worse(raw, i)
        profit, fee = round(self.money(raw, i, turned)), self.commission(quantity, price, i, turned)
        self.balance += profit - fee
        shrinks = sign(held.quantity) == sign(before) and abs(held.quantity) < abs(before)
        if not held.quantity:
            held.stop = held.target = held.worth = 0
            held.trail = held.break_after = held.close_at = 0
        elif resting and quote and not shrinks:
            self.guard(held, resting, reached - sign(quantity) * (quote.ask - quote.bid), ts)
        held.margin = self.bound(i, rate)
        self.note_fill(event, (quantity, price, fee, profit), kind, ts)

    def slipped(self, i: int, quantity: int, price: int, kind: int, order: Order | None) -> int:
        """Return the price of a fill after slippage, which only what takes a price has."""
        points = self.contracts[i].slippage
        if order and kind == STOP_LIMIT:
            points = min(points, abs(order.limit - price))
        if kind in (TAKE_PROFIT, CLOSE_BY) or (order and order.waits_for_better):
            points = 0
        return price + points * sign(quantity)

    def guard(self, held: Held, order: Order, exit_price: int, ts: int) -> None:
        """Give what an order opened the protection that it asked for."""
        wish = order.wish
        held.stop, held.target, held.trail = order.stop, order.target, wish.trail
        held.break_after, held.break_keep = wish.break_after, wish.break_keep
        held.close_at = ts + wish.hold if wish.hold else 0
        if wish.trail:
            self.tighten(held, exit_price - sign(held.quantity) * wish.trail)

    def note_fill(self, event: Event, fill: tuple[int, int, int, int], kind: int, ts: int) -> None:
        i, quantity = event.instrument, fill[0]
        held = self.positions[i].quantity
        self.fills.append((ts, i, *fill, held, int(not event.is_tick), kind))
        if kind != CLOSE_BY and self.is_bounded[sign(quantity)]:
            self.offers[sign(quantity)] -= abs(quantity)

    # Wishes

    def place(self, i: int, ts: int, wish: Wish) -> None:
        if wish.action in (CANCEL, CANCEL_ONE):
            self.cancel(i, ts, wish)
        elif wish.action == MODIFY:
            self.modify(i, ts, wish)
        elif wish.action == PROTECT:
            self.protect(i, ts, wish)
        elif wish.action != HOLD:
            self.order(i, ts, wish)

    def cancel(self, i: int, ts: int, wish: Wish) -> None:
        for each in [one for one in self.positions[i].slots if one]:
            family = [each, each.parent] if each.parent else [each]
            if wish.action == CANCEL or wish.order in [one.number + 1 for one in family]:
                self.end(i, each, ts, CANCELLED)

    def order(self, i: int, ts: int, wish: Wish) -> None:
        held = self.positions[i]
        kind, price = TYPES.get(wish.action, MARKET), wish.price
        quantity = self.wanted(i, wish, held.quantity + waiting_of(held))
        if wish.action == GO_TO and quantity == 0:
            return
        if kind in (MARKET, TWAP, VWAP, CLOSE_BY):
            price = 0
        if kind == TRAILING_STOP and not price:
            price = held.quote.ask if quantity > 0 else held.quote.bid
            price += sign(quantity) * wish.distance if quantity else -wish.distance
        expires = wish.expires
        if wish.time_in_force == DAY and not expires:
            expires = next_rollover(ts)
        order = Order(kind, quantity, price, wish, ts, self.numbered, expires, due=ts)
        order.ticket = self.ticket_of(wish)
        denied = self.submit(i, order, ts)
        self.orders.append((ts, i, kind, quantity, price, wish.stop, wish.target, denied))

    def wanted(self, i: int, wish: Wish, before: int) -> int:
        return wish.quantity - (before if wish.action == GO_TO else 0)

    def ticket_of(self, wish: Wish) -> int:
        return wish.ticket

    def submit(self, i: int, order: Order, ts: int) -> int:
        """Put an order into a slot; return why not, or 0."""
        held = self.positions[i]
        self.numbered += 1
        before = held.quantity + waiting_of(held)
        order.reduces = self.reduces(order, before)
        denied = self.senseless(i, order, ts) or self.denied(i, order, before)
        denied = denied or self.crowded(i, order)
        if not denied and None not in held.slots:
            denied = 99
        if not denied:
            held.slots[held.slots.index(None)] = order
        return denied

    def reduces(self, order: Order, before: int) -> bool:
        after = before + order.quantity
        return abs(after) <= abs(before) and sign(after) in (0, sign(before))

    def crowded(self, i: int, order: Order) -> int:
        return 0

    def modify(self, i: int, ts: int, wish: Wish) -> None:
        """Change a resting order, if the order that it becomes is allowed."""
        self.numbered += 1
        held = self.positions[i]
        found = [
            one
            for one in held.slots
            if one
            and not one.is_for_now
            and one.kind not in IN_PARTS
            and one.number + 1 == wish.order
        ]
        if not found:
            plain = (wish.quantity, 0, wish.stop, wish.target)
            self.orders.append((ts, i, MARKET, *plain, 80 + 1))
            return
        old = found[0]
        new = replace(old)
        for name in ("quantity", "price", "limit", "stop", "target"):
            wanted, now = getattr(wish, name), getattr(old, name)
            setattr(new, name, 0 if wanted == REMOVE else wanted or now)
        new.group = old.group
        before = held.quantity + waiting_of(held)
        new.reduces = self.reduces(new, before)
        others = wish._replace(action=0, quantity=0, price=0, limit=0, stop=0, target=0, order=0)
        wrong = any(others) or wish.price < 0 or min(wish.stop, wish.target) < REMOVE
        wrong = (
            wrong or wish.quantity * old.quantity < 0 or (old.waits_for_better and wish.limit != 0)
        )
        denied = 88 if wrong else self.senseless(i, new, ts) or self.denied(i, new, before)
        told = old if wrong else new
        if not denied:
            held.slots[held.slots.index(old)] = new
            self.changes += 1
        plain = (told.quantity, told.price, told.stop, told.target)
        self.orders.append((ts, i, new.kind, *plain, denied))

    def protect(self, i: int, ts: int, wish: Wish) -> None:
        """Change what protects a position."""
        found = self.protected(i, wish)
        held = found or Position()
        new = [
            0 if wanted == REMOVE else wanted or now
            for wanted, now in (
                (wish.stop, held.stop), (wish.target, held.target), (wish.trail, held.trail),
            )
        ]  # fmt: skip
        stop, target, trail = new
        denied, way = 0, sign(held.quantity)
        quote = self.positions[i].quote
        price = quote.bid if way > 0 else quote.ask
        if not found:
            denied = 96
        elif not held.quantity:
            denied = 89
        elif min(new) < 0 or trail > self.price_max:
            denied = 87
        elif (stop and way * (price - stop) <= 0) or (target and way * (target - price) <= 0):
            denied = 90
        else:
            held.stop, held.target, held.trail = stop, target, trail
        self.orders.append((ts, i, PROTECTION, 0, 0, stop, target, denied))

    def protected(self, i: int, wish: Wish) -> Position | Ticket | None:
        return None if wish.ticket else self.positions[i]

    def senseless(self, i: int, order: Order, ts: int) -> int:
        """Return the code of the first term that makes no sense."""
        wish, highest = order.wish, self.price_max
        if wish.action not in TYPES:
            return 80
        if not has_time(order, ts):
            return 82
        for code, kind, value in (
            (83, STOP_LIMIT, order.limit),
            (84, TRAILING_STOP, wish.distance),
        ):
            if not 0 <= value <= highest or (order.kind == kind) != (value > 0):
                return code
        bounds = [wish.trail, wish.break_after, wish.break_keep, wish.hold]
        too_far = max(wish.trail, wish.break_after) > highest or wish.hold > 2**61
        if min(bounds) < 0 or too_far or wish.break_keep >= max(wish.break_after, 1):
            return 87
        if order.group and (order.group < 0 or order.is_for_now or order.kind in IN_PARTS):
            return 85
        if order.group and order.group == self.positions[i].last_group:
            return 86
        return refuse_parts(self, i, order) or self.ticketless(i, order)

    def ticketless(self, i: int, order: Order) -> int:
        return 96 if order.ticket or order.kind == CLOSE_BY else 0

    def grows(self, order: Order, before: int) -> int:
        return max(abs(before + order.quantity) - abs(before), 0)

    def denied(self, i: int, order: Order, before: int) -> int:
        """Return the code of the first limit that an order with new risk passes."""
        held, profile = self.positions[i], self.profile
        after = before + order.quantity
        if self.contracts[i].leg >= 0 and not held.rate:
            return 102
        if order.reduces:
            return 0
        lots = profile.position_max_lots * self.contracts[i].instrument.lot_units
        if lots and max(abs(after), self.own_side(i, order)) > lots:
            return 107
        if profile.margin_use_max_bp:
            price = held.quote.ask if order.quantity > 0 else held.quote.bid
            needs = self.margin + self.margin_added(i, order, before, price)
            if needs > round(Fraction(max(self.worth, 0) * profile.margin_use_max_bp, 10_000)):
                return 109
        loss_max = self.account.cash * profile.daily_loss_max_bp // 10_000
        if loss_max and self.day_start - self.worth >= loss_max:
            return 110
        share = Fraction(self.peak * profile.drawdown_max_bp, 10_000)
        if profile.drawdown_max_bp and self.peak - self.worth >= round(share):
            return 111
        return pass_gross(self, i, order)

    def own_side(self, i: int, order: Order) -> int:
        return 0

    def margin_added(self, i: int, order: Order, before: int, price: int) -> int:
        return self.margin_of(self.grows(order, before) * price, i, self.positions[i].rate)
