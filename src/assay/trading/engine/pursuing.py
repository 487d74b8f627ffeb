"""Bring a venue to what the engine wants there: stops that follow, changed orders, closed times.

What the engine keeps of a position's protection and of an order at a venue is what is wanted; what
the venue has is known by its word. Where they differ it is asked, one thing at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from assay.kernel.compiling import compiled
from assay.kernel.records import AWAY, CLOSE_BY, MARKET, ORDER_TERMS, TRAILING_STOP, VENUE_OPEN
from assay.model.messages import (
    CancelRequested,
    ChangeRequested,
    Message,
    OrderAccepted,
    OrderChanged,
    OrderSubmitted,
    PositionChanged,
)
from assay.trading.engine.away import SentOrder, VenueState, Wish
from assay.trading.engine.following import follow_price
from assay.trading.engine.naming import name_terms
from assay.trading.engine.slots import clear_terms, keep_order
from assay.trading.engine.ticketed import KeyOf, VenueTickets
from assay.trading.engine.world import World

if TYPE_CHECKING:
    from assay.trading.engine.module import DeskPlan

Place = tuple[int, int, int]
"""Account, instrument, and reference of a ticket; 0 is the position of an account that nets."""
PRICES = ("price", "limit", "stop", "target")
TIME_STOP, STOP_LOSS, OTHER_FILLED = "time_stop", "stop_loss", "other_filled"


@compiled
def follow_market(world, a, i):  # type: ignore[no-untyped-def]
    """Move what follows the price to the market's last quote."""
    market = world.markets[i]
    if market.ts != 0:
        follow_price(world, a, i, (market.bid, market.ask, market.ts), (False, True))


@compiled
def enter_close(world, a, i, ticket, quantity, ts):  # type: ignore[no-untyped-def]
    """Keep a market order of the engine's own, of a ticket where a reference names one.

    Return its reference, 0 without a free slot.
    """
    order, account, position = world.scratch_orders[0], world.accounts[a], world.positions[a, i]
    clear_terms(order)
    order.type, order.quantity, order.ts, order.number = MARKET, quantity, ts, account.order_next
    order.price = order.stop = order.target = order.ordinal = order.parent = order.due = 0
    order.notional = order.margin = order.passive = order.asleep = 0
    order.reduces, order.ticket, order.by = 1, ticket, 0
    last = position.last_order
    if keep_order(world, a, i, order) != 0:
        return 0
    position.last_order = last
    account.order_next += 1
    return order.number + 1


class Pursuit:
    """Ask venues for what is wanted otherwise, and take in what they answer."""

    def __init__(
        self,
        plan: DeskPlan,
        world: World,
        state: VenueState,
        tickets: VenueTickets,
        *,
        next_id: Callable[[], int],
        key_of: KeyOf,
    ) -> None:
        self._plan, self._world, self._state, self._tickets = plan, world, state, tickets
        self._next_id, self._key_of = next_id, key_of
        self._index = {symbol: i for i, symbol in enumerate(plan.symbols)}

    def follow(self, a: int, cause: Message) -> Iterator[Message]:
        """Yield what is asked of an account's venue after a message."""
        self._state.now = max(self._state.now, cause.ts_event)
        if self._world.accounts[a]["venue"] != VENUE_OPEN:
            return
        symbol = getattr(cause, "symbol", "")
        for i in [self._index[symbol]] if symbol in self._index else range(len(self._index)):
            position = self._world.positions[a, i]
            if position["watch"]:
                follow_market(self._world.handle, a, i)
            for reference, held in self._held(a, i, position):
                yield from self._follow_position((a, i, reference), held, cause)
            if position["resting_orders"]:
                yield from self._follow_orders(a, i, cause)

    def _held(self, a: int, i: int, position: Any) -> list[tuple[int, Any]]:
        """Return what is open by its reference: each ticket, or the position (0)."""
        if self._world.accounts[a]["hedges"]:
            return [(int(each["number"]) + 1, each) for each in self._tickets.held(a, i)]
        return [(0, position)] if position["quantity"] else []

    def _is_closing(self, at: Place, held: Any) -> bool:
        """Say whether orders are under way that change how much is held."""
        a, i, reference = at
        return bool(self._tickets.closing(a, i, reference) if reference else held["waiting"])

    def _follow_position(self, at: Place, held: Any, cause: Message) -> Iterator[Message]:
        a, i, reference = at
        guard = self._state.guards.get(at)
        if guard is None or not guard.ticket or not guard.asking.is_due(self._state.now):
            return
        if not self._is_closing(at, held):
            reason = self._reason_to_close(i, held, guard.asking.refused)
            if reason:
                guard.asking.at = self._state.now
                yield from self.close(at, -int(held["quantity"]), reason, cause)
                return
        stop, target = int(held["stop"]), int(held["target"])
        if (stop, target) == (guard.stop, guard.target):
            return
        least = self._least(i)
        is_near = any(each and abs(stop - each) < least for each in (guard.stop, guard.asked))
        if held["trail"] and stop and is_near and target == guard.target:
            return
        if not self._has_room(a, i):
            return
        wanted = Wish(a, i, stop=stop, target=target, ticket=reference)
        wish = self._ask(wanted, guard.ticket, cause)
        guard.ask(wish.id, stop, target, self._state.now)
        yield wish

    def _reason_to_close(self, i: int, position: Any, refused: int) -> str:
        """Return why a position is to be closed now: its time, or a stop that was not taken."""
        if position["close_at"] and self._state.now >= position["close_at"]:
            return TIME_STOP
        market, is_long = self._world.markets[i], position["quantity"] > 0
        if not refused or not position["stop"] or not market["ts"]:
            return ""
        price = int(market["bid"] if is_long else market["ask"])
        is_past = price <= position["stop"] if is_long else price >= position["stop"]
        return STOP_LOSS if is_past else ""

    def _least(self, i: int) -> int:
        """Return the points by which a stop that trails moves at least: a pip."""
        return self._plan.pips[i] if self._plan.pips else 1

    def _follow_orders(self, a: int, i: int, cause: Message) -> Iterator[Message]:
        found = {
            sent.reference: (key, sent)
            for key, sent in self._state.sent.items()
            if (sent.account, sent.instrument) == (a, i) and sent.ticket
        }
        for slot in self._world.orders[a, i]:
            named = found.get(int(slot["number"]) + 1)
            if slot["state"] != AWAY or slot["type"] in (MARKET, CLOSE_BY) or named is None:
                continue
            key, sent = named
            if not sent.asking.is_due(self._state.now):
                continue
            if sent.unwanted:
                yield from self.cancel(key, sent, cause)
            elif not sent.changed_by_hand:
                yield from self._follow_order(key, sent, slot, cause)

    def _follow_order(
        self, key: int, sent: SentOrder, slot: Any, cause: Message
    ) -> Iterator[Message]:
        price, limit, stop, target = (int(slot[name]) for name in PRICES)
        if (price, limit, stop, target) == sent.prices:
            return
        trails = slot["type"] == TRAILING_STOP and (stop, target) == (sent.stop, sent.target)
        if trails and abs(price - sent.price) < self._least(sent.instrument):
            return
        if not self._has_room(sent.account, sent.instrument):
            return
        wanted = Wish(sent.account, sent.instrument, key, price, limit, stop, target)
        wish = self._ask(wanted, sent.ticket, cause)
        sent.asking.ask(wish.id, self._state.now)
        yield wish

    def cancel(self, key: int, sent: SentOrder, cause: Message) -> Iterator[Message]:
        """Yield what asks for an order to be cancelled, once its ticket is known."""
        sent.unwanted = True
        asked = self._state.wishes.get(sent.asking.wish)
        if not sent.ticket or (asked is not None and asked.cancels):
            return
        spec = self._plan.accounts[sent.account]
        wish = CancelRequested(
            id=self._next_id(), cause=cause.id, tenant=spec.tenant, ts_event=cause.ts_event,
            ts_init=cause.ts_init, account=spec.id, symbol=self._plan.symbols[sent.instrument],
            key=key, ticket=sent.ticket, reason="cancelled",
        )  # fmt: skip
        self._state.wishes[wish.id] = Wish(sent.account, sent.instrument, key, cancels=True)
        sent.asking.ask(wish.id, self._state.now)
        yield wish

    def _has_room(self, a: int, i: int) -> bool:
        """Say whether the limits of orders a second and a minute leave room; a change counts."""
        account, limits, now = self._world.accounts[a], self._world.limits[a, i], self._state.now
        gone = max(now - int(account["pace_ts"]), 0)
        spans = (("second_debt", "second_orders_max", 1), ("minute_debt", "minute_orders_max", 60))
        costs = {}
        for debt, limit, seconds in spans:
            span, most = seconds * 1_000_000_000, int(limits[limit])
            cost = span // most if most else 0
            costs[debt] = max(int(account[debt]) - gone, 0) + cost
            if most and costs[debt] > span:
                return False
        account["pace_ts"] = max(int(account["pace_ts"]), now)
        for debt, owed in costs.items():
            account[debt] = owed
        return True

    def _ask(self, wish: Wish, ticket: int, cause: Message) -> ChangeRequested:
        spec, number = self._plan.accounts[wish.account], self._next_id()
        self._state.wishes[number] = wish
        return ChangeRequested(
            id=number, cause=cause.id, tenant=spec.tenant, ts_event=cause.ts_event,
            ts_init=cause.ts_init, account=spec.id, symbol=self._plan.symbols[wish.instrument],
            key=wish.key, ticket=ticket, price=wish.price, limit=wish.limit, stop=wish.stop,
            target=wish.target,
        )  # fmt: skip

    def close(self, at: Place, quantity: int, reason: str, cause: Message) -> Iterator[Message]:
        """Yield a market order by which the engine itself closes what a venue holds."""
        a, i, ticket = at
        now, ordinal = self._state.now, self._state.closes
        reference = enter_close(self._world.handle, a, i, ticket, quantity, now)
        if not reference:
            return
        self._state.closes += 1
        spec, symbol = self._plan.accounts[a], self._plan.symbols[i]
        key = self._key_of(a, i, now, reason, ordinal)
        self._state.sent[key] = SentOrder(
            a, i, "market", quantity, reference, key_ts=now, ordinal=ordinal, reason=reason,
            closes=ticket,
        )  # fmt: skip
        order = OrderSubmitted(
            id=self._next_id(), cause=cause.id, tenant=spec.tenant, ts_event=cause.ts_event,
            ts_init=cause.ts_init, key=key, account=spec.id, strategy=self._plan.strategy.name,
            symbol=symbol, ts_bar=now, ordinal=ordinal, order_type="market", quantity=quantity,
            price=0, stop=0, target=0,
        )  # fmt: skip
        yield self._tickets.aim(a, i, ticket, order)

    def take_accepted(self, wish: Wish, told: OrderAccepted) -> Iterator[Message]:
        """Take over what a venue changed as it was asked, and tell."""
        if wish.cancels:
            return
        # An edge that does not say where stops came to lie has put them where they were wanted.
        stop, target = told.stop or wish.stop, told.target or wish.target
        if wish.key:
            sent = self._state.sent.get(wish.key)
            if sent is None:
                return
            sent.asking.answer(is_taken=True)
            sent.price, sent.limit, sent.stop, sent.target = wish.price, wish.limit, stop, target
            slot = self.slot_of(sent)
            if slot is not None:
                _settle(slot, wish, stop, target)
                yield self._tell_order(wish.key, sent, slot, told)
            return
        guard = self._state.guards.get((wish.account, wish.instrument, wish.ticket))
        if guard is None:
            return
        guard.accept(stop, target)
        position = self._world.positions[wish.account, wish.instrument]
        for reference, held in self._held(wish.account, wish.instrument, position):
            if reference == wish.ticket:
                _settle(held, wish, stop, target)
                yield self._tell_position(wish, held, told)

    def take_refused(self, wish: Wish) -> None:
        """Note that a venue did not do what it was asked; what a strategy wanted goes back."""
        if not wish.key:
            guard = self._state.guards.get((wish.account, wish.instrument, wish.ticket))
            if guard is not None:
                guard.refuse()
            return
        sent = self._state.sent.get(wish.key)
        if sent is None:
            return
        sent.asking.answer(is_taken=False)
        slot = self.slot_of(sent)
        if slot is not None and not wish.cancels and slot["type"] != TRAILING_STOP:
            for name, value in zip(PRICES, sent.prices, strict=True):
                slot[name] = value

    def slot_of(self, sent: SentOrder) -> Any:
        """Return the engine's own record of an order, None where it has ended."""
        for slot in self._world.orders[sent.account, sent.instrument]:
            if slot["state"] == AWAY and slot["number"] + 1 == sent.reference:
                return slot
        return None

    def _tell_order(
        self, key: int, sent: SentOrder, slot: Any, told: OrderAccepted
    ) -> OrderChanged:
        spec = self._plan.accounts[sent.account]
        return OrderChanged(
            id=self._next_id(), cause=told.id, tenant=spec.tenant, ts_event=told.ts_event,
            ts_init=told.ts_init, key=key, account=spec.id,
            symbol=self._plan.symbols[sent.instrument], ts_bar=sent.key_ts, ordinal=sent.ordinal,
            order_type=sent.order_type, quantity=sent.left, price=sent.price, stop=sent.stop,
            target=sent.target, terms=name_terms([int(slot[name]) for name in ORDER_TERMS]),
        )  # fmt: skip

    def _tell_position(self, wish: Wish, held: Any, told: OrderAccepted) -> PositionChanged:
        a, i, spec = wish.account, wish.instrument, self._plan.accounts[wish.account]
        guard = self._state.guards[a, i, wish.ticket]
        return PositionChanged(
            id=self._next_id(), cause=told.id, tenant=spec.tenant, ts_event=told.ts_event,
            ts_init=told.ts_init, account=spec.id, symbol=self._plan.symbols[i],
            stop=guard.stop, target=guard.target, trail=int(held["trail"]),
            ticket=self._tickets.key_of(a, i, wish.ticket) if wish.ticket else UNSET,
        )  # fmt: skip


def _settle(wanted: Any, wish: Wish, stop: int, target: int) -> None:
    """Want what the venue made of a wish, where nothing else was wanted since."""
    if wanted["stop"] == wish.stop:
        wanted["stop"] = stop
    if wanted["target"] == wish.target:
        wanted["target"] = target
