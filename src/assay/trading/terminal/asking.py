"""A trade request in whole numbers, read from the doubles of a dictionary."""

from __future__ import annotations

from typing import Any

import msgspec

from assay.model.values import round_to_scale
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.structures import TradeRequest
from assay.trading.terminal.market import Market
from assay.trading.terminal.records import LOT_DIGITS

FIELDS = TradeRequest._fields
_FLOATS = ("volume", "price", "stoplimit", "sl", "tp")
_TEXTS = ("symbol", "comment")
_LARGEST = 1e9
_TOLERANCE = 1e-3
"""Parts of a point by which a double may miss the grid, as 1.1 times 100000 does."""


class Request(msgspec.Struct):
    """Hold what is asked; prices are points, `off` names those that miss the symbol's grid."""

    action: int
    magic: int
    order: int
    symbol: str
    volume: int
    price: int
    stoplimit: int
    sl: int
    tp: int
    deviation: int
    type: int
    type_filling: int
    type_time: int
    expiration: int
    comment: str
    position: int
    position_by: int
    off: tuple[str, ...] = ()
    by_hand: bool = False

    @property
    def side(self) -> int:
        """Return 1 for what buys and -1 for what sells."""
        return 1 if self.type % 2 == 0 else -1


def find_fault(fields: dict[str, Any]) -> str | None:
    """Return the text of the first argument that the package would refuse to send, if any.

    >>> find_fault({"action": 1, "volume": "much"})
    'Invalid "volume" argument'
    """
    for name, value in fields.items():
        if name not in FIELDS:
            continue
        if name in _FLOATS:
            is_fit = isinstance(value, int | float) and not isinstance(value, bool)
            is_fit = is_fit and abs(value) < _LARGEST
        elif name in _TEXTS:
            is_fit = isinstance(value, str)
        else:
            is_fit = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        if not is_fit:
            return f'Invalid "{name}" argument'
    return None


def fill_in(fields: dict[str, Any]) -> TradeRequest:
    """Return the request as the package echoes it: zeros and empty texts where nothing was said."""
    empty: dict[str, Any] = dict.fromkeys(FIELDS, 0)
    empty |= dict.fromkeys(_FLOATS, 0.0) | dict.fromkeys(_TEXTS, "")
    empty |= {name: float(fields[name]) for name in _FLOATS if name in fields}
    others = {name: fields[name] for name in FIELDS if name in fields and name not in _FLOATS}
    return TradeRequest(**(empty | others))


def read_request(asked: TradeRequest, market: Market, symbol: str) -> Request:
    """Turn doubles into points of `symbol` and 10^-8 lots."""
    found = market.symbols.get(symbol)
    digits = found.digits if found else 0
    values: dict[str, Any] = asked._asdict()
    off = []
    for name in ("price", "stoplimit", "sl", "tp"):
        points = round_to_scale(float(values[name]), digits)
        if abs(values[name] * 10**digits - points) > _TOLERANCE:
            off.append(name)
        values[name] = points
    values["volume"] = round_to_scale(float(values["volume"]), LOT_DIGITS)
    values["symbol"] = symbol
    return Request(**values, off=tuple(off))


def is_pending(kind: int) -> bool:
    """Say whether an order type rests until a price comes."""
    return api.ORDER_TYPE_BUY_LIMIT <= kind <= api.ORDER_TYPE_SELL_STOP_LIMIT
