"""A broker written for obviousness: Python integers, fractions and lists, one event at a time.

It follows the rules of the design's section 2 and shares no code with the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from assay.model.accounts import AccountSpec
from assay.model.instruments import SwapMode
from assay.trading.engine.terms import Contract, RiskProfile

MARKET, LIMIT, STOP, STOP_LOSS, TAKE_PROFIT, STOP_OUT = 1, 2, 3, 4, 5, 6
HOLD, GO_TO, PLACE_LIMIT, PLACE_STOP, CANCEL = 0, 1, 2, 3, 4
SLOTS = 8
NEW_YORK = ZoneInfo("America/New_York")


class Corner(NamedTuple):
    """Hold bid and ask at one point of a bar's path."""

    bid: int
    ask: int


class Event(NamedTuple):
    """Hold one bar, or one tick (all corners equal, no length)."""

    instrument: int
    ts: int
    ts_open: int
    open: Corner
    high: Corner
    low: Corner
    close: Corner
    is_tick: bool = False


class Wish(NamedTuple):
    """Hold what the script asks for after a bar."""

    action: int = HOLD
    quantity: int = 0
    price: int = 0
    stop: int = 0
    target: int = 0


@dataclass(eq=False)
class Order:
    """Hold one waiting order."""

    kind: int
    quantity: int
    price: int
    stop: int
    target: int
    ts: int
    reduces: bool


@dataclass
class Position:
    """Hold the net position of one instrument; cost is quantity x price, summed."""

    quantity: int = 0
    cost: int = 0
    stop: int = 0
    target: int = 0
    margin: int = 0
    worth: int = 0
    slots: list[Order | None] = field(default_factory=lambda: [None] * SLOTS)
    quote: Corner = field(default_factory=lambda: Corner(0, 0))
    rate: int = 0
    turned: int = -(2**63)


def sign(number: int) -> int:
    return (number > 0) - (number < 0)


def last_rollover_before(ts: int) -> datetime:
    moment = datetime.fromtimestamp(ts // 10**9, NEW_YORK)
    turn = moment.replace(hour=17, minute=0, second=0, microsecond=0)
    return turn if turn <= moment else turn - timedelta(days=1)


def rollovers_in(after: int, until: int) -> list[tuple[int, int]]:
    """Return (ns, weekday it ends) of each 17:00 in New York in (after, until]."""
    turn, found = last_rollover_before(until), []
    while (ns := int(turn.timestamp()) * 10**9) > after:
        found.append((ns, turn.weekday()))
        turn -= timedelta(days=1)
    return found[::-1]


class SlowBroker:
    """Trade one account; fills, orders, swaps and equity are lists of tuples."""

    def __init__(
        self, contracts: Sequence[Contract], account: AccountSpec, profile: RiskProfile, start: int
    ) -> None:
        self.contracts, self.account, self.profile = contracts, account, profile
        self.balance = self.peak = self.day_start = account.cash
        self.day = 0
        self.positions = [Position(turned=start) for _ in contracts]
        self.fills: list[tuple[int, ...]] = []
        self.orders: list[tuple[int, ...]] = []
        self.swaps: list[tuple[int, ...]] = []
        self.equity: list[tuple[int, int, int, int]] = []

    # Money

    def money(self, raw: int | Fraction, i: int, rate: int) -> Fraction:
        """Turn units x points into exact minor units of the account."""
        contract = self.contracts[i]
        spec = contract.instrument
        amount = Fraction(raw) / 10 ** (spec.quantity_digits + contract.digits)
        if contract.leg >= 0:
            price = Fraction(rate, 10**contract.leg_digits)
            amount = amount / price if contract.leg_divides else amount * price
        return amount * 10**self.account.currency_digits

    def commission(self, quantity: int, price: int, i: int, rate: int) -> int:
        schedule, spec = self.account.commission, self.contracts[i].instrument
        if schedule.mode == "none":
            return 0
        notional = self.money(abs(quantity) * price, i, rate)
        amount = {
            "bp": notional * Fraction(schedule.rate) / 10_000,
            "per_million": notional * Fraction(schedule.rate) / 1_000_000,
            "per_lot": Fraction(schedule.rate) * 10**self.account.currency_digits
            * Fraction(abs(quantity), spec.lot_units),
        }[schedule.mode]  # fmt: skip
        return max(round(amount), schedule.minimum)

    def margin_of(self, raw: int, i: int, rate: int) -> int:
        share = Fraction(self.contracts[i].instrument.margin_rate) / self.account.leverage
        return round(self.money(abs(raw), i, rate) * share)

    def worth_at(self, i: int, quote: Corner, rate: int) -> int:
        held = self.positions[i]
        price = Fraction(quote.bid if held.quantity > 0 else quote.ask)
        if self.account.mark == "mid":
            price = Fraction(quote.bid + quote.ask, 2)
        return round(self.money(held.quantity * price - held.cost, i, rate))

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
            amount = self.swap(i, nights)
            if amount:
                self.balance += amount
                self.swaps.append((ts, i, amount, nights, held.quantity))
        held.turned = until

    def swap(self, i: int, nights: int) -> int:
        contract, held = self.contracts[i], self.positions[i]
        spec, units = contract.instrument, abs(held.quantity)
        rate = Fraction(spec.swap_long if held.quantity > 0 else spec.swap_short)
        mode = spec.swap_mode
        if self.account.swap_free:
            rate = Fraction(-self.account.swap_free_fee, 10**self.account.currency_digits)
            mode = SwapMode.ACCOUNT_CURRENCY_PER_LOT
        if not units or not nights or mode == SwapMode.DISABLED:
            return 0
        if mode == SwapMode.ACCOUNT_CURRENCY_PER_LOT:
            lots = Fraction(units, spec.lot_units)
            return round(lots * rate * nights * 10**self.account.currency_digits)
        if mode == SwapMode.ANNUAL_PERCENT:
            notional = round(self.money(units * held.quote.bid, i, held.rate))
            return round(notional * rate * nights / 100 / 360)
        points = rate * 10 ** (contract.digits - spec.digits)
        return round(self.money(units * points * nights, i, held.rate))

    def show(self, i: int, quote: Corner) -> None:
        """Show a quote, and note the conversion rate that holds with it."""
        held, leg = self.positions[i], self.contracts[i].leg
        held.quote = quote
        if leg >= 0:
            held.rate = self.positions[leg].quote.bid

    # Events

    def step(self, event: Event, wish: Wish) -> None:
        i = event.instrument
        self.turn(i, event.ts_open)
        self.show(i, event.open)
        self.match(event)
        self.check_stop_out(event)
        self.show(i, event.close)
        held = self.positions[i]
        held.worth = self.worth_at(i, held.quote, held.rate)
        if self.contracts[i].leg >= 0 and held.quantity:
            held.margin = self.margin_of(held.cost, i, held.rate)
        self.peak = max(self.peak, self.worth)
        self.turn(i, event.ts)
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
        held.worth = self.worth_at(i, worst, held.rate)
        if self.margin and self.worth * 10_000 < level * self.margin:
            price = worst.bid if held.quantity > 0 else worst.ask
            self.fill(event, STOP_OUT, -held.quantity, price, event.ts)

    # Matching

    def match(self, event: Event) -> None:
        held = self.positions[event.instrument]
        for order in [one for one in held.slots if one and one.kind == MARKET]:
            held.slots[held.slots.index(order)] = None
            waited = event.ts_open - order.ts
            if self.profile.wait_max and not order.reduces and waited > self.profile.wait_max:
                continue
            price = event.open.ask if order.quantity > 0 else event.open.bid
            self.fill(event, MARKET, order.quantity, price, event.ts_open, order)
        entered = self.travel(event, event.open, event.open, entered=False)
        if event.is_tick:
            return
        corners = [event.open, *self.extremes(event), event.close]
        for start, end in pairwise(corners):
            entered = self.travel(event, start, end, entered=entered)
        if entered and held.quantity and held.target:
            long = held.quantity > 0
            if (event.close.bid >= held.target) if long else (event.close.ask <= held.target):
                self.fill(event, TAKE_PROFIT, -held.quantity, held.target, event.ts)

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
        while True:
            reached = self.reached(held, start, end, with_exits=not entered)
            if not reached:
                return entered
            distance, _, order = min(reached, key=lambda one: one[:2])
            if isinstance(order, Order):
                held.slots[held.slots.index(order)] = None
                kind, quantity, price = order.kind, order.quantity, order.price
            else:
                kind, quantity, price = order, -held.quantity, held.stop
                if kind == TAKE_PROFIT:
                    price = held.target
            if distance == 0:
                price = start.ask if quantity > 0 else start.bid
            before = held.quantity
            self.fill(event, kind, quantity, price, event.ts, order)
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
            self.fill(event, STOP_LOSS, -held.quantity, held.stop, event.ts)

    @staticmethod
    def reached(
        held: Position, start: Corner, end: Corner, *, with_exits: bool
    ) -> list[tuple[int, int, Order | int]]:
        """Return (how far the price travels to it, rank among equals, order) of all it reaches."""
        wanted: list[tuple[int, int, int, Order | int]] = []
        if held.quantity and with_exits:
            if held.stop:
                wanted.append((0, -held.quantity, held.stop, STOP_LOSS))
            if held.target:
                wanted.append((1, -held.quantity, held.target, TAKE_PROFIT))
        for slot, order in enumerate(held.slots):
            if order:
                wanted.append((2 + slot, order.quantity, order.price, order))
        found: list[tuple[int, int, Order | int]] = []
        for rank, quantity, trigger, order in wanted:
            kind = order.kind if isinstance(order, Order) else order
            begin, stop = (start.ask, end.ask) if quantity > 0 else (start.bid, end.bid)
            # A buy limit and a short's target wait for a price below, as does a sell stop.
            way = -1 if (kind in (LIMIT, TAKE_PROFIT)) == (quantity > 0) else 1
            if way * begin >= way * trigger:
                found.append((0, rank, order))
            elif way * stop >= way * trigger:
                found.append((abs(trigger - begin), rank, order))
        return found

    def fill(
        self,
        event: Event,
        kind: int,
        quantity: int,
        price: int,
        ts: int,
        order: Order | int | None = None,
    ) -> None:
        i = event.instrument
        held, contract = self.positions[i], self.contracts[i]
        slips = 0 if kind in (LIMIT, TAKE_PROFIT) else contract.slippage * sign(quantity)
        price += slips
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
        profit, fee = round(self.money(raw, i, rate)), self.commission(quantity, price, i, rate)
        self.balance += profit - fee
        shrinks = sign(held.quantity) == sign(before) and abs(held.quantity) < abs(before)
        if not held.quantity:
            held.stop = held.target = held.worth = 0
        elif isinstance(order, Order) and not shrinks:
            held.stop, held.target = order.stop, order.target
        held.margin = self.margin_of(held.cost, i, rate)
        self.fills.append(
            (ts, i, quantity, price, fee, profit, held.quantity, int(not event.is_tick), kind)
        )

    # Wishes

    def place(self, i: int, ts: int, wish: Wish) -> None:
        held = self.positions[i]
        if wish.action == CANCEL:
            held.slots = [None] * SLOTS
        if wish.action in (HOLD, CANCEL):
            return
        waiting = sum(one.quantity for one in held.slots if one and one.kind == MARKET)
        before = held.quantity + waiting
        quantity, kind, price = wish.quantity, LIMIT, wish.price
        if wish.action == GO_TO:
            quantity, kind, price = wish.quantity - before, MARKET, 0
            if quantity == 0:
                return
        elif wish.action == PLACE_STOP:
            kind = STOP
        after = before + quantity
        reduces = abs(after) <= abs(before) and sign(after) in (0, sign(before))
        order = Order(kind, quantity, price, wish.stop, wish.target, ts, reduces)
        denied = self.denied(i, order, before)
        if not denied and None not in held.slots:
            denied = 99
        if not denied:
            held.slots[held.slots.index(None)] = order
        self.orders.append((ts, i, kind, quantity, price, wish.stop, wish.target, denied))

    def denied(self, i: int, order: Order, before: int) -> int:
        """Return the code of the first limit that an order with new risk passes."""
        held, profile = self.positions[i], self.profile
        after = before + order.quantity
        if self.contracts[i].leg >= 0 and not held.rate:
            return 102
        if order.reduces:
            return 0
        lots = profile.position_max_lots * self.contracts[i].instrument.lot_units
        if lots and abs(after) > lots:
            return 107
        if profile.margin_use_max_bp:
            grows = max(abs(after) - abs(before), 0)
            price = held.quote.ask if order.quantity > 0 else held.quote.bid
            needs = self.margin + self.margin_of(grows * price, i, held.rate)
            if needs > round(Fraction(max(self.worth, 0) * profile.margin_use_max_bp, 10_000)):
                return 109
        loss_max = self.account.cash * profile.daily_loss_max_bp // 10_000
        if loss_max and self.day_start - self.worth >= loss_max:
            return 110
        share = Fraction(self.peak * profile.drawdown_max_bp, 10_000)
        if profile.drawdown_max_bp and self.peak - self.worth >= round(share):
            return 111
        return 0
