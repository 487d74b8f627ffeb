"""Fit the spread table on quoted hourly bars: median spread by instrument and hour of the week.

Usage: python tools/fit_spreads.py FOLDER-OF-QUOTED-PARQUET
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from assay.market.sources.parquet import read_parquet
from assay.market.spreads import HOURS_A_WEEK, hour_of_week
from assay.model.instruments import instrument_for

TARGET = Path(__file__).resolve().parents[1] / "src/assay/market/spreads/table.json"
QUOTED = ("eurusd_h1_lean-oanda", "xauusd_h1_lean-oanda")


def fit(path: Path) -> tuple[str, list[float]]:
    """Return the symbol and its median spread in pips for each hour of the week."""
    series = read_parquet(path)
    spec = instrument_for(series.symbol)
    pip = spec.pip_points * 10 ** (series.digits - spec.digits)
    pips = (series.ask_open - series.open) / pip
    hours = hour_of_week(series.ts_open)
    overall = float(np.median(pips))
    cells = [pips[hours == hour] for hour in range(HOURS_A_WEEK)]
    return series.symbol, [
        round(float(np.median(cell)) if len(cell) >= 20 else overall, 2) for cell in cells
    ]


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    table = dict(fit(next(folder.glob(f"{name}_*.parquet"))) for name in QUOTED)
    TARGET.write_text(json.dumps(table, indent=1) + "\n")
    sys.stdout.write(f"wrote {TARGET.name} for {', '.join(table)}\n")
