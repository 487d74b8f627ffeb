"""HistData.com ASCII bars and ticks, plain or zipped."""

from assay.market.reading import Source
from assay.market.sources.histdata.reading import read

PLUGIN = Source(
    name="histdata", summary="HistData ASCII M1 bars and ticks, plain or zip", read=read
)
