"""The tickets of a hedging account at a venue: what opens, protects and closes each there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec import UNSET

from assay.kernel.compiling import compiled
from assay.kernel.records import AWAY, OLDEST, OLDEST_FIRST, OPENS
from assay.model.errors import InvariantError
from assay.model.messages import DealBooked, OrderCancelled, OrderSubmitted
from assay.trading.engine.away import Guard, Opener, SentOrder, VenueState
from assay.trading.engine.following import guard_position, release_guard
from assay.trading.engine.settling import bind_tickets, book_quantity, mark_held, shrinks
from assay.trading.engine.slots import find_away, take_away
from assay.trading.engine.tickets import NO_TICKET, drop_ticket, find_ticket, sum_tickets
from assay.trading.engine.world import World

if TYPE_CHECKING:
    from assay.trading.engine.module import DeskPlan

KeyOf = Callable[[int, int, int, str, int], int]
PART = "part"
"""What the keys are made of that close one of several tickets."""


@compiled
def _begin_away(ticket, opener, ts):  # type: ignore[no-untyped-def]
    """Write down which order opened a ticket at a venue; nothing protects it yet."""
    ticket.number, ticket.order_ts, ticket.order_ordinal = opener[0] - 1, opener[1], opener[2]
    ticket.opened_ns = ts
    ticket.quantity = ticket.cost = ticket.entered_at = ticket.guarded = ticket.watch = 0
    release_guard(ticket)


@compiled
def settle_ticket(world, a, i, deal, opener):  # type: ignore[no-untyped-def]
    """Bring a ticket and what it is a part of to a deal (units, points, time) of a venue.

    `opener` is the order that opened it: reference, time, ordinal. Say if there was room for it.
    """
    quantity, price, ts = deal
    account, position, market = world.accounts[a], world.positions[a, i], world.markets[i]
    tickets, instrument = world.tickets[a, i], world.instruments[i]
    slot = find_ticket(tickets, opener[0])
    if slot == NO_TICKET:
        slot = position.tickets
        if slot >= len(tickets):
            return False
        _begin_away(tickets[slot], opener, ts)
    ticket, held = tickets[slot], tickets[slot].quantity
    book_quantity(ticket, quantity, price)
    away = find_away(world.orders[a, i], opener[0])
    if ticket.quantity == 0:
        release_guard(ticket)
        drop_ticket(tickets, slot)
    elif away >= 0 and not shrinks(held, ticket.quantity):
        exit_price = price
        if market.ts != 0:
            exit_price = market.bid if quantity > 0 else market.ask
        guard_position(ticket, world.orders[a, i, away], exit_price, ts)
    sum_tickets(position, tickets)
    bind_tickets(account, position, instrument, price if instrument.leg == i else market.leg_bid)
    if market.ts != 0:
        mark_held(account, position, market, instrument)
    return True


class Part(NamedTuple):
    """Hold an order as a venue takes it: one that opens, or that closes one ticket."""

    order: OrderSubmitted
    closes: int = 0
    by: int = 0


class VenueTickets:
    """Know which position of a venue each ticket is, and cut orders into what closes one each."""

    def __init__(
        self, plan: DeskPlan, world: World, state: VenueState, *,
        next_id: Callable[[], int], key_of: KeyOf,
    ) -> None:  # fmt: skip
        self._plan, self._world, self._state = plan, world, state
        self._next_id, self._key_of = next_id, key_of

    def find(self, a: int, key: int) -> Opener | None:
        """Return the order of a key that opened a ticket which is still open."""
        return self._state.openers.get((a, key))

    def key_of(self, a: int, i: int, reference: int) -> int:
        """Return the key of the order that opened a ticket, 0 for none."""
        return self._known(a, i).get(reference, (0, None))[0]

    def _known(self, a: int, i: int) -> dict[int, tuple[int, Opener]]:
        return {
            opener.reference: (key, opener)
            for (account, key), opener in self._state.openers.items()
            if (account, opener.instrument) == (a, i)
        }

    def held(self, a: int, i: int) -> list[Any]:
        """Return the engine's records of the tickets of an account in an instrument."""
        count = int(self._world.positions[a, i]["tickets"])
        return [self._world.tickets[a, i, slot] for slot in range(count)]

    def owned(self, a: int, i: int, reference: int) -> tuple[int, int]:
        """Return the units of a ticket and the number of its position, zeros where it is none."""
        _, opener = self._known(a, i).get(reference, (0, None))
        if opener is None:
            return 0, 0
        units = [int(t["quantity"]) for t in self.held(a, i) if int(t["number"]) + 1 == reference]
        return sum(units), opener.number

    def closing(self, a: int, i: int, reference: int) -> int:
        """Return how many units of a ticket orders close that are under way."""
        return sum(
            abs(sent.left)
            for sent in self._state.sent.values()
            if (sent.account, sent.instrument) == (a, i) and reference in (sent.closes, sent.by)
        )

    def book(self, a: int, i: int, deal: DealBooked, sent: SentOrder | None) -> bool:
        """Bring the tickets to a deal; say whether it was of a ticket that is known.

        A close of what never opened here is somebody else's.
        """
        key = deal.position_key or deal.position
        opener = self.find(a, key)
        if opener is None and deal.entry != "in":
            return False
        if opener is None:
            opener = self._adopt(a, i, deal, sent if deal.key == deal.position_key else None)
            self._state.openers[a, key] = opener
        of = (opener.reference, opener.ts, opener.ordinal)
        change = (deal.own, deal.price, deal.ts_event)
        if not settle_ticket(self._world.handle, a, i, change, of):
            raise InvariantError(f"deal {deal.ticket} of {deal.symbol} opens one ticket too many")
        is_open = any(int(each["number"]) + 1 == opener.reference for each in self.held(a, i))
        if not is_open:
            del self._state.openers[a, key]
            self._state.guards.pop((a, i, opener.reference), None)
        return True

    def _adopt(self, a: int, i: int, deal: DealBooked, sent: SentOrder | None) -> Opener:
        if sent is not None:
            return Opener(i, sent.reference, sent.key_ts, sent.ordinal, deal.position)
        # Of an earlier run or an order that was given up, or taken off by the server and put on
        # again: its stops are the venue's.
        account = self._world.accounts[a]
        reference = int(account["order_next"]) + 1
        account["order_next"] += 1
        self._state.guards[a, i, reference] = Guard(changed_by_hand=True)
        return Opener(i, reference, deal.ts_event, 0, deal.position)

    def cut(self, a: int, i: int, order: OrderSubmitted, reference: int) -> list[Part]:
        """Return what an order asks of a venue: what it closes, a ticket each, then what it opens.

        What opens has the order's own key, or the first that closes. What there is nothing for is
        taken from the order.
        """
        slot = self._slot_of(a, i, reference)
        if slot is None:
            return []
        named, by = int(slot["ticket"]), int(slot["by"])
        if by:
            return [self._close_by(a, i, order, (named, by))]
        found, left = [], order.quantity
        for ticket in self.held(a, i) if named != OPENS else []:
            of = int(ticket["number"]) + 1
            units = self._closable(a, i, ticket, left) if named in (of, OLDEST, OLDEST_FIRST) else 0
            if units:
                found.append((of, units))
                left -= units
        opens = left if named in (OPENS, OLDEST_FIRST) else 0
        if left != opens:
            take_away(self._world.handle, a, i, reference, left - opens)
        parts = [self._closing_part(a, i, order, each) for each in found]
        if parts and not opens:
            own = {"key": order.key, "ordinal": order.ordinal}
            parts[0] = parts[0]._replace(order=msgspec.structs.replace(parts[0].order, **own))
        if opens:
            parts.append(Part(msgspec.structs.replace(order, quantity=opens, ticket=UNSET)))
        return [
            part._replace(order=msgspec.structs.replace(part.order, id=self._next_id()))
            if place
            else part
            for place, part in enumerate(parts)
        ]

    def _slot_of(self, a: int, i: int, reference: int) -> Any:
        for slot in self._world.orders[a, i]:
            if slot["state"] == AWAY and slot["number"] + 1 == reference:
                return slot
        return None

    def _closable(self, a: int, i: int, ticket: Any, left: int) -> int:
        """Return the signed units of an order that a ticket can still give."""
        held = int(ticket["quantity"])
        if held * left >= 0:
            return 0
        units = abs(held) - self.closing(a, i, int(ticket["number"]) + 1)
        units = max(min(units, abs(left)), 0)
        return units if left > 0 else -units

    def _closing_part(self, a: int, i: int, order: OrderSubmitted, what: tuple[int, int]) -> Part:
        reference, units = what
        key, opener = self._known(a, i)[reference]
        ordinal = self._state.closes
        self._state.closes += 1
        part = msgspec.structs.replace(
            order, key=self._key_of(a, i, order.ts_bar, PART, ordinal),
            ordinal=ordinal, quantity=units, stop=0, target=0, ticket=key, position=opener.number,
        )  # fmt: skip
        return Part(part, reference)

    def _close_by(self, a: int, i: int, order: OrderSubmitted, pair: tuple[int, int]) -> Part:
        known = self._known(a, i)
        (key, opener), (other, against) = known[pair[0]], known[pair[1]]
        told = msgspec.structs.replace(
            order, ticket=key, by=other, position=opener.number, position_by=against.number
        )
        return Part(told, *pair)

    def aim(self, a: int, i: int, reference: int, order: OrderSubmitted) -> OrderSubmitted:
        """Return an order that closes a ticket, by the number of its position; else as it is."""
        key, opener = self._known(a, i).get(reference, (0, None))
        if opener is None:
            return order
        return msgspec.structs.replace(order, ticket=key, position=opener.number)

    def tell_nothing(self, order: OrderSubmitted) -> OrderCancelled:
        """Return that an order ended, since it found nothing to close."""
        return OrderCancelled(
            id=order.id, cause=order.cause, tenant=order.tenant, ts_event=order.ts_event,
            ts_init=order.ts_init, account=order.account, symbol=order.symbol, key=order.key,
            reason="unfilled",
        )  # fmt: skip
