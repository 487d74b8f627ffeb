"""TrueFX ticks, with or without a header, plain or zipped."""

from assay.market.reading import Source
from assay.market.sources.truefx.reading import read

PLUGIN = Source(
    name="truefx",
    summary="TrueFX ticks",
    read=read,
)
