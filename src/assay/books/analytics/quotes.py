"""What a market was worth at the close of each bar, and between its extremes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Quotes(NamedTuple):
    """Hold the bars of one symbol: times of open and close (ns UTC, rising), prices as people read.

    `mid` is that of the close. A long position is worth the bid and a short one the ask, so its
    extremes inside a bar are `low` and `high` of that side.
    """

    opened: Integers
    closed: Integers
    mid: Floats
    bid_low: Floats
    bid_high: Floats
    ask_low: Floats
    ask_high: Floats

    @classmethod
    def of_points(cls, times: tuple[Integers, Integers], points: Integers, digits: int) -> Quotes:
        """Return bars of points: low, high, close of the bid [3, n], then the spread at each."""
        low, high, close, spread_low, spread_high, spread_close = points
        scale = 10.0**-digits
        return cls(
            *times, (close + spread_close / 2) * scale, low * scale, high * scale,
            (low + spread_low) * scale, (high + spread_high) * scale,
        )  # fmt: skip

    def mid_at(self, ts: int, later: int = 0) -> float | None:
        """Return the mid of the last close up to a time, or of `later` bars after; None outside.

        >>> bars = np.array([10, 20, 30])
        >>> quotes = Quotes(bars - 10, bars, *[np.array([1.0, 2.0, 3.0])] * 5)
        >>> quotes.mid_at(25), quotes.mid_at(25, 1), quotes.mid_at(25, 2), quotes.mid_at(9)
        (2.0, 3.0, None, None)
        """
        place = int(np.searchsorted(self.closed, ts, side="right")) - 1 + later
        return float(self.mid[place]) if later <= place < len(self.mid) else None

    def extremes(
        self, side: str, start: int, end: int, *, inside: bool = False
    ) -> tuple[float, float] | None:
        """Return the lowest and highest price at which a position could have been closed.

        Of all bars that overlap the time between `start` and `end`, with `inside` also of the one
        that closes at `start`; None where there is none.
        """
        first = int(np.searchsorted(self.closed, start, side="left" if inside else "right"))
        after = int(np.searchsorted(self.opened, end, side="left"))
        if after <= first:
            after = first + 1
        if first >= len(self.mid):
            return None
        low, high = (
            (self.bid_low, self.bid_high) if side == "long" else (self.ask_low, self.ask_high)
        )
        return float(low[first:after].min()), float(high[first:after].max())
