"""How much of a bar's volume its close counts as buying (Chaikin)."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE, HIGH, LOW, VOLUME


@allocation_free
def money_flow_volume(bar):  # type: ignore[no-untyped-def]
    """Return the volume times the place of the close in the range, -1 at the low, 1 at the high.

    A bar without a range has none, as in TA-Lib.
    """
    reach = bar[HIGH] - bar[LOW]
    if reach <= 0:
        return 0.0
    return ((bar[CLOSE] - bar[LOW]) - (bar[HIGH] - bar[CLOSE])) / reach * bar[VOLUME]
