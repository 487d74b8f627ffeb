"""Everything the page shows, held in memory and brought forward one message at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

from assay.apps.gateway.board.alerts import NAMES, alert_view
from assay.apps.gateway.board.cases import KEPT, Case, Cases
from assay.apps.gateway.board.chart import Chart
from assay.apps.gateway.board.orders import ASKED_STATES, Asked
from assay.apps.gateway.board.scale import Scale, moment, timeframe_name
from assay.apps.gateway.board.worth import (
    RECENT,
    EquityCurve,
    account_view,
    limit_views,
    position_view,
)
from assay.apps.gateway.views import (
    AccountChange,
    Alert,
    AlertChange,
    Bar,
    BarChange,
    Change,
    DecisionChange,
    EquityChange,
    Feed,
    FeedChange,
    Fill,
    FillChange,
    Halt,
    HaltChange,
    LimitsChange,
    Order,
    OrderChange,
    Position,
    PositionsChange,
    QuoteChange,
    Snapshot,
    SymbolView,
)
from assay.apps.paper.view.sheet import Past, Sheet, Standing
from assay.model.messages import (
    BarClosed,
    DecisionMade,
    EquityMarked,
    Message,
    OrderApproved,
    OrderCancelled,
    OrderChanged,
    OrderDenied,
    OrderFilled,
    OrderSubmitted,
    PositionChanged,
    Tick,
    TradingHalted,
    TradingResumed,
)

DECISIONS_SHOWN = 100
LISTED = 200
ALERTS_SHOWN = 50


class Board:
    """Hold one account's state as the journal tells it, up to and with `place`.

    The run began at the place `start`. It depends on the messages alone, and on `standing`, the
    trader's own risk figures: a board filled again from the journal shows the same.
    """

    def __init__(
        self, sheet: Sheet, halt: Halt, *, kept: int = KEPT, with_holds: bool = False
    ) -> None:
        self.sheet, self.halt, self.place = sheet, halt, 0
        self.start = 0
        self.scale = Scale(sheet.traded, sheet.currency, sheet.currency_digits)
        self.cases = Cases(self.scale, kept=kept, with_holds=with_holds)
        self.curve = EquityCurve(self.scale)
        self.charts = {
            each.symbol: Chart(each.symbol, each.timeframe, self.scale) for each in sheet.traded
        }
        self.standing = Standing(
            next=0, done=False, balance=0, unrealised=0, margin=0, peak=0, day_start=0, exposure=0,
            positions=(),
        )  # fmt: skip
        self.alerts: deque[Alert] = deque(maxlen=ALERTS_SHOWN)
        self.waiting = Waiting()
        self._told: dict[type, Change] = {}
        self._routes: dict[type[Message], Any] = {
            BarClosed: self._close, Tick: self._tick, DecisionMade: self._decide,
            OrderApproved: self._approve, OrderDenied: self._deny, OrderSubmitted: self._submit,
            OrderCancelled: self._cancel, OrderFilled: self._fill, EquityMarked: self._mark,
            OrderChanged: self._change, PositionChanged: self._protect,
            **dict.fromkeys(ASKED_STATES, self._hear),
            TradingHalted: self._switch, TradingResumed: self._switch,
            **dict.fromkeys(NAMES, self.alert),
        }  # fmt: skip

    def begin(self, past: Past | None) -> None:
        """Take the bars before the run."""
        for symbol, bars in (past.bars if past else {}).items():
            if symbol in self.charts:
                self.charts[symbol].begin(bars)

    def apply(self, place: int, message: Message) -> None:
        """Bring the state forward by the message at a place of the journal."""
        self.place = place
        if message.tenant in ("", self.sheet.tenant) and type(message) in self._routes:
            self._routes[type(message)](place, message)

    def _close(self, _: int, bar: BarClosed) -> None:
        chart = self.charts.get(bar.symbol)
        if chart is not None and bar.timeframe == chart.timeframe:
            self.waiting.bars[(bar.symbol, bar.ts_open)] = chart.close(bar)
            self.waiting.quotes.add(bar.symbol)

    def _tick(self, _: int, tick: Tick) -> None:
        chart = self.charts.get(tick.symbol)
        if chart is not None:
            chart.tick(tick)
            self.waiting.quotes.add(tick.symbol)

    def _decide(self, place: int, made: DecisionMade) -> None:
        if made.symbol in self.charts:
            self._note(self.cases.decide(place, made))

    def _approve(self, _: int, approved: OrderApproved) -> None:
        self._note(self.cases.approve(approved))

    def _deny(self, _: int, denied: OrderDenied) -> None:
        if denied.symbol in self.charts:
            case, orders = self.cases.deny(denied)
            self._note(case)
            self._note_orders(orders)

    def _note(self, case: Case | None) -> None:
        if case is not None:
            self.waiting.cases[case.place] = case

    def _submit(self, _: int, sent: OrderSubmitted) -> None:
        if sent.symbol in self.charts:
            self._note_orders(self.cases.orders.enter(sent))

    def _cancel(self, _: int, cancelled: OrderCancelled) -> None:
        self._note_orders(self.cases.orders.cancel(cancelled))

    def _change(self, _: int, changed: OrderChanged) -> None:
        self._note_orders(self.cases.orders.change(changed))
        self._note(self.cases.change(changed))

    def _protect(self, _: int, changed: PositionChanged) -> None:
        self._note(self.cases.change(changed))

    def _hear(self, _: int, told: Asked) -> None:
        self._note_orders(self.cases.orders.hear(told))

    def _fill(self, place: int, filled: OrderFilled) -> None:
        if filled.symbol in self.charts:
            fill, orders = self.cases.fill(place, filled)
            self.waiting.fills.append(fill)
            self._note_orders(orders)

    def _note_orders(self, orders: Iterable[Order]) -> None:
        self.waiting.orders.update({order.key: order for order in orders})

    def _mark(self, _: int, marked: EquityMarked) -> None:
        if marked.account == self.sheet.account:
            self.waiting.has_equity = True
            self.curve.mark(marked)

    def alert(self, place: int, message: Message) -> None:
        """Take what was found beside the trading."""
        found = alert_view(place, message, self.scale)
        self.alerts.append(found)
        self.waiting.alerts.append(found)

    def _switch(self, _: int, message: TradingHalted | TradingResumed) -> None:
        self.halt = Halt(
            engaged=isinstance(message, TradingHalted), reason=message.reason, by=message.by,
            since=moment(message.ts_event),
        )  # fmt: skip
        self.waiting.halt = True

    @property
    def is_full(self) -> bool:
        """Say whether nothing older than what is held would be listed on the page."""
        return (
            len(self.cases.cases) >= DECISIONS_SHOWN
            and min(len(self.cases.orders), len(self.cases.fills)) >= LISTED
            and len(self.curve.recent) == RECENT
        )

    def stand(self, standing: Standing) -> None:
        """Take the trader's newest figures."""
        if standing != self.standing:
            self.standing, self.waiting.standing = standing, True

    def positions(self) -> tuple[Position, ...]:
        """Return the open positions."""
        return tuple(
            position_view(
                held, self.charts[held.symbol], self.scale, self.cases.opened.get(held.symbol)
            )
            for held in self.standing.positions
            if held.symbol in self.charts
        )

    def take_changes(self, feed: Feed | None) -> list[Change]:
        """Return what changed since the last call, each thing once, in its newest form."""
        waiting, self.waiting = self.waiting, Waiting()
        found: list[Change] = [*self._market_changes(waiting)]
        found += [DecisionChange(decision=self.cases.show(case)) for case in waiting.cases.values()]
        found += [OrderChange(order=order) for order in waiting.orders.values()]
        found += [FillChange(fill=fill) for fill in waiting.fills]
        found += [AlertChange(alert=alert) for alert in waiting.alerts]
        if waiting.has_equity:
            found.append(EquityChange(point=self.curve.recent[-1]))
        if waiting.standing or waiting.quotes:
            found += self._risk_changes()
        if waiting.halt:
            found.append(HaltChange(halt=self.halt))
        if feed is not None:
            found.append(FeedChange(feed=feed))
        return found

    def _risk_changes(self) -> Iterable[Change]:
        account = account_view(self.sheet, self.standing, self.scale)
        limits = limit_views(self.sheet, self.standing, self.charts, self.scale)
        candidates: tuple[Change, ...] = (
            AccountChange(account=account), LimitsChange(limits=limits),
            PositionsChange(positions=self.positions()),
        )  # fmt: skip
        for change in candidates:
            if self._told.get(type(change)) != change:
                self._told[type(change)] = change
                yield change

    def drop_changes(self) -> list[Change]:
        """Forget what changed, for a snapshot will tell it; return nothing."""
        self.waiting = Waiting()
        return []

    def _market_changes(self, waiting: Waiting) -> Iterable[Change]:
        for symbol in sorted(waiting.quotes):
            view = self._symbol(self.charts[symbol])
            yield QuoteChange(symbol=symbol, bid=view.bid, ask=view.ask, time=view.time)
        for (symbol, _), bar in waiting.bars.items():
            yield self._bar_change(symbol, bar)
        for symbol in sorted(waiting.quotes):
            forming = self.charts[symbol].forming()
            if forming is not None:
                yield self._bar_change(symbol, forming)

    def _bar_change(self, symbol: str, bar: Bar) -> BarChange:
        name = timeframe_name(self.charts[symbol].timeframe)
        return BarChange(symbol=symbol, timeframe=name, bar=bar, forming=bar.forming)

    def _symbol(self, chart: Chart) -> SymbolView:
        traded, price = self.scale.traded[chart.symbol], self.scale.price
        return SymbolView(
            symbol=chart.symbol, digits=traded.digits,
            pip=price(chart.symbol, traded.pip_points), bid=price(chart.symbol, chart.bid),
            ask=price(chart.symbol, chart.bid + chart.spread),
            spread_pips=chart.spread / traded.pip_points, time=moment(chart.ts),
            change_day=chart.day_change(),
        )  # fmt: skip

    def snapshot(self, seq: int, now: int, feed: Feed) -> Snapshot:
        """Return everything the page opens with; lists begin with the newest, curves the oldest."""
        cases = self.cases
        shown = list(cases.cases.values())[-DECISIONS_SHOWN:][::-1]
        return Snapshot(
            seq=seq, time=moment(now), feed=feed,
            symbols=tuple(self._symbol(chart) for chart in self.charts.values()),
            account=account_view(self.sheet, self.standing, self.scale),
            limits=limit_views(self.sheet, self.standing, self.charts, self.scale),
            positions=self.positions(), orders=cases.orders.newest(LISTED),
            fills=tuple(self.fills(LISTED)), decisions=tuple(cases.show(case) for case in shown),
            equity=tuple(self.curve.recent), halt=self.halt, alerts=tuple(self.alerts)[::-1],
        )  # fmt: skip

    def fills(self, limit: int) -> list[Fill]:
        """Return the newest executions first."""
        return [fill for _, fill in [*self.cases.fills.values()][: -limit - 1 : -1]]


class Waiting:
    """Hold what changed and was not sent yet."""

    def __init__(self) -> None:
        self.quotes: set[str] = set()
        self.bars: dict[tuple[str, int], Bar] = {}
        self.cases: dict[int, Case] = {}
        self.orders: dict[str, Order] = {}
        self.fills: list[Fill] = []
        self.alerts: deque[Alert] = deque(maxlen=ALERTS_SHOWN)
        self.has_equity = self.standing = self.halt = False

    @property
    def size(self) -> int:
        """Return how many things would be sent, about."""
        return len(self.bars) + len(self.cases) + len(self.orders) + len(self.fills)
