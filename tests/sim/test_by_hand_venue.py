"""A person's orders at a terminal: sent once, changed by its word, closed until it is flat."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assay.apps.paper.control.orders import FLATTEN, TRADE, Answer, ByHand, ControlOrder
from assay.apps.paper.trader.byhand import list_waiting, obey
from assay.model.messages import OrderFilled, OrderSubmitted, PositionNotFlat
from assay.model.time import SECOND
from assay.trading.brokers.mt5 import api
from tests.sim.test_venue import require_agreement
from tests.sim.venue_script import Scripted, scripted


def ask(stage: Scripted, action: str, **wish: Any) -> Answer:
    by_hand = ByHand(action=action, symbol="EURUSD", **wish)
    order = ControlOrder(TRADE, "as I see it", "rini", by_hand=by_hand)
    told = obey(stage.life.trader, order, stage.desk.clock.now_ns())
    stage.life.turn()
    return told


def flatten(stage: Scripted) -> Answer:
    told = obey(stage.life.trader, ControlOrder(FLATTEN, "the storm", "rini"))
    stage.life.turn()
    return told


def test_orders_by_hand_live_at_the_terminal(tmp_path: Path) -> None:
    with scripted(tmp_path, {}) as stage:
        assert ask(stage, "limit", lots="0.2", price="1.0980", stop="1.0960").serves
        (order,) = stage.resting()
        assert (order.price_open, order.sl) == pytest.approx((1.0980, 1.0960))
        (waits,) = list_waiting(stage.life.trader)
        assert waits.key == str(order.magic)
        assert ask(stage, "change", key=waits.key, price="1.0985").serves
        stage.show(110_000)
        assert [each.price_open for each in stage.resting()] == [pytest.approx(1.0985)]
        assert ask(stage, "cancel", key=waits.key) == Answer(True, "the venue is asked")
        stage.show(110_000)
        assert not stage.resting()
        stage.restart()
        assert ask(stage, "market", lots="0.3", stop="1.0900").serves
        stage.show(110_000)
        assert (stage.held().volume, stage.held().sl) == pytest.approx((0.3, 1.09))
        assert ask(stage, "protect", stop="1.0950", target="1.1100").serves
        stage.show(110_000)
        assert (stage.held().sl, stage.held().tp) == pytest.approx((1.0950, 1.1100))
        assert ask(stage, "close", lots="0.1").serves
        stage.show(110_000)
        assert stage.held().volume == pytest.approx(0.2)
        assert {each.strategy for each in stage.told(OrderSubmitted)} == {"by-hand"}
        require_agreement(stage.desk, stage.life)


def test_flattening_goes_on_until_the_terminal_lets_it(tmp_path: Path) -> None:
    """Also over a death of the trader between the refusal and the next attempt."""
    with scripted(tmp_path, {}) as stage:
        assert ask(stage, "market", lots="0.3").serves
        stage.show(110_000)
        stage.desk.rig.hand.answer_next(api.TRADE_RETCODE_CLIENT_DISABLES_AT)
        assert "EURUSD -30,000 units" in flatten(stage).text
        assert stage.held().volume == pytest.approx(0.3)
        stage.restart()
        for _ in range(6):
            stage.show(110_000, after=2 * SECOND)
        assert not stage.desk.rig.terminal.positions_get()
        alarms = stage.told(PositionNotFlat)
        assert [each.source for each in alarms] == ["operator"] * len(alarms)
        assert alarms[0].retcode == api.TRADE_RETCODE_CLIENT_DISABLES_AT
        assert alarms[-1].attempts == 0  # it is flat
        assert [each.position for each in stage.told(OrderFilled)] == [30_000, 0]
        assert "entries_halted" in ask(stage, "market", lots="0.1").text
        require_agreement(stage.desk, stage.life)
