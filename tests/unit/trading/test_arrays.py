"""The engine's arrays behind one pointer."""

from __future__ import annotations

import numpy as np
import pytest

from assay.kernel.compiling import compiled
from assay.kernel.records import LIMITS, SCHEDULE
from assay.trading.engine.arrays import LAYOUT, WorldHandle


def arrays(**others: np.ndarray) -> list[np.ndarray]:
    """Return an array for each place, all of other lengths."""
    made = {
        name: np.zeros(tuple(range(place + 2, place + 2 + n)), dtype)
        for place, (name, (dtype, n)) in enumerate(LAYOUT.items())
    }
    return list((made | others).values())


@compiled
def look(world):  # type: ignore[no-untyped-def]
    world.counts[-1] += 1
    shapes = world.accounts.shape, world.orders.shape, world.correlations.shape
    return shapes, world.orders[1, 2, 3].quantity, world.correlations[-1, 2], len(world.equity)


def test_compiled_code_sees_the_arrays_of_a_handle() -> None:
    given = arrays()
    named = dict(zip(LAYOUT, given, strict=True))
    named["orders"][1, 2, 3]["quantity"], named["correlations"][-1, 2] = 7, 8
    handle = WorldHandle(given)
    shapes, quantity, correlation, rows = look(handle)
    kinds = "accounts", "orders", "correlations"
    assert shapes == tuple(named[name].shape for name in kinds)
    assert (quantity, correlation, rows) == (7, 8, len(named["equity"]))
    assert named["counts"][-1] == 1


@pytest.mark.parametrize("wrong", [np.zeros((1, 1), LIMITS), np.zeros(1, SCHEDULE)])
def test_an_array_of_another_kind_is_refused(wrong: np.ndarray) -> None:
    with pytest.raises(TypeError, match="accounts must have 1 dimensions"):
        WorldHandle(arrays(accounts=wrong))
