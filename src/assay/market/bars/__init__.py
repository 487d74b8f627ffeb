"""Ticks to bars and bars to longer bars: whole columns at once, or one message at a time."""

from assay.market.bars.aggregation import bars_to_bars, ticks_to_bars
from assay.market.bars.building import BarBuilder, HigherBarBuilder
from assay.market.bars.sets import BarSetBuilder

__all__ = ["BarBuilder", "BarSetBuilder", "HigherBarBuilder", "bars_to_bars", "ticks_to_bars"]
