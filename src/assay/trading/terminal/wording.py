"""What a server writes beside its return codes."""

from __future__ import annotations

from typing import Final

from assay.trading.brokers.mt5 import api

COMMENTS: Final[dict[int, str]] = {
    api.TRADE_RETCODE_REQUOTE: "Requote",
    api.TRADE_RETCODE_REJECT: "Request rejected",
    api.TRADE_RETCODE_CANCEL: "Request canceled by trader",
    api.TRADE_RETCODE_PLACED: "Request placed",
    api.TRADE_RETCODE_DONE: "Request executed",
    api.TRADE_RETCODE_DONE_PARTIAL: "Request executed partially",
    api.TRADE_RETCODE_ERROR: "Common error",
    api.TRADE_RETCODE_TIMEOUT: "Request timeout",
    api.TRADE_RETCODE_INVALID: "Invalid request",
    api.TRADE_RETCODE_INVALID_VOLUME: "Invalid volume",
    api.TRADE_RETCODE_INVALID_PRICE: "Invalid price",
    api.TRADE_RETCODE_INVALID_STOPS: "Invalid stops",
    api.TRADE_RETCODE_TRADE_DISABLED: "Trade disabled",
    api.TRADE_RETCODE_MARKET_CLOSED: "Market closed",
    api.TRADE_RETCODE_NO_MONEY: "No money",
    api.TRADE_RETCODE_PRICE_CHANGED: "Price changed",
    api.TRADE_RETCODE_PRICE_OFF: "No prices",
    api.TRADE_RETCODE_INVALID_EXPIRATION: "Invalid expiration",
    api.TRADE_RETCODE_ORDER_CHANGED: "Order was changed",
    api.TRADE_RETCODE_TOO_MANY_REQUESTS: "Too many requests",
    api.TRADE_RETCODE_NO_CHANGES: "No changes",
    api.TRADE_RETCODE_SERVER_DISABLES_AT: "AutoTrading disabled by server",
    api.TRADE_RETCODE_CLIENT_DISABLES_AT: "AutoTrading disabled by client",
    api.TRADE_RETCODE_LOCKED: "Order locked",
    api.TRADE_RETCODE_FROZEN: "Order frozen",
    api.TRADE_RETCODE_INVALID_FILL: "Unsupported filling mode",
    api.TRADE_RETCODE_CONNECTION: "No connection",
    api.TRADE_RETCODE_ONLY_REAL: "Allowed for real accounts only",
    api.TRADE_RETCODE_LIMIT_ORDERS: "Limit of orders reached",
    api.TRADE_RETCODE_LIMIT_VOLUME: "Limit of volume reached",
    api.TRADE_RETCODE_INVALID_ORDER: "Invalid order",
    api.TRADE_RETCODE_POSITION_CLOSED: "Position closed",
    api.TRADE_RETCODE_INVALID_CLOSE_VOLUME: "Invalid close volume",
    api.TRADE_RETCODE_CLOSE_ORDER_EXIST: "Close order already exists",
    api.TRADE_RETCODE_LIMIT_POSITIONS: "Limit of positions reached",
    api.TRADE_RETCODE_REJECT_CANCEL: "Cancel rejected",
    api.TRADE_RETCODE_LONG_ONLY: "Long positions only",
    api.TRADE_RETCODE_SHORT_ONLY: "Short positions only",
    api.TRADE_RETCODE_CLOSE_ONLY: "Only closing is allowed",
    api.TRADE_RETCODE_FIFO_CLOSE: "Closing in order only",
}
