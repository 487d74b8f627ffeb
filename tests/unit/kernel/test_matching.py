"""When a stretch of the path triggers an order."""

from __future__ import annotations

import pytest

from assay.kernel.matching import NEVER, distance_to_trigger
from assay.kernel.records import LIMIT, STOP, STOP_LOSS, TAKE_PROFIT

BUYS, SELLS = True, False


@pytest.mark.parametrize(
    ("kind", "side"),
    [(LIMIT, BUYS), (TAKE_PROFIT, BUYS), (STOP, SELLS), (STOP_LOSS, SELLS)],
)  # fmt: skip
def test_these_wait_for_the_price_to_fall(kind: int, side: bool) -> None:
    assert distance_to_trigger(kind, side, 100, 110, 100) == 10
    assert distance_to_trigger(kind, side, 100, 110, 95) == 10
    assert distance_to_trigger(kind, side, 100, 110, 101) == NEVER
    assert distance_to_trigger(kind, side, 100, 110, 120) == NEVER
    assert distance_to_trigger(kind, side, 100, 100, 120) == 0
    assert distance_to_trigger(kind, side, 100, 90, 120) == 0


@pytest.mark.parametrize(
    ("kind", "side"),
    [(LIMIT, SELLS), (TAKE_PROFIT, SELLS), (STOP, BUYS), (STOP_LOSS, BUYS)],
)  # fmt: skip
def test_these_wait_for_the_price_to_rise(kind: int, side: bool) -> None:
    assert distance_to_trigger(kind, side, 100, 90, 100) == 10
    assert distance_to_trigger(kind, side, 100, 90, 105) == 10
    assert distance_to_trigger(kind, side, 100, 90, 99) == NEVER
    assert distance_to_trigger(kind, side, 100, 90, 80) == NEVER
    assert distance_to_trigger(kind, side, 100, 100, 80) == 0
    assert distance_to_trigger(kind, side, 100, 110, 80) == 0
