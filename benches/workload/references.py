"""The SMA cross as a bare compiled loop and as a plain Python event loop.

Both do what the drivers do on the walk and no more: SMA 20 and 50 of the closes on integers, flip
to +-10,000 units at the next open, 1 pip of spread half on each side, 0.5 bp commission, equity at
every bar. Money is in points x units, so no rounding is involved. Returned: equity per bar in
points x units, number of fills.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from benches.workload.walk import Walk

FAST, SLOW = 20, 50
UNITS = 10_000
HALF_SPREAD = 5
BP_DIVISOR = 20_000
"""0.5 bp is one part in 20,000."""


@numba.njit(cache=False)
def run_compiled(
    opens: NDArray[np.int64], closes: NDArray[np.int64], equity: NDArray[np.int64]
) -> int:
    """Walk the bars once, fill `equity` and return the number of fills."""
    fast = slow = position = cash = fills = want = 0
    was_above = 0
    for i in range(closes.shape[0]):
        if want != position:
            traded = want - position
            price = opens[i] + (HALF_SPREAD if traded > 0 else -HALF_SPREAD)
            cash -= traded * price + abs(traded) * price // BP_DIVISOR
            position = want
            fills += 1
        close = closes[i]
        fast += close
        slow += close
        if i >= FAST:
            fast -= closes[i - FAST]
        if i >= SLOW:
            slow -= closes[i - SLOW]
        if i >= SLOW - 1:
            gap = fast * SLOW - slow * FAST
            if i >= SLOW:
                if gap > 0 and was_above <= 0:
                    want = UNITS
                elif gap < 0 and was_above >= 0:
                    want = -UNITS
            was_above = gap
        equity[i] = cash + position * close
    return fills


@dataclass(slots=True)
class BarEvent:
    """Hold one bar as the plain loop passes it on."""

    index: int
    open: int
    close: int


class PlainStrategy:
    """Decide on each bar as an event-driven program without compilation would."""

    def __init__(self) -> None:
        self._fast: deque[int] = deque(maxlen=FAST)
        self._slow: deque[int] = deque(maxlen=SLOW)
        self._fast_sum = self._slow_sum = 0
        self._gap: int | None = None

    def decide(self, bar: BarEvent, wanted: int) -> int:
        """Return the position wanted after this bar."""
        if len(self._fast) == FAST:
            self._fast_sum -= self._fast[0]
        if len(self._slow) == SLOW:
            self._slow_sum -= self._slow[0]
        self._fast.append(bar.close)
        self._slow.append(bar.close)
        self._fast_sum += bar.close
        self._slow_sum += bar.close
        if len(self._slow) < SLOW:
            return wanted
        gap, before = self._fast_sum * SLOW - self._slow_sum * FAST, self._gap
        self._gap = gap
        if before is not None:
            if gap > 0 and before <= 0:
                return UNITS
            if gap < 0 and before >= 0:
                return -UNITS
        return wanted


class PlainAccount:
    """Keep position and cash of the plain loop."""

    def __init__(self) -> None:
        self.position = self.cash = self.fills = 0

    def fill(self, wanted: int, price: int) -> None:
        """Trade to the wanted position at the price of that side."""
        traded = wanted - self.position
        price += HALF_SPREAD if traded > 0 else -HALF_SPREAD
        self.cash -= traded * price + abs(traded) * price // BP_DIVISOR
        self.position = wanted
        self.fills += 1


def _bar_events(walk: Walk) -> Iterator[BarEvent]:
    pairs = zip(walk.open.tolist(), walk.close.tolist(), strict=True)
    for index, (opened, close) in enumerate(pairs):
        yield BarEvent(index, opened, close)


def run_plain(walk: Walk) -> tuple[list[int], int]:
    """Walk the bars as events and return equity per bar and the number of fills."""
    strategy, account = PlainStrategy(), PlainAccount()
    equity: list[int] = []
    wanted = 0
    for bar in _bar_events(walk):
        if wanted != account.position:
            account.fill(wanted, bar.open)
        wanted = strategy.decide(bar, wanted)
        equity.append(account.cash + account.position * bar.close)
    return equity, account.fills
