"""What a quote sets off at the server: stops, resting orders, expiry and the stop-out."""

from __future__ import annotations

from assay.trading.brokers.mt5 import api
from assay.trading.terminal.asking import is_pending
from assay.trading.terminal.checks import PASSES, judge_money, side_of
from assay.trading.terminal.dealing import execute
from assay.trading.terminal.desk import Desk, Fill
from assay.trading.terminal.market import SymbolMarket
from assay.trading.terminal.records import Order, Position

_LIMITS = (api.ORDER_TYPE_BUY_LIMIT, api.ORDER_TYPE_SELL_LIMIT)
_STOP_LIMITS = (api.ORDER_TYPE_BUY_STOP_LIMIT, api.ORDER_TYPE_SELL_STOP_LIMIT)


def react(desk: Desk, symbol: SymbolMarket, now: int, *, is_news: bool) -> None:
    """Do on one account what the latest quote of a symbol sets off."""
    book = desk.book
    if not book.positions and not book.orders:
        return
    if desk.market.is_open(symbol, now):
        name = symbol.terms.name
        held = desk.holdings().get(name)
        if held is not None and held.meets(symbol.bid, symbol.ask):
            for position in [one for one in book.positions.values() if one.symbol == name]:
                _watch_stops(desk, symbol, position, now, is_news=is_news)
        for order in [resting for resting in book.orders.values() if resting.symbol == name]:
            _watch_order(desk, symbol, order, now, is_news=is_news)
    stop_out(desk, now, is_news=is_news)


def expire(desk: Desk, now: int) -> None:
    """Take away resting orders whose time is over."""
    for order in list(desk.book.orders.values()):
        if order.expires and order.expires <= now:
            desk.finish(order, api.ORDER_STATE_EXPIRED, now)


def _watch_stops(
    desk: Desk, symbol: SymbolMarket, held: Position, now: int, *, is_news: bool
) -> None:
    closing, side = symbol.touch(-held.side), held.side
    if held.sl and (closing - held.sl) * side <= 0:
        # The stop is the quote that skipped it, not its own price, and slips on from there.
        slip = desk.chance.slippage(symbol, is_stop=True, is_news=is_news)
        close_position(desk, held, closing - side * slip, now, api.DEAL_REASON_SL)
    elif held.tp and (closing - held.tp) * side >= 0:
        price = closing if desk.profile.improves else held.tp
        close_position(desk, held, price, now, api.DEAL_REASON_TP)


def close_position(desk: Desk, held: Position, price: int, now: int, reason: int) -> None:
    """Close a position at a price by an order of the server's own."""
    symbol = desk.market.symbols[held.symbol]
    kind = api.ORDER_TYPE_SELL if held.side > 0 else api.ORDER_TYPE_BUY
    order = desk.new_order(held.symbol, kind, held.volume, now, reason)
    order.magic, order.position = held.magic, held.ticket
    order.comment = _comment(desk, held, now, reason)
    order.price, order.current, order.left = price, price, 0
    fill = Fill(symbol, -held.side, held.volume, price, order, reason, held.ticket)
    desk.fill(fill, now)
    desk.finish(order, api.ORDER_STATE_FILLED, now)


def _comment(desk: Desk, held: Position, now: int, reason: int) -> str:
    if reason == api.DEAL_REASON_SO:
        equity, used = desk.reckoning.equity(desk.book), desk.margin_used(now)
        return f"[so {100 * equity / used:.2f}%]" if used else "[so]"
    name, price = ("sl", held.sl) if reason == api.DEAL_REASON_SL else ("tp", held.tp)
    symbol = desk.market.symbols[held.symbol]
    return f"[{name} {price / symbol.scale:.{symbol.digits}f}]"


def _watch_order(
    desk: Desk, symbol: SymbolMarket, order: Order, now: int, *, is_news: bool
) -> None:
    if not is_pending(order.type):
        _fill_resting(desk, symbol, order, symbol.touch(side_of(order.type)), now)
        return
    side = side_of(order.type)
    quoted = symbol.touch(side)
    if order.type in _LIMITS:
        if (quoted - order.price) * side <= 0:
            price = quoted if desk.profile.improves else order.price
            _fill_resting(desk, symbol, order, price, now)
    elif (quoted - order.price) * side >= 0:
        if order.type in _STOP_LIMITS:
            order.type -= api.ORDER_TYPE_BUY_STOP_LIMIT - api.ORDER_TYPE_BUY_LIMIT
            order.price = order.stoplimit
            _watch_order(desk, symbol, order, now, is_news=is_news)
            return
        slip = desk.chance.slippage(symbol, is_stop=True, is_news=is_news)
        _fill_resting(desk, symbol, order, quoted + side * slip, now)


def _fill_resting(desk: Desk, symbol: SymbolMarket, order: Order, price: int, now: int) -> None:
    side = side_of(order.type)
    volume = min(order.left, symbol.available(side))
    volume -= volume % symbol.volume_step
    closes = desk.is_hedging and order.position not in (0, order.ticket)
    if closes:
        target = desk.book.positions.get(order.position)
        if target is None:
            desk.finish(order, api.ORDER_STATE_CANCELED, now)
            return
        volume = min(volume, target.volume)
    if not volume:
        return
    if not closes and judge_opening(desk, symbol, side, volume, now) != PASSES:
        desk.finish(order, api.ORDER_STATE_REJECTED, now)
        return
    execute(desk, symbol, order, (volume, price), now, reason=order.reason)
    if not order.left:
        desk.finish(order, api.ORDER_STATE_FILLED, now)
        return
    order.state = api.ORDER_STATE_PARTIAL
    if order.type not in _LIMITS and is_pending(order.type):
        # What a stop could not fill goes on at market with the next quotes.
        order.type = api.ORDER_TYPE_BUY if side > 0 else api.ORDER_TYPE_SELL


def judge_opening(desk: Desk, symbol: SymbolMarket, side: int, volume: int, now: int) -> int:
    """Return why the margin does not carry what a resting order opens beyond what it closes."""
    held = None if desk.is_hedging else desk.find_net(symbol.terms.name)
    closed = min(held.volume, volume) if held is not None and held.side != side else 0
    if volume == closed:
        return PASSES
    return judge_money(desk, symbol, side, volume - closed, now)


def stop_out(desk: Desk, now: int, *, is_news: bool) -> None:
    """Close the worst position, and the next, for as long as equity is below the stop-out."""
    while desk.is_stopped_out(now):
        held = [
            position
            for position in desk.book.positions.values()
            if desk.market.is_open(desk.market.symbols[position.symbol], now)
        ]
        if not held:
            return
        worst = min(held, key=lambda position: desk.reckoning.floating(position) + position.swap)
        symbol = desk.market.symbols[worst.symbol]
        slip = desk.chance.slippage(symbol, is_stop=True, is_news=is_news)
        price = symbol.touch(-worst.side) - worst.side * slip
        close_position(desk, worst, price, now, api.DEAL_REASON_SO)
