"""Commands held against what the terminal shows, and planned."""

from __future__ import annotations

from assay.model.time import DAY
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.blocking import TerminalBlockedError
from assay.trading.brokers.mt5.guarding import Guarding
from assay.trading.brokers.mt5.ports import OrderCommand
from assay.trading.brokers.mt5.requests import (
    TYPES,
    Market,
    Plan,
    plan_cancel,
    plan_close,
    plan_close_by,
    plan_modify,
    plan_stops,
    plan_submit,
)
from assay.trading.brokers.mt5.sending import Sender
from assay.trading.brokers.mt5.state import GatewayState, MT5Settings, OrderRecord
from assay.trading.brokers.mt5.stops import Denial
from assay.trading.brokers.mt5.structures import TerminalApi, TradeOrder, TradePosition
from assay.trading.brokers.mt5.telling import Teller
from assay.trading.brokers.mt5.units import floor_to_step, lots_of, price_of, units_of


class Preparing:
    """Turn commands into plans, or say why not; what is not ours is never touched."""

    def __init__(
        self,
        terminal: TerminalApi,
        settings: MT5Settings,
        state: GatewayState,
        teller: Teller,
        guarding: Guarding,
    ) -> None:
        self._terminal = terminal
        self._settings = settings
        self._state = state
        self._teller = teller
        self._guarding = guarding
        self._names = {link.symbol: link.name for link in settings.links}

    def prepare(self, command: OrderCommand, now: int, *, floats: bool) -> Plan | Denial:
        """Return the plan of a command as the market is now."""
        account = self._guarding.open_account()
        if isinstance(account, Denial):
            return account
        if command.kind == "cancel":
            order = self._own_order(command)
            return order if isinstance(order, Denial) else plan_cancel(order)
        is_whole_close = command.kind == "close_by" or (
            command.kind == "close" and command.quantity == 0
        )
        market = self._guarding.open_market(command.symbol, now=now, is_whole_close=is_whole_close)
        if isinstance(market, Denial):
            return market
        market.floats = floats
        if command.kind == "submit":
            objection = self._guarding.find_objection(command, market, account)
            return objection or plan_submit(command, market)
        return self._prepare_change(command, market)

    def _prepare_change(self, command: OrderCommand, market: Market) -> Plan | Denial:
        """Plan what concerns an open position, or a resting order where no position has it."""
        if command.own:
            return self._prepare_exit(command, market)
        position = self._own_position(command, command.ticket)
        if isinstance(position, Denial):
            if command.kind != "modify" or position.reason != "position_closed":
                return position
            order = self._own_order(command)
            return order if isinstance(order, Denial) else plan_modify(command, market, order)
        if command.kind == "modify":
            return plan_stops(command, market, position)
        if command.kind == "close":
            return plan_close(command, market, position, self._own_units(market, position))
        other = self._own_position(command, command.other_ticket)
        return other if isinstance(other, Denial) else plan_close_by(command, position, other)

    def _prepare_exit(self, command: OrderCommand, market: Market) -> Plan | Denial:
        """Plan the close of what the platform says is ours: another road opened it."""
        name, side = market.link.name, 1 if command.own > 0 else -1
        shown = self._terminal.positions_get(symbol=name)
        if shown is None:
            return Denial("terminal_away", "the terminal shows no positions")
        ours = api.POSITION_TYPE_BUY if side > 0 else api.POSITION_TYPE_SELL
        named = [each for each in shown if command.ticket in (0, each.ticket)]
        position = next((each for each in named if each.type == ours), None)
        if position is None:
            return Denial("position_closed", f"nothing of that side is open in {name}")
        if command.quantity * side >= 0:
            return Denial("no_exit", f"{command.quantity} closes nothing of {command.own}")
        return plan_close(command, market, position, command.own)

    def _own_position(self, command: OrderCommand, ticket: int) -> TradePosition | Denial:
        """Return a position of which some is ours by the deals, or by the order that opened it."""
        shown = self._terminal.positions_get(ticket=ticket)
        if not shown:
            return Denial("position_closed", f"position {ticket} is not open")
        position = shown[0]
        held = self._state.positions.get(position.identifier)
        if held is None:
            is_ours = position.magic in self._state.orders
        else:
            # Of a position that others share only our part is closed, and nothing else is done.
            is_part = command.kind == "close" and held.own * held.total > 0
            is_ours = held.own != 0 and (held.own == held.total or is_part)
        if not is_ours:
            return Denial("foreign_position", f"position {ticket} is not, or not all, ours")
        if position.symbol != self._names.get(command.symbol):
            return Denial("symbol_differs", f"position {ticket} is of {position.symbol}")
        return position

    def _own_units(self, market: Market, position: TradePosition) -> int:
        """Return what is ours of a position: all of one whose deals are not booked yet."""
        held = self._state.positions.get(position.identifier)
        if held is not None:
            return held.own
        return units_of(position.volume, market.link, market.info.trade_contract_size)

    def _own_order(self, command: OrderCommand) -> TradeOrder | Denial:
        shown = self._terminal.orders_get(ticket=command.ticket)
        if not shown:
            return Denial("invalid_order", f"order {command.ticket} does not rest")
        order = shown[0]
        own = {record.order.ticket for record in self._state.orders.values()}
        is_ours = order.ticket in own or order.magic in self._state.orders
        # What another road placed is ours by the platform's word.
        if not is_ours and not command.own:
            return Denial("foreign_order", f"order {command.ticket} is not ours")
        return order

    def weigh(self, command: OrderCommand, plan: Plan, sender: Sender) -> Denial | None:
        """Hold the kernel's margin against the broker's, for what opens."""
        return sender.weigh(command, plan) if command.kind == "submit" else None

    def recall(self, record: OrderRecord) -> None:
        """Work out again what a command was sent as, to know its order by."""
        command = record.command
        record.position = self._state.identify(command.ticket)
        record.is_recalled = command.kind != "submit" or bool(command.stop)
        record.sent = command.ts or max(self._teller.now - DAY, 0)
        if command.kind == "submit":
            record.type = TYPES[command.order_type, 1 if command.quantity > 0 else -1]
            record.units = command.quantity
        if command.kind == "modify":
            record.price, record.stop, record.target = (
                float(price_of(points, command.digits))
                for points in (command.price, command.stop, command.target)
            )
        link = next((each for each in self._settings.links if each.symbol == command.symbol), None)
        try:
            info = self._terminal.symbol_info(link.name) if link else None
        except TerminalBlockedError:
            return  # its magic number is enough, where the broker keeps it
        if link and info:
            lots = floor_to_step(lots_of(command.quantity, link, info), info.volume_step)
            record.lots = float(lots)
