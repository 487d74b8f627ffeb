"""Structures of the official MetaTrader 5 package, in its order, and its functions as a protocol.

Callers unpack by position, so order is part of the contract; facts.json has it from the wheel.
Those called Info are written as calls: no class statement of ours has such a name.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple, Protocol

Moment = datetime | int | float
"""A zoned datetime, or seconds since 1970; both are read as the wall clock of the server."""


class Tick(NamedTuple):
    """Hold the latest prices of a symbol."""

    time: int
    bid: float
    ask: float
    last: float
    volume: int
    time_msc: int
    flags: int
    volume_real: float


BookInfo = NamedTuple(  # noqa: UP014
    "BookInfo",
    [
        ("type", int), ("price", float), ("volume", int), ("volume_dbl", float),
    ],
)  # fmt: skip
"""Hold one row of the depth of market."""


class TradePosition(NamedTuple):
    """Hold an open position."""

    ticket: int
    time: int
    time_msc: int
    time_update: int
    time_update_msc: int
    type: int
    magic: int
    identifier: int
    reason: int
    volume: float
    price_open: float
    sl: float
    tp: float
    price_current: float
    swap: float
    profit: float
    symbol: str
    comment: str
    external_id: str


class TradeOrder(NamedTuple):
    """Hold a resting or past order."""

    ticket: int
    time_setup: int
    time_setup_msc: int
    time_done: int
    time_done_msc: int
    time_expiration: int
    type: int
    type_time: int
    type_filling: int
    state: int
    magic: int
    position_id: int
    position_by_id: int
    reason: int
    volume_initial: float
    volume_current: float
    price_open: float
    sl: float
    tp: float
    price_current: float
    price_stoplimit: float
    symbol: str
    comment: str
    external_id: str


class TradeDeal(NamedTuple):
    """Hold one deal of the history."""

    ticket: int
    order: int
    time: int
    time_msc: int
    type: int
    entry: int
    magic: int
    position_id: int
    reason: int
    volume: float
    price: float
    commission: float
    swap: float
    profit: float
    fee: float
    symbol: str
    comment: str
    external_id: str


class TradeRequest(NamedTuple):
    """Hold a request as it was sent."""

    action: int
    magic: int
    order: int
    symbol: str
    volume: float
    price: float
    stoplimit: float
    sl: float
    tp: float
    deviation: int
    type: int
    type_filling: int
    type_time: int
    expiration: int
    comment: str
    position: int
    position_by: int


class OrderSendResult(NamedTuple):
    """Hold what became of a request."""

    retcode: int
    deal: int
    order: int
    volume: float
    price: float
    bid: float
    ask: float
    comment: str
    request_id: int
    retcode_external: int
    request: TradeRequest


class OrderCheckResult(NamedTuple):
    """Hold what a request would do to the account."""

    retcode: int
    balance: float
    equity: float
    profit: float
    margin: float
    margin_free: float
    margin_level: float
    comment: str
    request: TradeRequest


AccountInfo = NamedTuple(  # noqa: UP014
    "AccountInfo",
    [
        ("login", int), ("trade_mode", int), ("leverage", int), ("limit_orders", int),
        ("margin_so_mode", int), ("trade_allowed", bool), ("trade_expert", bool),
        ("margin_mode", int), ("currency_digits", int), ("fifo_close", bool), ("balance", float),
        ("credit", float), ("profit", float), ("equity", float), ("margin", float),
        ("margin_free", float), ("margin_level", float), ("margin_so_call", float),
        ("margin_so_so", float), ("margin_initial", float), ("margin_maintenance", float),
        ("assets", float), ("liabilities", float), ("commission_blocked", float), ("name", str),
        ("server", str), ("currency", str), ("company", str),
    ],
)  # fmt: skip
"""Hold the account."""


TerminalInfo = NamedTuple(  # noqa: UP014
    "TerminalInfo",
    [
        ("community_account", bool), ("community_connection", bool), ("connected", bool),
        ("dlls_allowed", bool), ("trade_allowed", bool), ("tradeapi_disabled", bool),
        ("email_enabled", bool), ("ftp_enabled", bool), ("notifications_enabled", bool),
        ("mqid", bool), ("build", int), ("maxbars", int), ("codepage", int), ("ping_last", int),
        ("community_balance", float), ("retransmission", float), ("company", str), ("name", str),
        ("language", str), ("path", str), ("data_path", str), ("commondata_path", str),
    ],
)  # fmt: skip
"""Hold the terminal."""


SymbolInfo = NamedTuple(  # noqa: UP014
    "SymbolInfo",
    [
        ("custom", bool), ("chart_mode", int), ("select", bool), ("visible", bool),
        ("session_deals", int), ("session_buy_orders", int), ("session_sell_orders", int),
        ("volume", int), ("volumehigh", int), ("volumelow", int), ("time", int), ("digits", int),
        ("spread", int), ("spread_float", bool), ("ticks_bookdepth", int), ("trade_calc_mode", int),
        ("trade_mode", int), ("start_time", int), ("expiration_time", int),
        ("trade_stops_level", int), ("trade_freeze_level", int), ("trade_exemode", int),
        ("swap_mode", int), ("swap_rollover3days", int), ("margin_hedged_use_leg", bool),
        ("expiration_mode", int), ("filling_mode", int), ("order_mode", int),
        ("order_gtc_mode", int),
        ("option_mode", int), ("option_right", int), ("bid", float), ("bidhigh", float),
        ("bidlow", float), ("ask", float), ("askhigh", float), ("asklow", float), ("last", float),
        ("lasthigh", float), ("lastlow", float), ("volume_real", float), ("volumehigh_real", float),
        ("volumelow_real", float), ("option_strike", float), ("point", float),
        ("trade_tick_value", float), ("trade_tick_value_profit", float),
        ("trade_tick_value_loss", float), ("trade_tick_size", float),
        ("trade_contract_size", float),
        ("trade_accrued_interest", float), ("trade_face_value", float),
        ("trade_liquidity_rate", float), ("volume_min", float), ("volume_max", float),
        ("volume_step", float), ("volume_limit", float), ("swap_long", float),
        ("swap_short", float),
        ("margin_initial", float), ("margin_maintenance", float), ("session_volume", float),
        ("session_turnover", float), ("session_interest", float),
        ("session_buy_orders_volume", float), ("session_sell_orders_volume", float),
        ("session_open", float), ("session_close", float), ("session_aw", float),
        ("session_price_settlement", float), ("session_price_limit_min", float),
        ("session_price_limit_max", float), ("margin_hedged", float), ("price_change", float),
        ("price_volatility", float), ("price_theoretical", float), ("price_greeks_delta", float),
        ("price_greeks_theta", float), ("price_greeks_gamma", float), ("price_greeks_vega", float),
        ("price_greeks_rho", float), ("price_greeks_omega", float), ("price_sensitivity", float),
        ("basis", str), ("category", str), ("currency_base", str), ("currency_profit", str),
        ("currency_margin", str), ("bank", str), ("description", str), ("exchange", str),
        ("formula", str), ("isin", str), ("name", str), ("page", str), ("path", str),
    ],
)  # fmt: skip
"""Hold everything about a symbol."""


STRUCTURES: tuple[type[Any], ...] = (
    Tick, BookInfo, TradePosition, TradeOrder, TradeDeal, TradeRequest, OrderSendResult,
    OrderCheckResult, AccountInfo, TerminalInfo, SymbolInfo,
)  # fmt: skip


class TerminalApi(Protocol):
    """Do what the functions of the package do; None or False is a failure that `last_error` tells.

    An empty tuple is an answer and None is none: a caller must tell them apart.
    """

    def initialize(self, *unnamed: Any, **named: Any) -> bool:
        """Connect to a terminal, and to an account where one is named."""
        ...

    def shutdown(self) -> None:
        """Let go of the terminal."""
        ...

    def login(self, *unnamed: Any, **named: Any) -> bool:
        """Change to another account."""
        ...

    def version(self) -> tuple[int, int, str] | None:
        """Return version, build and date."""
        ...

    def terminal_info(self) -> TerminalInfo | None:
        """Return the state of the terminal."""
        ...

    def account_info(self) -> AccountInfo | None:
        """Return the account."""
        ...

    def copy_ticks_from(self, symbol: str, date_from: Moment, count: int, flags: int, /) -> Any:
        """Return ticks from a moment on."""
        ...

    def copy_ticks_range(
        self, symbol: str, date_from: Moment, date_to: Moment, flags: int, /
    ) -> Any:
        """Return ticks of a span."""
        ...

    def copy_rates_from(self, symbol: str, timeframe: int, date_from: Moment, count: int, /) -> Any:
        """Return bars up to a moment, the newest last."""
        ...

    def copy_rates_from_pos(
        self, symbol: str, timeframe: int, start_pos: int, count: int, /
    ) -> Any:
        """Return bars counted back from the unfinished one, which is 0."""
        ...

    def copy_rates_range(
        self, symbol: str, timeframe: int, date_from: Moment, date_to: Moment, /
    ) -> Any:
        """Return bars that open in a span."""
        ...

    def positions_total(self) -> int | None:
        """Return how many positions are open."""
        ...

    def positions_get(self, *unnamed: Any, **named: Any) -> tuple[TradePosition, ...] | None:
        """Return open positions, by `symbol`, `group` or `ticket` if named."""
        ...

    def orders_total(self) -> int | None:
        """Return how many orders rest."""
        ...

    def orders_get(self, *unnamed: Any, **named: Any) -> tuple[TradeOrder, ...] | None:
        """Return resting orders, by `symbol`, `group` or `ticket` if named."""
        ...

    def history_orders_total(self, date_from: Moment, date_to: Moment, /) -> int | None:
        """Return how many orders were done in a span."""
        ...

    def history_orders_get(self, *unnamed: Any, **named: Any) -> tuple[TradeOrder, ...] | None:
        """Return past orders of a span, of a `position` or a `ticket`."""
        ...

    def history_deals_total(self, date_from: Moment, date_to: Moment, /) -> int | None:
        """Return how many deals a span has."""
        ...

    def history_deals_get(self, *unnamed: Any, **named: Any) -> tuple[TradeDeal, ...] | None:
        """Return deals of a span, of a `position` or of the order `ticket`."""
        ...

    def order_check(self, *request: Any, **fields: Any) -> OrderCheckResult | None:
        """Say what a request would do to the account."""
        ...

    def order_send(self, *request: Any, **fields: Any) -> OrderSendResult | None:
        """Send a request to the server."""
        ...

    def order_calc_margin(
        self, action: int, symbol: str, volume: float, price: float, /
    ) -> float | None:
        """Return the margin of an order in account currency."""
        ...

    def order_calc_profit(
        self, action: int, symbol: str, volume: float, price_open: float, price_close: float, /
    ) -> float | None:
        """Return the profit of a trade in account currency."""
        ...

    def symbol_info(self, symbol: str, /) -> SymbolInfo | None:
        """Return everything about a symbol."""
        ...

    def symbol_info_tick(self, symbol: str, /) -> Tick | None:
        """Return the latest prices of a symbol."""
        ...

    def symbol_select(self, symbol: str, enable: bool = True, /) -> bool:
        """Show a symbol in the market watch, or hide it."""
        ...

    def symbols_total(self) -> int | None:
        """Return how many symbols there are."""
        ...

    def symbols_get(self, *unnamed: Any, **named: Any) -> tuple[SymbolInfo, ...] | None:
        """Return symbols, of a `group` if named."""
        ...

    def market_book_add(self, symbol: str, /) -> bool:
        """Subscribe to the depth of a symbol."""
        ...

    def market_book_release(self, symbol: str, /) -> bool:
        """End a subscription to depth."""
        ...

    def market_book_get(self, symbol: str, /) -> tuple[BookInfo, ...] | None:
        """Return the depth of a symbol."""
        ...

    def last_error(self) -> tuple[int, str]:
        """Return the number and text of the last call."""
        ...
