"""What figures were made of: a digest of the bars."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import numpy as np

from assay.market.series import BarSeries, TickSeries, price_columns


def digest_series(series: Sequence[BarSeries | TickSeries]) -> str:
    """Return 64 hex digits over symbols, bar lengths, times, prices and flow, not over files."""
    whole = sha256()
    for one in series:
        length = int(one.timeframe) if isinstance(one, BarSeries) else 0
        whole.update(f"{one.symbol} {length} {one.side} {one.digits} {len(one)} ".encode())
        for name in price_columns(one):
            whole.update(np.ascontiguousarray(getattr(one, name)))
        whole.update(np.ascontiguousarray(one.time))
        if isinstance(one, BarSeries) and one.flow is not None:
            whole.update(np.ascontiguousarray(one.flow))
    return whole.hexdigest()
