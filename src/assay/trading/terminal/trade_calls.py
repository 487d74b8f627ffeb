"""The package's functions of orders, positions, deals and requests."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

from assay.model.time import HOUR
from assay.model.values import round_to_scale
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.structures import (
    OrderCheckResult,
    OrderSendResult,
    TradeDeal,
    TradeOrder,
    TradePosition,
    TradeRequest,
)
from assay.trading.terminal.asking import Request, fill_in, find_fault, read_request
from assay.trading.terminal.checks import check_request, closes
from assay.trading.terminal.dealing import Answer
from assay.trading.terminal.market_calls import MarketCalls, names_in
from assay.trading.terminal.records import LOT_DIGITS
from assay.trading.terminal.session import Scripted
from assay.trading.terminal.wallclock import epoch, wall_ns
from assay.trading.terminal.wording import COMMENTS


class _Named(Protocol):
    @property
    def ticket(self) -> int: ...
    @property
    def symbol(self) -> str: ...


Shown = TypeVar("Shown", bound=_Named)
_FAR = 4e9
"""Seconds of the year 2096; beyond it nanoseconds leave 64 bits."""


class TradeCalls(MarketCalls):
    """Answer what is open, what rests, what was, and take requests."""

    _requests = 0

    def positions_total(self) -> int | None:
        """Return how many positions are open."""
        found = self.positions_get()
        return None if found is None else len(found)

    def positions_get(self, *unnamed: Any, **named: Any) -> tuple[TradePosition, ...] | None:
        """Return open positions, by `symbol`, `group` or `ticket` if named."""
        return self._pick(self._positions, unnamed, named)

    def orders_total(self) -> int | None:
        """Return how many orders rest."""
        found = self.orders_get()
        return None if found is None else len(found)

    def orders_get(self, *unnamed: Any, **named: Any) -> tuple[TradeOrder, ...] | None:
        """Return resting orders, by `symbol`, `group` or `ticket` if named."""
        return self._pick(self._orders, unnamed, named)

    def _positions(self) -> tuple[TradePosition, ...]:
        if self._seen is not None:
            return self._seen.positions
        show = self._showing().position
        return tuple(show(held) for held in self.desk.book.positions.values())

    def _orders(self) -> tuple[TradeOrder, ...]:
        if self._seen is not None:
            return self._seen.orders
        show = self._showing().order
        return tuple(show(order) for order in self.desk.book.orders.values())

    def _pick(
        self, find: Callable[[], tuple[Shown, ...]], unnamed: tuple[Any, ...], named: dict[str, Any]
    ) -> tuple[Shown, ...] | None:
        if not self._is_ready():
            return None
        if unnamed:
            self._fail(api.RES_E_INVALID_PARAMS, "Unnamed arguments not allowed")
            return None
        if not self._are_filters(named):
            return None
        self._succeed()
        found = find()
        if "symbol" in named:
            return tuple(item for item in found if item.symbol == named["symbol"])
        if "ticket" in named:
            return tuple(item for item in found if item.ticket == named["ticket"])
        return in_group(found, named.get("group", ""))

    def _are_filters(self, named: dict[str, Any]) -> bool:
        for name, value in named.items():
            kind = int if name in ("ticket", "position") else str
            if name in ("ticket", "position", "symbol", "group") and not isinstance(value, kind):
                return self._fail(api.RES_E_INVALID_PARAMS, f'Invalid "{name}" argument')
        return True

    def history_orders_total(self, date_from: Any, date_to: Any, /) -> int | None:
        """Return how many orders were done in a span."""
        found = self.history_orders_get(date_from, date_to)
        return None if found is None else len(found)

    def history_orders_get(self, *unnamed: Any, **named: Any) -> tuple[TradeOrder, ...] | None:
        """Return past orders of a span, of a `position` or a `ticket`."""
        if not self._is_ready() or not self._are_filters(named):
            return None
        past = self._seen_past()
        if "ticket" in named:
            self._succeed()
            return tuple(order for order in past if order.ticket == named["ticket"])
        if "position" in named:
            self._succeed()
            return tuple(order for order in past if order.position_id == named["position"])
        span = self._span(unnamed)
        if span is None:
            return None
        found = [order for order in past if span[0] <= order.time_setup <= span[1]]
        return in_group(found, named.get("group", ""))

    def history_deals_total(self, date_from: Any, date_to: Any, /) -> int | None:
        """Return how many deals a span has."""
        found = self.history_deals_get(date_from, date_to)
        return None if found is None else len(found)

    def history_deals_get(self, *unnamed: Any, **named: Any) -> tuple[TradeDeal, ...] | None:
        """Return deals of a span, of a `position` or of the order `ticket`."""
        if not self._is_ready() or not self._are_filters(named):
            return None
        deals = self._seen_deals()
        if "ticket" in named:
            self._succeed()
            return tuple(deal for deal in deals if deal.order == named["ticket"])
        if "position" in named:
            self._succeed()
            return tuple(deal for deal in deals if deal.position_id == named["position"])
        span = self._span(unnamed)
        if span is None:
            return None
        # A long account has many deals; those far from the span are not looked at.
        made = self.desk.book.deals
        first, last = (
            bisect_left(made, utc, key=lambda deal: deal.ts) for utc in self._around(span)
        )
        found = [deal for deal in deals[first:last] if span[0] <= deal.time <= span[1]]
        return in_group(found, named.get("group", ""))

    def _around(self, span: tuple[float, float]) -> tuple[int, int]:
        """Return a span of the wall clock as instants, with an hour's change of clocks to spare."""
        first, last = (
            self.server.clock.utc(wall_ns(min(max(moment, 0.0), _FAR))) for moment in span
        )
        return first - 2 * HOUR, last + 2 * HOUR

    def _seen_past(self) -> list[TradeOrder]:
        shown, done = self._shown_of()[1], self.desk.book.past
        if self._seen is not None:
            return shown[: self._seen.past]
        lag = self.switches.history_lag
        return shown[: bisect_right(done, self.now - lag, key=lambda order: order.done)]

    def _seen_deals(self) -> list[TradeDeal]:
        shown, made = self._shown_of()[2], self.desk.book.deals
        if self._seen is not None:
            return shown[: self._seen.deals]
        lag = self.switches.history_lag
        return shown[: bisect_right(made, self.now - lag, key=lambda deal: deal.ts)]

    def _span(self, unnamed: tuple[Any, ...]) -> tuple[float, float] | None:
        if len(unnamed) != 2:
            self._fail(api.RES_E_INVALID_PARAMS, "Invalid number of arguments")
            return None
        moments = [epoch(moment) for moment in unnamed]
        if moments[0] is None or moments[1] is None:
            place = "1st" if moments[0] is None else "2nd"
            self._fail(api.RES_E_INVALID_PARAMS, f"Invalid {place} unnamed argument")
            return None
        self._succeed()
        return moments[0], moments[1]

    def order_calc_margin(
        self, action: int, symbol: str, volume: float, price: float, /
    ) -> float | None:
        """Return the margin of an order in account currency."""
        market = self._priced(symbol, action)
        if market is None:
            return None
        points = round_to_scale(float(price), market.digits)
        lots = round_to_scale(float(volume), LOT_DIGITS)
        side = 1 if action == api.ORDER_TYPE_BUY else -1
        margin = self.desk.reckoning.margin(market, side, lots, points, self.now)
        if margin is None:
            self._fail(api.RES_E_FAIL)
            return None
        return self._showing().money(margin)

    def order_calc_profit(
        self, action: int, symbol: str, volume: float, price_open: float, price_close: float, /
    ) -> float | None:
        """Return the profit of a trade in account currency."""
        market = self._priced(symbol, action)
        if market is None:
            return None
        opened, closed = (
            round_to_scale(float(price), market.digits) for price in (price_open, price_close)
        )
        lots = round_to_scale(float(volume), LOT_DIGITS)
        side = 1 if action == api.ORDER_TYPE_BUY else -1
        profit = self.desk.reckoning.profit(market, side, (closed - opened) * lots)
        if profit is None:
            self._fail(api.RES_E_FAIL)
            return None
        return self._showing().money(profit)

    def order_check(self, *request: Any, **fields: Any) -> OrderCheckResult | None:
        """Say what a request would do to the account; `retcode` is 0 where it would pass."""
        asked = self._take(request, fields)
        if asked is None:
            return None
        wanted = self._wanted(asked)
        code = self._refusal() or check_request(self.desk, wanted, self.now)
        desk, show = self.desk, self._showing().money
        equity = desk.reckoning.equity(desk.book)
        used = desk.margin_used(self.now)
        market = self.server.market.symbols.get(wanted.symbol)
        if market is not None and wanted.action == api.TRADE_ACTION_DEAL:
            opened = wanted.volume - closes(desk, wanted)
            if opened > 0:
                used = desk.margin_after(market, wanted.side, opened, self.now)
        return OrderCheckResult(
            retcode=code, balance=show(desk.book.balance), equity=show(equity),
            profit=show(equity - desk.book.balance), margin=show(used),
            margin_free=show(equity - used),
            margin_level=round(100 * equity / used, 2) if used else 0.0,
            comment=COMMENTS.get(code, "Done"), request=asked,
        )  # fmt: skip

    def do_by_hand(self, asked: TradeRequest) -> OrderSendResult:
        """Do a request as the terminal's user does: at once, and with the reason CLIENT."""
        wanted = self._wanted(asked)
        wanted.by_hand = True
        return self._result(self.server.send(self.login_number, wanted, 0), asked)

    def order_send(self, *request: Any, **fields: Any) -> OrderSendResult | None:
        """Send a request to the server; None where it was not sent or its answer is lost."""
        asked = self._take(request, fields)
        if asked is None:
            return None
        self._requests += 1
        refusal = self._refusal()
        if refusal:
            return self._result(Answer(refusal), asked)
        scripted = self.switches.scripted.pop(0) if self.switches.scripted else None
        wanted = self._wanted(asked)
        if scripted is None:
            answer = self.server.send(self.login_number, wanted)
            self._mend()
            return self._result(answer, asked)
        return self._follow(scripted, wanted, asked)

    def _follow(
        self, scripted: Scripted, wanted: Request, asked: TradeRequest
    ) -> OrderSendResult | None:
        if scripted.drops_link:
            self.cut_link()
        answer = Answer(scripted.retcode)
        if scripted.executes:
            done = self.server.send(self.login_number, wanted, scripted.latency)
            answer = done if not scripted.retcode else answer
        elif scripted.latency:
            self.advance(self.now + scripted.latency)
        if scripted.is_lost:
            self._fail(api.RES_E_INTERNAL_FAIL_TIMEOUT)
            return None
        return self._result(answer, asked)

    def _take(self, request: tuple[Any, ...], fields: dict[str, Any]) -> TradeRequest | None:
        if not self._is_ready():
            return None
        if request and not (len(request) == 1 and isinstance(request[0], dict)):
            self._fail(api.RES_E_INVALID_PARAMS, "Unnamed arguments not allowed")
            return None
        given = request[0] if request else fields
        fault = find_fault(given)
        if fault or "action" not in given:
            self._fail(api.RES_E_INVALID_PARAMS, fault or "Invalid arguments")
            return None
        if not self.switches.api_enabled:
            self._fail(api.RES_E_AUTO_TRADING_DISABLED)
            return None
        self._succeed()
        return fill_in(given)

    def _wanted(self, asked: TradeRequest) -> Request:
        return read_request(asked, self.server.market, self._symbol_of(asked))

    def _symbol_of(self, asked: TradeRequest) -> str:
        book = self.desk.book
        if asked.symbol:
            return asked.symbol
        named = book.orders.get(asked.order) or book.positions.get(asked.position)
        return named.symbol if named is not None else ""

    def _refusal(self) -> int:
        """Return why the terminal itself or the account's switches refuse, 0 if they do not."""
        switches = self.switches
        if not switches.auto_trading:
            return api.TRADE_RETCODE_CLIENT_DISABLES_AT
        if not switches.link_up:
            return api.TRADE_RETCODE_CONNECTION
        if not switches.trade_allowed:
            return api.TRADE_RETCODE_TRADE_DISABLED
        return 0 if switches.experts_allowed else api.TRADE_RETCODE_SERVER_DISABLES_AT

    def _result(self, answer: Answer, asked: TradeRequest) -> OrderSendResult:
        market = self.server.market.symbols.get(self._symbol_of(asked))
        bid = ask = price = 0.0
        if market is not None:
            bid, ask = market.bid / market.scale, market.ask / market.scale
            price = answer.price / market.scale
        return OrderSendResult(
            retcode=answer.retcode, deal=answer.deal, order=answer.order,
            volume=answer.volume / 10**LOT_DIGITS, price=price, bid=bid, ask=ask,
            comment=COMMENTS.get(answer.retcode, ""), request_id=self._requests,
            retcode_external=0, request=asked,
        )  # fmt: skip


def in_group(found: Iterable[Shown], group: str) -> tuple[Shown, ...]:
    """Return what a group names: patterns joined by commas, those with ! left out.

    An empty group names all.
    """
    held = tuple(found)
    names = set(names_in({item.symbol for item in held}, group))
    return tuple(item for item in held if item.symbol in names)
