"""Commands turned into the requests that a terminal takes."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from assay.model.time import SECOND
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.ports import OrderCommand
from assay.trading.brokers.mt5.servertime import ServerClock
from assay.trading.brokers.mt5.stops import Denial, FittedStops, Room, fit_stops
from assay.trading.brokers.mt5.structures import SymbolInfo, Tick, TradeOrder, TradePosition
from assay.trading.brokers.mt5.symbols import SymbolLink
from assay.trading.brokers.mt5.units import (
    exact,
    floor_to_step,
    lots_of,
    points_of,
    price_of,
    to_grid,
    units_of,
)

Request = dict[str, int | float | str]
COMMENT_LENGTH = 31
"""Servers cut longer comments."""
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
TYPES = {
    ("market", 1): api.ORDER_TYPE_BUY,
    ("market", -1): api.ORDER_TYPE_SELL,
    ("limit", 1): api.ORDER_TYPE_BUY_LIMIT,
    ("limit", -1): api.ORDER_TYPE_SELL_LIMIT,
    ("stop", 1): api.ORDER_TYPE_BUY_STOP,
    ("stop", -1): api.ORDER_TYPE_SELL_STOP,
    ("stop_limit", 1): api.ORDER_TYPE_BUY_STOP_LIMIT,
    ("stop_limit", -1): api.ORDER_TYPE_SELL_STOP_LIMIT,
}
BITS = {
    "market": api.ORDER_BIT_MARKET,
    "limit": api.ORDER_BIT_LIMIT,
    "stop": api.ORDER_BIT_STOP,
    "stop_limit": api.ORDER_BIT_STOP_LIMIT,
}


class Market(msgspec.Struct):
    """Hold what a request is made from beside its command."""

    link: SymbolLink
    info: SymbolInfo
    tick: Tick
    clock: ServerClock
    floats: bool = False
    """The server's least distance of stops is its spread."""

    def room(self, side: int, entry: Decimal | None = None, *, is_resting: bool = False) -> Room:
        """Return what stops must keep their distance from."""
        return Room(self.info, self.tick, side, entry, is_resting, self.floats)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a request ready to be sent; `fillings` are tried in order while it is only checked.

    `units` are signed as they will be sent, `stop` and `target` points of the command's digits.
    `position` is the identifier of the one concerned. What only takes risk away is not checked
    first: the server's word comes sooner.
    """

    request: Request
    fillings: tuple[int, ...] = ()
    units: int = 0
    stop: int = 0
    target: int = 0
    widened: int = 0
    digits: int = 5
    is_checked: bool = True
    position: int = 0


def choose_fillings(command: OrderCommand, info: SymbolInfo) -> tuple[int, ...]:
    """Return the filling policies that an order may have here, the preferred one first.

    `filling_mode` is a mask of bits and a request takes a number of another list; with instant
    and request execution a market order is filled whole or not at all. A resting order keeps
    what is left of it where the server lets it.
    """
    mask, execution = info.filling_mode, info.trade_exemode
    fok = (api.ORDER_FILLING_FOK,) if mask & api.FILLING_BIT_FOK else ()
    ioc = (api.ORDER_FILLING_IOC,) if mask & api.FILLING_BIT_IOC else ()
    whole = execution in (
        api.SYMBOL_TRADE_EXECUTION_REQUEST,
        api.SYMBOL_TRADE_EXECUTION_INSTANT,
    )
    if command.order_type != "market":
        if command.time_in_force == "fok":
            return fok
        if command.time_in_force == "ioc":
            return ioc
        return (api.ORDER_FILLING_RETURN, *ioc, *fok)
    if command.time_in_force == "fok":
        return (api.ORDER_FILLING_FOK,) if whole else fok
    if whole:
        return (api.ORDER_FILLING_FOK, *ioc)
    if command.time_in_force == "ioc":
        return ioc
    last = (api.ORDER_FILLING_RETURN,) if execution == api.SYMBOL_TRADE_EXECUTION_EXCHANGE else ()
    return (*ioc, *fok, *last)


def choose_expiry(command: OrderCommand, market: Market) -> tuple[int, int] | Denial:
    """Return the type of lifetime and the server time at which it ends."""
    mask = market.info.expiration_mode
    if command.time_in_force == "gtd":
        if not mask & api.EXPIRATION_BIT_SPECIFIED:
            return Denial("expiration", f"{market.link.name} takes no time of expiry")
        return api.ORDER_TIME_SPECIFIED, market.clock.to_server_s(command.expires // SECOND)
    if command.time_in_force == "day":
        if not mask & api.EXPIRATION_BIT_DAY:
            return Denial("expiration", f"{market.link.name} takes no orders for the day")
        return api.ORDER_TIME_DAY, 0
    if mask & api.EXPIRATION_BIT_GTC or command.order_type == "market":
        return api.ORDER_TIME_GTC, 0
    return Denial("expiration", f"{market.link.name} takes no orders without expiry")


def spell_key(key: int) -> str:
    """Return a key as thirteen letters, for the comment.

    >>> spell_key(2**63 - 1), spell_key(36)
    ('1Y2P0IJ32E8E7', '0000000000010')
    """
    letters = ""
    for _ in range(13):
        key, digit = divmod(key, 36)
        letters = _DIGITS[digit] + letters
    return letters


def _comment(command: OrderCommand) -> str:
    """Return the key once more, which helps where the magic number is taken away, and words."""
    words = f"{spell_key(command.id)} {command.strategy}#{command.ordinal}"
    return words[:COMMENT_LENGTH]


def _check_lots(lots: Decimal, info: SymbolInfo) -> Denial | None:
    if lots < exact(info.volume_min):
        return Denial("volume_below_minimum", f"{lots} lots, at least {info.volume_min:g}")
    if lots > exact(info.volume_max):
        return Denial("volume_above_maximum", f"{lots} lots, at most {info.volume_max:g}")
    return None


def plan_submit(command: OrderCommand, market: Market) -> Plan | Denial:
    """Return the request of a new order."""
    info, side = market.info, 1 if command.quantity > 0 else -1
    if not info.order_mode & BITS[command.order_type]:
        return Denial("order_type", f"{market.link.name} takes no {command.order_type} orders")
    fillings = choose_fillings(command, info)
    if not fillings:
        return Denial("filling", f"{market.link.name} cannot fill {command.time_in_force}")
    expiry = choose_expiry(command, market)
    if isinstance(expiry, Denial):
        return expiry
    is_market = command.order_type == "market"
    entry = exact(market.tick.ask if side > 0 else market.tick.bid)
    if not is_market:
        entry = to_grid(price_of(command.price, command.digits), info)
    limit = to_grid(price_of(command.limit_price, command.digits), info)
    opening = limit if command.order_type == "stop_limit" else entry
    stops = fit_stops(command, market.room(side, opening, is_resting=not is_market))
    if isinstance(stops, Denial):
        return stops
    lots = floor_to_step(
        lots_of(command.quantity, market.link, info) * stops.share, info.volume_step
    )
    denial = _check_lots(lots, info)
    if denial:
        return denial
    request: Request = {
        "action": api.TRADE_ACTION_DEAL if is_market else api.TRADE_ACTION_PENDING,
        "symbol": market.link.name,
        "volume": float(lots),
        "type": TYPES[command.order_type, side],
        "price": float(entry),
        "sl": float(stops.stop),
        "tp": float(stops.target),
        "deviation": command.deviation,
        "magic": command.id,
        "comment": _comment(command),
        "type_time": expiry[0],
        "type_filling": fillings[0],
    }
    if expiry[1]:
        request["expiration"] = expiry[1]
    if command.order_type == "stop_limit":
        request["stoplimit"] = float(limit)
    units = side * units_of(lots, market.link, info.trade_contract_size)
    return _told(Plan(request=request, fillings=fillings, units=units), command, stops)


def _told(plan: Plan, command: OrderCommand, stops: FittedStops) -> Plan:
    return msgspec.structs.replace(
        plan,
        stop=points_of(stops.stop, command.digits),
        target=points_of(stops.target, command.digits),
        widened=points_of(stops.widened, command.digits),
        digits=command.digits,
    )


def plan_close(
    command: OrderCommand, market: Market, position: TradePosition, own: int
) -> Plan | Denial:
    """Return the request that closes what is ours of a position, or a part of it.

    What stays of the position is nothing or enough.
    """
    info = market.info
    held, least = exact(position.volume), exact(info.volume_min)
    ours = min(lots_of(own, market.link, info), held)
    asked = min(lots_of(command.quantity, market.link, info), ours) if command.quantity else ours
    lots = held if asked >= held else floor_to_step(asked, info.volume_step)
    if lots < held and held - lots < least:
        # Never more than was asked: what stays is at least the smallest volume.
        lots = floor_to_step(held - least, info.volume_step)
    if lots <= 0 or (lots < least and lots < held):
        return Denial(
            "volume_below_minimum",
            f"closing {asked} of {held} lots would leave or take less than {least}",
        )
    side = 1 if position.type == api.POSITION_TYPE_SELL else -1
    fillings = choose_fillings(command, info)
    if not fillings:
        return Denial("filling", f"{market.link.name} cannot fill {command.time_in_force}")
    request: Request = {
        "action": api.TRADE_ACTION_DEAL,
        "symbol": market.link.name,
        "position": position.ticket,
        "volume": float(lots),
        "type": TYPES["market", side],
        "price": market.tick.ask if side > 0 else market.tick.bid,
        "deviation": command.deviation,
        "magic": command.id,
        "comment": _comment(command),
        "type_time": api.ORDER_TIME_GTC,
        "type_filling": fillings[0],
    }
    units = side * units_of(lots, market.link, info.trade_contract_size)
    return Plan(
        request=request,
        fillings=fillings,
        units=units,
        digits=command.digits,
        position=position.identifier,
    )


def plan_stops(command: OrderCommand, market: Market, position: TradePosition) -> Plan | Denial:
    """Return the request that moves a position's stop and target."""
    side = 1 if position.type == api.POSITION_TYPE_BUY else -1
    stops = fit_stops(command, market.room(side))
    if isinstance(stops, Denial):
        return stops
    request: Request = {
        "action": api.TRADE_ACTION_SLTP,
        "symbol": market.link.name,
        "position": position.ticket,
        "sl": float(stops.stop),
        "tp": float(stops.target),
        "magic": command.id,
    }
    return _told(Plan(request=request), command, stops)


def plan_modify(command: OrderCommand, market: Market, order: TradeOrder) -> Plan | Denial:
    """Return the request that changes a resting order."""
    info = market.info
    side = 1 if order.type % 2 == 0 else -1
    price = exact(order.price_open)
    if command.price:
        price = to_grid(price_of(command.price, command.digits), info)
    stops = fit_stops(command, market.room(side, price, is_resting=True))
    if isinstance(stops, Denial):
        return stops
    request: Request = {
        "action": api.TRADE_ACTION_MODIFY,
        "symbol": market.link.name,
        "order": order.ticket,
        "price": float(price),
        "sl": float(stops.stop),
        "tp": float(stops.target),
        "type_time": order.type_time,
        "expiration": order.time_expiration,
    }
    if order.price_stoplimit:
        limit = price_of(command.limit_price, command.digits)
        request["stoplimit"] = float(to_grid(limit, info)) if limit else order.price_stoplimit
    return _told(Plan(request=request), command, stops)


def plan_cancel(order: TradeOrder) -> Plan:
    """Return the request that removes a resting order."""
    request: Request = {"action": api.TRADE_ACTION_REMOVE, "order": order.ticket}
    return Plan(request=request, is_checked=False)


def plan_close_by(
    command: OrderCommand, position: TradePosition, other: TradePosition
) -> Plan | Denial:
    """Return the request that closes two opposite positions against each other."""
    if position.symbol != other.symbol or position.type == other.type:
        return Denial("close_by", f"{position.ticket} and {other.ticket} are not opposite")
    return Plan(
        request={
            "action": api.TRADE_ACTION_CLOSE_BY,
            "position": position.ticket,
            "position_by": other.ticket,
            "magic": command.id,
            "comment": _comment(command),
        },
        is_checked=False,
        position=position.identifier,
    )
