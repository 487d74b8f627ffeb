"""Write a series in the layout that reading expects."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from assay.market.grid import from_flow
from assay.market.series import BarSeries, Series, price_columns
from assay.model.errors import DataError


def write_parquet(series: Series, path: Path) -> None:
    """Write time (ns UTC), decimal prices, what sizes and flow there are; whole or not at all."""
    columns: dict[str, pa.Array] = {
        "time": pa.array(series.time, pa.timestamp("ns", tz="UTC")),
    }
    for name in price_columns(series):
        columns[name] = pa.array(getattr(series, name) / 10.0**series.digits, pa.float64())
    for name in ("volume", "bid_size", "ask_size"):
        column = getattr(series, name, None)
        if column is not None:
            columns[name] = pa.array(np.nan_to_num(column), pa.float64())
    if isinstance(series, BarSeries) and series.flow is not None:
        for name, column in from_flow(series.flow, series.digits).items():
            columns[name] = pa.array(column, pa.float64(), from_pandas=True)
    if series.fold.any():
        columns["fold"] = pa.array(series.fold)
    partial = path.with_name(f".{path.name}.partial")
    try:
        pq.write_table(pa.table(columns), partial)
        os.replace(partial, path)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}; choose another place") from None
