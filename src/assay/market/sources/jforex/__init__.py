"""JForex and Dukascopy CSV exports: candles and ticks."""

from assay.market.reading import Source
from assay.market.sources.jforex.reading import read

PLUGIN = Source(
    name="jforex", summary="JForex / Dukascopy CSV export of candles and ticks", read=read
)
