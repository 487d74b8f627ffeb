"""Limits, correlations and alarms while a trader runs: journalled, and the same after a crash."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import pytest

from assay.apps.lab.runs.drivers import feed_messages
from assay.apps.lab.runs.setup import Setup, prepare
from assay.apps.paper.control.orders import LIMIT, ControlOrder
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.kernel.rounding import OVERFLOW
from assay.model.errors import InvariantError, UsageError
from assay.model.messages import (
    CorrelationsMeasured,
    EquityMarked,
    LimitsChanged,
    Message,
    OrderApproved,
    OrderDenied,
    OrderFilled,
    OrderSubmitted,
    RiskThresholdBreached,
)
from assay.trading.engine.loading import load_strategy
from tests.replay.markets import generate_market
from tests.sim.crashing import Fuse, Place

SYMBOLS = ("EURUSD", "GBPUSD", "USDJPY")
Acts = Mapping[int, Callable[[PaperTrader], None]]
ENDS = 900


@pytest.fixture(scope="module")
def setup() -> Setup:
    series = generate_market(SYMBOLS, 400, 5, gapped=False, quoted=True)
    given = {"bars": "6", "units": "20000"}
    return prepare(series, load_strategy("breakout"), given=given, risk="default")


def trade(acts: Acts, stop: int) -> Callable[[PaperTrader], None]:
    """Return what trades up to an event, doing something after some of them."""

    def act(trader: PaperTrader) -> None:
        for message in feed_messages(trader.setup, trader.setup.events(), trader.next):
            if trader.next >= stop:
                break
            trader.handle(message)
            if trader.next in acts:
                acts[trader.next](trader)
        trader.commit()

    return act


def limit(**texts: str) -> Callable[[PaperTrader], None]:
    return lambda trader: trader.change_limits(texts, "a quiet week", "rini")


def measure(trader: PaperTrader) -> None:
    ts = int(trader.topology.desk.world.markets["ts"].max())
    matrix = CorrelationsMeasured(
        id=0, ts_event=ts, ts_init=ts, symbols=SYMBOLS, timeframe=1, returns=40,
        correlations=(9_000, None, -3_000),
    )  # fmt: skip
    trader.record([matrix])


ACTS = {
    200: limit(correlation_max="5000", duplicate_window="1s"),
    300: measure,
    500: limit(correlation_max="0", order_max_lots="0.1"),
    600: limit(order_max_lots="0", daily_loss_max_bp="2", weekly_loss_max_bp="3"),
}
KINDS = (OrderSubmitted, OrderDenied, OrderFilled, EquityMarked, RiskThresholdBreached)


def told(place: Place) -> list[object]:
    return [each for each in place.log.messages if isinstance(each, KINDS)]


def test_limits_hold_at_the_next_event_and_are_replayed(
    setup: Setup, tmp_path: Path, wire: bool
) -> None:
    whole = Place(setup, tmp_path / "whole.jsonl", wire=wire)
    left = whole.live(Fuse(), trade(ACTS, ENDS))
    assert left is not None
    denials = [
        (trader_next(setup, each.ts_event), each.reason)
        for each in whole.log.messages if isinstance(each, OrderDenied)
    ]  # fmt: skip
    spans = {
        "correlation": (200, 500), "order_volume": (500, 600),
    }  # fmt: skip
    for reason, (begins, ends) in spans.items():
        at = [place for place, each in denials if each == reason]
        assert at, reason
        assert begins <= min(at)
        assert max(at) <= ends + len(SYMBOLS), reason
    assert {"daily_loss"} & {each for place, each in denials if place > 600}
    assert left.limits["weekly_loss_max_bp"] == "3"
    assert left.limits["margin_use_max_bp"] == "5000"

    again = Place(setup, tmp_path / "again.jsonl", wire=wire)
    for stop in (250, 350, 650, ENDS):
        assert again.live(Fuse(), trade(ACTS, stop)) is not None
        if stop == 350:
            again.log.snapshots.clear()  # from the first event, through every change
    assert told(again) == told(whole)
    found = again.live(Fuse(), lambda _: None)
    assert found is not None
    assert found.topology.desk.snapshot() == left.topology.desk.snapshot()
    assert found.limits == left.limits


def trader_next(setup: Setup, ts: int) -> int:
    """Return how many events had come by a time."""
    return int((setup.events()["ts"] <= ts).sum())


def test_correlations_that_were_told_are_known_for_their_pairs(
    setup: Setup, tmp_path: Path
) -> None:
    place = Place(setup, tmp_path / "book.jsonl")
    trader = place.live(Fuse(), trade({30: measure}, 40))
    assert trader is not None
    matrix = trader.topology.desk.world.correlations
    assert matrix[0, 1] == matrix[1, 0] == 9_000
    assert matrix[1, 2] == matrix[2, 1] == -3_000
    assert matrix[0, 2] == matrix[2, 0] == OVERFLOW
    assert trader.topology.desk.world.accounts["correlations_ts"][0] > 0


def test_a_reached_limit_is_told_once(setup: Setup, tmp_path: Path, wire: bool) -> None:
    place = Place(setup, tmp_path / "book.jsonl", wire=wire)
    acts = {100: limit(daily_loss_max_bp="2", weekly_loss_max_bp="4", drawdown_max_bp="0")}
    assert place.live(Fuse(), trade(acts, ENDS)) is not None
    alarms = [each for each in place.log.messages if isinstance(each, RiskThresholdBreached)]
    marks = [each for each in place.log.messages if isinstance(each, EquityMarked)]
    assert {each.rule for each in alarms} == {"daily_loss", "weekly_loss"}
    for rule, limit_ in (("daily_loss", 2_000), ("weekly_loss", 4_000)):
        mine = [each for each in alarms if each.rule == rule]
        assert {each.limit for each in mine} == {limit_}
        assert all((each.value >= limit_) != each.warning for each in mine)
        assert all(each.value * 10 >= limit_ * 8 for each in mine)
        assert len(mine) < len(marks) // 20
        assert not all(each.warning for each in mine)


WAVERING = (
    (810, 30_000), (790, 24_000), (810, 26_000), (690, 29_000), (810, 24_000), (1_000, 19_000),
    (750, 24_000), (1_000, 19_000),
)  # fmt: skip
"""Losses of the day of at most 1,000, and margin levels of at least 20,000."""


def test_a_measure_that_wavers_at_the_warning_warns_once(setup: Setup, tmp_path: Path) -> None:
    """Between 70 and 80 % a warning is neither over nor told again; below 70 % it is over."""
    found: list[list[str]] = []

    def waver(trader: PaperTrader) -> None:
        desk = trader.topology.desk
        limits, account, watch = desk.world.limits, desk.world.accounts[0], desk.watch
        assert watch is not None
        limits["daily_loss_max"], limits["margin_level_min_bp"] = 1_000, 20_000
        limits["weekly_loss_max"] = limits["drawdown_max_bp"] = limits["exposure_max"] = 0
        account["alarms"], equity = 0, int(account["balance"] + account["unrealised"])
        watch.renew()
        cause = OrderFilled(
            id=1, ts_event=1, ts_init=1, key=1, fill=1, account="paper", symbol="EURUSD",
            quantity=1, price=1, price_digits=5, commission=0, profit=0, spread_cost=0,
            slippage_cost=0, rate_num=1, rate_den=1, position=1, kind="exact", reason="market",
        )  # fmt: skip
        for loss, level in WAVERING:
            account["day_start"], account["margin"] = equity + loss, equity * 10_000 // level
            told = watch.tell(cause, lambda: 1)
            found.append(
                [
                    f"{each.rule} {each.warning}"
                    for each in told if isinstance(each, RiskThresholdBreached)
                ]
            )  # fmt: skip

    place = Place(setup, tmp_path / "book.jsonl")
    assert place.live(Fuse(), waver) is not None
    day, margin = "daily_loss", "margin_level"
    assert found == [
        [f"{day} True"], [f"{margin} True"], [], [], [f"{day} True", f"{margin} True"],
        [f"{day} False", f"{margin} False"], [], [],
    ]  # fmt: skip


def test_a_later_run_takes_up_what_was_set(setup: Setup, tmp_path: Path) -> None:
    first = Place(setup, tmp_path / "book.jsonl")
    assert first.live(Fuse(), trade({50: limit(order_max_lots="0.1")}, 60)) is not None
    first.setup_id = "second"
    trader = first.live(Fuse(), lambda _: None)
    assert trader is not None
    assert trader.limits["order_max_lots"] == "0.1"
    assert (trader.topology.desk.world.limits["order_max"] == 10_000).all()
    changes = [each for each in first.log.messages if isinstance(each, LimitsChanged)]
    assert [each.by for each in changes] == ["rini", "assay"]


def forget_rules(message: Message, rules: int) -> Message:
    """Return an order's answer as a program of fewer rules recorded it."""
    if isinstance(message, OrderApproved):
        return msgspec.structs.replace(message, checks=message.checks[:rules], rules=rules)
    if isinstance(message, OrderDenied):
        return msgspec.structs.replace(message, checks=message.checks[:rules])
    return message


def test_a_home_of_fewer_rules_is_brought_up_from_its_journal(setup: Setup, tmp_path: Path) -> None:
    place = Place(setup, tmp_path / "book.jsonl")
    left = place.live(Fuse(), trade({}, ENDS))
    assert left is not None
    place.log.messages[:] = [forget_rules(each, 12) for each in place.log.messages]
    last, _, _ = place.log.snapshots["paper"]
    place.log.snapshots["paper"] = (last, 1, b"of another shape")
    again = place.live(Fuse(), lambda _: None)
    assert again is not None
    assert again.topology.desk.snapshot() == left.topology.desk.snapshot()


def test_a_record_of_another_answer_is_found_out(setup: Setup, tmp_path: Path) -> None:
    place = Place(setup, tmp_path / "book.jsonl")
    assert place.live(Fuse(), trade({}, 400)) is not None
    at = next(n for n, each in enumerate(place.log.messages) if isinstance(each, OrderApproved))
    told = place.log.messages[at]
    assert isinstance(told, OrderApproved)
    first = msgspec.structs.replace(told.checks[0], value=7)
    place.log.messages[at] = msgspec.structs.replace(told, checks=(first, *told.checks[1:]))
    place.log.snapshots.clear()
    with pytest.raises(InvariantError, match="gave another OrderApproved than was recorded"):
        place.live(Fuse(), lambda _: None)


@pytest.mark.parametrize("limits", [{}, {"lots": "1"}, {"halted": "XAUUSD"}, {"collar_bp": "x"}])
def test_what_is_no_limit_changes_nothing(
    setup: Setup, tmp_path: Path, limits: dict[str, str]
) -> None:
    order = ControlOrder(LIMIT, "odd", "rini", limits=limits)

    def change(trader: PaperTrader) -> None:
        before = trader.topology.desk.snapshot()
        with pytest.raises(UsageError):
            trader.change_limits(order.limits or {}, order.reason, order.by)
        assert trader.topology.desk.snapshot() == before

    place = Place(setup, tmp_path / "book.jsonl")
    assert place.live(Fuse(), change) is not None
    assert not [each for each in place.log.messages if isinstance(each, LimitsChanged)]
