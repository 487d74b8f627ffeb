"""The account and its positions, whosever they are, as the terminal shows them."""

from __future__ import annotations

import msgspec

from assay.model.time import SECOND
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.account import find_difference
from assay.trading.brokers.mt5.booking import Booking
from assay.trading.brokers.mt5.ports import BrokerEvent
from assay.trading.brokers.mt5.state import GatewayState, HeldPosition, MT5Settings
from assay.trading.brokers.mt5.structures import (
    AccountInfo,
    TerminalApi,
    TerminalInfo,
    TradePosition,
)
from assay.trading.brokers.mt5.telling import Teller
from assay.trading.brokers.mt5.units import units_of

REPORT_NS = SECOND
"""Equity moves with every tick; it is told this often at most, anything else at once."""


class Watching:
    """Tell what changed in the account and its positions since the last look."""

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
        self._links = {link.name: link for link in settings.links}
        self._steady: tuple[object, ...] = ()
        self._reported = 0
        self._alarms: set[str] = set()

    def alarm_while(self, is_wrong: bool, code: str, text: str) -> list[BrokerEvent]:
        """Tell what is wrong once, and again after it was right in between."""
        if not is_wrong:
            self._alarms.discard(code)
            return []
        if code in self._alarms:
            return []
        self._alarms.add(code)
        return [self._teller.alarm(code, text)]

    def describe_open(self) -> str:
        """Return what of ours is open, or an empty text."""
        return ", ".join(
            f"{held.own} of {held.name} ({held.ticket or identifier})"
            for identifier, held in self._state.positions.items()
            if held.own
        )

    def account(self) -> list[BrokerEvent]:
        """Tell the state of the account, and stop trading where it is another one."""
        info, terminal = self._terminal.account_info(), self._terminal.terminal_info()
        if info is None or terminal is None:
            number, text = self._terminal.last_error()
            return self.alarm_while(True, "terminal_away", f"{number} {text}")
        events = self.alarm_while(False, "terminal_away", "")
        difference = find_difference(self._settings.lock, info)
        if difference and "account" not in self._state.stopped:
            self._state.stopped["account"] = difference
            events.append(self._teller.alarm("account_changed", difference))
        if difference:
            return events
        events += self._warn(info, terminal)
        told = self._teller.account(info, terminal)
        steady = (
            told.balance, told.credit, told.margin, told.connected, told.trade_allowed,
        )  # fmt: skip
        if steady != self._steady or self._teller.now - self._reported >= REPORT_NS:
            self._steady, self._reported = steady, self._teller.now
            events.append(told)
        return events

    def _warn(self, info: AccountInfo, terminal: TerminalInfo) -> list[BrokerEvent]:
        allowed = terminal.trade_allowed and info.trade_allowed and info.trade_expert
        is_open = self.describe_open()
        text = f"no program may trade in the terminal; NOT FLAT: {is_open or 'nothing of ours'}"
        events = self.alarm_while(not allowed, "not_flat" if is_open else "trading_off", text)
        if allowed:
            events += self.alarm_while(False, "not_flat", "")
            events += self.alarm_while(False, "trading_off", "")
        return events + self.alarm_while(
            not terminal.connected, "disconnected", "the terminal has lost its server"
        )

    def positions(self) -> list[BrokerEvent]:
        """Tell positions that changed, stops that somebody moved, and positions that are gone."""
        shown = self._terminal.positions_get()
        if shown is None:
            return []
        events: list[BrokerEvent] = []
        for position in shown:
            events += self._look_at(position)
        identifiers = {position.identifier for position in shown}
        for identifier, held in list(self._state.positions.items()):
            if identifier not in identifiers and (held.total == 0 or not held.own):
                del self._state.positions[identifier]
                link = self._links.get(held.name)
                name = link.symbol if link else held.name
                events.append(self._teller.gone(identifier, held, name))
        return events

    def _look_at(self, position: TradePosition) -> list[BrokerEvent]:
        link = self._links.get(position.symbol)
        scale = self._booking.scale_of(position.symbol)
        if scale is None:
            return []
        units = units_of(position.volume, link, scale.contract_size)
        units = units if position.type == api.POSITION_TYPE_BUY else -units
        held = self._state.positions.get(position.identifier)
        begin_s = self._booking.clock.to_server_s(self._settings.begin // SECOND)
        if held is None:
            if position.time_msc >= begin_s * 1_000:
                return []  # its deal is on its way and tells whose it is
            held = HeldPosition(key=0, name=position.symbol, total=units)
            self._state.positions[position.identifier] = held
        elif not held.is_seen and position.time_msc < begin_s * 1_000:
            held.total = units
        before = msgspec.structs.replace(held)
        events = self._compare_stops(held, position)
        held.ticket, held.is_seen = position.ticket, True
        events += self._compare_volume(held, units)
        if events or not before.is_seen or before != held or self._is_moved(held):
            events.append(self._teller.position(held, position, link, scale))
        return events

    def _is_moved(self, held: HeldPosition) -> bool:
        moved = held.told != (held.total, held.own)
        held.told = (held.total, held.own)
        return moved

    def _compare_stops(self, held: HeldPosition, position: TradePosition) -> list[BrokerEvent]:
        before, found = (held.stop, held.target), (position.sl, position.tp)
        held.stop, held.target = found
        record = self._state.orders.get(held.key)
        if not held.own or (held.is_seen and before == found):
            return []
        if not held.is_seen:
            if record is None or not record.stop or position.sl:
                return []
            text = f"position {position.ticket} has no stop; {record.stop} was asked for"
            return [self._teller.alarm("stop_missing", text)]
        if self._state.explain(position.ticket, (0.0, *found)):
            return []
        what = "stop_removed" if before[0] and not found[0] else "stops_edited"
        link = self._links.get(position.symbol)
        return [
            self._teller.foreign(
                link.symbol if link else position.symbol,
                position.ticket,
                what,
                key=held.key,
                text=f"stop {before[0]} is {found[0]}, target {before[1]} is {found[1]}",
            )
        ]

    def _compare_volume(self, held: HeldPosition, units: int) -> list[BrokerEvent]:
        if units == held.total:
            held.odd_since = 0
            return []
        held.odd_since = held.odd_since or self._teller.now
        if self._teller.now - held.odd_since < self._settings.settle_ns:
            return []
        held.odd_since = 0
        text = f"position {held.ticket} has {units} units, its deals add up to {held.total}"
        held.total = units
        return [self._teller.alarm("position_mismatch", text)]
