"""Every order and change of one at a terminal: engine, ledger and terminal agree on each."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from assay.kernel.records import (
    CANCEL_ONE,
    GO_TO,
    MODIFY,
    PLACE_ICEBERG,
    PLACE_LIMIT,
    PLACE_STOP,
    PLACE_TRAILING,
    PLACE_TWAP,
    PLACE_VWAP,
    PROTECT,
    REMOVE,
)
from assay.model.messages import (
    ChangeRequested,
    ForeignActivity,
    GatewayAlarm,
    OrderCancelled,
    OrderChanged,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    PositionChanged,
)
from assay.model.time import MINUTE, SECOND
from assay.trading.brokers.mt5 import api
from assay.trading.terminal import load_profile
from tests.sim.test_venue import require_agreement
from tests.sim.venue_script import LAST_ORDER, Scripted, scripted
from tests.sim.venue_story import live_through
from tests.unit.trading.mt5.rig import Rig

LONG = {"action": GO_TO, "quantity": 20_000}
SHORT = {"action": GO_TO, "quantity": -20_000}


def finish(stage: Scripted) -> None:
    require_agreement(stage.desk, stage.life)


@pytest.mark.parametrize("side", [1, -1])
def test_a_stop_that_trails_is_moved_at_the_terminal_and_never_back(
    tmp_path: Path, side: int
) -> None:
    order = {"action": GO_TO, "quantity": side * 20_000, "trail": 100}
    with scripted(tmp_path, {0: order}) as stage:
        stage.bar(110_000)
        assert stage.held().sl == pytest.approx(1.0990 if side > 0 else 1.1011)
        for step in (50, 100, 60, 20):
            stage.show(110_000 + side * step)
        assert stage.held().sl == pytest.approx(1.1000 if side > 0 else 1.1001)
        stage.restart()
        stage.show(110_000 - side * 10)
        assert not stage.desk.rig.terminal.positions_get()
        assert [each.reason for each in stage.told(OrderFilled)] == ["market", "stop_loss"]
        assert len(stage.told(ChangeRequested)) == 3
        finish(stage)


def test_what_follows_is_moved_once_a_second_at_most_and_by_a_pip_at_least(tmp_path: Path) -> None:
    with scripted(tmp_path, {0: LONG | {"trail": 100}}) as stage:
        stage.bar(110_000)
        before = len(stage.told(ChangeRequested))
        for tenth in range(1, 31):
            stage.show(110_000 + 20 * tenth, after=SECOND // 10)
        assert 3 <= len(stage.told(ChangeRequested)) - before <= 4
        stage.show(110_605, after=5 * SECOND)
        asked = len(stage.told(ChangeRequested))
        stage.show(110_609, after=5 * SECOND)
        assert len(stage.told(ChangeRequested)) == asked
        finish(stage)


def test_a_stop_goes_to_the_entry_and_the_time_ends(tmp_path: Path) -> None:
    order = LONG | {"stop": 109_500, "break_after": 100, "break_keep": 5, "hold": 3 * MINUTE}
    with scripted(tmp_path, {0: order}) as stage:
        stage.bar(110_000)
        assert stage.held().sl == pytest.approx(1.0950)
        stage.show(110_120)
        assert stage.held().sl == pytest.approx(1.10015)
        stage.show(110_100, after=2 * MINUTE)
        stage.show(110_100, after=MINUTE)
        assert not stage.desk.rig.terminal.positions_get()
        assert [each.reason for each in stage.told(OrderFilled)] == ["market", "time_stop"]
        finish(stage)


def test_a_resting_order_is_changed_once_the_terminal_says_so(tmp_path: Path) -> None:
    asked = {
        0: {"action": PLACE_LIMIT, "quantity": 20_000, "price": 109_800},
        1: {"action": MODIFY, "order": LAST_ORDER, "price": 109_900, "stop": 109_700},
        2: {"action": MODIFY, "order": LAST_ORDER, "quantity": 30_000},
        3: {"action": CANCEL_ONE, "order": LAST_ORDER},
    }
    with scripted(tmp_path, asked) as stage:
        stage.bar(110_000)
        assert [each.price_open for each in stage.resting()] == [pytest.approx(1.0980)]
        stage.bar(110_000)
        (order,) = stage.resting()
        assert (order.price_open, order.sl) == pytest.approx((1.0990, 1.0970))
        (changed,) = stage.told(OrderChanged)
        assert (changed.key, changed.price) == (order.magic, 109_900)
        stage.bar(110_000)
        assert [each.reason for each in stage.told(OrderDenied)] == ["venue_cannot"]
        stage.bar(110_000)
        assert not stage.resting()
        assert [each.key for each in stage.told(OrderCancelled)] == [order.magic]
        assert not stage.position["resting_orders"]
        finish(stage)


def test_a_change_that_the_terminal_refuses_leaves_the_order_as_it_was(tmp_path: Path) -> None:
    asked = {
        0: {"action": PLACE_LIMIT, "quantity": 20_000, "price": 109_800},
        1: {"action": MODIFY, "order": LAST_ORDER, "price": 109_900},
    }
    with scripted(tmp_path, asked) as stage:
        stage.bar(110_000)
        stage.desk.rig.hand.answer_next(api.TRADE_RETCODE_REJECT)
        stage.bar(110_000)
        (refused,) = stage.told(OrderRejected)
        assert refused.key == stage.told(ChangeRequested)[0].id
        assert [each.price_open for each in stage.resting()] == [pytest.approx(1.0980)]
        assert stage.life.trader.topology.desk.world.orders[0, 0]["price"].max() == 109_800
        stage.bar(109_780)
        assert stage.position["quantity"] == 20_000
        assert not stage.told(OrderChanged)
        finish(stage)


def test_what_protects_a_position_is_changed_at_the_terminal(tmp_path: Path) -> None:
    asked = {
        0: LONG | {"stop": 109_500},
        1: {"action": PROTECT, "stop": 109_700, "target": 110_400},
        2: {"action": PROTECT, "stop": REMOVE},
    }
    with scripted(tmp_path, asked) as stage:
        stage.bar(110_000)
        stage.bar(110_000)
        assert (stage.held().sl, stage.held().tp) == pytest.approx((1.0970, 1.1040))
        stage.bar(110_000)
        assert (stage.held().sl, stage.held().tp) == pytest.approx((0.0, 1.1040))
        told = [(each.stop, each.target) for each in stage.told(PositionChanged)]
        assert told == [(109_700, 110_400), (0, 110_400)]
        finish(stage)


def test_an_order_that_trails_is_a_stop_whose_price_follows(tmp_path: Path) -> None:
    asked = {0: {"action": PLACE_TRAILING, "quantity": 20_000, "distance": 100}}
    with scripted(tmp_path, asked) as stage:
        stage.bar(110_000)
        assert [each.price_open for each in stage.resting()] == [pytest.approx(1.1011)]
        stage.show(109_900)
        stage.show(109_950)
        (order,) = stage.resting()
        assert (order.price_open, order.type) == (pytest.approx(1.1001), api.ORDER_TYPE_BUY_STOP)
        stage.show(110_005)
        assert stage.position["quantity"] == 20_000
        finish(stage)


PAIR = {
    0: {"action": PLACE_STOP, "quantity": 20_000, "price": 110_200, "group": 5},
    1: {"action": PLACE_STOP, "quantity": -20_000, "price": 109_800, "group": 5},
    4: {"action": PLACE_STOP, "quantity": 20_000, "price": 110_900, "group": 5},
}


def test_the_first_fill_of_a_group_cancels_the_others(tmp_path: Path) -> None:
    with scripted(tmp_path, PAIR) as stage:
        stage.bar(110_000)
        stage.bar(110_000)
        assert len(stage.resting()) == 2
        stage.bar(110_210)
        stage.bar(110_210)
        assert not stage.resting()
        assert stage.position["quantity"] == 20_000
        assert not stage.position["resting_orders"]
        stage.bar(110_210)
        assert [each.reason for each in stage.told(OrderDenied)] == ["group_filled"]
        finish(stage)


def test_a_group_that_filled_twice_is_closed_at_once_and_told(tmp_path: Path) -> None:
    with scripted(tmp_path, PAIR) as stage:
        stage.bar(110_000)
        stage.bar(110_000)
        for bid in (110_210, 109_790):  # both within one look of the platform
            stage.desk.quote("EURUSD", bid, 10, after=SECOND)
        stage.life.turn()
        stage.show(109_790)
        filled = [(each.reason, each.quantity) for each in stage.told(OrderFilled)]
        assert filled == [("stop", 20_000), ("stop", -20_000), ("other_filled", 20_000)]
        assert [each.code for each in stage.told(GatewayAlarm)] == ["group_filled_twice"]
        assert stage.position["quantity"] == 20_000
        finish(stage)


@pytest.mark.parametrize("action", [PLACE_TWAP, PLACE_VWAP])
def test_an_order_over_time_is_sent_in_parts(tmp_path: Path, action: int) -> None:
    asked = {0: {"action": action, "quantity": 90_000, "slices": 3, "every": MINUTE}}
    with scripted(tmp_path, asked) as stage:
        for minute in range(4):
            stage.bar(110_000 + 10 * minute)
            if minute == 1:
                stage.restart()
        whole, *parts = stage.told(OrderSubmitted)
        assert sum(each.quantity for each in parts) == whole.quantity
        assert {each.parent for each in parts} == {whole.key}
        assert stage.position["quantity"] == 90_000
        assert [each.reason for each in stage.told(OrderCancelled)] == ["worked"]
        finish(stage)


def test_a_part_that_the_terminal_refuses_is_sent_with_the_next(tmp_path: Path) -> None:
    asked = {0: {"action": PLACE_TWAP, "quantity": 90_000, "slices": 3, "every": MINUTE}}
    with scripted(tmp_path, asked) as stage:
        stage.desk.rig.hand.answer_next(api.TRADE_RETCODE_REJECT)
        for _ in range(4):
            stage.bar(110_000)
        _, *parts = stage.told(OrderSubmitted)
        assert [each.quantity for each in parts] == [30_000, 45_000, 45_000]
        assert stage.position["quantity"] == 90_000
        finish(stage)


def test_an_iceberg_is_refused_where_no_book_is_seen(tmp_path: Path) -> None:
    order = {"action": PLACE_ICEBERG, "quantity": 90_000, "shown": 10_000, "price": 109_000}
    with scripted(tmp_path, {0: order}) as stage:
        stage.bar(110_000)
        (denied,) = stage.told(OrderDenied)
        assert denied.reason in ("no_sizes", "venue_cannot")
        assert not stage.resting()


def test_a_stop_that_a_person_removed_is_not_put_back(tmp_path: Path) -> None:
    with scripted(tmp_path, {0: LONG | {"trail": 100}}) as stage:
        stage.bar(110_000)
        held = stage.held()
        stage.desk.rig.hand.edit(held.ticket, 0.0, 1.2)
        stage.show(110_000)
        assert (stage.position["stop"], stage.position["trail"]) == (0, 0)
        stage.show(110_300)
        assert (stage.held().sl, stage.held().tp) == pytest.approx((0.0, 1.2))
        finish(stage)


def test_a_stop_that_a_person_removed_after_a_change_that_expired_is_not_put_back(
    tmp_path: Path,
) -> None:
    with scripted(tmp_path, {0: LONG | {"trail": 100}}) as stage:
        stage.bar(110_000)
        stage.desk.quote("EURUSD", 110_200, 10, after=2 * SECOND)
        stage.life.listen()
        stage.show(110_200, after=MINUTE // 2)  # by now the change must not go out
        assert stage.told(OrderExpired)
        stage.show(110_200)
        assert stage.held().sl == pytest.approx(1.1010)
        stage.desk.rig.hand.edit(stage.held().ticket, 0.0, 0.0)
        stage.show(110_200)
        assert [each.what for each in stage.told(ForeignActivity)] == ["stop_removed"]
        assert (stage.position["stop"], stage.position["trail"]) == (0, 0)
        stage.show(110_300)
        assert stage.held().sl == 0.0
        finish(stage)


@pytest.mark.parametrize("edited", [(0.0, 0.0), (1.0975, 0.0), (1.0990, 1.2)])
def test_a_stop_that_a_person_changed_while_the_edge_was_down_and_forgot_stays_so(
    tmp_path: Path, edited: tuple[float, float]
) -> None:
    with scripted(tmp_path, {0: LONG | {"trail": 100}}) as stage:
        stage.bar(110_000)
        stage.desk.rig.hand.edit(stage.held().ticket, *edited)
        stage.desk.forget_stops()
        stage.show(110_000)
        assert not stage.told(ForeignActivity)
        assert [each.code for each in stage.told(GatewayAlarm)] == ["stops_edited"]
        stage.show(110_300)
        assert (stage.held().sl, stage.held().tp) == pytest.approx(edited)
        stage.restart()
        stage.show(110_400)
        assert (stage.held().sl, stage.held().tp) == pytest.approx(edited)
        finish(stage)


def test_a_new_run_keeps_the_stop_of_what_an_earlier_one_left(tmp_path: Path) -> None:
    with scripted(tmp_path, {0: {**LONG, "stop": 109_000}}) as stage:
        stage.bar(110_000)
        asked = len(stage.told(ChangeRequested))
        # Another run: its strategy asks for nothing, and nobody in it knows of the order.
        path = stage.desk.home.folder("strategies") / "script.py"
        path.write_text(path.read_text().replace("ASKED = ", "ASKED = {} and "), encoding="utf-8")
        stage.desk.setup_id = "another"
        stage.restart()
        for step in range(4):
            stage.show(110_020 + step)
        assert stage.position["quantity"] == 20_000
        assert stage.position["stop"] == 109_000
        assert stage.held().sl == pytest.approx(1.09)
        assert len(stage.told(ChangeRequested)) == asked
        finish(stage)


def test_an_order_that_a_person_moved_is_followed_no_more(tmp_path: Path) -> None:
    asked = {0: {"action": PLACE_TRAILING, "quantity": 20_000, "distance": 100}}
    with scripted(tmp_path, asked) as stage:
        stage.bar(110_000)
        (order,) = stage.resting()
        stage.desk.rig.hand._ask(
            action=api.TRADE_ACTION_MODIFY, order=order.ticket, price=1.105, sl=0.0, tp=0.0
        )
        stage.show(110_000)
        stage.show(109_500)
        assert [each.price_open for each in stage.resting()] == [pytest.approx(1.105)]
        finish(stage)


def test_a_stop_that_was_refused_and_is_passed_closes_the_position(tmp_path: Path) -> None:
    with scripted(tmp_path, {0: LONG | {"trail": 100}}) as stage:
        stage.bar(110_000)
        stage.desk.rig.hand.answer_next(api.TRADE_RETCODE_REJECT)
        stage.show(110_300)
        assert stage.told(OrderRejected)
        assert stage.held().sl == pytest.approx(1.0990)
        stage.show(110_190, after=5 * SECOND)
        assert not stage.desk.rig.terminal.positions_get()
        assert [each.reason for each in stage.told(OrderFilled)] == ["market", "stop_loss"]
        finish(stage)


def test_nothing_moves_while_autotrading_is_off_and_it_is_told(tmp_path: Path) -> None:
    with scripted(tmp_path, {0: LONG | {"trail": 100}}) as stage:
        stage.bar(110_000)
        stage.desk.rig.hand.switch_auto_trading(False)
        stage.show(110_000)
        stage.show(110_300)
        assert [each.code for each in stage.told(GatewayAlarm)] == ["not_flat"]
        assert stage.held().sl == pytest.approx(1.0990)
        stage.desk.rig.hand.switch_auto_trading(True)
        stage.show(110_300)
        stage.show(110_300)
        assert stage.held().sl == pytest.approx(1.1020)
        finish(stage)


@pytest.mark.parametrize("seed", range(8))
def test_a_trader_that_dies_among_orders_of_every_kind_finds_the_terminals_books(
    tmp_path: Path, seed: int
) -> None:
    live_through(tmp_path, seed)


def test_a_margin_that_the_broker_reckons_otherwise_denies_with_both_figures(
    tmp_path: Path,
) -> None:
    profile = load_profile("netting")
    dear = msgspec.structs.replace(profile.symbols[0], margin_rate=Decimal("1.02"))
    rig = Rig(symbols=(dear, *profile.symbols[1:]))
    with scripted(tmp_path, {0: LONG, 1: LONG}, rig=rig) as stage:
        stage.bar(110_000)
        refused = stage.told(OrderRejected)
        assert [each.reason for each in refused] == ["margin_gap"]
        assert refused[0].text == "the broker asks 22442 minor units, the kernel 22002"
        assert stage.told(OrderSubmitted)[0].margin == 22_002
        assert not stage.position["waiting"]
        finish(stage)


def test_a_stop_nearer_than_the_broker_allows_lies_farther_and_is_not_asked_for_again(
    tmp_path: Path,
) -> None:
    profile = load_profile("netting")
    wide = msgspec.structs.replace(profile.symbols[0], stops_level=50)
    with scripted(
        tmp_path, {0: LONG | {"trail": 30}}, rig=Rig(symbols=(wide, *profile.symbols[1:]))
    ) as stage:
        stage.bar(110_000)
        for _ in range(5):
            stage.show(110_000)
        assert stage.held().sl == pytest.approx(1.0995)
        asked = len(stage.told(ChangeRequested))
        assert asked <= 2
        stage.show(110_100)
        assert stage.held().sl == pytest.approx(1.1005)
        assert len(stage.told(ChangeRequested)) == asked + 1
        finish(stage)
