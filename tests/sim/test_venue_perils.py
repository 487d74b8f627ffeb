"""What costs money at a terminal: what is told twice, decided long ago, or sent while halted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from assay.apps.bridge.desk import FETCHED
from assay.apps.bridge.feed import AccountFeed
from assay.apps.bridge.inbox import EdgeBox
from assay.apps.link.frames import ACCOUNT
from assay.apps.paper.control.orders import TRADE, ByHand, ControlOrder
from assay.apps.paper.trader.byhand import obey
from assay.apps.paper.venue.edges import edge_folder
from assay.model.messages import DealBooked, GatewayAlarm, OrderSubmitted
from assay.model.time import HOUR
from assay.runtime.ids import Rng
from assay.runtime.journal import Halt
from assay.trading.terminal import load_profile
from assay.trading.terminal.profile import Slippage
from tests.sim.crashing import CrashError, Fuse
from tests.sim.test_venue import CROSSING, require_agreement, walk
from tests.sim.venue_desk import EDGE, Life, VenueDesk
from tests.unit.trading.mt5.rig import Rig


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[VenueDesk]:
    with closing(VenueDesk(tmp_path, params=CROSSING)) as opened:
        yield opened


def buy(life: Life, symbol: str, lots: str, stop: str = "") -> None:
    wish = ByHand(action="market", symbol=symbol, lots=lots, stop=stop)
    told = obey(life.trader, ControlOrder(TRADE, "as I see it", "rini", by_hand=wish))
    assert told.serves, told.text


def test_a_deal_that_is_told_twice_counts_once(desk: VenueDesk) -> None:
    life = desk.start()
    for symbol, price in (("EURUSD", 110_000), ("XAUUSD", 210_000)):
        desk.quote(symbol, price, 10)
    life.turn()
    # Both go out together, so that the answer to the second tells the deal of the first.
    buy(life, "EURUSD", "0.1")
    buy(life, "XAUUSD", "0.1")
    life.turn()
    require_agreement(desk, life)
    before = [each for each in desk.log.messages if isinstance(each, DealBooked)]
    # A bridge that is killed between taking orders over and noting so takes them over again.
    desk.box.close()
    folder = edge_folder(desk.home, EDGE)
    (folder / FETCHED).write_text("0", encoding="ascii")
    desk.box = EdgeBox(folder, desk.clock, desk.arrivals)
    life.turn()
    feed = AccountFeed(folder / ACCOUNT)
    repeated = [event for each in feed.read() if each.how == "repeated" for event in each.events]
    assert before[0].ticket in [each.ticket for each in repeated if isinstance(each, DealBooked)]
    assert [each for each in desk.log.messages if isinstance(each, DealBooked)] == before
    require_agreement(desk, life)
    life.end()


def die_with_an_order_unsent(desk: VenueDesk) -> OrderSubmitted:
    """Trade until an order is committed and its trader dies before it hands the order over."""
    life = desk.start(Fuse(1, "before", "send"))
    with pytest.raises(CrashError):
        for _ in walk(desk, Rng(1), 12):
            life.turn()
    life.end()
    (order,) = (each for each in desk.log.messages if isinstance(each, OrderSubmitted))
    return order


def test_an_order_left_unsent_stays_so_where_trading_was_halted_meanwhile(desk: VenueDesk) -> None:
    die_with_an_order_unsent(desk)
    desk.log.halts["local"] = Halt("local", True, "odd prices", "rini", desk.clock.now_ns())
    life = desk.start()
    assert life.trader.halted
    for _ in range(3):
        life.turn()
    assert not desk.rig.terminal.positions_get()
    assert not life.trader.topology.desk.world.positions["waiting"].any()
    life.end()


def test_an_order_left_unsent_for_an_hour_is_not_sent(desk: VenueDesk) -> None:
    die_with_an_order_unsent(desk)
    desk.rig.pass_time(HOUR)
    desk.rig.quote("EURUSD", 109_850, 109_860)
    desk.clock.advance_to(desk.rig.now)
    life = desk.start()
    for _ in range(3):
        life.turn()
    assert not desk.rig.terminal.positions_get()
    assert not life.trader.topology.desk.world.positions["waiting"].any()
    life.end()


def test_a_broker_may_quote_a_digit_more_than_we_do(tmp_path: Path) -> None:
    terms = load_profile("netting").symbols
    finer = tuple(
        msgspec.structs.replace(each, digits=3, slippage=Slippage())
        if each.name == "XAUUSD"
        else each
        for each in terms
    )
    rig = Rig(symbols=finer)
    with closing(VenueDesk(tmp_path, params=CROSSING, rig=rig)) as desk:
        life = desk.start()
        for _ in range(2):
            desk.quote("XAUUSD", 210_000, 30)
            rig.quote("XAUUSD", 2_100_004, 2_100_304)
            life.turn()
        buy(life, "XAUUSD", "0.1", stop="2050.25")
        for _ in range(3):
            life.turn()
        (held,) = rig.terminal.positions_get() or ()
        assert (held.price_open, held.sl) == pytest.approx((2100.304, 2050.25))
        position = life.trader.topology.desk.world.positions[0, 1]
        assert int(position["quantity"]) > 0
        assert int(position["cost"]) == 210_030 * int(position["quantity"])
        assert int(position["stop"]) == 205_025
        assert not [each for each in desk.log.messages if isinstance(each, GatewayAlarm)]
        require_agreement(desk, life)
        life.end()
