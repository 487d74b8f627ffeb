"""New York's trading day, from 17:00 to 17:00 on the clock there."""

from __future__ import annotations

import math

from assay.kernel.compiling import allocation_free
from assay.signals.streams.indicator import Values

DAY_SECONDS = 86_400
FROM_CLOSE_TO_MIDNIGHT = 7 * 3600


@allocation_free
def trading_day(wall):  # type: ignore[no-untyped-def]
    """Return the number of the trading day of a bar that closes then; 17:00 sharp ends a day."""
    return math.floor((wall - 1.0 + FROM_CLOSE_TO_MIDNIGHT) / DAY_SECONDS)


def most_bars_of_a_day(values: Values) -> int:
    """Return the bars of the longest day, the 25 hours when the clock is set back."""
    return math.ceil(values["bars_a_day"] * 25 / 24)
