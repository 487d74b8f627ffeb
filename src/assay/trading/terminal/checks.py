"""Why a server refuses a request: one function a question, the first answer counts."""

from __future__ import annotations

from collections.abc import Callable

from assay.model.time import SECOND
from assay.trading.brokers.mt5 import api
from assay.trading.terminal.asking import Request, is_pending
from assay.trading.terminal.desk import Desk
from assay.trading.terminal.market import SymbolMarket
from assay.trading.terminal.records import Order, Position

PASSES = 0
_BIT_OF_TYPE = {
    api.ORDER_TYPE_BUY: api.ORDER_BIT_MARKET,
    api.ORDER_TYPE_BUY_LIMIT: api.ORDER_BIT_LIMIT,
    api.ORDER_TYPE_BUY_STOP: api.ORDER_BIT_STOP,
    api.ORDER_TYPE_BUY_STOP_LIMIT: api.ORDER_BIT_STOP_LIMIT,
}
_EXPIRATION_BITS = (
    api.EXPIRATION_BIT_GTC, api.EXPIRATION_BIT_DAY,
    api.EXPIRATION_BIT_SPECIFIED, api.EXPIRATION_BIT_SPECIFIED_DAY,
)  # fmt: skip
_FILLING_BITS = {
    api.ORDER_FILLING_FOK: api.FILLING_BIT_FOK,
    api.ORDER_FILLING_IOC: api.FILLING_BIT_IOC,
    api.ORDER_FILLING_BOC: api.FILLING_BIT_BOC,
}

Check = Callable[[Desk, SymbolMarket, Request, int], int]


def check_request(desk: Desk, request: Request, now: int) -> int:
    """Return why a request is refused, PASSES if it is not."""
    checks = _OF_ACTION.get(request.action)
    symbol = desk.market.symbols.get(request.symbol)
    if checks is None:
        return api.TRADE_RETCODE_INVALID
    if symbol is None:
        # One who names a position alone names no symbol once that is gone.
        is_gone = bool(request.position) and not request.symbol
        return api.TRADE_RETCODE_POSITION_CLOSED if is_gone else api.TRADE_RETCODE_INVALID
    for check in checks:
        refusal = check(desk, symbol, request, now)
        if refusal:
            return refusal
    return PASSES


def check_rate(desk: Desk, _symbol: SymbolMarket, _request: Request, now: int) -> int:
    """Refuse more requests a second than the broker takes."""
    limit = desk.profile.request_rate
    if not limit:
        return PASSES
    desk.sent_at = [sent for sent in desk.sent_at if now - sent < SECOND]
    desk.sent_at.append(now)
    return api.TRADE_RETCODE_TOO_MANY_REQUESTS if len(desk.sent_at) > limit else PASSES


def check_type(_desk: Desk, symbol: SymbolMarket, request: Request, _now: int) -> int:
    """Refuse an order type that is none, does not suit the action or is not allowed here."""
    if not api.ORDER_TYPE_BUY <= request.type <= api.ORDER_TYPE_SELL_STOP_LIMIT:
        return api.TRADE_RETCODE_INVALID
    if is_pending(request.type) != (request.action == api.TRADE_ACTION_PENDING):
        return api.TRADE_RETCODE_INVALID
    bit = _BIT_OF_TYPE[request.type - request.type % 2]
    return PASSES if symbol.terms.order_mode & bit else api.TRADE_RETCODE_INVALID_ORDER


def check_target(desk: Desk, symbol: SymbolMarket, request: Request, _now: int) -> int:
    """Refuse to close what is not there, more of it than there is, or not the oldest first."""
    if not request.position:
        return PASSES
    held = desk.book.positions.get(request.position)
    if held is None:
        return api.TRADE_RETCODE_POSITION_CLOSED
    if held.symbol != request.symbol or (desk.is_hedging and held.side == request.side):
        return api.TRADE_RETCODE_INVALID
    return _check_closing(desk, symbol, request, held) if desk.is_hedging else PASSES


def _check_closing(desk: Desk, symbol: SymbolMarket, request: Request, held: Position) -> int:
    if any(order.position == held.ticket for order in desk.book.orders.values()):
        return api.TRADE_RETCODE_CLOSE_ORDER_EXIST
    if request.volume > held.volume:
        return api.TRADE_RETCODE_INVALID_CLOSE_VOLUME
    if _is_frozen(symbol, held):
        return api.TRADE_RETCODE_FROZEN
    return _check_fifo(desk, held)


def _check_fifo(desk: Desk, held: Position) -> int:
    if not desk.account.fifo_close:
        return PASSES
    same = [p for p in desk.book.positions.values() if p.symbol == held.symbol]
    oldest = min(same, key=lambda position: (position.opened, position.ticket))
    return PASSES if oldest is held else api.TRADE_RETCODE_FIFO_CLOSE


def _is_frozen(symbol: SymbolMarket, held: Position) -> bool:
    level = symbol.terms.freeze_level
    closing = symbol.touch(-held.side)
    return bool(level) and any(
        price and abs(closing - price) <= level for price in (held.sl, held.tp)
    )


def closes(desk: Desk, request: Request) -> int:
    """Return the volume of open positions that a request at market takes off."""
    if desk.is_hedging:
        held = desk.book.positions.get(request.position)
    else:
        held = desk.find_net(request.symbol)
    if held is None or held.side == request.side:
        return 0
    return min(held.volume, request.volume)


def check_mode(desk: Desk, symbol: SymbolMarket, request: Request, _now: int) -> int:
    """Refuse what the symbol's trade mode forbids; closing is forbidden only where all is."""
    mode = symbol.terms.trade_mode
    if mode == "disabled":
        return api.TRADE_RETCODE_TRADE_DISABLED
    if mode == "full" or closes(desk, request) == request.volume:
        return PASSES
    if mode == "close_only":
        return api.TRADE_RETCODE_CLOSE_ONLY
    if mode == "long_only" and request.side < 0:
        return api.TRADE_RETCODE_LONG_ONLY
    if mode == "short_only" and request.side > 0:
        return api.TRADE_RETCODE_SHORT_ONLY
    return PASSES


def check_volume(desk: Desk, symbol: SymbolMarket, request: Request, _now: int) -> int:
    """Refuse volume off the step or the limits, and more of one side than may be held."""
    volume = request.volume
    if not symbol.volume_min <= volume <= symbol.volume_max or volume % symbol.volume_step:
        return api.TRADE_RETCODE_INVALID_VOLUME
    if symbol.volume_limit and not closes(desk, request):
        held = sum(
            found.volume
            for found in desk.book.positions.values()
            if found.symbol == request.symbol and found.side == request.side
        )
        resting = sum(
            order.left
            for order in desk.book.orders.values()
            if order.symbol == request.symbol and side_of(order.type) == request.side
        )
        if held + resting + volume > symbol.volume_limit:
            return api.TRADE_RETCODE_LIMIT_VOLUME
    return PASSES


def side_of(kind: int) -> int:
    """Return 1 for order types that buy and -1 for those that sell."""
    return 1 if kind % 2 == 0 else -1


def check_filling(_desk: Desk, symbol: SymbolMarket, request: Request, _now: int) -> int:
    """Refuse a filling that the symbol's mask or its execution does not have."""
    filling, execution = request.type_filling, symbol.terms.execution
    is_dealt = execution in ("market", "exchange")
    if is_pending(request.type) and execution != "exchange":
        # Off exchange a resting order may always be filled in parts.
        is_fit = filling in (api.ORDER_FILLING_RETURN, *_FILLING_BITS)
    elif filling == api.ORDER_FILLING_RETURN:
        is_fit = is_dealt and (execution == "exchange" or not symbol.terms.filling_bits)
    else:
        is_fit = bool(symbol.terms.filling_bits & _FILLING_BITS.get(filling, 0))
    if filling == api.ORDER_FILLING_BOC and not is_pending(request.type):
        is_fit = False
    return PASSES if is_fit else api.TRADE_RETCODE_INVALID_FILL


def check_expiration(desk: Desk, symbol: SymbolMarket, request: Request, now: int) -> int:
    """Refuse a lifetime that the symbol has not, or that is over."""
    if not 0 <= request.type_time < len(_EXPIRATION_BITS):
        return api.TRADE_RETCODE_INVALID_EXPIRATION
    if not symbol.terms.expiration_mode & _EXPIRATION_BITS[request.type_time]:
        return api.TRADE_RETCODE_INVALID_EXPIRATION
    is_dated = request.type_time >= api.ORDER_TIME_SPECIFIED
    if is_dated and request.expiration <= desk.market.clock.seconds(now):
        return api.TRADE_RETCODE_INVALID_EXPIRATION
    return PASSES


def check_open(desk: Desk, symbol: SymbolMarket, _request: Request, now: int) -> int:
    """Refuse while the market is closed, and where there are no quotes."""
    if not desk.market.is_open(symbol, now):
        return api.TRADE_RETCODE_MARKET_CLOSED
    return PASSES if symbol.ts else api.TRADE_RETCODE_PRICE_OFF


def check_price(_desk: Desk, symbol: SymbolMarket, request: Request, _now: int) -> int:
    """Refuse a resting price off the grid, on the wrong side of the market or too near to it."""
    if request.action == api.TRADE_ACTION_DEAL:
        is_named = symbol.terms.execution in ("instant", "request")
        is_wrong = "price" in request.off or request.price <= 0
        return api.TRADE_RETCODE_INVALID_PRICE if is_named and is_wrong else PASSES
    if request.price <= 0 or {"price", "stoplimit"} & set(request.off):
        return api.TRADE_RETCODE_INVALID_PRICE
    market, kind = symbol.touch(request.side), request.type - request.type % 2
    away = (request.price - market) * request.side
    if kind == api.ORDER_TYPE_BUY_LIMIT:
        away = -away
    # BOC may never meet the market, and neither may the others: both are a price away.
    if away <= 0 or away < symbol.terms.stops_level:
        return api.TRADE_RETCODE_INVALID_PRICE
    if kind == api.ORDER_TYPE_BUY_STOP_LIMIT:
        drop = (request.price - request.stoplimit) * request.side
        if request.stoplimit <= 0 or drop < max(0, symbol.terms.stops_level):
            return api.TRADE_RETCODE_INVALID_PRICE
    return PASSES


def check_stops(_desk: Desk, symbol: SymbolMarket, request: Request, _now: int) -> int:
    """Refuse stops on the wrong side or within the stops level."""
    if {"sl", "tp"} & set(request.off) or request.sl < 0 or request.tp < 0:
        return api.TRADE_RETCODE_INVALID_STOPS
    if is_pending(request.type):
        stop_limits = (api.ORDER_TYPE_BUY_STOP_LIMIT, api.ORDER_TYPE_SELL_STOP_LIMIT)
        price = request.stoplimit if request.type in stop_limits else request.price
    else:
        price = symbol.touch(-request.side)
    return judge_stops(symbol, request.side, price, (request.sl, request.tp))


def judge_stops(symbol: SymbolMarket, side: int, price: int, stops: tuple[int, int]) -> int:
    """Return INVALID_STOPS for stops that a position closed at `price` would not live with."""
    sl, tp = stops
    nearest = max(1, symbol.terms.stops_level)
    if sl and (price - sl) * side < nearest:
        return api.TRADE_RETCODE_INVALID_STOPS
    if tp and (tp - price) * side < nearest:
        return api.TRADE_RETCODE_INVALID_STOPS
    return PASSES


def check_counts(desk: Desk, _symbol: SymbolMarket, request: Request, _now: int) -> int:
    """Refuse more resting orders or positions than the account may have."""
    account = desk.account
    if request.action == api.TRADE_ACTION_PENDING:
        is_full = account.limit_orders and len(desk.book.orders) >= account.limit_orders
        return api.TRADE_RETCODE_LIMIT_ORDERS if is_full else PASSES
    opens = not closes(desk, request)
    is_full = account.limit_positions and len(desk.book.positions) >= account.limit_positions
    return api.TRADE_RETCODE_LIMIT_POSITIONS if is_full and opens else PASSES


def check_money(desk: Desk, symbol: SymbolMarket, request: Request, now: int) -> int:
    """Refuse what the free margin does not carry."""
    volume = request.volume - closes(desk, request)
    if volume <= 0 or request.action != api.TRADE_ACTION_DEAL:
        return PASSES
    return judge_money(desk, symbol, request.side, volume, now)


def judge_money(desk: Desk, symbol: SymbolMarket, side: int, volume: int, now: int) -> int:
    """Return NO_MONEY where the account would not carry that volume opened now."""
    needed = desk.reckoning.margin(symbol, side, volume, symbol.touch(side), now)
    if needed is None or desk.reckoning.profit(symbol, side, 1) is None:
        return api.TRADE_RETCODE_PRICE_OFF
    after = desk.margin_after(symbol, side, volume, now)
    # An opposite leg that lowers the margin passes whatever is left.
    is_carried = after <= desk.reckoning.equity(desk.book) or after < desk.margin_used(now)
    return PASSES if is_carried else api.TRADE_RETCODE_NO_MONEY


def check_sltp(desk: Desk, symbol: SymbolMarket, request: Request, _now: int) -> int:
    """Refuse to move the stops of a position that is gone, frozen or has those already."""
    held = find_position(desk, request)
    if held is None:
        return api.TRADE_RETCODE_POSITION_CLOSED
    if {"sl", "tp"} & set(request.off):
        return api.TRADE_RETCODE_INVALID_STOPS
    if (held.sl, held.tp) == (request.sl, request.tp):
        return api.TRADE_RETCODE_NO_CHANGES
    if _is_frozen(symbol, held):
        return api.TRADE_RETCODE_FROZEN
    moved = (
        request.sl if request.sl != held.sl else 0, request.tp if request.tp != held.tp else 0,
    )  # fmt: skip
    return judge_stops(symbol, held.side, symbol.touch(-held.side), moved)


def find_position(desk: Desk, request: Request) -> Position | None:
    """Return the position that a request names, by its ticket or, netting, by its symbol."""
    if request.position or desk.is_hedging:
        return desk.book.positions.get(request.position)
    return desk.find_net(request.symbol)


def check_resting(desk: Desk, symbol: SymbolMarket, request: Request, _now: int) -> int:
    """Refuse to touch an order that is not resting, or so near its price that it is frozen."""
    order = desk.book.orders.get(request.order)
    if order is None or not is_pending(order.type):
        return api.TRADE_RETCODE_INVALID
    level = symbol.terms.freeze_level
    distance = abs(symbol.touch(side_of(order.type)) - order.price)
    return api.TRADE_RETCODE_FROZEN if level and distance <= level else PASSES


def check_changed(desk: Desk, symbol: SymbolMarket, request: Request, now: int) -> int:
    """Refuse to change a resting order into itself or into what could not be placed."""
    order = desk.book.orders[request.order]
    wanted = (request.price, request.sl, request.tp, request.type_time)
    if wanted == (order.price, order.sl, order.tp, order.time_mode) and (
        request.stoplimit in (0, order.stoplimit)
        and expires_at(desk, request, now) == order.expires
    ):
        return api.TRADE_RETCODE_NO_CHANGES
    placed = order_as_request(order, request)
    for check in (check_expiration, check_price, check_stops):
        refusal = check(desk, symbol, placed, now)
        if refusal:
            return refusal
    return PASSES


def order_as_request(order: Order, request: Request) -> Request:
    """Return the request that would place an order as it is to become."""
    import msgspec

    return msgspec.structs.replace(
        request, action=api.TRADE_ACTION_PENDING, type=order.type, volume=order.left,
        stoplimit=request.stoplimit or order.stoplimit,
    )  # fmt: skip


def expires_at(desk: Desk, request: Request, now: int) -> int:
    """Return when an order of that lifetime ends, nanoseconds UTC; 0 for never."""
    clock, day = desk.market.clock, 86_400 * SECOND
    if request.type_time == api.ORDER_TIME_DAY:
        return clock.utc((clock.day(now) + 1) * day)
    if request.type_time == api.ORDER_TIME_SPECIFIED:
        return clock.utc(request.expiration * SECOND)
    if request.type_time == api.ORDER_TIME_SPECIFIED_DAY:
        return clock.utc((request.expiration * SECOND // day + 1) * day)
    return 0


def check_close_by(desk: Desk, _symbol: SymbolMarket, request: Request, _now: int) -> int:
    """Refuse to close by what is no opposite position of the same symbol."""
    held = desk.book.positions.get(request.position)
    other = desk.book.positions.get(request.position_by)
    if not desk.is_hedging or (held is not None and held is other):
        return api.TRADE_RETCODE_INVALID
    if held is None or other is None:
        return api.TRADE_RETCODE_POSITION_CLOSED
    if held.symbol != other.symbol or held.side == other.side:
        return api.TRADE_RETCODE_INVALID
    return PASSES


def check_close_by_mode(desk: Desk, symbol: SymbolMarket, request: Request, now: int) -> int:
    """Refuse closing by where the symbol has none, or on an account that closes in order."""
    if not symbol.terms.order_mode & api.ORDER_BIT_CLOSE_BY:
        return api.TRADE_RETCODE_INVALID_ORDER
    held = desk.book.positions[request.position]
    return _check_fifo(desk, held) or check_open(desk, symbol, request, now)


_OF_ACTION: dict[int, tuple[Check, ...]] = {
    api.TRADE_ACTION_DEAL: (
        check_rate, check_type, check_target, check_mode, check_volume, check_filling,
        check_open, check_price, check_stops, check_counts, check_money,
    ),
    api.TRADE_ACTION_PENDING: (
        check_rate, check_type, check_mode, check_volume, check_filling, check_expiration,
        check_open, check_price, check_stops, check_counts, check_money,
    ),
    api.TRADE_ACTION_SLTP: (check_rate, check_sltp, check_open),
    api.TRADE_ACTION_MODIFY: (check_rate, check_resting, check_changed, check_open),
    api.TRADE_ACTION_REMOVE: (check_rate, check_resting, check_open),
    api.TRADE_ACTION_CLOSE_BY: (check_rate, check_close_by, check_close_by_mode),
}  # fmt: skip
