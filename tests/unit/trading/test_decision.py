"""A decision: the better side after costs at the lower bound, its size, or the reason not to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.kernel.records import (
    ACCOUNT,
    EVENT,
    FORECAST,
    FORECAST_STATES,
    GO_TO,
    HINDSIGHT,
    HOLD,
    INTENT,
    MARKET_STATE,
    POSITION,
    READY,
    UNSKILLED,
    WARMING,
)
from assay.model.accounts import AccountSpec
from assay.model.instruments import instrument_for
from assay.model.messages import Predicted
from assay.trading.decision.choice import (
    ABSTAIN,
    BOOK_LEANS,
    ENTER,
    ENTRY_WAITS,
    EXIT,
    HOLD_ON,
    NO_EDGE,
    NO_VALUE,
    NOT_READY,
    TOO_SMALL,
    TURN_NEAR,
    UNMEASURED,
    WIDE_SPREAD,
)
from assay.trading.decision.reasons import describe_decision
from assay.trading.decision.weighing import weigh_bars
from assay.trading.engine.terms import PROFILES, Contract, instrument_terms
from assay.trading.strategies import ai

SPREAD = 10
SURE = {
    "p_up": 6_000, "up_lower": 5_800, "up_upper": 6_200, "gain": 300, "loss": 300, "stop": 375,
    "target": 375, "horizon": 30, "state": READY,
}  # fmt: skip
FALLING = SURE | {"p_up": 4_000, "up_lower": 3_800, "up_upper": 4_200}
"""The same forecast of the other direction."""
UNDECIDED = SURE | {"p_up": 5_100, "up_lower": 4_900, "up_upper": 5_300}


def record(dtype: np.dtype[Any], **values: int) -> np.ndarray:
    found = np.zeros(1, dtype)
    for name, value in values.items():
        found[name] = value
    return found


def instrument(**changes: int) -> np.ndarray:
    """Return EURUSD for an account in dollars: one point of a lot is one dollar."""
    spec = instrument_for("EURUSD")
    row = instrument_terms(
        Contract(spec, spec.digits), AccountSpec(id="a"), PROFILES["default"], 4 * 120_000
    )
    found = np.array([row])
    for name, value in changes.items():
        found[name] = value
    return found


def bar(close: int = 113_000) -> np.ndarray:
    return record(EVENT, close=close, spread_close=SPREAD)


def weigh(forecast: dict[str, int], terms: np.ndarray | None = None) -> Any:
    return weigh_bars(
        bar(), record(FORECAST, **forecast), instrument() if terms is None else terms
    )[0]


def test_the_better_side_is_worth_its_lower_bound_less_the_costs() -> None:
    found = weigh(SURE)
    # 0.58 x 300 - 0.42 x 300 = 48 points of a dollar, less 10 of spread.
    assert (found["side"], found["reason"], found["cost"]) == (1, 0, 1_000)
    assert (found["expected"], found["probability"]) == (3_800, 6_000)
    assert (found["lower"], found["upper"]) == (5_800, 6_200)


def test_the_other_direction_is_worth_the_same() -> None:
    long, short = weigh(SURE), weigh(FALLING)
    names = ("probability", "lower", "upper", "cost", "expected", "reason")
    assert [long[name] for name in names] == [short[name] for name in names]
    assert short["side"] == -1


@given(
    p=st.integers(0, 10_000), half=st.integers(0, 3_000), gain=st.integers(0, 2_000),
    loss=st.integers(0, 2_000),
)  # fmt: skip
def test_nothing_is_taken_that_is_not_worth_more_than_it_costs(
    p: int, half: int, gain: int, loss: int
) -> None:
    low, high = max(p - half, 0), min(p + half, 10_000)
    found = weigh(SURE | {"p_up": p, "up_lower": low, "up_upper": high, "gain": gain, "loss": loss})
    worth = [
        (share * gain - (10_000 - share) * loss) / 100 - 1_000 for share in (low, 10_000 - high)
    ]
    assert abs(found["expected"] - max(worth)) <= 50
    assert (found["reason"] == 0) == (found["expected"] > 0)


@pytest.mark.parametrize("state", [WARMING, UNSKILLED, HINDSIGHT])
def test_a_forecast_that_is_not_ready_is_not_taken(state: int) -> None:
    found = weigh(SURE | {"state": state})
    assert (found["reason"], found["side"]) == (NOT_READY, 0)


def test_a_direction_too_unsure_for_its_costs_is_not_taken() -> None:
    assert weigh(UNDECIDED)["reason"] == NO_EDGE


@pytest.mark.parametrize("name", ["gain", "loss", "stop"])
def test_a_value_that_does_not_fit_is_not_taken(name: str) -> None:
    terms = instrument(value_num=10**12)
    assert weigh(SURE | {"gain": 0, "loss": 0, "stop": 0, name: 10**8}, terms)["reason"] == NO_VALUE


class Trader:
    """Call the strategy bar by bar, with a memory of its own."""

    def __init__(self, balance: int = 10_000_000, **params: int) -> None:
        self.memory = np.zeros(ai.memory_words({}), np.int64)
        self.account = record(ACCOUNT, balance=balance)
        self.params = np.array([*(ai.PARAMETERS | params).values()])
        self.market = record(MARKET_STATE, next_turn=2**62)

    def decide(
        self, forecast: dict[str, int], quantity: int = 0, event: np.ndarray | None = None,
        resting: int = 0,
    ) -> Any:  # fmt: skip
        intents = record(INTENT)
        view = (
            record(FORECAST, **forecast)[0], self.account[0], self.market[0], instrument()[0],
        )  # fmt: skip
        position = record(POSITION, quantity=quantity, resting_orders=resting)[0]
        shown = bar() if event is None else event
        ai.decide(self.memory, shown[0], position, self.params, intents[0], view)
        return intents[0]


@pytest.mark.parametrize(("forecast", "side"), [(SURE, 1), (FALLING, -1)])
def test_a_bracket_hangs_on_the_price_it_would_leave_at(
    forecast: dict[str, int], side: int
) -> None:
    found = Trader().decide(forecast)
    leaves = 113_000 if side > 0 else 113_000 + SPREAD
    assert (found["outcome"], found["action"], found["side"]) == (ENTER, GO_TO, side)
    assert found["quantity"] * side > 0
    assert (found["stop"], found["target"]) == (leaves - side * 375, leaves + side * 375)


def test_what_is_risked_is_a_quarter_of_kelly_and_capped() -> None:
    # Gain 290 and loss 310 dollars a lot at 0.58: Kelly 0.131, a quarter 3.3 %, the cap is 1 %.
    found = Trader().decide(SURE)
    # A stop costs 385 dollars a lot: 1,000 dollars are 2.597 lots, floored to the step.
    assert found["quantity"] == 259_000
    # At 0.525 Kelly is 0.017, a quarter of it 43 basis points.
    assert Trader().decide(SURE | {"up_lower": 5_250})["quantity"] == 111_000


@pytest.mark.parametrize(
    ("forecast", "reason"), [(SURE | {"state": UNSKILLED}, NOT_READY), (UNDECIDED, NO_EDGE)]
)
def test_it_abstains_with_the_reason(forecast: dict[str, int], reason: int) -> None:
    found = Trader().decide(forecast)
    assert (found["outcome"], found["reason"], found["action"]) == (ABSTAIN, reason, HOLD)


def test_an_account_too_small_for_the_least_volume_abstains() -> None:
    found = Trader(balance=10_000).decide(SURE)
    assert (found["outcome"], found["reason"]) == (ABSTAIN, TOO_SMALL)


def test_a_bracket_is_held_for_its_horizon_and_then_left() -> None:
    trader, short = Trader(), SURE | {"horizon": 3}
    assert trader.decide(short)["outcome"] == ENTER
    later = [trader.decide(UNDECIDED, quantity=1_000) for _ in range(4)]
    assert [one["outcome"] for one in later] == [HOLD_ON, HOLD_ON, EXIT, EXIT]
    assert [one["action"] for one in later] == [HOLD, HOLD, GO_TO, GO_TO]
    assert later[2]["quantity"] == 0


def chain_of(state: str = "ready", **intent: int) -> tuple[str, ...]:
    names = INTENT.names or ()
    forecast = dict.fromkeys(FORECAST.names or (), 0) | {"horizon": 30, "state": state}
    predicted = Predicted(
        id=1, ts_event=0, ts_init=0, symbol="EURUSD", timeframe=60, model="lightgbm-1", **forecast
    )  # type: ignore[arg-type]
    found = describe_decision(dict.fromkeys(names, 0) | intent, predicted, 100.0)
    reasons: tuple[str, ...] = found["reasons"]
    return reasons


WEIGHED = {
    "side": -1, "probability": 6_000, "lower": 5_800, "upper": 6_200, "cost": 1_000,
    "expected": 3_800,
}  # fmt: skip


def test_an_entry_tells_forecast_direction_cost_and_worth() -> None:
    order = {"quantity": -2_000, "worth": 76, "at_risk": 770, "sharpe": 170}
    assert chain_of(outcome=ENTER, **WEIGHED, **order) == (
        "forecast: lightgbm-1 looks 30 bars ahead",
        "direction: short is right with 0.6000, between 0.5800 and 0.6200",
        "timing: market order at the next price",
        "size: 2000 units, worth +0.76, 95 % value at risk 7.70, Sharpe ratio 0.170 a trade",
        "cost: 10.00 a lot to open and close",
        "worth: +38.00 a lot after costs at the lower bound",
    )


@pytest.mark.parametrize("state", [state for state in FORECAST_STATES if state != "ready"])
def test_an_abstention_without_a_usable_forecast_says_only_why(state: str) -> None:
    chain = chain_of(state, outcome=ABSTAIN, reason=NOT_READY)
    assert len(chain) == 1
    assert ": " in chain[0]


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (NO_EDGE, "no_edge"),
        (TOO_SMALL, "too_small"),
        (NO_VALUE, "no_value"),
        (WIDE_SPREAD, "wide_spread"),
        (TURN_NEAR, "turn_near"),
        (UNMEASURED, "unmeasured"),
        (BOOK_LEANS, "book_leans"),
        (ENTRY_WAITS, "entry_waits"),
    ],
)
def test_an_abstention_ends_its_chain_with_the_reason(reason: int, word: str) -> None:
    weighed = WEIGHED if reason != NO_VALUE else {}
    chain = chain_of(outcome=ABSTAIN, reason=reason, **weighed)
    assert chain[-1].startswith(f"{word}: ")
    assert len(chain) == (5 if weighed else 2)


def test_what_is_open_is_said_to_be_held_or_over() -> None:
    assert chain_of(outcome=HOLD_ON)[0].startswith("bracket_open: ")
    late = chain_of(outcome=HOLD_ON, reason=WIDE_SPREAD, spread=40, usual_spread=10)
    assert late == (
        "bracket_open: its horizon is over",
        "wide_spread: 40 points, usually 10; wait for it to narrow",
    )
    assert chain_of(outcome=EXIT) == ("horizon_over: the bracket was open for 30 bars",)
