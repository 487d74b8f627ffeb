"""An account's records as the package's structures: doubles, wall clocks, numbers of its enums."""

from __future__ import annotations

from typing import get_type_hints

from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.structures import (
    AccountInfo,
    SymbolInfo,
    Tick,
    TradeDeal,
    TradeOrder,
    TradePosition,
)
from assay.trading.terminal.desk import Desk
from assay.trading.terminal.market import SymbolMarket
from assay.trading.terminal.profile import (
    ACCOUNT_KINDS,
    CALCULATIONS,
    EXECUTIONS,
    MARGIN_MODES,
    SWAP_MODES,
    TRADE_MODES,
)
from assay.trading.terminal.records import LOT, Book, Deal, Order, Position

NO_SYMBOL = SymbolInfo(*(kind() for kind in get_type_hints(SymbolInfo).values()))
"""What a broker tells of a symbol that it says nothing of: zeros and empty texts."""


class Showing:
    """Show the records of one desk, a `book` of it that may be older than the server's."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._clock = desk.market.clock
        self._digits = desk.account.currency_digits
        self._minor: int = 10**self._digits

    def money(self, minor: int) -> float:
        """Return minor units as a double of the account's digits."""
        return round(minor / self._minor, self._digits)

    def price(self, symbol: str, points: int) -> float:
        """Return points as a double of the symbol's digits."""
        market = self._desk.market.symbols[symbol]
        return round(points / market.scale, market.digits)

    def position(self, held: Position) -> TradePosition:
        """Return an open position at the price that would close it."""
        market = self._desk.market.symbols[held.symbol]
        return TradePosition(
            ticket=held.ticket, time=self._clock.seconds(held.opened),
            time_msc=self._clock.milliseconds(held.opened),
            time_update=self._clock.seconds(held.updated),
            time_update_msc=self._clock.milliseconds(held.updated),
            type=api.POSITION_TYPE_BUY if held.side > 0 else api.POSITION_TYPE_SELL,
            magic=held.magic, identifier=held.identifier, reason=held.reason,
            volume=lots(held.volume), price_open=self.price(held.symbol, held.price_open),
            sl=self.price(held.symbol, held.sl), tp=self.price(held.symbol, held.tp),
            price_current=self.price(held.symbol, market.touch(-held.side)),
            swap=self.money(held.swap), profit=self.money(self._desk.reckoning.floating(held)),
            symbol=held.symbol, comment=held.comment, external_id="",
        )  # fmt: skip

    def order(self, order: Order) -> TradeOrder:
        """Return an order, resting or past."""
        name, market = order.symbol, self._desk.market.symbols[order.symbol]
        current = order.current if order.done else market.touch(1 if order.type % 2 == 0 else -1)
        return TradeOrder(
            ticket=order.ticket, time_setup=self._clock.seconds(order.created),
            time_setup_msc=self._clock.milliseconds(order.created),
            time_done=self._clock.seconds(order.done) if order.done else 0,
            time_done_msc=self._clock.milliseconds(order.done) if order.done else 0,
            time_expiration=self._clock.seconds(order.expires) if order.expires else 0,
            type=order.type, type_time=order.time_mode, type_filling=order.filling,
            state=order.state, magic=order.magic, position_id=order.position,
            position_by_id=order.position_by, reason=order.reason,
            volume_initial=lots(order.volume), volume_current=lots(order.left),
            price_open=self.price(name, order.price), sl=self.price(name, order.sl),
            tp=self.price(name, order.tp), price_current=self.price(name, current),
            price_stoplimit=self.price(name, order.stoplimit), symbol=name,
            comment=order.comment, external_id="",
        )  # fmt: skip

    def deal(self, deal: Deal) -> TradeDeal:
        """Return a deal of the history."""
        price = self.price(deal.symbol, deal.price) if deal.symbol else 0.0
        return TradeDeal(
            ticket=deal.ticket, order=deal.order, time=self._clock.seconds(deal.ts),
            time_msc=self._clock.milliseconds(deal.ts), type=deal.type, entry=deal.entry,
            magic=deal.magic, position_id=deal.position, reason=deal.reason,
            volume=lots(deal.volume), price=price, commission=self.money(deal.commission),
            swap=self.money(deal.swap), profit=self.money(deal.profit),
            fee=self.money(deal.fee), symbol=deal.symbol, comment=deal.comment, external_id="",
        )  # fmt: skip

    def account(self, book: Book, now: int, *, trade_allowed: bool, experts: bool) -> AccountInfo:
        """Return the account on the latest quotes."""
        terms, profile, reckoning = self._desk.account, self._desk.profile, self._desk.reckoning
        floating = reckoning.floating_total(book)
        equity, used = book.balance + floating, self._desk.margin_used(now)
        return AccountInfo(
            login=terms.login, trade_mode=ACCOUNT_KINDS[terms.kind], leverage=terms.leverage,
            limit_orders=terms.limit_orders,
            margin_so_mode=int(terms.stopout_mode == "money"), trade_allowed=trade_allowed,
            trade_expert=experts, margin_mode=MARGIN_MODES[terms.margin_mode],
            currency_digits=self._digits, fifo_close=terms.fifo_close,
            balance=self.money(book.balance), credit=0.0, profit=self.money(floating),
            equity=self.money(equity), margin=self.money(used),
            margin_free=self.money(equity - used),
            margin_level=round(100 * equity / used, 2) if used else 0.0,
            margin_so_call=float(terms.margin_call), margin_so_so=float(terms.stopout),
            margin_initial=0.0, margin_maintenance=0.0, assets=0.0, liabilities=0.0,
            commission_blocked=0.0, name=terms.name, server=profile.server,
            currency=terms.currency, company=profile.company,
        )  # fmt: skip

    def tick(self, market: SymbolMarket) -> Tick:
        """Return the latest quote of a symbol."""
        return Tick(
            time=self._clock.seconds(market.ts), bid=market.bid / market.scale,
            ask=market.ask / market.scale, last=0.0, volume=0,
            time_msc=self._clock.milliseconds(market.ts),
            flags=api.TICK_FLAG_BID | api.TICK_FLAG_ASK, volume_real=0.0,
        )  # fmt: skip

    def symbol(self, market: SymbolMarket, *, is_selected: bool) -> SymbolInfo:
        """Return everything about a symbol; what this broker has not is zero or empty."""
        terms, scale = market.terms, market.scale
        gain, loss = (self._tick_value(market, gain=is_gain) for is_gain in (True, False))
        return NO_SYMBOL._replace(
            select=is_selected, visible=is_selected,
            time=self._clock.seconds(market.ts) if market.ts else 0, digits=terms.digits,
            spread=market.ask - market.bid, spread_float=True,
            trade_calc_mode=CALCULATIONS[terms.calculation],
            trade_mode=TRADE_MODES[terms.trade_mode], trade_stops_level=terms.stops_level,
            trade_freeze_level=terms.freeze_level, trade_exemode=EXECUTIONS[terms.execution],
            swap_mode=SWAP_MODES[terms.swap_mode], swap_rollover3days=terms.swap_triple_day,
            margin_hedged_use_leg=terms.margin_hedged_use_leg,
            expiration_mode=terms.expiration_mode, filling_mode=terms.filling_bits,
            order_mode=terms.order_mode, order_gtc_mode=api.SYMBOL_ORDERS_GTC,
            bid=market.bid / scale, bidhigh=market.day_high_bid / scale,
            bidlow=market.day_low_bid / scale, ask=market.ask / scale,
            askhigh=market.day_high_ask / scale, asklow=market.day_low_ask / scale,
            point=1 / scale, trade_tick_value=gain, trade_tick_value_profit=gain,
            trade_tick_value_loss=loss, trade_tick_size=1 / scale,
            trade_contract_size=float(terms.contract_size), volume_min=float(terms.volume_min),
            volume_max=float(terms.volume_max), volume_step=float(terms.volume_step),
            volume_limit=float(terms.volume_limit), swap_long=float(terms.swap_long),
            swap_short=float(terms.swap_short), margin_initial=float(terms.margin_initial),
            margin_maintenance=float(terms.margin_maintenance),
            margin_hedged=float(terms.margin_hedged), currency_base=terms.currency_base,
            currency_profit=terms.currency_profit, currency_margin=terms.margin_currency,
            description=terms.description, name=terms.name, path=terms.path or terms.name,
        )  # fmt: skip

    def _tick_value(self, market: SymbolMarket, *, gain: bool) -> float:
        account, terms = self._desk.account, market.terms
        rate = self._desk.market.rate(terms.currency_profit, account.currency, gain=gain)
        return 0.0 if rate is None else float(market.contract * rate / market.scale)


def lots(volume: int) -> float:
    """Return 10^-8 lots as a double.

    >>> lots(1_000_000)
    0.01
    """
    return volume / LOT
