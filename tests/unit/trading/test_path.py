"""The path inside a bar, one plain scenario each: what fills, and at what price."""

from __future__ import annotations

from decimal import Decimal

import pytest

from assay.kernel.records import STOP, STOP_LOSS, TAKE_PROFIT
from assay.model.accounts import AccountSpec
from assay.model.instruments import instrument_for
from assay.model.time import HOUR
from assay.trading.engine.terms import Contract, RiskProfile
from tests.property.slow_orders import GO_TO, PLACE_LIMIT, PLACE_STOP, Corner, Event, Wish
from tests.property.test_engine import START, Terms, run_engine

SPREAD = 4
BUY = Wish(GO_TO, 1_000, 0, 900, 1_100)
SELL = Wish(GO_TO, -1_000, 0, 1_100, 900)


def quote(bid: int) -> Corner:
    return Corner(bid, bid + SPREAD)


def bar(number: int, opens: int, high: int, low: int, closes: int) -> Event:
    end = START + number * HOUR
    return Event(0, end, end - HOUR, quote(opens), quote(high), quote(low), quote(closes))


def fills(*steps: tuple[Event, Wish], slippage: int = 0) -> list[tuple[int, int, int]]:
    """Return (quantity, price, reason) of each fill that the bars lead to."""
    told = Terms(
        [Contract(instrument_for("EURUSD"), 5, slippage)], AccountSpec(id="a", cash=1_000_000),
        RiskProfile("free", position_max_lots=Decimal(0), volume_rules=False),
    )  # fmt: skip
    world = run_engine(told, [one for one, _ in steps], [wish for _, wish in steps])
    return [
        (int(row["quantity"]), int(row["price"]), int(row["reason"]))
        for row in world.fills[: world.counts[1]]
    ]


FLAT = bar(1, 1_000, 1_000, 1_000, 1_000)
NOTHING = Wish()


def exits(first: Wish, second: Event, slippage: int = 0) -> list[tuple[int, int, int]]:
    """Return what follows the entry, a market order at the open of the second bar."""
    return fills((FLAT, first), (second, NOTHING), slippage=slippage)[1:]


def test_a_bar_that_reaches_stop_and_target_is_a_loss() -> None:
    wide = bar(2, 1_000, 1_200, 800, 1_000)
    assert exits(BUY, wide) == [(-1_000, 900, STOP_LOSS)]
    assert exits(SELL, wide) == [(1_000, 1_100, STOP_LOSS)]


def test_the_target_alone_fills_at_its_price() -> None:
    assert exits(BUY, bar(2, 1_000, 1_100, 901, 1_000)) == [(-1_000, 1_100, TAKE_PROFIT)]
    assert exits(SELL, bar(2, 1_000, 1_000, 896, 1_000)) == [(1_000, 900, TAKE_PROFIT)]


@pytest.mark.parametrize(("low", "hit"), [(900, True), (901, False)])
def test_a_longs_stop_looks_at_the_bid(low: int, hit: bool) -> None:
    assert bool(exits(BUY, bar(2, 1_000, 1_000, low, 1_000))) is hit


@pytest.mark.parametrize(("high", "hit"), [(1_096, True), (1_095, False)])
def test_a_shorts_stop_looks_at_the_ask(high: int, hit: bool) -> None:
    assert bool(exits(SELL, bar(2, 1_000, high, 1_000, 1_000))) is hit


def test_a_gap_fills_at_the_open() -> None:
    gone = bar(3, 850, 860, 840, 850)
    told = fills((FLAT, BUY), (bar(2, 1_000, 1_000, 1_000, 1_000), NOTHING), (gone, NOTHING))
    assert told == [(1_000, 1_004, 1), (-1_000, 850, STOP_LOSS)]
    risen = bar(3, 1_150, 1_160, 1_140, 1_150)
    told = fills((FLAT, SELL), (bar(2, 1_000, 1_000, 1_000, 1_000), NOTHING), (risen, NOTHING))
    assert told == [(-1_000, 1_000, 1), (1_000, 1_154, STOP_LOSS)]


def test_slippage_is_paid_on_market_and_stop_not_on_a_target() -> None:
    assert exits(BUY, bar(2, 1_000, 1_000, 800, 1_000), slippage=3) == [(-1_000, 897, STOP_LOSS)]
    assert exits(BUY, bar(2, 1_000, 1_100, 990, 1_000), slippage=3) == [
        (-1_000, 1_100, TAKE_PROFIT)
    ]
    told = fills((FLAT, Wish(GO_TO, 1_000)), (bar(2, 1_000, 1_000, 1_000, 1_000), NOTHING),
                 slippage=3)  # fmt: skip
    assert told == [(1_000, 1_007, 1)]


def test_a_limit_fills_at_its_price_or_at_a_better_open() -> None:
    limit = Wish(PLACE_LIMIT, 1_000, 960)
    assert fills((FLAT, limit), (bar(2, 1_000, 1_000, 956, 1_000), NOTHING)) == [(1_000, 960, 2)]
    assert fills((FLAT, limit), (bar(2, 1_000, 1_000, 957, 1_000), NOTHING)) == []
    assert fills((FLAT, limit), (bar(2, 940, 950, 930, 940), NOTHING)) == [(1_000, 944, 2)]


def test_an_entry_inside_a_bar_meets_its_stop_if_the_bar_reaches_it() -> None:
    entry = Wish(PLACE_STOP, 1_000, 1_050, 950, 1_150)
    told = fills((FLAT, entry), (bar(2, 1_000, 1_060, 950, 1_055), NOTHING))
    assert told == [(1_000, 1_050, STOP), (-1_000, 950, STOP_LOSS)]


def test_an_entry_inside_a_bar_meets_its_target_only_at_the_close() -> None:
    entry = Wish(PLACE_STOP, 1_000, 1_050, 950, 1_150)
    told = fills((FLAT, entry), (bar(2, 1_000, 1_160, 960, 1_149), NOTHING))
    assert told == [(1_000, 1_050, STOP)]
    told = fills((FLAT, entry), (bar(2, 1_000, 1_160, 960, 1_155), NOTHING))
    assert told == [(1_000, 1_050, STOP), (-1_000, 1_150, TAKE_PROFIT)]


def test_a_turn_into_a_smaller_position_meets_its_own_stop() -> None:
    turn = Wish(PLACE_STOP, -1_500, 950, 1_080, 0)
    start = (bar(2, 1_000, 1_000, 1_000, 1_000), turn)
    entry = (FLAT, Wish(GO_TO, 1_000))
    told = fills(entry, start, (bar(3, 1_000, 1_020, 940, 960), NOTHING))
    assert told[1:] == [(-1_500, 950, STOP)]
    told = fills(entry, start, (bar(3, 1_000, 1_076, 940, 960), NOTHING))
    assert told[1:] == [(-1_500, 950, STOP), (500, 1_080, STOP_LOSS)]


def test_what_is_left_of_a_position_keeps_its_stop() -> None:
    entry, fall = Wish(GO_TO, 2_000, 0, 900, 0), bar(4, 1_000, 1_000, 890, 950)
    part = (bar(2, 1_000, 1_000, 1_000, 1_000), Wish(GO_TO, 500))
    told = fills((FLAT, entry), part, (bar(3, 1_000, 1_000, 1_000, 1_000), NOTHING),
                 (fall, NOTHING))  # fmt: skip
    assert told[1:] == [(-1_500, 1_000, 1), (-500, 900, STOP_LOSS)]
