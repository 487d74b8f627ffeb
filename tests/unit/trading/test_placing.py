"""How an entry is placed when the forecast is unsure, and when a position is left."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from assay.kernel.records import FORECAST, GO_TO, GTD, INTENT, PLACE_LIMIT
from assay.model.messages import Predicted
from assay.trading.decision.choice import ABSTAIN, ENTER, ENTRY_WAITS, EXIT, HOLD_ON, WIDE_SPREAD
from assay.trading.decision.reasons import describe_decision
from assay.trading.decision.timing import MINUTE, SECOND, SETTLED
from tests.unit.trading.test_decision import FALLING, SPREAD, SURE, Trader, bar
from tests.unit.trading.test_sizing import walk

WIDTH = SURE["up_upper"] - SURE["up_lower"]
ONE_BAR = SURE | {"horizon": 1}


def minute(ts: int = 0, spread: int = SPREAD) -> np.ndarray:
    event = bar()
    event["ts"], event["seconds"], event["spread_close"] = ts, 60, spread
    return event


@pytest.mark.parametrize("forecast", [SURE, FALLING])
def test_an_unsure_entry_waits_at_the_near_side_for_a_bar(forecast: dict[str, int]) -> None:
    at_once = Trader(limit_width_bp=WIDTH).decide(forecast, event=minute(ts=5))
    waits = Trader(limit_width_bp=WIDTH - 1).decide(forecast, event=minute(ts=5))
    side = int(at_once["side"])
    assert (at_once["action"], waits["action"]) == (GO_TO, PLACE_LIMIT)
    assert waits["quantity"] == at_once["quantity"]
    assert waits["price"] == (113_000 if side > 0 else 113_000 + SPREAD)
    assert at_once["entry"] - waits["price"] == side * SPREAD
    assert (waits["time_in_force"], waits["expires"]) == (GTD, 5 + 60 * SECOND)
    # Its bracket is as wide, one spread nearer to the side that it waits on.
    for name in ("entry", "stop", "target"):
        assert waits[name] == at_once[name] - side * SPREAD


def test_nothing_is_decided_while_an_entry_waits() -> None:
    found = Trader(limit_width_bp=1).decide(SURE, resting=1)
    assert (found["outcome"], found["reason"]) == (ABSTAIN, ENTRY_WAITS)
    assert Trader().decide(SURE, resting=1)["outcome"] == ENTER


def test_a_position_past_its_horizon_waits_for_the_spread_to_narrow() -> None:
    trader = Trader(exit_spread_percent=200, exit_wait_bars=3)
    walk(trader, [5] * (SETTLED + 1))
    assert trader.decide(ONE_BAR)["outcome"] == ENTER
    found = [trader.decide(SURE, quantity=1_000, event=minute(spread=40)) for _ in range(4)]
    assert [each["outcome"] for each in found] == [HOLD_ON, HOLD_ON, HOLD_ON, EXIT]
    assert [each["reason"] for each in found] == [WIDE_SPREAD] * 3 + [0]
    assert (found[0]["spread"], found[0]["usual_spread"]) == (40, 10)


@pytest.mark.parametrize(
    ("spread", "turn", "params"),
    [
        (20, 2**62, {"exit_spread_percent": 200}),
        (40, MINUTE, {"exit_spread_percent": 200}),
        (40, 2**62, {}),
        (40, 2**62, {"exit_spread_percent": 200, "exit_wait_bars": 0}),
    ],
    ids=["narrow enough", "a turn comes", "not asked for", "no bars to wait"],
)
def test_a_position_past_its_horizon_is_left(
    spread: int, turn: int, params: dict[str, int]
) -> None:
    trader = Trader(**params)
    walk(trader, [5] * (SETTLED + 1))
    trader.decide(ONE_BAR)
    trader.market["next_turn"] = turn
    found = trader.decide(SURE, quantity=1_000, event=minute(spread=spread))
    assert (found["outcome"], found["action"]) == (EXIT, GO_TO)


def told_of(venue: str, **intent: int) -> dict[str, Any]:
    blank = dict.fromkeys(INTENT.names or (), 0) | {"outcome": ENTER, "side": 1, "quantity": 1_000}
    forecast = dict.fromkeys(FORECAST.names or (), 0) | {"horizon": 30, "state": "ready"}
    predicted = Predicted(
        id=1, ts_event=0, ts_init=0, symbol="EURUSD", timeframe=60, model="m", **forecast
    )  # type: ignore[arg-type]
    return describe_decision(blank | intent, predicted, 100.0, venue)


def test_a_decision_tells_type_timing_and_route() -> None:
    at_once = told_of("")
    assert (at_once["order_type"], at_once["instruction"]) == (
        "market", "market order at the next price",
    )  # fmt: skip
    waits = told_of("mt5", action=PLACE_LIMIT, expires=60 * SECOND, entry=113_000)
    assert (waits["order_type"], waits["price"]) == ("limit", 113_000)
    assert waits["instruction"] == (
        "limit order at the near side of the quote until 1970-01-01T00:01:00Z, by mt5"
    )
    assert f"timing: {waits['instruction']}" in waits["reasons"]
