"""What an order cost is split without a remainder; orders of two runs are matched one to one."""

from __future__ import annotations

import numpy as np
import pytest

from assay.books.analytics.excursions import measure_excursions
from assay.books.analytics.execution import (
    Execution,
    OrderQuality,
    SentOrder,
    measure_execution,
    summarise_execution,
)
from assay.books.analytics.ordermatch import diff_orders
from assay.books.analytics.quotes import Quotes
from assay.books.analytics.trades import ClosedTrade
from assay.model.time import MINUTE, SECOND

SPREAD = 0.0002


def make_quotes(mids: list[float]) -> Quotes:
    """Return minutes whose extremes lie a pip around the close."""
    mid, closed = np.array(mids), np.arange(1, len(mids) + 1) * MINUTE
    bid, ask = mid - SPREAD / 2, mid + SPREAD / 2
    return Quotes(closed - MINUTE, closed, mid, bid - 1e-4, bid + 1e-4, ask - 1e-4, ask + 1e-4)


RISING = make_quotes([1.1000 + 0.0001 * step for step in range(40)])
BUY = SentOrder(1, 5 * MINUTE, "EURUSD", 10_000.0, "market")
FILL = Execution(1, 6 * MINUTE, "EURUSD", 10_000.0, 1.1007, 1.0, 1.0, 0.5, 1.0, "market")
"""Decided at 1.1004; the mid moved a pip, then half the spread and a pip of slippage were paid."""


def measure(orders: list[SentOrder], fills: list[Execution]) -> list[OrderQuality]:
    return measure_execution(orders, fills, {"EURUSD": RISING})


def test_a_filled_order_is_split_without_a_remainder() -> None:
    (line,) = measure([BUY], [FILL])
    assert (line.state, line.decided_mid, line.waited) == ("filled", 1.1004, MINUTE)
    assert line.delay == pytest.approx(10_000 * 0.0003 - 2.0)
    assert line.shortfall == pytest.approx(10_000 * (1.1007 - 1.1004) + 0.5)
    assert line.opportunity == 0.0
    assert line.effective == pytest.approx(2 * 2.0 / 10_000)
    # A minute after the fill the mid is 1.1006, so the maker of the price kept a pip of two.
    assert line.realised[0] == pytest.approx(2 * (1.1007 - 1.1006))
    assert line.realised[1] == pytest.approx(2 * (1.1007 - 1.1010))


def test_a_sale_has_the_signs_turned() -> None:
    sell = BUY._replace(quantity=-10_000.0)
    (line,) = measure([sell], [FILL._replace(quantity=-10_000.0, price=1.1003)])
    assert line.shortfall == pytest.approx(10_000 * (1.1004 - 1.1003) + 0.5)
    assert line.delay == pytest.approx(1.0 - 2.0)


def test_what_never_filled_is_a_missed_chance_and_what_was_denied_is_none() -> None:
    half = FILL._replace(quantity=5_000.0, spread_cost=0.5, slippage_cost=0.5, commission=0.25)
    part, none, denied = measure(
        [BUY, BUY._replace(key=2, time=6 * MINUTE), BUY._replace(key=3, denied="daily_loss")],
        [half],
    )[:3]
    states = {line.key: line for line in (part, none, denied)}
    assert [states[key].state for key in (1, 2, 3)] == ["partly", "unfilled", "denied"]
    missed = 15 * 0.0001
    assert states[1].opportunity == pytest.approx(5_000 * missed)
    assert states[2].opportunity == pytest.approx(10_000 * missed)
    assert states[2].shortfall == pytest.approx(10_000 * missed)
    assert (states[3].opportunity, states[3].shortfall) == (None, 0.0)


def test_exits_held_by_the_broker_have_costs_and_no_decision() -> None:
    stop = FILL._replace(key=9, time=8 * MINUTE, quantity=-10_000.0, reason="stop_loss")
    lines = measure([BUY], [FILL, stop])
    exit_ = lines[1]
    assert (exit_.state, exit_.kind, exit_.side) == ("protective", "stop_loss", "sell")
    assert (exit_.delay, exit_.decided_mid, exit_.shortfall) == (None, None, 2.5)
    market, held = summarise_execution(lines)
    assert (market.kind, market.orders, held.kind, held.orders) == ("market", 1, "stop_loss", 1)
    assert market.shortfall == pytest.approx(lines[0].shortfall)


def test_without_quotes_only_what_the_books_know_is_told() -> None:
    (line,) = measure_execution([BUY], [FILL], {})
    assert (line.decided_mid, line.delay, line.opportunity) == (None, None, None)
    assert line.shortfall == 2.5
    assert line.realised == (None, None, None)


def test_excursions_are_of_the_side_at_which_a_position_could_be_left() -> None:
    trade = ClosedTrade(
        10 * MINUTE, 20 * MINUTE, "EURUSD", "long", 1, 1.1011, 1.1018, 0, 7, "market"
    )
    (long,) = measure_excursions([trade], {"EURUSD": RISING})
    bids = 1.1000 + 0.0001 * np.arange(10, 20) - SPREAD / 2
    assert long.adverse == pytest.approx(1 - (bids.min() - 1e-4) / 1.1011)
    assert long.favourable == pytest.approx((bids.max() + 1e-4) / 1.1011 - 1)
    (short,) = measure_excursions([trade._replace(side="short")], {"EURUSD": RISING})
    assert short.adverse == pytest.approx((bids.max() + SPREAD + 1e-4) / 1.1011 - 1)
    assert measure_excursions([trade], {})[0].adverse is None


def test_orders_are_matched_by_key_then_by_the_nearest_time() -> None:
    lines = measure(
        [BUY, BUY._replace(key=2, time=10 * MINUTE), BUY._replace(key=3, time=20 * MINUTE)],
        [FILL, FILL._replace(key=2, time=11 * MINUTE), FILL._replace(key=3, time=21 * MINUTE)],
    )
    late = [
        lines[0],
        lines[1]._replace(key=77, time=10 * MINUTE + 2 * SECOND, price=1.1009),
        lines[2]._replace(key=78, time=30 * MINUTE),
    ]
    found = diff_orders(lines, late, {"EURUSD": 0.0001})
    assert [pair.by for pair in found.pairs] == ["key", "window", "", ""]
    assert found.counts == {
        "first": 3, "second": 3, "by_key": 1, "by_window": 1, "equal": 1, "time": 1, "price": 1,
        "missing": 1, "extra": 1,
    }  # fmt: skip
    assert found.price_points == pytest.approx(20 / 2)
    assert found.fill_seconds == pytest.approx(1.0)
    assert diff_orders(lines, lines, {}).gaps == []
    wide = diff_orders(lines, late, {}, window=15 * MINUTE)
    assert wide.counts["by_window"] == 2


def test_each_field_of_an_order_is_held_against_the_other() -> None:
    (line,) = measure([BUY], [FILL])
    for change, what in (
        ({"quantity": 9_000.0}, "quantity"), ({"filled": 5_000.0}, "filled"),
        ({"state": "denied"}, "state"), ({"kind": "limit"}, "kind"), ({"price": 1.2}, "price"),
        ({"waited": 2 * MINUTE}, "fill time"), ({"denied": "margin"}, "denied"),
    ):  # fmt: skip
        gaps = diff_orders([line], [line._replace(**change)], {}).gaps  # type: ignore[arg-type]
        assert [gap.what for gap in gaps] == [what]
