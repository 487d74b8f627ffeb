"""What figures were made of: digests of the bars and of the program."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np

import assay
from assay.market.series import BarSeries, TickSeries, price_columns


def digest_series(series: Sequence[BarSeries | TickSeries]) -> str:
    """Return 64 hex digits over symbols, bar lengths, times and prices, whatever their files."""
    whole = sha256()
    for one in series:
        length = int(one.timeframe) if isinstance(one, BarSeries) else 0
        whole.update(f"{one.symbol} {length} {one.side} {one.digits} {len(one)} ".encode())
        for name in price_columns(one):
            whole.update(np.ascontiguousarray(getattr(one, name)))
        whole.update(np.ascontiguousarray(one.time))
    return whole.hexdigest()


def program_digest() -> str:
    """Return 64 hex digits over the Python files of the program, by name and content."""
    folder, whole = Path(assay.__file__).parent, sha256()
    for path in sorted(folder.rglob("*.py")):
        whole.update(f"{path.relative_to(folder).as_posix()}\n".encode())
        whole.update(sha256(path.read_bytes()).digest())
    return whole.hexdigest()
