"""Size by Kelly, volatility, the stop or equal parts; enter when spread and hours allow it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.trading.decision.choice import (
    ABSTAIN,
    BOOK_LEANS,
    ENTER,
    TURN_NEAR,
    UNMEASURED,
    WIDE_SPREAD,
)
from assay.trading.decision.sizing import METHODS
from assay.trading.decision.timing import (
    LONG_SETTLED,
    MINUTE,
    SCALE,
    SETTLED,
    WORDS,
    follow_market,
    swing_over,
    usual_spread,
)
from tests.unit.trading.test_decision import FALLING, SURE, Trader, bar

LOSS_AT_STOP = 385.0
"""Dollars that a stop of SURE costs a lot, spread included."""
STEP = 1_000


def units_by(method: str, **params: int) -> int:
    trader = Trader(sizing=METHODS.index(method) + 1, risk_cap_bp=10_000, **params)
    return int(trader.decide(SURE)["quantity"])


def floored(units: float) -> int:
    return int(units) // STEP * STEP


def test_a_fixed_risk_is_what_the_stop_costs() -> None:
    # Half a per cent of 100,000 dollars.
    assert units_by("fixed_risk", risk_bp=50) == floored(500 / LOSS_AT_STOP * 100_000)


def test_equal_risk_gives_each_of_the_shares_as_much() -> None:
    whole, part = units_by("fixed_risk", risk_bp=200), units_by("equal_risk", risk_bp=200, shares=4)
    assert part == floored(whole / 4)


@pytest.mark.parametrize("method", METHODS)
def test_no_method_passes_the_cap(method: str) -> None:
    trader = Trader(sizing=METHODS.index(method) + 1, risk_cap_bp=20, risk_bp=9_000, shares=1)
    walk(trader, [200] * (SETTLED + 1))
    found = trader.decide(SURE)
    assert 0 < found["quantity"] <= 200 / LOSS_AT_STOP * 100_000


def walk(trader: Trader, changes: list[int], spread: int = 10) -> None:
    """Show bars that close so many points further up and down in turn, holding a position."""
    price = 113_000
    for number, change in enumerate(changes):
        price += change if number % 2 else -change
        event = bar(price)
        event["spread_close"] = spread
        trader.decide(SURE, quantity=STEP, event=event)


def test_volatility_targeting_lets_a_swing_cost_the_risk() -> None:
    trader = Trader(sizing=METHODS.index("volatility") + 1, risk_cap_bp=10_000, risk_bp=50)
    walk(trader, [40] * 600)
    found = trader.decide(SURE, event=bar(int(trader.memory[2]) + 40))
    # 40 points a bar over 30 bars; a point of a lot is a dollar.
    swing = math.isqrt(40 * 40 * 30)
    assert found["quantity"] == pytest.approx(500 / swing * 100_000, rel=0.01)


def test_volatility_targeting_waits_until_the_swing_is_known() -> None:
    found = Trader(sizing=METHODS.index("volatility") + 1).decide(SURE)
    assert (found["outcome"], found["reason"]) == (ABSTAIN, UNMEASURED)


@given(st.lists(st.integers(-5_000, 5_000), min_size=SETTLED, max_size=200), st.integers(0, 300))
def test_means_are_those_of_exact_arithmetic(changes: list[int], spread: int) -> None:
    memory, price, mean = np.zeros(WORDS, np.int64), 1_000_000, 0.0
    for number, change in enumerate(changes):
        price += change
        event = bar(price)
        event["spread_close"] = spread
        follow_market(memory, event[0])
        if number:
            mean += (change * change - mean) / 64
    assert usual_spread(memory) == spread
    # Each step rounds down by less than a part of a point, and forgets it as it does the rest.
    assert mean - 64 / SCALE - 1e-6 * mean <= memory[1] / SCALE <= mean + 1e-6 * mean
    assert swing_over(memory, 30) == int(math.sqrt(memory[1] / SCALE * 30))


def test_a_spread_far_above_its_usual_is_waited_out() -> None:
    trader = Trader(spread_cap_percent=300)
    assert trader.decide(SURE)["reason"] == UNMEASURED
    walk(trader, [5] * (SETTLED + 1))
    assert trader.decide(SURE)["outcome"] == ENTER
    wide = bar()
    wide["spread_close"] = 40
    found = trader.decide(SURE | {"gain": 3_000, "loss": 300}, event=wide)
    assert (found["outcome"], found["reason"]) == (ABSTAIN, WIDE_SPREAD)
    assert (found["spread"], found["usual_spread"]) == (40, 10)


def test_nothing_is_entered_shortly_before_a_turn() -> None:
    trader = Trader(turn_minutes=30)
    trader.market["next_turn"] = 29 * MINUTE
    assert trader.decide(SURE)["reason"] == TURN_NEAR
    trader.market["next_turn"] = 30 * MINUTE
    assert trader.decide(SURE)["outcome"] == ENTER


@pytest.mark.parametrize(
    ("swings", "share"), [([40] * 300, 1.0), ([120] * 300, 0.5), ([10] * 300, 1.0)]
)
def test_a_market_that_swings_more_than_usual_is_traded_in_smaller_size(
    swings: list[int], share: float
) -> None:
    # The longer mean takes 1/1,024 of each bar; the shorter one has forgotten what was before.
    usual = 40 * 40 + (swings[0] ** 2 - 40 * 40) * (1 - (1 - 1 / 1_024) ** len(swings))
    trader = Trader(swing_cap_percent=100, risk_cap_bp=10_000)
    walk(trader, [40] * (4 * LONG_SETTLED) + swings)
    sized = trader.decide(SURE)["quantity"]
    wanted = Trader(risk_cap_bp=10_000).decide(SURE)["quantity"]
    expected = min(1.0, math.sqrt(usual) / swings[0])
    assert sized == pytest.approx(wanted * expected, rel=0.03)
    assert (sized < 0.6 * wanted) == (share < 1)


def test_the_swing_of_a_market_is_not_judged_before_its_usual_is_known() -> None:
    trader = Trader(swing_cap_percent=100)
    walk(trader, [40] * (LONG_SETTLED - 2))
    assert trader.decide(SURE)["reason"] == UNMEASURED


@pytest.mark.parametrize(
    ("bids", "asks", "reason"),
    [(0, 0, UNMEASURED), (100, 300, 0), (100, 301, BOOK_LEANS), (900, 100, 0)],
)
def test_a_quote_whose_sizes_lean_against_the_side_is_waited_out(
    bids: int, asks: int, reason: int
) -> None:
    trader = Trader(lean_cap_percent=50)
    trader.market["bid_units"], trader.market["ask_units"] = bids, asks
    assert trader.decide(SURE)["reason"] == reason


def test_a_sale_looks_at_the_bids() -> None:
    trader = Trader(lean_cap_percent=50)
    trader.market["bid_units"], trader.market["ask_units"] = 301, 100
    assert trader.decide(FALLING)["reason"] == BOOK_LEANS
    assert trader.decide(SURE)["outcome"] == ENTER


def test_an_entry_is_appraised_as_its_two_outcomes() -> None:
    found = Trader().decide(SURE)
    lots = found["quantity"] / 100_000
    # 290 dollars with 0.6, else 310 lost: mean 50, deviation 600 x sqrt(0.24); a lot is worth 38
    # at the lower bound, and two times in five the stop takes 385.
    assert found["sharpe"] == round(1_000 * 50 / (600 * math.sqrt(0.24)))
    assert found["worth"] == pytest.approx(3_800 * lots, abs=1)
    assert found["at_risk"] == pytest.approx(38_500 * lots, abs=1)


def test_the_value_at_risk_of_a_nearly_sure_gain_is_not_its_stop() -> None:
    sure = {"p_up": 9_600, "up_lower": 9_500, "up_upper": 9_700}
    assert Trader().decide(SURE | sure)["at_risk"] == 0
