"""Deals of the terminal's history, each booked once, and whose each of them is."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from assay.model.messages import DealBooked
from assay.model.time import SECOND
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.ports import BrokerEvent
from assay.trading.brokers.mt5.servertime import DAY_S, ServerClock
from assay.trading.brokers.mt5.state import (
    OVERLAP_MS,
    GatewayState,
    HeldPosition,
    MT5Settings,
    OrderRecord,
)
from assay.trading.brokers.mt5.structures import TerminalApi, TradeDeal
from assay.trading.brokers.mt5.telling import Teller
from assay.trading.brokers.mt5.units import Scale
from assay.trading.execution import Dealt

TRADES = (api.DEAL_TYPE_BUY, api.DEAL_TYPE_SELL)
BY_PEOPLE = (
    api.DEAL_REASON_CLIENT,
    api.DEAL_REASON_MOBILE,
    api.DEAL_REASON_WEB,
    api.DEAL_REASON_EXPERT,
)
"""Reasons of deals that somebody asked for; the others the server makes by itself."""

BY_SERVER = (api.DEAL_REASON_ROLLOVER, api.DEAL_REASON_VMARGIN, api.DEAL_REASON_SPLIT)
"""Reasons of deals by which a server takes a position off and puts it on again."""


def share_deal(held: HeldPosition, signed: int, *, is_ours: bool) -> int:
    """Return the part of a deal's units that changes what is ours of a position.

    Whoever closes takes foreign units first, where a position holds both.
    """
    if is_ours:
        return signed
    foreign = held.total - held.own
    closes_foreign = abs(foreign) if foreign * signed < 0 else 0
    rest = max(abs(signed) - closes_foreign, 0)
    if held.own * signed >= 0:
        return 0
    part = min(rest, abs(held.own))
    return part if signed > 0 else -part


def _share_reopening(held: HeldPosition, deal: TradeDeal, signed: int, own: int) -> int:
    """Return what is ours of a deal by the server: what it took off it puts on for its owner."""
    if deal.entry != api.DEAL_ENTRY_IN:
        held.lent = (-own, -signed)
        return own
    ours, all_of_it = held.lent
    held.lent = (0, 0)
    return signed * ours // all_of_it if all_of_it else own


class Booking:
    """Ask for deals in windows that overlap and turn each of them into a message once."""

    def __init__(
        self, terminal: TerminalApi, settings: MT5Settings, state: GatewayState, teller: Teller
    ) -> None:
        self._terminal = terminal
        self._settings = settings
        self._state = state
        self._teller = teller
        self._links = {link.name: link for link in settings.links}

    @property
    def clock(self) -> ServerClock:
        """Return the server's clock, or UTC while nobody knows it and no order is sent."""
        return self._state.clock or ServerClock(offset_s=0)

    def window(self) -> tuple[datetime, datetime]:
        """Return the span to ask for, in the server's wall clock; it ends a day ahead."""
        begin = self.clock.to_server_s(self._settings.begin // SECOND)
        first = max(begin, (self._state.newest_ms - OVERLAP_MS) // 1_000)
        last = self.clock.to_server_s(self._teller.now // SECOND) + DAY_S
        return datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(last, UTC)

    def fetch(self) -> list[TradeDeal] | None:
        """Return the deals that are not booked yet, oldest first; None where nobody answered."""
        deals = self._terminal.history_deals_get(*self.window())
        if deals is None:
            return None
        begin_ms = self.clock.to_server_s(self._settings.begin // SECOND) * 1_000
        fresh = [
            deal
            for deal in deals
            if deal.ticket not in self._state.deals and deal.time_msc >= begin_ms
        ]
        return sorted(fresh, key=lambda deal: (deal.time_msc, deal.ticket))

    def scale_of(self, name: str) -> Scale | None:
        """Return the scale of a symbol by the contract that was accepted; None for no symbol.

        Prices of a symbol that is traded have our digits, however many the broker quotes.
        """
        info = self._terminal.symbol_info(name) if name else None
        if info is None:
            return None
        link = self._links.get(name)
        accepted = self._state.contracts.get(link.symbol) if link else None
        size = accepted.terms.trade_contract_size if accepted else info.trade_contract_size
        return Scale(link.digits if link else info.digits, size)

    def take_over(self) -> None:
        """At the first look at an account, count what it did before our first command as done."""
        if self._state.is_open:
            return
        deals = self.fetch()
        if deals is None:
            return
        commands = (record.command.ts for record in self._state.orders.values())
        first = min(commands, default=self._teller.now + DAY_S * SECOND)
        for deal in deals:
            if self.clock.to_utc_ns(deal.time_msc) < first:
                self._state.deals[deal.ticket] = deal.time_msc
                self._state.newest_ms = max(self._state.newest_ms, deal.time_msc)
        self._state.is_open = True

    def book(self, deal: TradeDeal) -> list[BrokerEvent]:
        """Book a deal: whose it is, what is ours of it, and what a person did by it."""
        self._state.deals[deal.ticket] = deal.time_msc
        self._state.newest_ms = max(self._state.newest_ms, deal.time_msc)
        link = self._links.get(deal.symbol)
        told = self._teller.deal(
            deal, link, self.scale_of(deal.symbol), self.clock.to_utc_ns(deal.time_msc)
        )
        if deal.type not in TRADES:
            text = f"{told.kind}: {deal.comment}"
            return [told, self._teller.foreign("", deal.ticket, "money_moved", text=text)]
        record = self._record_of(deal)
        held = self._state.positions.get(deal.position_id)
        if held is None:
            held = HeldPosition(key=record.command.id if record else 0, name=deal.symbol)
            self._state.positions[deal.position_id] = held
        before = msgspec.structs.replace(held)
        own = share_deal(held, told.quantity, is_ours=record is not None)
        if deal.reason in BY_SERVER:
            own = _share_reopening(held, deal, told.quantity, own)
        held.own += own
        held.total += told.quantity
        if record is not None and held.own * before.own <= 0 and held.own:
            held.key = record.command.id
        elif held.own == 0 and held.total:
            held.key = 0
        told = msgspec.structs.replace(
            told,
            key=record.command.id if record else 0,
            # Ours by the order that opened our part of it, or by this one.
            position_key=(before.key or held.key) if own else 0,
            own=own,
        )
        events: list[BrokerEvent] = [told]
        if record is not None:
            record.advance(Dealt(deal.ticket, abs(told.quantity)))
        elif deal.reason in BY_PEOPLE:
            events.append(self._tell_foreign(told, before, held))
        return events

    def _record_of(self, deal: TradeDeal) -> OrderRecord | None:
        """Return our order that made a deal: by the order's number alone, which is adopted first.

        A deal of a stop, a target or a stop-out carries our magic number and is no order of ours.
        """
        for record in self._state.orders.values():
            if record.order.ticket == deal.order and deal.order:
                return record
        return None

    def _tell_foreign(
        self, told: DealBooked, before: HeldPosition, held: HeldPosition
    ) -> BrokerEvent:
        if told.own and told.entry == "inout":
            what = "reversed"
        elif told.own and held.own == 0:
            what = "closed"
        elif told.own or held.total:
            what = "changed" if before.total else "opened"
        else:
            what = "closed"
        return self._teller.foreign(
            told.symbol,
            told.ticket,
            what,
            key=told.position_key,
            quantity=told.quantity,
            text=f"by {told.reason}",
        )
