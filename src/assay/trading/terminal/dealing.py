"""What a server does with a request that passed its checks."""

from __future__ import annotations

from typing import NamedTuple

from assay.trading.brokers.mt5 import api
from assay.trading.terminal.asking import Request
from assay.trading.terminal.checks import PASSES, check_request, expires_at, find_position, side_of
from assay.trading.terminal.desk import Desk, Fill
from assay.trading.terminal.market import SymbolMarket
from assay.trading.terminal.records import Deal, Order


class Answer(NamedTuple):
    """Hold what the server answers, in whole numbers."""

    retcode: int
    deal: int = 0
    order: int = 0
    volume: int = 0
    price: int = 0


def answer_request(desk: Desk, request: Request, now: int, *, is_news: bool) -> Answer:
    """Check a request on the quotes of now and do what it asks."""
    refusal = check_request(desk, request, now)
    if refusal != PASSES:
        return Answer(refusal)
    if request.action == api.TRADE_ACTION_DEAL:
        return _deal(desk, request, now, is_news=is_news)
    if request.action == api.TRADE_ACTION_PENDING:
        return _place(desk, request, now)
    if request.action == api.TRADE_ACTION_SLTP:
        return _move_stops(desk, request, now)
    if request.action == api.TRADE_ACTION_MODIFY:
        return _modify(desk, request, now)
    if request.action == api.TRADE_ACTION_REMOVE:
        desk.finish(desk.book.orders[request.order], api.ORDER_STATE_CANCELED, now)
        return Answer(api.TRADE_RETCODE_DONE, order=request.order)
    return _close_by(desk, request, now)


def _deal(desk: Desk, request: Request, now: int, *, is_news: bool) -> Answer:
    symbol = desk.market.symbols[request.symbol]
    quoted = symbol.touch(request.side)
    if symbol.terms.execution in ("instant", "request"):
        # A named price is kept to within the deviation, and never improved or slipped.
        if abs(quoted - request.price) > request.deviation or desk.chance.requotes():
            is_asked = symbol.terms.execution == "request"
            code = api.TRADE_RETCODE_PRICE_CHANGED if is_asked else api.TRADE_RETCODE_REQUOTE
            return Answer(code, price=quoted)
        slip = 0
    else:
        slip = desk.chance.slippage(symbol, is_stop=False, is_news=is_news)
    price = quoted + request.side * slip
    volume = min(request.volume, symbol.available(request.side))
    volume -= volume % symbol.volume_step
    is_part = volume < request.volume
    if not volume or (is_part and request.type_filling == api.ORDER_FILLING_FOK):
        return Answer(api.TRADE_RETCODE_REJECT)
    order = _order_of(desk, request, now)
    deal = execute(desk, symbol, order, (volume, price), now, reason=order.reason)
    rests = is_part and request.type_filling == api.ORDER_FILLING_RETURN
    if rests:
        order.state, order.price = api.ORDER_STATE_PARTIAL, price
        desk.book.orders[order.ticket] = order
    else:
        desk.finish(order, api.ORDER_STATE_CANCELED if is_part else api.ORDER_STATE_FILLED, now)
    code = api.TRADE_RETCODE_DONE_PARTIAL if is_part else api.TRADE_RETCODE_DONE
    return Answer(code, deal.ticket, order.ticket, volume, price)


def _order_of(desk: Desk, request: Request, now: int) -> Order:
    reason = api.ORDER_REASON_CLIENT if request.by_hand else api.ORDER_REASON_EXPERT
    order = desk.new_order(request.symbol, request.type, request.volume, now, reason)
    order.magic, order.comment = desk.label(request.magic, request.comment)
    order.filling, order.time_mode = request.type_filling, request.type_time
    order.price, order.stoplimit = request.price, request.stoplimit
    order.sl, order.tp, order.position = request.sl, request.tp, request.position
    return order


def execute(
    desk: Desk, symbol: SymbolMarket, order: Order, taken: tuple[int, int], now: int, *, reason: int
) -> Deal:
    """Fill part or all of an order with (volume, price); the quote has that much less."""
    volume, price = taken
    symbol.consume(side_of(order.type), volume)
    order.left -= volume
    order.current = price
    fill = Fill(symbol, side_of(order.type), volume, price, order, reason, order.position)
    return desk.fill(fill, now)


def _place(desk: Desk, request: Request, now: int) -> Answer:
    order = _order_of(desk, request, now)
    order.position = 0
    order.state = api.ORDER_STATE_PLACED
    order.expires = expires_at(desk, request, now)
    desk.book.orders[order.ticket] = order
    is_exchange = desk.account.margin_mode == "exchange"
    code = api.TRADE_RETCODE_PLACED if is_exchange else api.TRADE_RETCODE_DONE
    return Answer(code, order=order.ticket, volume=order.volume, price=0)


def _move_stops(desk: Desk, request: Request, now: int) -> Answer:
    held = find_position(desk, request)
    assert held is not None
    held.sl, held.tp, held.updated = request.sl, request.tp, now
    desk.touch()
    return Answer(api.TRADE_RETCODE_DONE)


def _modify(desk: Desk, request: Request, now: int) -> Answer:
    order = desk.book.orders[request.order]
    order.price, order.sl, order.tp = request.price, request.sl, request.tp
    order.stoplimit = request.stoplimit or order.stoplimit
    order.time_mode, order.expires = request.type_time, expires_at(desk, request, now)
    return Answer(api.TRADE_RETCODE_DONE, order=order.ticket, price=order.price)


def _close_by(desk: Desk, request: Request, now: int) -> Answer:
    held = desk.book.positions[request.position]
    other = desk.book.positions[request.position_by]
    volume = min(held.volume, other.volume)
    reason = api.ORDER_REASON_CLIENT if request.by_hand else api.ORDER_REASON_EXPERT
    order = desk.new_order(held.symbol, api.ORDER_TYPE_CLOSE_BY, volume, now, reason)
    order.magic, order.comment = desk.label(request.magic, request.comment)
    order.position_by, order.left, order.price = other.ticket, 0, other.price_open
    deals = desk.close_by(held, other, order, now)
    order.position = held.identifier
    desk.finish(order, api.ORDER_STATE_FILLED, now)
    price = deals[0].price
    return Answer(api.TRADE_RETCODE_DONE, deals[0].ticket, order.ticket, volume, price)
