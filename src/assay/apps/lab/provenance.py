"""What figures were made of: digests of the bars and of the program."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import assay
from assay.market.series import BarSeries, price_columns


def data_digest(series: BarSeries) -> str:
    """Return 64 hex digits over the symbol, the bar length, the times and the prices of bars."""
    whole = sha256(f"{series.symbol} {series.timeframe} {series.side} {series.digits}".encode())
    for name in ("ts_open", *price_columns(series)):
        whole.update(getattr(series, name).tobytes())
    return whole.hexdigest()


def program_digest() -> str:
    """Return 64 hex digits over the Python files of the program, by name and content."""
    folder, whole = Path(assay.__file__).parent, sha256()
    for path in sorted(folder.rglob("*.py")):
        whole.update(f"{path.relative_to(folder).as_posix()}\n".encode())
        whole.update(sha256(path.read_bytes()).digest())
    return whole.hexdigest()
