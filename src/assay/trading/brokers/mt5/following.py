"""What became of orders that were sent: found by number, by magic, or by likeness."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from assay.model.time import SECOND
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.booking import TRADES, Booking
from assay.trading.brokers.mt5.ports import BrokerEvent
from assay.trading.brokers.mt5.requests import spell_key
from assay.trading.brokers.mt5.state import (
    CLOSED_DOORS,
    GatewayState,
    MT5Settings,
    OrderRecord,
)
from assay.trading.brokers.mt5.stops import Denial
from assay.trading.brokers.mt5.structures import TerminalApi, TradeDeal, TradeOrder
from assay.trading.brokers.mt5.symbols import SymbolLink
from assay.trading.brokers.mt5.telling import Teller
from assay.trading.brokers.mt5.units import units_of
from assay.trading.execution import Accepted, Ended, OrderState

OPEN = (OrderState.ACCEPTED, OrderState.PARTLY_FILLED, OrderState.UNKNOWN)
NEVER_SEEN = "never_seen"
"""Why an order of another road that was looked for is given up."""
EARLY_MS = 2_000
"""Clocks differ: an order may look this much older than its sending."""


class Trace(msgspec.Struct, frozen=True):
    """Hold what identifies an order wherever it shows: resting, past, or by its deal."""

    ticket: int
    name: str
    type: int
    lots: float
    magic: int
    comment: str
    reason: int
    position: int
    time_ms: int
    is_order: bool


def _traces(orders: Sequence[TradeOrder], deals: Iterable[TradeDeal]) -> Iterator[Trace]:
    shown = {order.ticket for order in orders}
    for order in orders:
        yield Trace(
            order.ticket, order.symbol, order.type, order.volume_initial, order.magic,
            order.comment, order.reason, order.position_id, order.time_setup_msc, True,
        )  # fmt: skip
    for deal in deals:
        if deal.type in TRADES and deal.order not in shown:
            yield Trace(
                deal.order, deal.symbol, deal.type, deal.volume, deal.magic, deal.comment,
                deal.reason,
                deal.position_id, deal.time_msc, False,
            )  # fmt: skip


def _fits(record: OrderRecord, trace: Trace) -> bool:
    """Say whether position or type and volume are those of a command.

    A deal may be a part of its order, and a volume that is worked out again knows no stop that
    made it smaller.
    """
    if record.command.kind != "submit" and trace.position != record.position:
        return False
    if record.command.kind == "submit" and trace.is_order and trace.type != record.type:
        return False
    if trace.is_order and not record.is_recalled:
        return trace.lots == record.lots
    return trace.lots <= (record.lots or trace.lots)


def _is_named(trace: Trace) -> bool:
    """Say whether an order carries a key of its own, which its comment spells once more."""
    return trace.magic > 0 and spell_key(trace.magic) in trace.comment


class Following:
    """Keep the state of every order that was sent and has not ended."""

    def __init__(
        self,
        terminal: TerminalApi,
        settings: MT5Settings,
        state: GatewayState,
        teller: Teller,
        booking: Booking,
    ) -> None:
        self._terminal = terminal
        self._settings = settings
        self._state = state
        self._teller = teller
        self._booking = booking
        self._ambiguous: dict[int, set[int]] = {}

    def catch_up(self) -> list[BrokerEvent] | None:
        """Adopt, book and settle all that the terminal shows; None where it does not answer."""
        opened = [
            record
            for record in self._state.orders.values()
            if record.order.state in OPEN and not record.is_over
        ]
        deals = self._booking.fetch()
        resting = self._terminal.orders_get()
        if deals is None or resting is None:
            return None
        alive = {order.ticket: order for order in resting}
        past: tuple[TradeOrder, ...] | None = ()
        if any(record.order.ticket not in alive for record in opened):
            past = self._terminal.history_orders_get(*self._booking.window())
        if past is None:
            return None
        events, held_back = self._adopt(list(_traces((*resting, *past), deals)))
        for deal in deals:
            if deal.order not in held_back:
                events += self._booking.book(deal)
        orders = {order.ticket: order for order in past}
        for record in opened:
            if record.order.ticket in alive:
                events += self._compare(record, alive[record.order.ticket])
            else:
                events += self._settle(record, orders)
        return events

    def _adopt(self, traces: list[Trace]) -> tuple[list[BrokerEvent], set[int]]:
        """Give unknown orders their numbers; return also whose deals must wait for a person."""
        taken = {record.order.ticket for record in self._state.orders.values()}
        free = [trace for trace in traces if trace.ticket and trace.ticket not in taken]
        seeking = [record for record in self._state.orders.values() if self._is_lost(record)]
        found = {record.command.id: self._find_named(record, free) for record in seeking}
        named = {ticket for tickets in found.values() for ticket in tickets}
        free = [trace for trace in free if trace.ticket not in named]
        for record in seeking:
            if not found[record.command.id] and not self._is_unsent(record):
                found[record.command.id] = self._find_alike(record, free)
        events: list[BrokerEvent] = []
        held_back: set[int] = set()
        for record in seeking:
            key, mine = record.command.id, found[record.command.id]
            others = {t for other, tickets in found.items() if other != key for t in tickets}
            if len(mine) == 1 and not mine & others:
                ticket = mine.copy().pop()
                trace = next(trace for trace in traces if trace.ticket == ticket)
                events += self._take(record, ticket, self._units_of(record, trace))
                mine = set()
            held_back |= mine
            events += self._tell_ambiguous(record, mine)
        return events, held_back

    def _find_named(self, record: OrderRecord, free: list[Trace]) -> set[int]:
        """Return the orders that carry a command's key, as magic number or in the comment."""
        key, spelt = record.command.id, spell_key(record.command.id)
        return {
            trace.ticket
            for trace in free
            if (trace.magic == key or spelt in trace.comment) and self._is_alike(record, trace)
        }

    def _is_lost(self, record: OrderRecord) -> bool:
        if record.order.ticket:
            return False
        state, reason = record.order.state, record.order.reason
        never = state is OrderState.REJECTED and reason in ("never_arrived", NEVER_SEEN)
        return never or state is OrderState.UNKNOWN or self._is_unsent(record)

    def _is_unsent(self, record: OrderRecord) -> bool:
        """Say whether this road never sent an order; another may have, under its number."""
        state, reason = record.order.state, record.order.reason
        is_refused = state is OrderState.REJECTED and reason in CLOSED_DOORS
        return is_refused or (state is OrderState.EXPIRED and record.order.attempts == 0)

    def _is_alike(self, record: OrderRecord, trace: Trace) -> bool:
        # A stop or a target carries the magic number of its position and is another order.
        if trace.reason in (api.ORDER_REASON_SL, api.ORDER_REASON_TP, api.ORDER_REASON_SO):
            return False
        is_side = record.type < 0 or trace.type % 2 == record.type % 2
        link = self._link_of(record)
        return is_side and link is not None and trace.name == link.name

    def _link_of(self, record: OrderRecord) -> SymbolLink | None:
        symbol = record.command.symbol
        return next((link for link in self._settings.links if link.symbol == symbol), None)

    def _find_alike(self, record: OrderRecord, free: list[Trace]) -> set[int]:
        """Return the orders that may be one whose magic number the broker rewrote.

        A close is known by its position, a new order by side, volume and time.
        """
        command = record.command
        if command.kind in ("cancel", "modify"):
            return set()
        clock = self._booking.clock
        sent_ms = clock.to_server_s(record.sent // SECOND) * 1_000
        until_ms = sent_ms + self._settings.settle_ns // 1_000_000
        return {
            trace.ticket
            for trace in free
            if self._is_alike(record, trace)
            and trace.magic not in self._state.orders
            and not _is_named(trace)
            and trace.reason == api.ORDER_REASON_EXPERT
            and _fits(record, trace)
            and sent_ms - EARLY_MS <= trace.time_ms <= until_ms
        }

    def _tell_ambiguous(self, record: OrderRecord, found: set[int]) -> list[BrokerEvent]:
        key = record.command.id
        if not found:
            self._ambiguous.pop(key, None)
        if self._ambiguous.get(key, set()) == found:
            return []
        self._ambiguous[key] = found
        tickets = ", ".join(str(ticket) for ticket in sorted(found))
        text = f"order {record.command.id} may be any of {tickets}; nothing of them is booked"
        return [self._teller.alarm("ambiguous_order", text)]

    def _units_of(self, record: OrderRecord, trace: Trace) -> int:
        """Return the signed units that the broker's order has, or those that are known."""
        scale, link = self._booking.scale_of(trace.name), self._link_of(record)
        is_plain = trace.is_order and record.command.kind != "close_by"
        if not is_plain or scale is None or link is None:
            return record.units
        units = units_of(trace.lots, link, scale.contract_size)
        return units if trace.type % 2 == 0 else -units

    def _take(self, record: OrderRecord, ticket: int, units: int) -> list[BrokerEvent]:
        is_elsewhere = record.is_watched or self._is_unsent(record)
        late = record.order.state is OrderState.REJECTED and not is_elsewhere
        if record.order.state is OrderState.EXPIRED:
            record.order = msgspec.structs.replace(record.order, state=OrderState.UNKNOWN)
        record.units = units
        record.advance(Accepted(ticket, abs(units)))
        events: list[BrokerEvent] = [self._teller.accepted(record)]
        if late:
            text = f"order {record.command.id} arrived after it was given up; it is {ticket}"
            events.append(self._teller.alarm("late_order", text))
        return events

    def resolve(self, record: OrderRecord, ticket: int) -> list[BrokerEvent]:
        """Give an ambiguous order the number that a person named, or end it for 0."""
        self._ambiguous.pop(record.command.id, None)
        if ticket:
            return self._take(record, ticket, record.units)
        record.advance(Ended(OrderState.REJECTED, "resolved"))
        return [self._teller.rejected(record, Denial("resolved", "a person says it never came"))]

    def _compare(self, record: OrderRecord, order: TradeOrder) -> list[BrokerEvent]:
        """Tell where somebody changed our resting order; it is left as it is."""
        before, found = record.shown, (order.price_open, order.sl, order.tp)
        record.shown = found
        if not any(before) or before == found or self._state.explain(order.ticket, found):
            return []
        text = f"price, stop and target {before} are {found}"
        key, symbol = record.command.id, record.command.symbol
        return [self._teller.foreign(symbol, order.ticket, "order_edited", key=key, text=text)]

    def _settle(self, record: OrderRecord, past: dict[int, TradeOrder]) -> list[BrokerEvent]:
        if record.order.is_final:
            return []
        if record.command.kind in ("cancel", "modify", "close_by"):
            return self._settle_act(record)
        ticket = record.order.ticket
        if not ticket:
            return self._give_up(record)
        if ticket not in past:
            return []
        done = past[ticket]
        # Of an order that only its deals showed before, the volume is learnt now.
        units = self._units_of(record, next(_traces((done,), ())))
        was = record.units
        events = self._take(record, ticket, units) if units != was else []
        if record.order.is_final and abs(units) < abs(was):
            # What was asked for beyond that will not fill.
            at = self._booking.clock.to_utc_ns(done.time_done_msc)
            return [*events, self._teller.cancelled(record, at)]
        return events + self._end(record, done)

    def _end(self, record: OrderRecord, done: TradeOrder) -> list[BrokerEvent]:
        """End an order that rests no more; a filled one has nothing left."""
        if record.order.is_final:
            return []
        at = self._booking.clock.to_utc_ns(done.time_done_msc)
        if done.state == api.ORDER_STATE_EXPIRED:
            record.advance(Ended(OrderState.EXPIRED, "expired"))
            return [self._teller.expired(record)]
        if done.state == api.ORDER_STATE_REJECTED and not record.order.filled:
            record.advance(Ended(OrderState.REJECTED, "broker_rejected"))
            return [self._teller.rejected(record, Denial("broker_rejected", done.comment))]
        if self._is_booked(record, done):
            record.advance(Ended(OrderState.CANCELLED, "booked_before"))
            return [self._teller.cancelled(record, at)]
        # The deals of a filled order may still be on their way.
        if done.volume_current > 0 or done.state == api.ORDER_STATE_CANCELED:
            record.advance(Ended(OrderState.CANCELLED, "cancelled"))
            return [self._teller.cancelled(record, at), *self._tell_removed(record)]
        return []

    def _is_booked(self, record: OrderRecord, done: TradeOrder) -> bool:
        """Say whether the deals of an order were booked before anybody knew that it was ours."""
        if done.state != api.ORDER_STATE_FILLED or record.order.deals:
            return False
        deals = self._terminal.history_deals_get(ticket=done.ticket)
        return bool(deals) and all(each.ticket in self._state.deals for each in deals or ())

    def _tell_removed(self, record: OrderRecord) -> list[BrokerEvent]:
        """Tell where a resting order of ours was taken away by somebody else."""
        command, ticket = record.command, record.order.ticket
        if command.order_type == "market" or command.time_in_force in ("ioc", "fok"):
            return []
        if any(
            other.command.kind == "cancel" and other.command.ticket == ticket
            for other in self._state.orders.values()
        ):
            return []
        return [self._teller.foreign(command.symbol, ticket, "order_removed", key=command.id)]

    def _give_up(self, record: OrderRecord) -> list[BrokerEvent]:
        """End an order that nobody has seen for long enough while the terminal was connected."""
        terminal = self._terminal.terminal_info()
        if terminal is None or not terminal.connected:
            # The silence counts from when the server can be heard again.
            record.since = self._teller.now
            return []
        if self._teller.now - record.since < self._settings.settle_ns:
            return []
        if record.command.id in self._ambiguous:
            return []
        reason = NEVER_SEEN if record.is_watched else "never_arrived"
        record.advance(Ended(OrderState.REJECTED, reason))
        text = f"neither order nor deal showed for {self._settings.settle_ns // SECOND} s"
        return [self._teller.rejected(record, Denial(reason, text))]

    def _settle_act(self, record: OrderRecord) -> list[BrokerEvent]:
        """Find out by what is there now whether an act without answer was carried out."""
        if record.order.state is not OrderState.UNKNOWN:
            return []
        command = record.command
        if command.kind == "cancel":
            orders = self._terminal.orders_get(ticket=command.ticket)
            is_done = orders == ()
        else:
            is_done = self._shows(record)
        if not is_done:
            return self._give_up(record)
        record.advance(Accepted(0))
        return [self._teller.accepted(record)]

    def _shows(self, record: OrderRecord) -> bool:
        command = record.command
        positions = self._terminal.positions_get(ticket=command.ticket)
        if command.kind == "close_by":
            return positions is not None and (not positions or positions[0].volume < record.lots)
        shown = [(0.0, each.sl, each.tp) for each in positions or ()]
        if not positions:
            orders = self._terminal.orders_get(ticket=command.ticket) or ()
            shown = [(each.price_open, each.sl, each.tp) for each in orders]
        return record.prices in shown
