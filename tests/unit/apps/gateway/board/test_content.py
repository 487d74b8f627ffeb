"""What the page shows, from messages alone: forming bars, decisions, limits, the equity curve."""

from __future__ import annotations

import math
import struct

import msgspec
import pytest

from assay.apps.gateway.board.content import Board
from assay.apps.gateway.board.explaining import Basis
from assay.apps.gateway.views import Decision, DecisionDetail, Feed, Halt, Rate
from assay.apps.paper.view.sheet import Held, Past, Sheet, Standing, Traded
from assay.model.messages import (
    BarClosed,
    DecisionMade,
    EquityMarked,
    FeaturesReady,
    Layer,
    Message,
    OrderApproved,
    OrderCancelled,
    OrderDenied,
    OrderFilled,
    OrderSubmitted,
    PatternsJudged,
    PatternVerdict,
    Predicted,
    RuleCheck,
    Tick,
    TradingHalted,
    Vote,
)
from assay.model.time import DAY, MINUTE, SECOND

START = 1_600_000_000 // 86_400 * DAY
FEED = Feed(source="sim", state="live", age_ms=0, speed=1.0, events=0, events_per_second=0.0)


def sheet() -> Sheet:
    traded = Traded(
        symbol="EURUSD", digits=5, pip_points=10, lot_units=100_000, timeframe=MINUTE,
        position_max=50_000, spread_max=30,
    )  # fmt: skip
    return Sheet(
        tenant="local", account="paper", run=1, currency="USD", currency_digits=2, source="sim",
        strategy="ai", model="m1", speed=1.0, version="0", exposure_max=0,
        daily_loss_max=100_000, drawdown_max_bp=2_000, margin_use_max_bp=5_000,
        traded=(traded, msgspec.structs.replace(traded, symbol="GBPUSD")),
        rules=("trading_halted", "margin", "drawdown"),
    )  # fmt: skip


class Desk:
    """Feed a board in the order of a journal."""

    def __init__(self) -> None:
        self.board = Board(sheet(), Halt(engaged=False, reason="", by="", since=None))
        self.place = 0

    def tell(self, *messages: Message) -> int:
        for message in messages:
            self.place += 1
            self.board.apply(self.place, message)
        return self.place

    def kinds(self) -> list[str]:
        changes = msgspec.to_builtins(self.board.take_changes(None))
        return [change["kind"] for change in changes]

    def detail(self, place: int, basis: Basis | None = None) -> DecisionDetail:
        cases = self.board.cases
        return cases.detail(cases.cases[place], self.board.sheet.rules, basis or Basis())

    def decisions(self) -> tuple[Decision, ...]:
        return self.board.snapshot(1, START, FEED).decisions


@pytest.fixture
def desk() -> Desk:
    return Desk()


def tick(second: float, bid: int, symbol: str = "EURUSD") -> Tick:
    ts = START + int(second * SECOND)
    return Tick(id=1, ts_event=ts, ts_init=ts, symbol=symbol, bid=bid, ask=bid + 12)


def bar(minute: int, close: int, symbol: str = "EURUSD") -> BarClosed:
    begins = START + minute * MINUTE
    return BarClosed(
        id=1, ts_event=begins + MINUTE, ts_init=begins, symbol=symbol, timeframe=MINUTE,
        ts_open=begins, open=110_000, high=max(close, 110_000), low=min(close, 110_000),
        close=close, spread_open=10, spread_high=10, spread_low=10, spread_close=10,
        has_ticks=True,
    )  # fmt: skip


def decided(number: int, target: int, position: int = 0) -> DecisionMade:
    return DecisionMade(
        id=number, ts_event=START, ts_init=START, tenant="local", account="paper", strategy="ai",
        symbol="EURUSD", ts_bar=START, target=target, position=position, reason="market",
    )  # fmt: skip


SHARED = {"ts_event": START, "ts_init": START, "tenant": "local", "account": "paper",
          "symbol": "EURUSD", "key": 77}  # fmt: skip
ORDER = {"ordinal": 0, "order_type": "market", "quantity": 20_000, "price": 0, "stop": 109_500,
         "target": 0}  # fmt: skip


def test_ticks_form_the_bar_that_closing_replaces(desk: Desk) -> None:
    desk.tell(tick(1, 110_000), tick(20, 110_030), tick(40, 109_990), tick(59, 110_010))
    chart = desk.board.charts["EURUSD"]
    forming = chart.bars(MINUTE, 5)[-1]
    assert forming.forming
    assert (forming.open, forming.high, forming.low, forming.close) == (
        1.1, 1.1003, 1.0999, 1.1001,
    )  # fmt: skip
    assert desk.kinds() == ["quote", "bar", "account", "limits", "positions"]
    desk.tell(bar(0, 110_010))
    assert [each.forming for each in chart.bars(MINUTE, 5)] == [False]
    desk.tell(tick(61, 110_020))
    assert [each.forming for each in chart.bars(MINUTE, 5)] == [False, True]
    assert desk.kinds() == ["quote", "bar", "bar"]
    assert desk.kinds() == []


def test_bars_are_bounded_and_join_to_longer_ones(desk: Desk) -> None:
    desk.tell(*[bar(minute, 110_000 + minute) for minute in range(1_203)])
    chart = desk.board.charts["EURUSD"]
    assert len(chart.bars(MINUTE, 2_000)) == 1_000
    five = chart.bars(5 * MINUTE, 2)
    assert [each.forming for each in five] == [False, True]
    assert (five[0].close, five[1].close) == (1.11199, 1.11202)
    assert chart.day_change() == pytest.approx(1.11202 / 1.1 - 1)


def test_the_bars_before_the_feed_open_the_chart(desk: Desk) -> None:
    begins = START - 2 * MINUTE
    past = [(begins + k * MINUTE, 110_000, 110_020, 109_990, 110_010, 9) for k in range(2)]
    desk.board.begin(Past(bars={"EURUSD": past, "XAUUSD": past}))
    desk.tell(bar(0, 110_040))
    chart = desk.board.charts["EURUSD"]
    closes = [each.close for each in chart.bars(MINUTE, 5)]
    assert closes == [1.1001, 1.1001, 1.1004]
    assert not desk.board.charts["GBPUSD"].closed


def forecast_of(outcome: str, number: int = 9, **given: object) -> DecisionMade:
    told = {
        "side": "short", "probability": 5_412, "lower": 5_108, "upper": 5_702, "cost": 1_250,
        "expected": -340, "reasons": ("forecast: m1 looks 30 bars ahead", "no_edge: not above 0"),
    }  # fmt: skip
    return msgspec.structs.replace(
        decided(number, 0), cause=8, outcome=outcome, reason=outcome, **{**told, **given}
    )


def test_a_decision_is_told_in_fractions_money_and_words(desk: Desk) -> None:
    place = desk.tell(forecast_of("abstain"))
    (shown,) = desk.decisions()
    assert (shown.outcome, shown.side, shown.lots) == ("abstain", "short", 0.0)
    assert (shown.probability, shown.lower, shown.upper) == (0.5412, 0.5108, 0.5702)
    assert (shown.cost, shown.expected) == (12.5, -3.4)
    assert [(each.code, each.text) for each in shown.reasons] == [
        ("forecast", "m1 looks 30 bars ahead"), ("no_edge", "not above 0"),
    ]  # fmt: skip
    assert desk.detail(place).checks == ()


def test_decisions_to_hold_stay_out_of_the_feed(desk: Desk) -> None:
    desk.tell(*[forecast_of("hold", number) for number in range(20, 30)], forecast_of("enter"))
    assert [each.outcome for each in desk.decisions()] == ["enter"]
    assert desk.kinds() == ["decision"]


def test_a_decision_names_the_forecast_and_the_features_behind_it(desk: Desk) -> None:
    place = desk.tell(forecast_of("abstain"))
    bar_of = {"ts_event": START, "ts_init": START, "symbol": "EURUSD", "timeframe": MINUTE}
    values = struct.pack("<2f", 0.25, math.nan)
    ready = FeaturesReady(
        id=7, feature_set="standard.1", digest="d", values=values, settled=True, **bar_of
    )
    shares = dict.fromkeys(
        ("p_long", "long_lower", "long_upper", "p_short", "short_lower", "short_upper"), 4_000
    )
    predicted = Predicted(
        id=8, cause=7, model="m1", state="ready", p_up=4_588, up_lower=4_298, up_upper=4_892,
        gain=80, loss=70, stop=60, target=60, horizon=30, **shares, **bar_of,
        votes=(Vote("lightgbm", 4_700), Vote("xgboost", None, "late")),
        layers=(Layer("regime", "confirmed", None, "volatility is calm"),),
    )  # fmt: skip
    inputs = {
        each.name: each.value
        for each in desk.detail(place, Basis(ready, predicted, ("rsi_14", "adx_14"))).inputs
    }
    assert inputs["probability: mid is higher"] == "0.4588 (0.4298 to 0.4892)"
    assert (inputs["model"], inputs["stop, in price"]) == ("m1", 0.0006)
    assert (inputs["vote: lightgbm"], inputs["vote: xgboost"]) == ("0.4700", "none, late")
    assert inputs["layer: regime"] == "confirmed: volatility is calm"
    assert (inputs["rsi 14"], inputs["adx 14"]) == (0.25, "unknown")
    unnamed = desk.detail(place, Basis(ready, predicted)).inputs
    assert [each.name for each in unnamed][-2:] == ["feature 1", "feature 2"]


def test_a_decision_shows_the_patterns_of_its_bar_beside_what_it_was_made_from(desk: Desk) -> None:
    place = desk.tell(forecast_of("abstain"))
    verdicts = (
        PatternVerdict("three_inside", -1, 3, "confirmed", 80, 48, 5_002, 7_003, 50, 30, 4_618,
                       7_239, 4_990, 8_100),
        PatternVerdict("flag", 1, 9, "unknown", 0, 0, 0, 10_000, 20, 9, 2_582, 6_579, 5_010, None),
    )  # fmt: skip
    judged = PatternsJudged(
        id=9, cause=6, ts_event=START, ts_init=START, symbol="EURUSD", timeframe=MINUTE, horizon=12,
        patterns=verdicts,
    )  # fmt: skip
    detail = desk.detail(place, Basis(judged=judged))
    down, up = detail.patterns
    assert (down.name, down.side, down.verdict) == ("three inside", "short", "confirmed")
    assert (down.confidence, down.chance) == (0.81, 0.499)
    assert down.history == Rate(share=0.6, low=0.5002, high=0.7003, count=80)
    assert down.neighbours.share == 0.6
    assert (up.side, up.confidence, up.history.share) == ("long", None, None)
    assert detail.inputs == desk.detail(place).inputs
    assert desk.detail(place).patterns == ()


def test_a_denied_decision_says_by_whom(desk: Desk) -> None:
    place = desk.tell(decided(5, 20_000))
    assert [each.outcome for each in desk.decisions()] == ["enter"]
    desk.tell(OrderDenied(id=6, cause=5, reason="margin", **SHARED, **ORDER))
    shown = desk.decisions()[0]
    assert (shown.id, shown.outcome, shown.denied_by, shown.side, shown.lots) == (
        str(place), "denied", "margin", "long", 0.2,
    )  # fmt: skip
    assert shown.probability is None
    detail = desk.detail(place)
    assert [(each.rule, each.passed, each.value) for each in detail.checks] == [
        ("trading_halted", True, None), ("margin", False, None),
    ]  # fmt: skip
    assert detail.order is not None
    assert (detail.order.state, detail.order.reason) == ("denied", "margin")
    assert desk.kinds() == ["decision", "order"]


def test_a_denied_decision_shows_what_each_rule_measured(desk: Desk) -> None:
    place = desk.tell(decided(5, 20_000))
    told = (
        RuleCheck("trading_halted", "allowed", "exactly", 0, 0, "halt"),
        RuleCheck("trade_mode", "denied", "permitted_by", 1, 2, "trade_mode"),
        RuleCheck("unknown_price", "allowed", "at_most", 110_010, 1_000_000, "price"),
        RuleCheck("stale_data", "allowed", "at_most", 90 * SECOND, 3_600 * SECOND, "nanoseconds"),
        RuleCheck("session_closed", "exempt", "exactly", 0, 1, "session"),
        RuleCheck("spread_too_wide", "denied", "at_most", 31, 25, "points"),
        RuleCheck("position_limit", "allowed", "at_most", 20_000, 50_000, "units"),
        RuleCheck("margin", "denied", "at_most", None, 512_345, "money"),
        RuleCheck("drawdown", "no_limit", "below", 1_250, None, "money"),
        RuleCheck("too_many_orders", "denied", "at_most", 9, 8, "orders"),
    )
    desk.tell(OrderDenied(id=6, cause=5, reason="trade_mode", checks=told, **SHARED, **ORDER))
    shown = {each.rule: each for each in desk.detail(place).checks}
    assert list(shown) == [each.rule for each in told]
    assert [(each.value, each.limit, each.unit, each.digits) for each in shown.values()] == [
        ("running", "running", "", 0), ("buy", "short only", "", 0), (1.1001, 10.0, "", 5),
        (90.0, 3_600.0, "s", 0), ("closed", "open", "", 0), (3.1, 2.5, "pips", 1),
        (0.2, 0.5, "lots", 2), (None, 5_123.45, "USD", 2), (12.5, None, "USD", 2),
        (9.0, 8.0, "orders", 0),
    ]  # fmt: skip
    assert [each.verdict for each in shown.values()] == [each.verdict for each in told]
    assert [each.rule for each in shown.values() if not each.passed] == [
        "trade_mode", "spread_too_wide", "margin", "too_many_orders",
    ]  # fmt: skip


def test_a_decision_is_followed_to_its_fill(desk: Desk) -> None:
    place = desk.tell(decided(5, 20_000))
    desk.tell(
        OrderApproved(id=6, cause=5, quantity=20_000, rules=3, **SHARED),
        OrderSubmitted(id=7, cause=6, strategy="ai", ts_bar=START, **SHARED, **ORDER),
        OrderFilled(
            id=8, fill=1, quantity=20_000, price=110_005, price_digits=5, commission=70,
            profit=0, spread_cost=0, slippage_cost=0, rate_num=1, rate_den=1, position=20_000,
            kind="exact", reason="market", **SHARED,
        ),
    )  # fmt: skip
    detail = desk.detail(place)
    assert [each.passed for each in detail.checks] == [True, True, True]
    assert detail.order is not None
    assert (detail.order.state, detail.order.stop, detail.order.target) == ("filled", 1.095, None)
    assert [fill.commission for fill in detail.fills] == [0.7]
    held = Held(
        symbol="EURUSD", quantity=20_000, cost=20_000 * 110_005, unrealised=-240, stop=109_500,
        target=0,
    )  # fmt: skip
    desk.tell(tick(1, 109_993))
    desk.board.stand(standing(positions=(held,)))
    position = desk.board.positions()[0]
    assert (position.entry, position.price, position.profit, position.opened[:4]) == (
        1.10005, 1.09993, -2.4, "2020",
    )  # fmt: skip
    limits = {each.reason_code: each for each in desk.board.snapshot(1, START, FEED).limits}
    assert limits["position_limit"].share == pytest.approx(0.4)
    assert limits["spread_too_wide"].share == pytest.approx(0.4)
    assert limits["exposure_limit"].share is None


def standing(**given: object) -> Standing:
    known = {
        "next": 1, "done": False, "balance": 9_990_000, "unrealised": 0, "margin": 500_000,
        "peak": 10_000_000, "day_start": 10_000_000, "exposure": 0, "positions": (),
    }  # fmt: skip
    return msgspec.convert({**known, **given}, Standing)


def test_limits_say_how_far_they_are_used(desk: Desk) -> None:
    desk.board.stand(standing())
    shown = desk.board.snapshot(1, START, FEED)
    limits = {each.reason_code: each for each in shown.limits}
    assert limits["daily_loss"].share == pytest.approx(0.1)
    assert limits["drawdown"].value == pytest.approx(0.1)
    assert limits["margin"].value == pytest.approx(100 * 500_000 / 9_990_000)
    assert (shown.account.day_profit, shown.account.margin_level) == (-100.0, 19.98)


def test_an_order_that_rests_can_be_cancelled_and_a_halt_is_shown(desk: Desk) -> None:
    desk.tell(
        OrderSubmitted(id=7, cause=6, strategy="ai", ts_bar=START, **SHARED, **ORDER),
        OrderCancelled(id=8, reason="halted", **SHARED),
        TradingHalted(id=9, ts_event=START, ts_init=START, tenant="local", reason="odd", by="rini"),
    )
    shown = desk.board.snapshot(1, START, FEED)
    assert [(each.state, each.reason) for each in shown.orders] == [("cancelled", "halted")]
    assert (shown.halt.engaged, shown.halt.by) == (True, "rini")
    assert desk.kinds() == ["order", "halt"]


def test_another_tenant_is_not_shown(desk: Desk) -> None:
    other = msgspec.structs.replace(decided(5, 20_000), tenant="another")
    desk.tell(other)
    assert desk.decisions() == ()


def test_the_equity_curve_is_thinned_and_keeps_its_ends(desk: Desk) -> None:
    for minute in range(5_000):
        desk.tell(
            EquityMarked(
                id=1, ts_event=START + minute * MINUTE, ts_init=START, tenant="local",
                account="paper", balance=10_000_000, equity=10_000_000 - minute, margin=0,
            )
        )  # fmt: skip
    points = desk.board.curve.points(2_000)
    assert len(points) <= 2_000
    assert (points[0].equity, points[-1].equity) == (100_000.0, 99_950.01)
    assert [each.time for each in points] == sorted({each.time for each in points})
    assert len(desk.board.snapshot(1, START, FEED).equity) == 500
    assert points[-1].drawdown == pytest.approx(4_999 / 10_000_000)


def test_a_decision_without_a_change_holds_and_one_to_nothing_exits(desk: Desk) -> None:
    desk.tell(decided(5, 20_000, 20_000), decided(6, 0, 20_000), decided(7, -20_000))
    shown = [(each.outcome, each.side) for each in desk.decisions()]
    assert shown == [("enter", "short"), ("exit", "flat"), ("hold", "long")]
