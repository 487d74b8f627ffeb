"""A person's orders while a platform trades: under every rule, journalled, alike after a crash."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from assay.apps.config import AccountConfig, Config
from assay.apps.lab.runs.setup import Setup, prepare
from assay.apps.lab.twins.journaldesk import LiveTrail
from assay.apps.paper.control.orders import (
    FLATTEN,
    LIST_ORDERS,
    RELEASE,
    TRADE,
    Answer,
    ByHand,
    ControlOrder,
    control_folder,
    leave_order,
)
from assay.apps.paper.control.release import release_code
from assay.apps.paper.plan import Plan
from assay.apps.paper.process import Session
from assay.apps.paper.trader.byhand import Waiting, list_waiting, obey
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.apps.paper.view.picture import PICTURE, Painter
from assay.model.messages import (
    DecisionMade,
    EntriesHalted,
    OrderApproved,
    OrderCancelled,
    OrderChanged,
    OrderDenied,
    OrderFilled,
    OrderSubmitted,
    PositionChanged,
    TradeRequested,
)
from assay.model.time import HOUR
from assay.runtime.clock import Stopwatch, SystemClock
from assay.runtime.home import Home, open_home
from assay.runtime.journal import Halt
from assay.trading.engine.loading import load_strategy
from tests.replay.markets import generate_market
from tests.sim.crashing import Fuse, Place
from tests.sim.test_limits import Acts, trade

SYMBOLS = ("EURUSD", "GBPUSD")
PATIENT = {"bars": "390", "units": "20000"}


def make_setup(mode: str = "netting", given: Mapping[str, str] = PATIENT) -> Setup:
    series = generate_market(SYMBOLS, 400, 5, gapped=False, quoted=True)
    return prepare(
        series,
        load_strategy("breakout"),
        given=dict(given),
        risk="default",
        config=Config(account=AccountConfig(margin_mode=mode)),
    )


@pytest.fixture(scope="module", params=["netting", "hedging"])
def setup(request: pytest.FixtureRequest) -> Setup:
    return make_setup(request.param)


def ask(trader: PaperTrader, action: str, symbol: str = "EURUSD", **wish: Any) -> Answer:
    by_hand = ByHand(action=action, symbol=symbol, **wish)
    return obey(trader, ControlOrder(TRADE, "as I see it", "rini", by_hand=by_hand))


def price(trader: PaperTrader, pips: int, symbol: str = "EURUSD") -> str:
    i = trader.setup.symbols.index(symbol)
    points = int(trader.topology.desk.world.markets[i]["bid"]) + 10 * pips
    digits = trader.topology.desk.plan.digits[i]
    return f"{points / 10**digits:.{digits}f}"


def place_limit(trader: PaperTrader) -> None:
    told = ask(trader, "limit", lots="0.3", price=price(trader, -900), stop=price(trader, -990))
    assert told.serves, told.text
    (waits,) = list_waiting(trader)
    assert (waits.lots, waits.side, waits.kind) == ("0.3", "buy", "limit")
    assert waits.key in told.text


def change_limit(trader: PaperTrader) -> None:
    (waits,) = list_waiting(trader)
    told = ask(trader, "change", key=waits.key, price=price(trader, -950), stop="none")
    assert told.serves, told.text
    (after,) = list_waiting(trader)
    assert (after.key, after.stop, after.price) == (waits.key, "", price(trader, -950))


def cancel(trader: PaperTrader) -> None:
    (waits,) = list_waiting(trader)
    told = ask(trader, "cancel", key=waits.key)
    assert told == Answer(True, f"order {waits.key} is cancelled")
    assert not list_waiting(trader)
    assert not ask(trader, "cancel", key=waits.key).serves


def sell(trader: PaperTrader) -> None:
    assert ask(trader, "market", "GBPUSD", lots="-0.5").serves
    assert ask(trader, "market", lots="0.4").serves


def protect(trader: PaperTrader) -> None:
    told = ask(trader, "protect", stop=price(trader, -900), target=price(trader, 900))
    assert told.serves, told.text
    assert not ask(trader, "protect", stop=price(trader, 900)).serves


def close_half(trader: PaperTrader) -> None:
    assert ask(trader, "close", lots="0.2").serves
    assert ask(trader, "close", "GBPUSD").serves


ACTS: Acts = {
    100: place_limit, 120: change_limit, 140: cancel, 160: sell, 200: protect, 240: close_half,
}  # fmt: skip
ENDS = 300
KINDS = (
    DecisionMade, OrderApproved, OrderSubmitted, OrderChanged, OrderCancelled, OrderFilled,
    PositionChanged, TradeRequested,
)  # fmt: skip


def told_of(place: Place, kind: type[Any]) -> list[Any]:
    """Return the messages of a type, without the ids, which count starts and recoveries too."""
    found = [each for each in place.log.messages if isinstance(each, kind)]
    return [msgspec.structs.replace(each, id=0, cause=0) for each in found]


def test_orders_by_hand_fill_and_are_replayed(setup: Setup, tmp_path: Path, wire: bool) -> None:
    whole = Place(setup, tmp_path / "whole.jsonl", wire=wire)
    left = whole.live(Fuse(), trade(ACTS, ENDS))
    assert left is not None
    held = dict(zip(SYMBOLS, left.topology.desk.world.positions[0]["quantity"], strict=True))
    assert held == {"EURUSD": 20_000, "GBPUSD": 0}
    assert {each.strategy for each in told_of(whole, OrderSubmitted)} == {"by-hand"}
    assert {each.reasons for each in told_of(whole, DecisionMade)} == {
        ("by_hand: rini, as I see it",)
    }
    keys = [each.key for each in told_of(whole, OrderSubmitted)]
    assert len({*keys}) == len(keys) == 5
    again = Place(setup, tmp_path / "again.jsonl", wire=wire)
    for stop in (130, 170, 245, ENDS):
        assert again.live(Fuse(), trade(ACTS, stop)) is not None
        if stop == 170:
            again.log.snapshots.clear()  # from the first event, through every order by hand
    found = again.live(Fuse(), lambda _: None)
    assert found is not None
    assert found.topology.desk.snapshot() == left.topology.desk.snapshot()
    for kind in KINDS:
        assert told_of(again, kind) == told_of(whole, kind)


def test_the_trail_of_a_day_hears_a_person_and_who_holds_entries_back(tmp_path: Path) -> None:
    setup = make_setup(given={"bars": "6", "units": "20000"})

    def flatten(trader: PaperTrader) -> None:
        assert obey(trader, ControlOrder(FLATTEN, "the storm", "rini")).serves

    place = Place(setup, tmp_path / "book.jsonl")
    assert place.live(Fuse(), trade({150: sell, 200: flatten}, 400)) is not None
    trail = LiveTrail(setup)
    for message in place.log.messages:
        trail.take(message)
    trail.require_agreement()
    assert any(each.reason == "entries_halted" for each in told_of(place, OrderDenied))


def test_a_person_may_trade_alone(tmp_path: Path) -> None:
    series = generate_market(SYMBOLS, 400, 5, gapped=False, quoted=True)
    setup = prepare(series, load_strategy("by-hand"), given={}, risk="default")
    whole = Place(setup, tmp_path / "whole.jsonl")
    left = whole.live(Fuse(), trade(ACTS, ENDS))
    assert left is not None
    assert left.topology.desk.world.positions[0]["quantity"].tolist() == [20_000, 0]
    assert len(told_of(whole, OrderSubmitted)) == 5
    again = Place(setup, tmp_path / "again.jsonl")
    for stop in (170, ENDS):
        assert again.live(Fuse(), trade(ACTS, stop)) is not None
    assert told_of(again, OrderFilled) == told_of(whole, OrderFilled)


def test_what_a_rule_denies_is_told_with_its_measure(setup: Setup, tmp_path: Path) -> None:
    answers: list[Answer] = []

    def overreach(trader: PaperTrader) -> None:
        answers.append(ask(trader, "market", lots="11"))
        answers.append(ask(trader, "limit", lots="0.1"))
        trader.halt("a drill", "rini")
        answers.append(ask(trader, "market", lots="0.1"))

    place = Place(setup, tmp_path / "book.jsonl")
    assert place.live(Fuse(), trade({100: overreach}, 110)) is not None
    assert [each.serves for each in answers] == [False, False, False]
    texts = ("denied by position_limit: 11.00 against 10.00 lots",
             "a limit order needs a price", "denied by trading_halted")  # fmt: skip
    for each, text in zip(answers, texts, strict=True):
        assert each.text.startswith(text), each.text
    assert not told_of(place, OrderSubmitted)


def test_flattening_closes_halted_or_not_and_nothing_is_opened(
    setup: Setup, tmp_path: Path
) -> None:
    def flatten(trader: PaperTrader) -> None:
        assert ask(trader, "limit", lots="0.1", price=price(trader, -900)).serves
        trader.halt("a drill", "rini")
        told = obey(trader, ControlOrder(FLATTEN, "the bank has spoken", "rini"))
        assert told.serves
        assert "EURUSD -40,000 units" in told.text
        trader.resume("over", "rini")
        assert not list_waiting(trader) or all(
            each.kind == "market" for each in list_waiting(trader)
        )

    def reopen(trader: PaperTrader) -> None:
        assert "entries_halted" in ask(trader, "market", lots="0.1").text

    place = Place(setup, tmp_path / "book.jsonl")
    left = place.live(Fuse(), trade({160: sell, 200: flatten, 220: reopen}, 230))
    assert left is not None
    assert not left.topology.desk.world.positions[0]["quantity"].any()
    assert [each.source for each in told_of(place, EntriesHalted)] == ["operator"]


@pytest.mark.parametrize(
    "wish",
    [
        {"action": "market", "lots": "much"}, {"action": "market", "lots": "0.0000001"},
        {"action": "limit", "lots": "1", "price": "-1"}, {"action": "buy", "lots": "1"},
        {"action": "limit", "lots": "1", "price": "1.1", "time_in_force": "soon"},
        {"action": "market", "lots": "1e999999"}, {"action": "market", "lots": "9e15"},
        {"action": "limit", "lots": "1", "price": "1e999999"},
        {"action": "twap", "lots": "1", "slices": 1 << 70, "every": 1},
        {"action": "twap", "lots": "1", "slices": -2, "every": 1 << 70},
        {"action": "limit", "lots": "1", "price": "1.1", "expires": 1 << 70},
        {"action": "cancel", "key": "0"}, {"action": "cancel", "key": "9" * 5_000},
        {"action": "cancel", "key": str(1 << 63)}, {"action": "cancel", "key": "-7"},
        {"action": "change", "key": "7"}, {"action": "close", "lots": "-1"}, {"action": "close"},
        {"action": "twap", "lots": "1", "slices": 2, "every": -(10**9)},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_words(tmp_path: Path, wish: dict[str, Any]) -> None:
    def act(trader: PaperTrader) -> None:
        told = ask(trader, **wish)
        assert not told.serves
        assert told.text
        listed = obey(trader, ControlOrder(LIST_ORDERS, "to see", "rini"))
        assert msgspec.json.decode(listed.text, type=list[Waiting]) == []

    place = Place(make_setup(), tmp_path / "book.jsonl")
    assert place.live(Fuse(), trade({5: act}, 6)) is not None
    assert not told_of(place, OrderSubmitted)


def test_nothing_is_opened_on_an_old_quote_of_a_live_market(tmp_path: Path) -> None:
    def act(trader: PaperTrader) -> None:
        now = int(trader.topology.desk.world.markets["ts"].max())
        wish = ByHand(action="market", symbol="EURUSD", lots="0.1")
        order = ControlOrder(TRADE, "now", "rini", by_hand=wish)
        late = obey(trader, order, now + 2 * HOUR)
        assert not late.serves
        assert "7,200 s old" in late.text
        assert obey(trader, order, now + HOUR // 2).serves

    place = Place(make_setup(), tmp_path / "book.jsonl")
    assert place.live(Fuse(), trade({50: act}, 60)) is not None


def test_closing_no_lots_closes_nothing(setup: Setup, tmp_path: Path) -> None:
    def act(trader: PaperTrader) -> None:
        for lots in ("0", "0.00", "1e-1000000"):
            assert not ask(trader, "close", lots=lots).serves

    place = Place(setup, tmp_path / "book.jsonl")
    left = place.live(Fuse(), trade({160: sell, 180: act}, 200))
    assert left is not None
    assert left.topology.desk.world.positions[0]["quantity"].tolist() == [40_000, -50_000]


class Wall(SystemClock):
    """Be a clock that a person sets."""

    now = 10 * HOUR

    def now_ns(self) -> int:
        return self.now


def open_session(home: Home, trader: PaperTrader, wall: Wall | None = None) -> Session:
    painter = Painter(trader.setup, home.folder("run") / PICTURE)
    clock = wall or Wall()
    session = Session(home, trader, painter, clock, Plan(), lambda: False, Stopwatch())
    session.begin(1)
    return session


def left_order(home: Home, **wish: Any) -> Path:
    by_hand = ByHand(symbol="EURUSD", **wish)
    return leave_order(home, ControlOrder(TRADE, "as I see it", "rini", by_hand=by_hand))


def test_an_order_by_hand_is_carried_out_once_though_the_trader_dies_over_it(
    tmp_path: Path,
) -> None:
    """It is committed and sent, and the trader dies before whoever gave it has an answer."""
    home, fuse = open_home(tmp_path / "home"), Fuse(0, "after", "mark_confirmed")
    place, left = Place(make_setup(), tmp_path / "book.jsonl"), list[Path]()

    def order(trader: PaperTrader) -> None:
        session = open_session(home, trader)
        left.append(left_order(home, action="market", lots="0.1"))
        fuse.at = fuse.done + 1
        session.look()

    assert place.live(fuse, trade({50: order}, 60)) is None
    assert fuse.burnt
    (path,) = left
    assert path.exists()

    def look(trader: PaperTrader) -> None:
        open_session(home, trader).look()

    assert place.live(Fuse(), look) is not None
    assert not path.exists()
    assert len(told_of(place, OrderSubmitted)) == 1
    told = msgspec.json.decode(path.with_suffix(".told").read_bytes(), type=Answer)
    assert not told.serves
    assert "started anew" in told.text


def test_a_release_that_was_left_lifts_no_later_halt(tmp_path: Path) -> None:
    """Whoever asked for it is gone; then trading was halted for another reason."""
    home, place = open_home(tmp_path / "home"), Place(make_setup(), tmp_path / "book.jsonl")
    code = release_code(Halt("local", True, "odd prices", "rini", 4))
    path = leave_order(home, ControlOrder(RELEASE, "they are over", "page", confirm=code))
    place.log.halts["local"] = Halt("local", True, "the ledger has a gap", "rini", 5)

    def look(trader: PaperTrader) -> None:
        open_session(home, trader).look()
        assert trader.halted
        assert not path.exists()

    assert place.live(Fuse(), look) is not None


def test_what_nobody_can_read_among_the_orders_stops_nobody(tmp_path: Path) -> None:
    """A power cut may leave a file without its content; a newer program may write another."""
    home = open_home(tmp_path / "home")
    folder = control_folder(home)
    (folder / "torn.json").write_bytes(b"")
    (folder / "closed.json").mkdir()
    (folder / "newer.json").write_bytes(b'{"action": "halt", "reason": "x", "by": "y", "new": 1}')

    def look(trader: PaperTrader) -> None:
        session = open_session(home, trader)
        leave_order(home, ControlOrder("halt", "odd prices", "rini"))
        session.look()
        assert trader.halted

    assert Place(make_setup(), tmp_path / "book.jsonl").live(Fuse(), look) is not None
    # Who gave it must not take it for done.
    assert sorted(each.name for each in folder.glob("*.json")) == [
        "closed.json",
        "newer.json",
        "torn.json",
    ]


def test_the_kill_switch_is_heard_though_the_clock_is_set_back(tmp_path: Path) -> None:
    home, wall = open_home(tmp_path / "home"), Wall()

    def look(trader: PaperTrader) -> None:
        session = open_session(home, trader, wall)
        session.look()
        wall.now -= 2 * HOUR
        leave_order(home, ControlOrder("halt", "odd prices", "rini"))
        session.look()
        assert trader.halted

    assert Place(make_setup(), tmp_path / "book.jsonl").live(Fuse(), look) is not None
