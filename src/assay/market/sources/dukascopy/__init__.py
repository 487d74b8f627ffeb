"""Dukascopy data feed: .bi5 ticks and candles, one file or a folder."""

from assay.market.reading import Source
from assay.market.sources.dukascopy.reading import read

PLUGIN = Source(
    name="dukascopy", summary="Dukascopy .bi5 ticks and candles, a file or a folder", read=read
)
