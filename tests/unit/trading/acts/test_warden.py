"""Acts on a desk: who holds entries back, what is reduced and how it is seen through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import count, pairwise
from typing import Any, TypeVar

import msgspec
import pytest

from assay.apps.lab.runs.drivers import feed_messages
from assay.apps.lab.runs.setup import Costs, Setup, prepare
from assay.model.errors import UsageError
from assay.model.halts import SOURCES
from assay.model.messages import (
    BarClosed,
    EntriesHalted,
    EntriesReleased,
    LimitsChanged,
    LimitSet,
    Message,
    OrderApproved,
    OrderDenied,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    PositionChanged,
    PositionNotFlat,
    ReductionRequested,
    SizeScaled,
    StopTightened,
    Tick,
)
from assay.model.time import MINUTE, SECOND, parse_time
from assay.runtime.ids import IdSource
from assay.runtime.runners import InlineRunner
from assay.trading.engine.loading import load_strategy
from assay.trading.engine.module import TradingDesk
from assay.trading.engine.warden import RiskWarden
from assay.trading.risk.acts.judge import AccountView, Reduce, Tighten, Wish
from assay.trading.risk.acts.margin import MarginJudge
from tests.replay.markets import generate_market

START = parse_time("2019-03-05T09:00:00Z")
IDS = count(1)
T = TypeVar("T", bound=Message)


def make_setup(risk: str = "reference") -> Setup:
    series = generate_market(("EURUSD",), 300, 2, gapped=False, quoted=True)
    return prepare(
        series, load_strategy("breakout"), given={"bars": "6", "units": "1000"}, risk=risk,
        costs=Costs(commission_bp=Decimal(1)),
    )  # fmt: skip


@pytest.fixture(scope="module")
def setup() -> Setup:
    return make_setup()


def message(kind: type[Message], ts: int = START, **fields: Any) -> Message:
    fields.setdefault("tenant", "local")
    if "source" in kind.__struct_fields__:
        fields = {"source": "operator", "reason": "by hand", **fields}
    if "by" in kind.__struct_fields__:
        fields.setdefault("by", "a person")
    return kind(id=next(IDS), ts_event=ts, ts_init=ts, **fields)


def quote(ts: int, bid: int, spread: int = 10) -> Message:
    return message(Tick, ts, symbol="EURUSD", bid=bid, ask=bid + spread, tenant="")


def at_venue(setup: Setup) -> Setup:
    return replace(setup, account=msgspec.structs.replace(setup.account, venue="mt5"))


def bars(setup: Setup) -> list[BarClosed]:
    return [each for each in feed_messages(setup, setup.events()) if isinstance(each, BarClosed)]


def of(kind: type[T], told: Sequence[Message]) -> list[T]:
    return [each for each in told if isinstance(each, kind)]


def run(desk: TradingDesk, feed: Sequence[Message]) -> list[Message]:
    return [answer for each in feed for answer in desk.handle(each)]


def enter(desk: TradingDesk, feed: list[BarClosed]) -> int:
    """Feed bars until a position is open; return the place of the next."""
    for place, bar in enumerate(feed):
        desk.handle(bar)
        if desk.world.positions[0, 0]["quantity"]:
            return place + 1
    raise AssertionError("nothing was entered")


def test_each_source_lifts_its_own_halt_alone(setup: Setup) -> None:
    desk, feed = setup.desk(IdSource(2).next), bars(setup)
    for source in ("twin", "prop"):
        desk.handle(message(EntriesHalted, source=source))
    denied = of(OrderDenied, run(desk, feed[:60]))
    assert {each.reason for each in denied} == {"entries_halted"}
    mask = sum(1 << SOURCES.index(source) for source in ("twin", "prop"))
    held = [one for each in denied for one in each.checks if one.rule == "entries_halted"]
    assert [one.value for one in held] == [mask] * len(denied)
    desk.handle(message(EntriesReleased, source="twin", actor="twin"))
    desk.handle(message(EntriesReleased, source="prop", actor="twin"))
    assert [halt.source for halt in desk.acts.halts()] == ["prop"]
    assert not of(OrderSubmitted, run(desk, feed[60:120]))
    desk.handle(message(EntriesReleased, source="prop", actor="operator"))
    assert of(OrderSubmitted, run(desk, feed[120:]))


def test_a_halt_of_one_instrument_leaves_the_others(setup: Setup) -> None:
    desk = setup.desk(IdSource(2).next)
    desk.handle(message(EntriesHalted, source="sources", symbol="GBPUSD"))
    assert of(OrderSubmitted, run(desk, bars(setup)))
    desk = setup.desk(IdSource(2).next)
    desk.handle(message(EntriesHalted, source="sources", symbol="EURUSD"))
    assert not of(OrderSubmitted, run(desk, bars(setup)))
    desk.handle(message(EntriesHalted, source="sources", symbol="EURUSD", tenant="stranger"))
    assert len(desk.acts.halts()) == 1


def test_a_limit_set_by_hand_lets_no_engine_stop_a_venues_account_out(setup: Setup) -> None:
    told = message(
        LimitsChanged, limits=(LimitSet("stop_out_level_bp", "9000"),), reason="a test"
    )  # fmt: skip
    for made, level in ((setup, 9_000), (at_venue(setup), 0)):
        desk = made.desk(IdSource(2).next)
        desk.handle(told)
        assert desk.world.limits[0, 0]["stop_out_level_bp"] == level


def test_a_stranger_to_the_sources_is_refused(setup: Setup) -> None:
    with pytest.raises(UsageError, match="unknown"):
        setup.desk(IdSource(2).next).handle(message(EntriesHalted, source="somebody"))


def test_halts_survive_a_snapshot(setup: Setup) -> None:
    desk = setup.desk(IdSource(2).next)
    desk.handle(message(EntriesHalted, source="band"))
    again = setup.desk(IdSource(2).next)
    again.restore(desk.snapshot())
    assert again.acts.halts() == desk.acts.halts()
    assert not of(OrderSubmitted, run(again, bars(setup)))


def test_a_size_held_back_is_floored_and_never_rounded_up() -> None:
    for held_back, expected in ((0, {1_000}), (5_000, {500}), (3_333, {666}), (10_000, set())):
        setup = make_setup()
        desk = setup.desk(IdSource(2).next)
        desk.handle(message(SizeScaled, account="paper", held_back=held_back))
        sent = of(OrderSubmitted, run(desk, bars(setup)))
        units = setup.instruments[0].lot_units // 100_000
        assert {abs(each.quantity) // units for each in sent} == expected


def test_a_reduction_asks_no_rule_and_passes_the_kill_switch() -> None:
    setup = make_setup("strict")
    desk, feed = setup.desk(IdSource(2).next), bars(setup)
    place = enter(desk, feed)
    held = int(desk.world.positions[0, 0]["quantity"])
    desk.world.accounts[0]["halted"] = 1
    told = desk.handle(
        message(ReductionRequested, account="paper", symbol="EURUSD", keep=abs(held) // 2)
    )
    approved, (sent,) = of(OrderApproved, told), of(OrderSubmitted, told)
    assert [(each.rules, each.checks) for each in approved] == [(0, ())]
    assert sent.quantity == -held // 2
    filled = of(OrderFilled, desk.handle(feed[place]))
    assert filled[0].key == sent.key
    assert filled[0].position == held - held // 2


def test_a_tightened_stop_never_moves_away(setup: Setup) -> None:
    desk, feed = setup.desk(IdSource(2).next), bars(setup)
    enter(desk, feed)
    position = desk.world.positions[0, 0]
    side, stop = (1 if position["quantity"] > 0 else -1), int(position["stop"])
    shared = {"account": "paper", "symbol": "EURUSD"}
    assert desk.handle(message(StopTightened, stop=stop - side, **shared)) == []
    assert desk.handle(message(StopTightened, stop=stop + side, **shared))
    assert position["stop"] == stop + side


class Trailing:
    """Wish a nearer stop at every price."""

    source = "volatility"

    def hear(self, message: Message) -> None: ...

    def look(self, view: AccountView) -> list[Wish]:
        return [Tighten("EURUSD", 112_900, "always")] if "EURUSD" in view.held else []

    def snapshot(self) -> bytes:
        return b""

    def restore(self, state: bytes) -> None: ...


class Closing:
    """Wish one symbol closed as long as it is open."""

    source = "risk"

    def __init__(self, *, emergency: bool = False, margin: bool = False, below: int = 0) -> None:
        self._wish = Reduce("EURUSD", 0, "enough", emergency, margin)
        self._below = below

    def hear(self, message: Message) -> None: ...

    def look(self, view: AccountView) -> list[Wish]:
        held = view.held.get("EURUSD")
        if held is None or (self._below and held.price >= self._below):
            return []
        return [self._wish]

    def snapshot(self) -> bytes:
        return b""

    def restore(self, state: bytes) -> None: ...


def hold_long(desk: TradingDesk, bid: int = 113_000, ts: int = START) -> None:
    """Give a desk a long position of one lot, bought at the ask, in a market with quotes."""
    desk.handle(quote(ts, bid))
    position, units = desk.world.positions[0, 0], 1_000
    position["quantity"], position["cost"] = units, units * (bid + 10)


def watch(desk: TradingDesk, *judges: Any) -> tuple[RiskWarden, InlineRunner]:
    warden = RiskWarden(desk, judges, desk.next_id)
    return warden, InlineRunner([desk, warden], wire=True)


def test_one_bad_quote_closes_nothing_three_sane_ones_do(setup: Setup) -> None:
    desk = setup.desk(IdSource(2).next)
    _, runner = watch(desk, Closing(emergency=True, below=112_000))
    hold_long(desk)
    path = [113_000] * 5 + [60_000] + [113_000] * 4 + [111_990, 113_000, 111_990, 111_990]
    for k, bid in enumerate(path):
        assert not of(ReductionRequested, runner.push(quote(START + (k + 1) * SECOND, bid))), k
    told = runner.push(quote(START + 99 * SECOND, 111_990))
    # The fall of 1 % was no usual move, so that its first quote was not believed.
    assert of(ReductionRequested, told) or of(
        ReductionRequested, runner.push(quote(START + 100 * SECOND, 111_990))
    )


def test_what_cannot_be_believed_is_looked_at_by_nobody(setup: Setup) -> None:
    desk = setup.desk(IdSource(2).next)
    _, runner = watch(desk, Closing())
    hold_long(desk)
    assert not of(ReductionRequested, runner.push(quote(START + SECOND, 113_000, -5)))
    assert of(ReductionRequested, runner.push(quote(START + 2 * SECOND, 113_000)))


def test_only_margin_closes_around_the_rollover() -> None:
    setup = make_setup("strict")
    rollover = parse_time("2019-03-05T22:00:00Z")
    for margin in (False, True):
        desk = setup.desk(IdSource(2).next)
        _, runner = watch(desk, Closing(margin=margin))
        hold_long(desk, ts=rollover - 6 * MINUTE)
        near = [rollover - 5 * MINUTE, rollover, rollover + 30 * MINUTE - 1]
        asked = [bool(of(ReductionRequested, runner.push(quote(ts, 113_000)))) for ts in near]
        assert any(asked) == margin
        late = runner.push(quote(rollover + 30 * MINUTE, 113_000))
        assert bool(of(ReductionRequested, late)) == (not margin)


def test_a_trailing_stop_stands_still_around_the_rollover() -> None:
    rollover = parse_time("2019-03-05T22:00:00Z")
    for risk, moves in (("reference", True), ("strict", False)):
        desk = make_setup(risk).desk(IdSource(2).next)
        hold_long(desk, ts=rollover - 7 * MINUTE)
        position = desk.world.positions[0, 0]
        position["trail"], position["guarded"], position["watch"] = 100, 1, 1
        desk.handle(quote(rollover - 6 * MINUTE, 113_100))
        assert position["stop"] == 113_000
        for ts in (rollover - 5 * MINUTE, rollover, rollover + 30 * MINUTE - 1):
            desk.handle(quote(ts, 113_200))
            assert (position["stop"] == 113_100) == moves
            desk.handle(message(StopTightened, account="paper", symbol="EURUSD", stop=113_050))
            assert (position["stop"] > 113_000) == moves
        desk.handle(quote(rollover + 30 * MINUTE, 113_200))
        assert position["stop"] == 113_100


def test_no_stop_is_asked_to_move_around_the_rollover() -> None:
    rollover = parse_time("2019-03-05T22:00:00Z")
    desk = make_setup("strict").desk(IdSource(2).next)
    _, runner = watch(desk, Trailing())
    hold_long(desk, ts=rollover - 6 * MINUTE)
    for ts, moves in ((rollover - 5 * MINUTE, False), (rollover, False),
                      (rollover + 30 * MINUTE, True)):  # fmt: skip
        told = runner.push(quote(ts, 113_000))
        assert bool(of(StopTightened, told)) == bool(of(PositionChanged, told)) == moves


def test_a_refused_reduction_is_not_flat_and_is_asked_for_again(setup: Setup) -> None:
    desk = at_venue(setup).desk(IdSource(2).next)
    _, runner = watch(desk, Closing())
    hold_long(desk)
    first = runner.push(quote(START + SECOND, 113_000))
    (sent,) = of(OrderSubmitted, first)
    for k in range(2, 6):
        assert not of(PositionNotFlat, runner.push(quote(START + k * SECOND, 113_000)))
    late = runner.push(quote(START + 6 * SECOND, 113_000))
    # Nobody knows what became of the order: told, but not sent again.
    assert [each.quantity for each in of(PositionNotFlat, late)] == [1_000]
    assert not of(OrderSubmitted, late)
    shared = {"key": sent.key, "account": "paper", "symbol": "EURUSD"}
    again = runner.push(
        message(OrderRejected, START + 7 * SECOND, retcode=10_027, reason="off", **shared)
    )
    (alarm,) = of(PositionNotFlat, again)
    assert (alarm.retcode, alarm.attempts) == (10_027, 1)
    assert [each.quantity for each in of(OrderSubmitted, again)] == [-1_000]
    assert [each.key for each in of(OrderSubmitted, again)] != [sent.key]


def test_attempts_come_at_growing_pauses(setup: Setup) -> None:
    desk = at_venue(setup).desk(IdSource(2).next)
    _, runner = watch(desk, MarginJudge(10_000))
    hold_long(desk)
    desk.world.accounts[0]["margin"] = 10**12
    times = []
    for k in range(1, 300):
        for sent in of(OrderSubmitted, runner.push(quote(START + k * SECOND, 113_000))):
            times.append(k)
            rejected = {"key": sent.key, "account": "paper", "symbol": "EURUSD", "reason": "off"}
            runner.push(message(OrderRejected, START + k * SECOND, **rejected))
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert pauses[:5] == [5, 10, 20, 40, 60]
    assert set(pauses[4:]) == {60}


def test_a_warden_goes_on_from_a_snapshot(setup: Setup) -> None:
    def make() -> tuple[TradingDesk, RiskWarden, InlineRunner]:
        desk = setup.desk(IdSource(2).next)
        return desk, *watch(desk, Closing(emergency=True))

    desk, warden, runner = make()
    hold_long(desk)
    for k in (1, 2):
        assert not of(ReductionRequested, runner.push(quote(START + k * SECOND, 113_000)))
    again, second, other = make()
    again.restore(desk.snapshot())
    second.restore(warden.snapshot())
    assert of(ReductionRequested, other.push(quote(START + 3 * SECOND, 113_000)))
    assert second.snapshot() != warden.snapshot()


def test_a_persons_reduction_is_seen_through_without_any_judge(setup: Setup) -> None:
    desk = at_venue(setup).desk(IdSource(2).next)
    warden, runner = watch(desk)
    hold_long(desk)
    asked = message(ReductionRequested, START, account="paper", symbol="EURUSD", keep=0)
    (sent,) = of(OrderSubmitted, runner.push(asked))
    shared = {"key": sent.key, "account": "paper", "symbol": "EURUSD"}
    refused = message(OrderRejected, START + SECOND, retcode=10_027, reason="off", **shared)
    assert not of(OrderSubmitted, runner.push(refused))
    restored, later = watch(desk)
    restored.restore(warden.snapshot())
    again = later.push(quote(START + 6 * SECOND, 113_000))
    assert [each.source for each in of(PositionNotFlat, again)] == ["operator"]
    assert [each.quantity for each in of(OrderSubmitted, again)] == [-1_000]
