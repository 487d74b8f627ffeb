"""Parquet files of bars or ticks named SYMBOL_TIMEFRAME_SOURCE_FROM_TO."""

from assay.market.reading import Source
from assay.market.sources.parquet.reading import read, read_parquet
from assay.market.sources.parquet.writing import write_parquet

PLUGIN = Source(
    name="parquet",
    summary="Parquet bars and ticks",
    read=read,
)

__all__ = ["PLUGIN", "read_parquet", "write_parquet"]
