"""Every array of the engine behind one pointer.

Handing sixteen arrays to compiled code costs microseconds a call and, inside it, a reference each;
one structure that holds them costs neither.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.core import types
from numba.experimental import structref
from numba.np.numpy_support import from_dtype

from assay.kernel import records
from assay.kernel.compiling import compiled

LAYOUT: dict[str, tuple[Any, int]] = {
    "accounts": (records.ACCOUNT, 1),
    "positions": (records.POSITION, 2),
    "orders": (records.ORDER, 3),
    "memory": (np.dtype(np.int64), 3),
    "params": (np.dtype(np.int64), 3),
    "limits": (records.LIMITS, 2),
    "instruments": (records.INSTRUMENT, 1),
    "markets": (records.MARKET_STATE, 1),
    "schedule": (records.SCHEDULE, 1),
    "intent": (records.INTENT, 1),
    "scratch_orders": (records.ORDER, 1),
    "counts": (np.dtype(np.int64), 1),
    "order_log": (records.ORDER_LOG, 1),
    "fills": (records.FILL_LOG, 1),
    "notes": (records.NOTE_LOG, 1),
    "equity": (records.EQUITY_LOG, 1),
}
"""Arrays by name: (dtype, dimensions); a = account, i = instrument, s = order slot.

accounts [a], positions [a, i], orders [a, i, s], memory [a, i, words] of the strategy,
params [a, i, words], limits [a, i], instruments [i], markets [i], schedule [entries], intent [1],
scratch_orders [1], counts [8] = rows in the four logs, then the most that one event may start with.
"""


@structref.register
class WorldType(types.StructRef):  # type: ignore[misc,name-defined]
    """Type the structure for the compiler."""


class WorldHandle(structref.StructRefProxy):  # type: ignore[misc]
    """Hold the pointer on Python's side."""


structref.define_boxing(WorldType, WorldHandle)

_WORLD = WorldType(
    [(name, types.Array(from_dtype(dtype), ndim, "C")) for name, (dtype, ndim) in LAYOUT.items()]
)


@compiled
def bind(state, terms, logs):  # type: ignore[no-untyped-def]
    """Return the structure that holds three tuples of arrays, in the order of LAYOUT."""
    world = structref.new(_WORLD)
    world.accounts, world.positions, world.orders, world.memory = state
    (
        world.params,
        world.limits,
        world.instruments,
        world.markets,
        world.schedule,
        world.intent,
        world.scratch_orders,
        world.counts,
    ) = terms
    world.order_log, world.fills, world.notes, world.equity = logs
    return world
