"""Orders of a person while a platform trades: read, carried out, and answered in words."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import msgspec

from assay.apps.gateway.board.checks import tell_checks
from assay.apps.gateway.board.scale import Scale
from assay.apps.gateway.views import Value
from assay.apps.paper.control.orders import (
    FLATTEN,
    LIST_ORDERS,
    TRADE,
    Answer,
    ByHand,
    ControlOrder,
)
from assay.apps.paper.trader.entries import tell_halt
from assay.apps.paper.trader.standing import describe_traded
from assay.kernel.records import FREE, TIMES_IN_FORCE
from assay.model.errors import UsageError
from assay.model.halts import OPERATOR, EntryHalt
from assay.model.messages import (
    CancelRequested,
    ChangeRequested,
    Message,
    OrderCancelled,
    OrderChanged,
    OrderDenied,
    OrderSubmitted,
    OrderTerms,
    PositionChanged,
    ReductionRequested,
    TradeRequested,
)
from assay.model.time import DAY, SECOND
from assay.model.values import scale_decimal
from assay.trading.engine.byhand import (
    ACTIONS,
    CANCELS,
    CHANGE,
    CLOSE,
    NOBODY,
    PLACED,
    PROTECTS,
    find_reference,
)
from assay.trading.engine.naming import TYPE_NAMES

if TYPE_CHECKING:
    from assay.apps.paper.trader.hotpath import PaperTrader

HANDLED = (TRADE, FLATTEN, LIST_ORDERS)
"""The actions that are a person's orders."""
PRICED = ("limit", "stop", "stop_limit", "iceberg")
"""Types of orders that wait at a price of their own."""
NONE = "none"
"""Written for a stop, target or price that is to go."""
GONE = -1
DIGITS_MOST = 12
"""No price or volume has so many digits before the point."""
SLICES_MOST, EVERY_MOST, EXPIRES_MOST = 10_000, 7 * DAY, (1 << 63) - 1


class Waiting(msgspec.Struct, frozen=True):
    """Hold an order that waits, in lots and prices as they are written."""

    key: str
    symbol: str
    kind: str
    side: str
    lots: str
    price: str
    stop: str
    target: str


def obey(trader: PaperTrader, order: ControlOrder, now: int | None = None) -> Answer:
    """Carry out what a person orders, and say what came of it.

    Where the market is live, `now` is the time (ns UTC), and nothing is opened on an old quote.
    """
    try:
        if order.action == LIST_ORDERS:
            return Answer(True, msgspec.json.encode(list_waiting(trader)).decode())
        if order.action == FLATTEN:
            return _flatten(trader, order)
        return _trade(trader, order, now)
    except UsageError as error:
        return Answer(False, str(error))


def list_waiting(trader: PaperTrader) -> list[Waiting]:
    """Return the orders that wait, in the order of the instruments."""
    desk, found = trader.topology.desk, list[Waiting]()
    for i, symbol in enumerate(desk.plan.symbols):
        lot = int(desk.world.instruments[i]["lot_units"])
        for slot in desk.world.orders[0, i]:
            if slot["state"] == FREE:
                continue
            units = int(slot["quantity"])
            key = desk.key_of(0, i, int(slot["ts"]), "order", int(slot["ordinal"]))
            prices = (
                _written(int(slot[name]), desk.plan.digits[i])
                for name in ("price", "stop", "target")
            )
            found.append(
                Waiting(
                    str(key), symbol, TYPE_NAMES[int(slot["type"])],
                    "buy" if units > 0 else "sell", f"{Decimal(abs(units)) / lot:f}", *prices,
                )
            )  # fmt: skip
    return found


def _written(points: int, digits: int) -> str:
    return f"{Decimal(points).scaleb(-digits):f}" if points else ""


def _flatten(trader: PaperTrader, order: ControlOrder) -> Answer:
    """Hold entries back, and bring positions to nothing; the warden sees each through."""
    symbols = trader.setup.symbols
    now = int(trader.topology.desk.world.markets["ts"].max())
    halt = EntryHalt(OPERATOR, order.reason, order.by, now, order.symbol)
    account = trader.setup.account
    told: list[Message] = [tell_halt(halt, trader.tenant, symbols)]
    told += [
        ReductionRequested(
            id=0, tenant=trader.tenant, ts_event=now, ts_init=now, account=account.id,
            symbol=symbol, keep=0, source=OPERATOR, reason=order.reason,
        )
        for symbol in symbols if order.symbol in ("", symbol)
    ]  # fmt: skip
    sent = [each for each in trader.record(told) if isinstance(each, OrderSubmitted)]
    orders = ", ".join(f"{each.symbol} {each.quantity:+,} units" for each in sent)
    closing = f"closing by {orders}" if sent else "nothing was open"
    return Answer(True, f"{closing}; entries are held back until `assay entries release`")


def _trade(trader: PaperTrader, order: ControlOrder, now: int | None) -> Answer:
    assert order.by_hand is not None
    told = _read(trader, order.by_hand, order.reason, order.by)
    if now is not None and told.action in PLACED:
        _require_fresh(trader, told.symbol, now)
    followed = trader.record([told])
    texts = [text for each in followed if (text := _describe(trader, each))]
    refused = any(isinstance(each, OrderDenied) for each in followed)
    if not texts:
        return Answer(False, _why_nothing(told))
    return Answer(not refused, "; ".join(texts))


def _require_fresh(trader: PaperTrader, symbol: str, now: int) -> None:
    """Raise UsageError where the last quote is too old; the engine's clock is the quotes' own."""
    world, i = trader.topology.desk.world, trader.setup.symbols.index(symbol)
    age, most = now - int(world.markets[i]["ts"]), int(world.limits[0, i]["age_max"])
    if most and age > most:
        raise UsageError(
            f"the last quote of {symbol} is {age // SECOND:,} s old, and age_max is "
            f"{most // SECOND:,} s; wait for the next"
        )


def _why_nothing(told: TradeRequested) -> str:
    if told.action in (CANCELS, CHANGE):
        return f"no such order of {told.symbol} waits; see `assay order list`"
    return f"nothing of {told.symbol} is held"


def _describe(trader: PaperTrader, message: Message) -> str:
    if isinstance(message, OrderDenied):
        return f"denied by {message.reason}{_measure(trader, message)}"
    if isinstance(message, OrderSubmitted):
        return f"order {message.key} is sent: {message.order_type} of {message.quantity:+,} units"
    if isinstance(message, OrderCancelled):
        return f"order {message.key} is cancelled"
    if isinstance(message, OrderChanged):
        return f"order {message.key} is changed"
    if isinstance(message, PositionChanged):
        return f"the position in {message.symbol} is protected as asked"
    if isinstance(message, CancelRequested | ChangeRequested):
        return "the venue is asked"
    return ""


def _measure(trader: PaperTrader, denied: OrderDenied) -> str:
    """Return what the rule measured and its limit, in the units that people read."""
    account = trader.setup.account
    scale = Scale(describe_traded(trader), account.currency, account.currency_digits)
    told = [each for each in denied.checks if each.rule == denied.reason]
    for found in tell_checks(told, denied.symbol, scale):
        if found.value is not None and found.limit is not None:
            value, limit = (_shown(each, found.digits) for each in (found.value, found.limit))
            return f": {value} against {limit} {found.unit}".rstrip()
    return ""


def _shown(value: Value, digits: int) -> str:
    return value if isinstance(value, str) else f"{value:,.{digits}f}"


def _read(trader: PaperTrader, given: ByHand, reason: str, by: str) -> TradeRequested:
    """Return the message of what a person wrote; raise UsageError for what makes no sense."""
    desk = trader.topology.desk
    if given.symbol not in desk.plan.symbols:
        there = ", ".join(desk.plan.symbols)
        raise UsageError(f"{given.symbol!r} is not traded; there are {there}")
    if given.action not in ACTIONS:
        raise UsageError(f"action {given.action!r} is unknown; use {', '.join(ACTIONS)}")
    if given.time_in_force not in TIMES_IN_FORCE:
        known = ", ".join(TIMES_IN_FORCE)
        raise UsageError(f"time in force {given.time_in_force!r} is unknown; use {known}")
    if given.action == CLOSE and given.lots.startswith("-"):
        raise UsageError(f"{given.lots} lots are no volume; say how many are to be closed")
    if given.action in PRICED and not given.price:
        raise UsageError(f"a {given.action} order needs a price; give --price")
    i = desk.plan.symbols.index(given.symbol)
    key = _key(given.key)
    if given.action == CHANGE and not find_reference(desk, 0, i, key):
        raise UsageError(f"no order {given.key!r} of {given.symbol} waits; see `assay order list`")
    digits, lot = desk.plan.digits[i], int(desk.world.instruments[i]["lot_units"])
    changes = given.action in (CHANGE, PROTECTS)
    points = {
        name: _points(name, getattr(given, name), digits, may_go=changes)
        for name in ("price", "limit", "distance", "stop", "target")
    }
    _require_between("slices", given.slices, SLICES_MOST)
    _require_between("every", given.every, EVERY_MOST)
    _require_between("expires", given.expires, EXPIRES_MOST)
    terms = OrderTerms(
        limit=points.pop("limit"), distance=points.pop("distance"),
        time_in_force=given.time_in_force, expires=given.expires, slices=given.slices,
        every=given.every, shown=_units("shown", given.shown, lot),
    )  # fmt: skip
    quantity = _units("lots", given.lots, lot)
    if given.action == CLOSE and given.lots and not quantity:
        raise UsageError(f"{given.lots} lots close nothing; leave them out to close all")
    now = int(desk.world.markets["ts"].max())
    return TradeRequested(
        id=0, tenant=trader.tenant, ts_event=now, ts_init=now, account=trader.setup.account.id,
        symbol=given.symbol, action=given.action, reason=reason, by=by, key=key,
        quantity=quantity,
        terms=msgspec.UNSET if terms == OrderTerms() else terms, **points,
    )  # fmt: skip


def _require_between(name: str, value: int, most: int) -> None:
    if not 0 <= value <= most:
        raise UsageError(f"{name} {value} is not from 0 to {most}; correct it")


def _key(text: str) -> int:
    if not text:
        return NOBODY
    key = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else NOBODY
    if not NOBODY < key < 1 << 63:
        raise UsageError(f"key {text!r} is no order's; see `assay order list`")
    return key


def _points(name: str, text: str, digits: int, *, may_go: bool) -> int:
    if not text:
        return 0
    if text == NONE and may_go:
        return GONE
    value = scale_decimal(_number(name, text), digits)
    if value <= 0:
        raise UsageError(f"{name} {text!r} is not above 0; leave it out for none")
    return value


def _units(name: str, text: str, lot: int) -> int:
    if not text:
        return 0
    return scale_decimal(_number(name, text) * lot, 0)


def _number(name: str, text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise UsageError(f"{name} {text!r} is no number; write it as 1.0850") from None
    if not (value.is_finite() and value.adjusted() < DIGITS_MOST):
        raise UsageError(f"{name} {text!r} is out of all bounds; write it as 1.0850")
    return value
