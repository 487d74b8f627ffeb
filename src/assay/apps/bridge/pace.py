"""How fast an edge's quotes come, and how old they are when they come."""

from __future__ import annotations

from collections import deque

import numpy as np

from assay.model.time import SECOND

KEPT = 1_024
SPAN = 10 * SECOND
"""Over which quotes a second are counted."""
_MS = 1_000_000


class Pace:
    """Follow the newest quotes of an edge by when they were made and when they came (ns).

    The delay is from the broker's time of a quote to the bridge's clock, so it tells the line and
    the terminal, and how far the two clocks are apart.

    >>> pace = Pace()
    >>> for number in range(20):
    ...     pace.take(number * SECOND, number * SECOND + 8_000_000)
    >>> pace.told(20 * SECOND)["quotes_a_second"], pace.told(20 * SECOND)["delay_p95_ms"]
    (1.0, 8.0)
    """

    def __init__(self) -> None:
        self._came: deque[tuple[int, int]] = deque(maxlen=KEPT)

    def take(self, made: int, came: int) -> None:
        """Note a quote."""
        self._came.append((made, came))

    def told(self, now: int) -> dict[str, float | None]:
        """Return quotes a second of late, the newest one's age (s), and delays of the last 1,024.

        Where more come than are kept, the rate is that of those.
        """
        if not self._came:
            return {"quotes_a_second": 0.0, "newest_s": None, "delay_p50_ms": None,
                    "delay_p95_ms": None}  # fmt: skip
        made, came = np.array(self._came, np.int64).T
        since = max(now - SPAN, int(came[0]) - 1 if len(came) == KEPT else 0)
        span = max(now - since, 1)
        middle, late = np.quantile((came - made) / _MS, (0.5, 0.95))
        return {
            "quotes_a_second": round(int((came > since).sum()) * SECOND / min(span, SPAN), 1),
            "newest_s": round((now - int(came[-1])) / SECOND, 3),
            "delay_p50_ms": round(float(middle), 3), "delay_p95_ms": round(float(late), 3),
        }  # fmt: skip
