"""What the trader shows: one small picture of its state, in a file that the view reads."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from assay.apps.paper.control.notices import ALERTED, describe_notice
from assay.model.halts import EntryHalt
from assay.model.messages import (
    BarClosed,
    DecisionMade,
    EquityMarked,
    Message,
    OrderDenied,
    OrderFilled,
    OrderSubmitted,
    PatternsJudged,
    Tick,
    TradingHalted,
    TradingResumed,
)
from assay.model.time import format_time

if TYPE_CHECKING:  # whoever only reads the picture needs no engine
    from assay.apps.lab.runs.setup import Setup

PICTURE = "picture.json"
ORDERS_SHOWN = 12
ALERTS_SHOWN = 4
CURVE_POINTS = 240


class Line(msgspec.Struct, kw_only=True):
    """Hold one instrument: its quote, position in lots, and last decision with its last reason.

    `pattern` is the surest pattern that its last bar confirmed.
    """

    symbol: str
    digits: int
    bid: float = 0.0
    ask: float = 0.0
    spread_pips: float = 0.0
    position: float = 0.0
    decided: str = ""
    outcome: str = ""
    reason: str = ""
    pattern: str = ""


class Picture(msgspec.Struct, kw_only=True):
    """Hold the state as people read it: prices in the quote currency, money in the account's."""

    time: str = ""
    lines: list[Line] = []
    currency: str = "USD"
    balance: float = 0.0
    equity: float = 0.0
    margin: float = 0.0
    start: float = 0.0
    peak: float = 0.0
    curve: list[float] = []
    orders: list[str] = []
    alerts: list[str] = []
    events: int = 0
    events_total: int = 0
    orders_sent: int = 0
    fills: int = 0
    denied: int = 0
    abstained: int = 0
    halted: bool = False
    halt_reason: str = ""
    entries_halted: list[str] = []
    limits: dict[str, str] = {}
    done: bool = False
    run: int = 1
    strategy: str = ""


@dataclass(slots=True)
class Painter:
    """Keep the picture up to date from messages; write it whole, never half."""

    setup: Setup
    path: Path
    picture: Picture = field(default_factory=Picture)
    _money: float = 1.0
    _marked: int = 0
    _points: dict[str, float] = field(default_factory=dict)
    _lots: dict[str, float] = field(default_factory=dict)
    _pips: dict[str, float] = field(default_factory=dict)
    _lines: dict[str, Line] = field(default_factory=dict)
    _curve: deque[float] = field(default_factory=lambda: deque(maxlen=CURVE_POINTS))
    _orders: deque[str] = field(default_factory=lambda: deque(maxlen=ORDERS_SHOWN))
    _alerts: deque[str] = field(default_factory=lambda: deque(maxlen=ALERTS_SHOWN))

    def __post_init__(self) -> None:
        setup, picture = self.setup, self.picture
        self._money = 10.0**setup.account.currency_digits
        for spec, price in zip(setup.instruments, setup.pricing, strict=True):
            self._points[spec.symbol] = 10.0**price.digits
            self._lots[spec.symbol] = float(spec.lot_units)
            self._pips[spec.symbol] = spec.pip_points * 10.0 ** (price.digits - spec.digits)
            self._lines[spec.symbol] = Line(symbol=spec.symbol, digits=price.digits)
        picture.lines = list(self._lines.values())
        picture.start = picture.balance = picture.equity = setup.account.cash / self._money
        picture.peak = picture.start
        picture.currency, picture.strategy = setup.account.currency, setup.strategy.name
        picture.limits = describe_limits(setup)

    def observe(self, answers: list[Message]) -> None:
        """Take an event and everything that followed from it."""
        self.picture.events += 1
        for message in answers:
            kind = type(message)
            if kind is BarClosed or kind is Tick:
                self._see_price(message)  # type: ignore[arg-type]
            elif kind is DecisionMade:
                self._see_decision(message)  # type: ignore[arg-type]
            elif kind is EquityMarked:
                self._see_worth(message)  # type: ignore[arg-type]
            elif kind is OrderFilled:
                self._see_fill(message)  # type: ignore[arg-type]
            elif kind is OrderSubmitted or kind is OrderDenied:
                self._see_order(message)  # type: ignore[arg-type]
            elif kind is TradingHalted or kind is TradingResumed:
                self.picture.halted = kind is TradingHalted
                self.picture.halt_reason = message.reason  # type: ignore[attr-defined]
            elif kind in ALERTED:
                self.alert([message])

    def _see_price(self, message: BarClosed | Tick) -> None:
        symbol = message.symbol
        points, line = self._points[symbol], self._lines[symbol]
        if isinstance(message, BarClosed):
            bid, spread, line.pattern = message.close, message.spread_close, ""
        else:
            bid, spread = message.bid, message.ask - message.bid
        self.picture.time = format_time(message.ts_event)
        line.bid, line.ask = bid / points, (bid + spread) / points
        line.spread_pips = spread / self._pips[symbol]

    def _see_decision(self, made: DecisionMade) -> None:
        line = self._lines[made.symbol]
        self.picture.abstained += made.outcome == "abstain"
        line.decided, line.outcome = format_time(made.ts_event), made.outcome or made.reason
        line.reason = made.reasons[-1].partition(": ")[2] if made.reasons else ""

    def alert(self, notices: list[Message]) -> None:
        """Note what was found beside the trading, where it is an alert."""
        for notice in notices:
            told = describe_notice(notice)
            if told:
                self._alerts.appendleft(f"{_second(notice.ts_event)}  {told}")

    def see_patterns(self, told: PatternsJudged) -> None:
        """Take what is told of an instrument's last bars."""
        confirmed = [each for each in told.patterns if each.verdict == "confirmed"]
        if confirmed:
            surest = max(confirmed, key=lambda each: each.confidence or 0)
            side = "up" if surest.side > 0 else "down"
            self._lines[told.symbol].pattern = (
                f"{surest.pattern.replace('_', ' ')} {side}, {surest.hits / surest.count:.0%} of "
                f"{surest.count:,}"
            )

    def hold(self, symbol: str, units: int) -> None:
        """Note what is held of an instrument."""
        self._lines[symbol].position = units / self._lots[symbol]

    def _see_worth(self, mark: EquityMarked) -> None:
        picture = self.picture
        picture.balance, picture.equity = mark.balance / self._money, mark.equity / self._money
        picture.margin = mark.margin / self._money
        picture.peak = max(picture.peak, picture.equity)
        # Bars of several instruments close at once; they are one point of the curve.
        if mark.ts_event == self._marked and self._curve:
            self._curve.pop()
        self._marked = mark.ts_event
        self._curve.append(picture.equity)

    def _see_fill(self, fill: OrderFilled) -> None:
        picture = self.picture
        picture.fills += 1
        self.hold(fill.symbol, fill.position)
        self._orders.appendleft(
            f"{_second(fill.ts_event)}  {'BUY ' if fill.quantity > 0 else 'SELL'} "
            f"{abs(fill.quantity) / self._lots[fill.symbol]:,.2f} {fill.symbol} @ "
            f"{fill.price / self._points[fill.symbol]:.{fill.price_digits}f}  {fill.reason}  "
            f"profit {fill.profit / self._money:,.2f}"
        )

    def _see_order(self, order: OrderSubmitted | OrderDenied) -> None:
        if isinstance(order, OrderSubmitted):
            self.picture.orders_sent += 1
            return
        self.picture.denied += 1
        line = self._lines[order.symbol]
        line.outcome, line.reason = "denied", order.reason
        self._orders.appendleft(
            f"{_second(order.ts_event)}  DENIED "
            f"{order.quantity / self._lots[order.symbol]:+,.2f} {order.symbol}  {order.reason}"
        )

    def write(self) -> None:
        """Replace the picture's file."""
        self.picture.curve, self.picture.orders = list(self._curve), list(self._orders)
        self.picture.alerts = list(self._alerts)
        fresh = self.path.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(self.picture))
        fresh.replace(self.path)


def describe_halts(halts: Sequence[EntryHalt]) -> list[str]:
    """Return what holds entries back, in words.

    >>> describe_halts([EntryHalt("twin", "the gap is too wide", "assay", 0, "EURUSD")])
    ['EURUSD by twin: the gap is too wide']
    """
    return [f"{halt.symbol or 'all'} by {halt.source}: {halt.reason}" for halt in halts]


def _second(ts: int) -> str:
    return format_time(ts)[:19].replace("T", " ")


def describe_limits(setup: Setup) -> dict[str, str]:
    """Return the limits in force as people say them."""
    profile = setup.profile
    shown = {
        "profile": profile.name,
        "position": f"{profile.position_max_lots} lots" if profile.position_max_lots else "none",
        "daily loss": _percent(profile.daily_loss_max_bp),
        "drawdown": _percent(profile.drawdown_max_bp),
        "margin use": _percent(profile.margin_use_max_bp),
        "spread": f"{profile.spread_max_pips} pips" if profile.spread_max_pips else "none",
        "stop-out": _percent(profile.stop_out_level_bp),
    }
    return {name: str(value) for name, value in shown.items()}


def _percent(basis_points: int) -> str:
    return f"{basis_points / 100:g} %" if basis_points else "none"


def read_picture(path: Path) -> Picture | None:
    """Return the last picture, or None where there is none yet."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Picture)
    except (OSError, msgspec.DecodeError):
        return None
