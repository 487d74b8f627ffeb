"""Parquet files of bars or ticks named SYMBOL_TIMEFRAME_SOURCE_FROM_TO."""

from assay.market.sources.parquet.reading import read_parquet

__all__ = ["read_parquet"]
