"""Accounts whose orders a venue fills: the engine's state follows what the venue says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET, UnsetType

from assay.kernel.compiling import compiled
from assay.kernel.costs import margin_for
from assay.kernel.records import VENUE_AWAY, VENUE_OPEN, WORKING
from assay.kernel.rounding import OVERFLOW
from assay.model.errors import InvariantError
from assay.model.messages import (
    AccountReported,
    DealBooked,
    ForeignActivity,
    GatewayAlarm,
    Message,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    PositionReported,
    SwapCharged,
)
from assay.trading.engine.away import Guard, SentOrder, Unanswered, VenueState
from assay.trading.engine.following import guard_position, release_guard, renew_guard
from assay.trading.engine.naming import IN_PARTS
from assay.trading.engine.pursuing import OTHER_FILLED, Pursuit
from assay.trading.engine.settling import bind_margin, book_quantity, mark_position, shrinks
from assay.trading.engine.slots import find_away, take_away
from assay.trading.engine.ticketed import KeyOf, Part, VenueTickets
from assay.trading.engine.tickets import NO_TICKET, find_ticket
from assay.trading.engine.world import World

if TYPE_CHECKING:
    from assay.trading.engine.module import DeskPlan

AT_ONCE = ("market", "close_by")
"""Types of which nothing rests at a venue."""
REASONS = {"sl": "stop_loss", "tp": "take_profit", "so": "stop_out"}
"""Why a venue closed a position by itself, as the engine's own fills say it."""
VENUE_MESSAGES: tuple[type[Message], ...] = (
    AccountReported, DealBooked, ForeignActivity, OrderAccepted, OrderCancelled, OrderExpired,
    OrderRejected, PositionReported,
)  # fmt: skip


@compiled
def settle_deal(world, a, i, deal, reference):  # type: ignore[no-untyped-def]
    """Bring a position, its margin and its mark to a deal (units, points, time) of a venue.

    What protects it comes from the order of ours that opened it, known by its reference.
    """
    quantity, price, ts = deal
    account, position, market = world.accounts[a], world.positions[a, i], world.markets[i]
    instrument, slot, held = world.instruments[i], -1, position.quantity
    if reference != 0:
        slot = find_away(world.orders[a, i], reference)
    book_quantity(position, quantity, price)
    if position.quantity == 0:
        release_guard(position)
    elif slot >= 0 and not shrinks(held, position.quantity):
        exit_price = price
        if market.ts != 0:
            exit_price = market.bid if quantity > 0 else market.ask
        guard_position(position, world.orders[a, i, slot], exit_price, ts)
    leg_bid = price if instrument.leg == i else market.leg_bid
    bind_margin(account, position, instrument, leg_bid)
    if market.ts != 0:
        mark_position(account, position, market, instrument)


@compiled
def expect_margin(world, i, quantity, price):  # type: ignore[no-untyped-def]
    """Return what an order of units at a price, 0 for the market's, is expected to tie up."""
    market, instrument = world.markets[i], world.instruments[i]
    if price == 0:
        price = market.ask if quantity > 0 else market.bid
    if instrument.leg >= 0 and market.leg_bid <= 0:
        return OVERFLOW
    return margin_for(quantity * price, instrument, market.leg_bid)


@compiled
def _take_over(held, stop, target):  # type: ignore[no-untyped-def]
    held.stop, held.target = stop, target
    held.trail = held.break_after = held.break_keep = 0
    renew_guard(held)


@compiled
def take_over_stops(world, a, i, reference, stop, target):  # type: ignore[no-untyped-def]
    """Want the stop and target that a person gave a position, or the ticket of a reference.

    Nothing moves them any more.
    """
    if reference == 0:
        _take_over(world.positions[a, i], stop, target)
        return
    slot = find_ticket(world.tickets[a, i], reference)
    if slot != NO_TICKET:
        _take_over(world.tickets[a, i, slot], stop, target)


class VenueAccounts:
    """Follow the orders of accounts that a venue fills, and book what it says.

    Of each deal the money counts, whosever it is, and of positions our own part. The venue's word
    is the truth: what it closed is closed, and a user's act on a position of ours is honoured.
    """

    def __init__(
        self, plan: DeskPlan, world: World, *, next_id: Callable[[], int], key_of: KeyOf
    ) -> None:
        self._plan, self._world, self._next_id, self._key_of = plan, world, next_id, key_of
        self._use(VenueState())
        self._accounts = {spec.id: a for a, spec in enumerate(plan.accounts) if spec.venue}
        self._index = {symbol: i for i, symbol in enumerate(plan.symbols)}

    def _use(self, state: VenueState) -> None:
        self._state = state
        self._tickets = VenueTickets(
            self._plan, self._world, state, next_id=self._next_id, key_of=self._key_of
        )
        self._pursuit = Pursuit(
            self._plan, self._world, state, self._tickets, next_id=self._next_id,
            key_of=self._key_of,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self._accounts)

    def owns(self, account: str) -> bool:
        """Say whether a venue fills an account's orders."""
        return account in self._accounts

    def enter(self, order: OrderSubmitted, reference: int) -> list[Message]:
        """Return what of an order goes to a venue, and remember how its strategy refers to it.

        On a hedging account that is an order for each ticket that it closes, and one for what it
        opens; where it finds nothing to close it ends.
        """
        a, i = self._accounts.get(order.account), self._index[order.symbol]
        if a is None or order.order_type in IN_PARTS:
            return [order]
        if not self._world.accounts[a]["hedges"]:
            return [self._enter(a, i, Part(order), reference)]
        parts = self._tickets.cut(a, i, order, reference)
        found: list[Message] = [self._enter(a, i, part, reference) for part in parts]
        return found or [self._tickets.tell_nothing(order)]

    def _enter(self, a: int, i: int, part: Part, reference: int) -> OrderSubmitted:
        """Remember an order at a venue; what opens is told what margin to expect there."""
        order = part.order
        sent = SentOrder(
            a, i, order.order_type, order.quantity, reference, key_ts=order.ts_bar,
            ordinal=order.ordinal, price=order.price, stop=order.stop, target=order.target,
            closes=part.closes, by=part.by,
        )  # fmt: skip
        slot = self._pursuit.slot_of(sent)
        if slot is not None:
            sent.parent, sent.group = int(slot["parent"]), int(slot["group"])
            sent.limit = int(slot["limit"])
        self._state.sent[order.key] = sent
        if part.closes:
            return order
        margin = expect_margin(self._world.handle, i, order.quantity, order.price)
        if margin == OVERFLOW or not margin:
            return order
        return msgspec.structs.replace(order, margin=int(margin))

    def take(self, message: Message) -> list[Message]:
        """Bring the engine to what a venue said, and return what follows from it."""
        a = self._accounts.get(message.account)  # type: ignore[attr-defined]
        if a is None:
            return []
        self._state.now = max(self._state.now, message.ts_event)
        if isinstance(message, DealBooked):
            return [*self._book(a, message)]
        if isinstance(message, AccountReported):
            self._report(a, message)
        elif isinstance(message, PositionReported):
            return [*self._show(a, message)]
        elif isinstance(message, ForeignActivity):
            self._hand_over(a, message)
        elif isinstance(message, OrderAccepted):
            return [*self._accept(message)]
        elif isinstance(message, OrderCancelled | OrderExpired | OrderRejected):
            self._end(message.key)
        return []

    def follow(self, cause: Message) -> list[Message]:
        """Return what venues are asked once a message is handled."""
        return [wish for a in self._accounts.values() for wish in self._pursuit.follow(a, cause)]

    def unanswered(self) -> dict[int, Unanswered]:
        """Return by key the market orders of which no venue has said anything."""
        found = {}
        for key, sent in self._state.sent.items():
            if sent.order_type == "market" and not sent.ticket:
                own, ticket = self._owned(sent)
                symbol = self._plan.symbols[sent.instrument]
                closes = bool(sent.closes)
                found[key] = Unanswered(symbol, sent.left, own, ticket, sent.ordinal, closes)
        return found

    def _owned(self, sent: SentOrder) -> tuple[int, int]:
        """Return what is ours of the position that an order may close, and its ticket there."""
        a, i = sent.account, sent.instrument
        if self._world.accounts[a]["hedges"]:
            return self._tickets.owned(a, i, sent.closes)
        guard = self._state.guards.get((a, i, 0))
        return int(self._world.positions[a, i]["quantity"]), guard.ticket if guard else 0

    def cancels(self) -> dict[int, tuple[str, int]]:
        """Return symbol and ticket of every order that is asked to be cancelled, by the wish."""
        return {
            number: (self._plan.symbols[wish.instrument], self._state.sent[wish.key].ticket)
            for number, wish in self._state.wishes.items()
            if wish.cancels and wish.key in self._state.sent
        }

    def want_cancelled(self, row: Sequence[int], cause: Message) -> list[Message]:
        """Return what asks the venue to cancel what waits of an account in an instrument."""
        a, i, reference, found = row[1], row[2], row[4], list[Message]()
        for key, sent in self._state.sent.items():
            is_meant = (sent.account, sent.instrument) == (a, i) and sent.order_type not in AT_ONCE
            if is_meant and reference in (0, sent.reference, sent.parent):
                found += self._pursuit.cancel(key, sent, cause)
        return found

    def snapshot(self) -> bytes:
        """Return what it remembers."""
        return msgspec.msgpack.encode(self._state)

    def restore(self, state: bytes) -> None:
        """Take up a snapshot."""
        self._use(msgspec.msgpack.decode(state, type=VenueState))

    def _book(self, a: int, deal: DealBooked) -> Iterator[Message]:
        account = self._world.accounts[a]
        account["balance"] += deal.profit + deal.commission + deal.swap + deal.fee
        sent, i = self._state.sent.get(deal.key), self._index.get(deal.symbol)
        if i is not None and deal.own:
            yield from self._settle(a, i, deal, sent)
        if sent is None:
            return
        is_late = self._is_late_in_group(deal.key, sent)
        # Two that are closed by each other make a deal each, and nothing is left to do after one.
        done = sent.left if sent.order_type == "close_by" else deal.quantity
        self._reduce(deal.key, sent, done)
        if sent.group:
            yield from self._end_group(sent, deal, is_late=is_late)

    def _settle(
        self, a: int, i: int, deal: DealBooked, sent: SentOrder | None
    ) -> Iterator[Message]:
        if deal.price_digits != self._plan.digits[i]:
            raise InvariantError(
                f"deal {deal.ticket} of {deal.symbol} has {deal.price_digits} digits and its "
                f"prices {self._plan.digits[i]}"
            )
        account, opener = self._world.accounts[a], self._tickets.find(a, deal.position_key)
        if not account["hedges"]:
            change, reference = (deal.own, deal.price, deal.ts_event), sent.reference if sent else 0
            if sent is None and not self._world.positions[a, i]["quantity"]:
                self._state.guards[a, i, 0] = Guard(is_found=True)
            settle_deal(self._world.handle, a, i, change, reference)
        elif not self._tickets.book(a, i, deal, sent):
            return
        elif opener and self._tickets.find(a, deal.position_key) is None:
            self._end_close_by(a, i, opener.reference, deal.key)
        account["peak"] = max(account["peak"], account["balance"] + account["unrealised"])
        guard = self._state.guards.get((a, i, opener.reference if opener else 0))
        if guard is not None:
            # Until the venue shows the position again nobody knows how it is protected there.
            guard.ticket = 0
            guard.is_found &= sent is None
        if deal.swap:
            yield self._tell_swap(a, i, deal)
        yield self._tell_fill(a, i, deal, sent)

    def _end_close_by(self, a: int, i: int, reference: int, by: int) -> None:
        """End what was to close a ticket that is gone by another one; no deal will come of it."""
        for key, sent in list(self._state.sent.items()):
            is_meant = (sent.account, sent.instrument, sent.order_type) == (a, i, "close_by")
            if is_meant and key != by and reference in (sent.closes, sent.by):
                self._reduce(key, sent, sent.left)

    def _is_late_in_group(self, key: int, sent: SentOrder) -> bool:
        """Say whether another order of a group had filled before this one did."""
        if not sent.group:
            return False
        named = (sent.account, sent.instrument, sent.group)
        return self._state.groups.setdefault(named, key) != key

    def _end_group(self, sent: SentOrder, deal: DealBooked, *, is_late: bool) -> Iterator[Message]:
        """Cancel the partners of an order that filled; what filled too late is closed at once."""
        a, i, group = sent.account, sent.instrument, sent.group
        self._world.positions[a, i]["group_filled"] = group
        partners = {
            key: other
            for key, other in self._state.sent.items()
            if (other.account, other.instrument, other.group) == (a, i, group)
        }
        if is_late:
            spec = self._plan.accounts[a]
            yield GatewayAlarm(
                id=self._next_id(), cause=deal.id, tenant=spec.tenant, ts_event=deal.ts_event,
                ts_init=deal.ts_init, account=spec.id, code="group_filled_twice",
                text=f"deal {deal.ticket} of {deal.quantity} {deal.symbol} came after another "
                f"order of its group had filled; it is closed",
            )  # fmt: skip
            opener = self._tickets.find(a, deal.position_key)
            if opener or not self._world.accounts[a]["hedges"]:
                at = (a, i, opener.reference if opener else 0)
                yield from self._pursuit.close(at, -deal.own, OTHER_FILLED, deal)
        first = self._state.groups.get((a, i, group))
        for key, other in partners.items():
            if key != first and not other.unwanted:
                yield from self._pursuit.cancel(key, other, deal)

    def _tell_fill(self, a: int, i: int, deal: DealBooked, sent: SentOrder | None) -> OrderFilled:
        world, spec = self._world, self._plan.accounts[a]
        market, terms = world.markets[i], world.instruments[i]
        is_gain, scale = deal.profit > 0, int(terms["leg_scale"])
        leg = int(market["leg_ask" if is_gain == bool(terms["leg_divides"]) else "leg_bid"])
        rate = (1, 1)
        if leg:
            rate = (scale, leg) if terms["leg_divides"] else (leg, scale)
        usual = (sent.reason or sent.order_type) if sent else deal.reason
        if deal.key and deal.entry == "out_by":
            usual = "close_by"
        return OrderFilled(
            id=self._next_id(), cause=deal.id, tenant=spec.tenant, ts_event=deal.ts_event,
            ts_init=deal.ts_init, account=spec.id, symbol=deal.symbol,
            key=deal.key or deal.position_key, fill=deal.ticket, quantity=deal.own,
            price=deal.price, price_digits=deal.price_digits,
            commission=-(deal.commission + deal.fee), profit=deal.profit, spread_cost=0,
            slippage_cost=0, rate_num=rate[0], rate_den=rate[1],
            position=int(world.positions[a, i]["quantity"]), kind="exact",
            reason=REASONS.get(deal.reason, usual), ticket=self._name_ticket(a, deal),
        )  # fmt: skip

    def _tell_swap(self, a: int, i: int, deal: DealBooked) -> SwapCharged:
        spec = self._plan.accounts[a]
        return SwapCharged(
            id=self._next_id(), cause=deal.id, tenant=spec.tenant, ts_event=deal.ts_event,
            ts_init=deal.ts_init, account=spec.id, symbol=deal.symbol, nights=0, amount=deal.swap,
            position=int(self._world.positions[a, i]["quantity"]),
            ticket=self._name_ticket(a, deal),
        )  # fmt: skip

    def _name_ticket(self, a: int, deal: DealBooked) -> int | UnsetType:
        """Return the key of the order that opened what a deal changed, on a hedging account."""
        return (deal.position_key or deal.position) if self._world.accounts[a]["hedges"] else UNSET

    def _report(self, a: int, told: AccountReported) -> None:
        account = self._world.accounts[a]
        is_open = (told.connected and told.trade_allowed) or told.other_road is True
        account["venue"] = VENUE_OPEN if is_open else VENUE_AWAY
        if a not in self._state.opened:
            self._state.opened.add(a)
            account["balance"], account["peak"] = told.balance, told.equity
        if not self._world.markets["ts"].any():
            # What was told before the first price is of days that are over.
            account["day_start"] = told.equity
        if told.balance == account["balance"]:
            # What others hold counts too; our own marks go on from here with every price.
            account["unrealised"] = told.equity - told.balance - told.credit
            account["margin"] = told.margin
            account["peak"] = max(account["peak"], told.balance + account["unrealised"])

    def _accept(self, told: OrderAccepted) -> Iterator[Message]:
        wish, sent = self._state.wishes.pop(told.key, None), self._state.sent.get(told.key)
        if wish is not None:
            yield from self._pursuit.take_accepted(wish, told)
        if sent is None:
            return
        if told.quantity and abs(told.quantity) < abs(sent.whole):
            # The venue takes whole steps alone, and by another road no more than there is left;
            # how much that is may be learnt after its deals.
            gone, sent.whole = sent.whole - told.quantity, told.quantity
            self._reduce(told.key, sent, gone if abs(gone) < abs(sent.left) else sent.left)
        sent.ticket = told.ticket
        slot = self._pursuit.slot_of(sent)
        if told.widened and slot is not None:
            slot["stop"] = sent.stop = told.stop
        if sent.unwanted:
            yield from self._pursuit.cancel(told.key, sent, told)

    def _show(self, a: int, told: PositionReported) -> Iterator[Message]:
        """Take in how a position stands at the venue, ours and others'."""
        i, key = self._index.get(told.symbol), (a, told.position)
        if i is None:
            return
        own, reference = told.own, 0
        if self._world.accounts[a]["hedges"]:
            # What never opened here is somebody else's.
            opener = self._tickets.find(a, told.key or told.position)
            own, reference = (own, opener.reference) if opener else (0, 0)
            if opener is not None:
                opener.number = told.ticket
        before = self._state.foreign.pop(key, (i, 0))[1]
        units = told.quantity - own
        if units:
            self._state.foreign[key] = (i, units)
        self._world.positions[a, i]["foreign"] += units - before
        at = (a, i, reference)
        if not own:
            guard = self._state.guards.get(at)
            if guard is not None and guard.ticket in (0, told.ticket):
                del self._state.guards[at]
            return
        guard = self._state.guards.setdefault(at, Guard())
        known, was_told = (guard.stop, guard.target), guard.changed_by_hand or guard.is_found
        if not guard.show(told.ticket, told.stop, told.target) and not guard.is_found:
            return
        take_over_stops(self._world.handle, *at, told.stop, told.target)
        if not was_told:
            spec = self._plan.accounts[a]
            yield GatewayAlarm(
                id=self._next_id(), cause=told.id, tenant=spec.tenant, ts_event=told.ts_event,
                ts_init=told.ts_init, account=spec.id, code="stops_edited",
                text=f"stop and target of {told.ticket} in {told.symbol} were {known} and are "
                f"{(told.stop, told.target)}, which nobody here asked for; they stay so",
            )  # fmt: skip

    def _hand_over(self, a: int, told: ForeignActivity) -> None:
        """Leave to a person what they changed of an order or a position of ours."""
        sent, opener = self._state.sent.get(told.key), self._tickets.find(a, told.key)
        reference = opener.reference if opener else 0
        guard = self._state.guards.get((a, self._index.get(told.symbol, -1), reference))
        if told.what == "order_edited" and sent is not None:
            sent.changed_by_hand = True
        elif told.what in ("stops_edited", "stop_removed") and guard is not None:
            guard.changed_by_hand = True

    def _end(self, key: int) -> None:
        wish, sent = self._state.wishes.pop(key, None), self._state.sent.get(key)
        if wish is not None:
            self._pursuit.take_refused(wish)
        if sent is None:
            return
        a, i, left = sent.account, sent.instrument, sent.left
        self._reduce(key, sent, left)
        guard = self._state.guards.get((a, i, sent.closes))
        if sent.reason and guard is not None:
            guard.asking.answer(is_taken=False)
        for slot in self._world.orders[a, i] if sent.parent else ():
            # What did not fill of a part waits for the next one.
            if slot["state"] == WORKING and slot["number"] + 1 == sent.parent:
                slot["quantity"] += left

    def _reduce(self, key: int, sent: SentOrder, quantity: int) -> None:
        sent.left -= quantity
        a, i = sent.account, sent.instrument
        take_away(self._world.handle, a, i, sent.reference, quantity)
        if sent.left == 0:
            del self._state.sent[key]
            others = self._state.sent.values()
            if not any((o.account, o.instrument, o.group) == (a, i, sent.group) for o in others):
                self._state.groups.pop((a, i, sent.group), None)
