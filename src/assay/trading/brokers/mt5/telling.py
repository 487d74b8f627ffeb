"""What a gateway says, as messages."""

from __future__ import annotations

from typing import TypedDict

from assay.model.messages import (
    AccountReported,
    DealBooked,
    ForeignActivity,
    GatewayAlarm,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderRejected,
    OrderUnknown,
    PositionReported,
)
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.account import MARGIN_MODES, TRADE_MODES
from assay.trading.brokers.mt5.requests import Plan
from assay.trading.brokers.mt5.state import HeldPosition, MT5Settings, OrderRecord
from assay.trading.brokers.mt5.stops import Denial
from assay.trading.brokers.mt5.structures import (
    AccountInfo,
    TerminalInfo,
    TradeDeal,
    TradePosition,
)
from assay.trading.brokers.mt5.symbols import SymbolLink
from assay.trading.brokers.mt5.units import UNMAPPED_DIGITS, Scale, minor_of, points_of, units_of

KINDS = {
    number: name.removeprefix("DEAL_").removeprefix("TYPE_").lower()
    for name, number in api.CONSTANTS.items()
    if name.startswith(("DEAL_TYPE_", "DEAL_DIVIDEND", "DEAL_TAX"))
}
ENTRIES = {
    number: name.removeprefix("DEAL_ENTRY_").lower()
    for name, number in api.CONSTANTS.items()
    if name.startswith("DEAL_ENTRY_")
}
REASONS = {
    number: name.removeprefix("DEAL_REASON_").lower()
    for name, number in api.CONSTANTS.items()
    if name.startswith("DEAL_REASON_")
}


class _Envelope(TypedDict):
    id: int
    tenant: str
    account: str
    ts_event: int
    ts_init: int


class Teller:
    """Make a gateway's messages; `now` is when they are made, in nanoseconds UTC."""

    def __init__(self, settings: MT5Settings) -> None:
        self._settings = settings
        self._digits = settings.lock.currency_digits
        self.now = 0

    def _envelope(self, ts: int = 0) -> _Envelope:
        return {
            "id": 0,
            "tenant": self._settings.tenant,
            "account": self._settings.account,
            "ts_event": ts or self.now,
            "ts_init": self.now,
        }

    def accepted(self, record: OrderRecord, plan: Plan | None = None) -> OrderAccepted:
        """Say that the broker has an order."""
        command = record.command
        return OrderAccepted(
            key=command.id,
            symbol=command.symbol,
            ticket=record.order.ticket or command.ticket,
            quantity=record.units,
            price_digits=command.digits,
            stop=plan.stop if plan else command.stop,
            target=plan.target if plan else command.target,
            widened=plan.widened if plan else 0,
            **self._envelope(),
        )

    def rejected(self, record: OrderRecord, denial: Denial, retcode: int = 0) -> OrderRejected:
        """Say that an order will not be carried out."""
        return OrderRejected(
            key=record.command.id,
            symbol=record.command.symbol,
            reason=denial.reason,
            retcode=retcode,
            text=denial.text,
            **self._envelope(),
        )

    def unknown(self, record: OrderRecord, text: str) -> OrderUnknown:
        """Say that nobody knows what became of an order."""
        return OrderUnknown(
            key=record.command.id,
            symbol=record.command.symbol,
            reason=record.order.reason,
            text=text,
            **self._envelope(),
        )

    def expired(self, record: OrderRecord) -> OrderExpired:
        """Say that an order's time ran out."""
        return OrderExpired(
            key=record.command.id,
            symbol=record.command.symbol,
            filled=record.order.filled,
            **self._envelope(),
        )

    def cancelled(self, record: OrderRecord, ts: int) -> OrderCancelled:
        """Say that what is left of an order will not fill."""
        return OrderCancelled(
            key=record.command.id,
            symbol=record.command.symbol,
            reason=record.order.reason,
            **self._envelope(ts),
        )

    def deal(
        self, deal: TradeDeal, link: SymbolLink | None, scale: Scale | None, ts: int
    ) -> DealBooked:
        """Say what a deal was; whose it is the booking fills in."""
        digits = scale.digits if scale else 0
        is_trade = deal.type in (api.DEAL_TYPE_BUY, api.DEAL_TYPE_SELL)
        units = units_of(deal.volume, link, scale.contract_size) if scale and is_trade else 0
        return DealBooked(
            ticket=deal.ticket,
            order=deal.order,
            position=deal.position_id,
            key=0,
            position_key=0,
            symbol=link.symbol if link else deal.symbol,
            kind=KINDS.get(deal.type, str(deal.type)),
            entry=ENTRIES.get(deal.entry, str(deal.entry)) if is_trade else "",
            reason=REASONS.get(deal.reason, str(deal.reason)),
            quantity=units if deal.type == api.DEAL_TYPE_BUY else -units,
            own=0,
            price=points_of(deal.price, digits),
            price_digits=digits,
            commission=minor_of(deal.commission, self._digits),
            swap=minor_of(deal.swap, self._digits),
            fee=minor_of(deal.fee, self._digits),
            profit=minor_of(deal.profit, self._digits),
            **self._envelope(ts),
        )

    def position(
        self,
        held: HeldPosition,
        shown: TradePosition,
        link: SymbolLink | None,
        scale: Scale | None,
    ) -> PositionReported:
        """Say how a position stands."""
        digits = scale.digits if scale else 0
        return PositionReported(
            ticket=shown.ticket,
            position=shown.identifier,
            key=held.key,
            symbol=link.symbol if link else shown.symbol,
            quantity=held.total,
            own=held.own,
            price=points_of(shown.price_open, digits),
            price_digits=digits,
            stop=points_of(shown.sl, digits),
            target=points_of(shown.tp, digits),
            swap=minor_of(shown.swap, self._digits),
            profit=minor_of(shown.profit, self._digits),
            **self._envelope(),
        )

    def gone(self, identifier: int, held: HeldPosition, symbol: str) -> PositionReported:
        """Say that a position is closed."""
        return PositionReported(
            ticket=held.ticket,
            position=identifier,
            key=held.key,
            symbol=symbol,
            quantity=0,
            own=0,
            price=0,
            price_digits=UNMAPPED_DIGITS,
            stop=0,
            target=0,
            swap=0,
            profit=0,
            **self._envelope(),
        )

    def account(self, info: AccountInfo, terminal: TerminalInfo) -> AccountReported:
        """Say how the account stands."""
        digits = info.currency_digits
        return AccountReported(
            login=info.login,
            server=info.server,
            mode=TRADE_MODES.get(info.trade_mode, "real"),
            margin_mode=MARGIN_MODES.get(info.margin_mode, "exchange"),
            currency=info.currency,
            currency_digits=digits,
            balance=minor_of(info.balance, digits),
            credit=minor_of(info.credit, digits),
            equity=minor_of(info.equity, digits),
            margin=minor_of(info.margin, digits),
            level=minor_of(info.margin_level, 2),
            connected=terminal.connected,
            trade_allowed=terminal.trade_allowed and info.trade_allowed and info.trade_expert,
            leverage=info.leverage,
            **self._envelope(),
        )

    def foreign(
        self,
        symbol: str,
        ticket: int,
        what: str,
        *,
        key: int = 0,
        quantity: int = 0,
        text: str = "",
    ) -> ForeignActivity:
        """Say what somebody else did."""
        return ForeignActivity(
            symbol=symbol,
            ticket=ticket,
            key=key,
            what=what,
            quantity=quantity,
            text=text,
            **self._envelope(),
        )

    def alarm(self, code: str, text: str) -> GatewayAlarm:
        """Say what a person must look at."""
        return GatewayAlarm(code=code, text=text, **self._envelope())
