"""QuantConnect LEAN data folder: zips of quotes and trades."""

from assay.market.reading import Source
from assay.market.sources.lean.reading import read

PLUGIN = Source(
    name="lean",
    summary="LEAN zips of quote and trade bars and quote ticks",
    read=read,
)
