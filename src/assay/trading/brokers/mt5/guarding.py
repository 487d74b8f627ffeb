"""What must hold before anything is sent."""

from __future__ import annotations

from assay.model.time import HOUR, SECOND
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.account import find_difference, find_missing_arm
from assay.trading.brokers.mt5.contracts import ContractVersion, find_changes, terms_of
from assay.trading.brokers.mt5.ports import BrokerEvent, OrderCommand
from assay.trading.brokers.mt5.requests import Market
from assay.trading.brokers.mt5.servertime import find_drift, infer_clock
from assay.trading.brokers.mt5.state import GatewayState, MT5Settings
from assay.trading.brokers.mt5.stops import Denial
from assay.trading.brokers.mt5.structures import (
    AccountInfo,
    SymbolInfo,
    TerminalApi,
    TradePosition,
)
from assay.trading.brokers.mt5.symbols import SymbolLink
from assay.trading.brokers.mt5.telling import Teller
from assay.trading.brokers.mt5.units import units_of
from assay.trading.brokers.mt5.weekopens import read_week_opens

WEEKS_BARS = 1_000
"""Half-hour bars asked for: about four weeks, with as many weekly opens."""
FUTURE_S = 300
"""A server's tick this far ahead of our clock shows another offset."""
LATE_NS = 30 * SECOND
"""A market that has gone on for so long is not the one on which new risk was decided."""


def is_netting(settings: MT5Settings) -> bool:
    """Say whether a symbol has one position that everybody shares."""
    return settings.lock.margin_mode != "hedging"


class Guarding:
    """Deny before sending: by account, terminal, clock, contract, mode, margin and neighbours."""

    def __init__(
        self, terminal: TerminalApi, settings: MT5Settings, state: GatewayState, teller: Teller
    ) -> None:
        self._terminal = terminal
        self._settings = settings
        self._state = state
        self._teller = teller
        self._links = {link.symbol: link for link in settings.links}

    def open_account(self) -> AccountInfo | Denial:
        """Return the account, it being the locked one where programs may trade."""
        stopped = self._state.stopped.get("account")
        if stopped:
            return Denial("account_changed", stopped)
        info, terminal = self._terminal.account_info(), self._terminal.terminal_info()
        if info is None or terminal is None:
            number, text = self._terminal.last_error()
            return Denial("terminal_away", f"{number} {text}")
        difference = find_difference(self._settings.lock, info)
        if difference:
            self._state.stopped["account"] = difference
            return Denial("account_changed", difference)
        missing = find_missing_arm(self._settings.lock, self._settings.armed_login)
        if missing:
            return Denial("not_armed", missing)
        if not terminal.connected:
            return Denial("disconnected", "the terminal has lost its server")
        if not terminal.trade_allowed:
            return Denial("client_disables_at", "AutoTrading is off in the terminal")
        if not (info.trade_allowed and info.trade_expert):
            return Denial("server_disables_at", "the server lets no program trade the account")
        return info

    def open_market(
        self, symbol: str, *, now: int, is_whole_close: bool = False
    ) -> Market | Denial:
        """Return a symbol's market, its contract and the clock being those that were accepted."""
        link = self._links.get(symbol)
        if link is None:
            known = ", ".join(sorted(self._links)) or "none"
            return Denial("symbol_unmapped", f"{symbol} is not confirmed; confirmed are {known}")
        info = self._terminal.symbol_info(link.name)
        # Ticks of a symbol flow once the market watch shows it.
        if info is None or not (info.visible or self._terminal.symbol_select(link.name, True)):
            return Denial("symbol_unknown", f"the terminal has no {link.name}")
        tick = self._terminal.symbol_info_tick(link.name)
        if tick is None or not tick.bid or not tick.ask:
            return Denial("no_price", f"{link.name} has no price")
        clock = self._state.clock
        if clock is None:
            return Denial("server_time_unknown", "no weekly open shows the server's time")
        if clock.to_utc_s(tick.time) > now // SECOND + FUTURE_S:
            self._state.stopped["server-time"] = f"a tick of {link.name} is from the future"
        changes = self.find_contract_change(symbol, info, now)
        # What closes a position whole has the volume that the server itself gives.
        for what, reason in (
            (self._state.stopped.get("server-time"), "server_time_changed"),
            (changes, "contract_changed"),
        ):
            if what and not is_whole_close:
                return Denial(reason, what)
        return Market(link, info, tick, clock)

    def find_contract_change(self, symbol: str, info: SymbolInfo, now: int) -> str:
        """Say how a contract differs from the accepted one: the confirmed, else the first seen."""
        terms = terms_of(info)
        accepted = self._state.contracts.get(symbol)
        if accepted is None:
            confirmed = self._settings.contracts.get(symbol, terms)
            accepted = ContractVersion(version=1, terms=confirmed, since=now)
            self._state.contracts[symbol] = accepted
        changes = find_changes(accepted.terms, terms)
        if changes:
            self._state.stopped[f"contract:{symbol}"] = changes
        else:
            self._state.stopped.pop(f"contract:{symbol}", None)
        return changes

    def find_objection(
        self, command: OrderCommand, market: Market, account: AccountInfo
    ) -> Denial | None:
        """Say why a new order may not be sent: mode of trading, neighbours, margin."""
        if not is_netting(self._settings):
            return self._find_limit(command, market, account)
        shown = self._terminal.positions_get(symbol=market.link.name)
        if shown is None:
            return Denial("terminal_away", "the terminal shows no positions")
        units = sum(_signed_units(position, market.link, market.info) for position in shown)
        reduces = units * command.quantity < 0 and abs(command.quantity) <= abs(units)
        limit = None if reduces else self._find_limit(command, market, account)
        if reduces and market.info.trade_mode == api.SYMBOL_TRADE_MODE_DISABLED:
            limit = Denial("trade_disabled", f"{market.link.name} cannot be traded")
        return limit or self._find_neighbour(market, units)

    def _find_limit(
        self, command: OrderCommand, market: Market, account: AccountInfo
    ) -> Denial | None:
        """Say why risk may not be taken."""
        gone = market.clock.to_utc_ns(market.tick.time_msc) - command.ts
        if command.ts and gone > LATE_NS:
            text = f"{market.link.name} has gone on for {gone // SECOND} s since it was decided"
            return Denial("decided_long_ago", text)
        mode, name = market.info.trade_mode, market.link.name
        if mode == api.SYMBOL_TRADE_MODE_DISABLED:
            return Denial("trade_disabled", f"{name} cannot be traded")
        if mode == api.SYMBOL_TRADE_MODE_CLOSEONLY:
            return Denial("close_only", f"{name} can only be closed")
        if mode == api.SYMBOL_TRADE_MODE_LONGONLY and command.quantity < 0:
            return Denial("long_only", f"{name} can only be bought")
        if mode == api.SYMBOL_TRADE_MODE_SHORTONLY and command.quantity > 0:
            return Denial("short_only", f"{name} can only be sold")
        if _is_called(account):
            return Denial("margin_call", "below the margin-call level only closing passes")
        return None

    def _find_neighbour(self, market: Market, units: int) -> Denial | None:
        held = [h for h in self._state.positions.values() if h.name == market.link.name]
        own = sum(each.own for each in held)
        if own == units:
            return None
        if any(record.is_settling(market.link.symbol) for record in self._state.orders.values()):
            return Denial("position_unsettled", "an order before has not been booked yet")
        text = f"{market.link.name} holds {units} units, {own} of them ours"
        return Denial("foreign_volume", text)

    def check_clock(self) -> list[BrokerEvent]:
        """Infer the server's clock from weekly opens once, then hold it to them."""
        opens = self._read_opens()
        if self._state.clock is None:
            self._state.clock = self._settings.clock or infer_clock(opens)
        if self._state.clock is None:
            return []
        drift = find_drift(self._state.clock, opens)
        if not drift or "server-time" in self._state.stopped:
            return []
        self._state.stopped["server-time"] = drift
        return [self._teller.alarm("server_time_changed", drift)]

    def _read_opens(self) -> list[int]:
        links = self._settings.links
        return read_week_opens(self._terminal, links, api.TIMEFRAME_M30, WEEKS_BARS)

    def check_hour(self, now: int) -> list[BrokerEvent]:
        """Read contracts and the clock anew, once an hour."""
        if now // HOUR == self._state.checked_hour and self._state.clock is not None:
            return []
        events = self.check_clock()
        for link in self._settings.links:
            self._terminal.symbol_select(link.name, True)
            info = self._terminal.symbol_info(link.name)
            known = self._state.stopped.get(f"contract:{link.symbol}")
            changes = self.find_contract_change(link.symbol, info, now) if info else ""
            if changes and changes != known:
                events.append(self._teller.alarm("contract_changed", f"{link.symbol}: {changes}"))
        self._state.checked_hour = now // HOUR
        return events

    def acknowledge(self, what: str, now: int) -> str:
        """Accept a change by a person's word; say what holds now."""
        kind, _, symbol = what.partition(":")
        self._state.stopped.pop(what, None)
        if kind == "contract" and symbol in self._links:
            info = self._terminal.symbol_info(self._links[symbol].name)
            accepted = self._state.contracts.get(symbol)
            if info is None:
                return f"{symbol} is not shown by the terminal"
            if accepted and accepted.terms.trade_contract_size != info.trade_contract_size:
                # What is held counts in units of the contract under which it was opened.
                held = self._state.positions.values()
                if any(each.own for each in held if each.name == info.name):
                    self._state.stopped[what] = f"{symbol} is open under the contract before"
                    return f"{symbol} is open under the contract before; close it first"
            version = accepted.version + 1 if accepted else 1
            self._state.contracts[symbol] = ContractVersion(
                version=version, terms=terms_of(info), since=now
            )
            return f"contract of {symbol} is version {version}"
        if kind == "server-time":
            # The weeks before the change bear witness against it.
            newest = self._read_opens()[-1:]
            self._state.clock = infer_clock(newest) or self._settings.clock
            return f"server time is {self._state.clock}"
        return f"{what} is no longer stopped" if kind == "account" else f"{what} is unknown"


def _signed_units(position: TradePosition, link: SymbolLink, info: SymbolInfo) -> int:
    units = units_of(position.volume, link, info.trade_contract_size)
    return units if position.type == api.POSITION_TYPE_BUY else -units


def _is_called(info: AccountInfo) -> bool:
    if info.margin <= 0:
        return False
    if info.margin_so_mode == api.ACCOUNT_STOPOUT_MODE_PERCENT:
        return info.margin_level <= info.margin_so_call
    return info.equity <= info.margin_so_call
