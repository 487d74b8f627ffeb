"""The engine ahead of its messages: over the bars at which nothing trades in one compiled call."""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct

import numpy as np

from assay.kernel.compiling import bind_types
from assay.kernel.records import BASE_BAR
from assay.trading.engine.module import MARKS, TradingDesk

_TRADES = Struct("<qqq")
"""Orders, fills and notes among the counts, which as integers of Python cost less to look at."""
_ROOMS_AT = 32
"""Where the counts hold the most orders, fills and notes that an event may start with."""


class RunAhead:
    """Step a desk of one account and a compiled strategy over base bars, ahead of their messages.

    The same compiled loop runs as for single bars, so that nothing differs but the number of calls.
    """

    def __init__(self, desk: TradingDesk, events: np.ndarray) -> None:
        self._desk, self._events = desk, events
        self._run: Callable[..., int] = bind_types(
            desk.plan.strategy.run, desk.world.handle, events, 0, 0
        )
        self._octets = desk.world.counts.view(np.uint8).data
        self._waits = False

    @staticmethod
    def is_possible(desk: TradingDesk, events: np.ndarray) -> bool:
        """Say whether a desk decides by itself, for one account, on base bars alone."""
        strategy = desk.plan.strategy
        decides_alone = strategy.is_compiled and strategy.conclude is None
        is_single = len(desk.plan.accounts) == 1
        return decides_alone and is_single and bool((events["kind"] == BASE_BAR).all())

    def advance(self, start: int, stop: int) -> np.ndarray:
        """Step from an event to the first that trades; return the worths [n, 4] of the quiet ones.

        Where fewer are quiet than asked for, the next one traded: its message finds it done. After
        an order none is, for most fill at once: that bar's message steps the engine itself.
        """
        desk, octets = self._desk, self._octets
        if self._waits:
            self._waits = False
            return desk.worths[:0]
        rooms = _TRADES.unpack_from(octets, _ROOMS_AT)
        # The loop stops before an event that finds something logged.
        _TRADES.pack_into(octets, _ROOMS_AT, 0, 0, 0)
        reached = self._run(desk.world.handle, self._events, start, stop)
        _TRADES.pack_into(octets, _ROOMS_AT, *rooms)
        orders, fills, notes = _TRADES.unpack_from(octets)
        self._waits, trades = orders != 0, bool(orders or fills or notes)
        quiet: np.ndarray = desk.worths[: reached - start - trades].copy()
        if trades:
            desk.worths[0] = desk.worths[len(quiet)]
            desk.has_stepped = True
        desk.world.counts[MARKS] = int(trades)
        return quiet
