"""FXCM candles and ticks: one side a file, or both sides in one."""

from assay.market.reading import Source
from assay.market.sources.fxcm.reading import read

PLUGIN = Source(
    name="fxcm", summary="FXCM candles and ticks, a file or a folder of both sides", read=read
)
