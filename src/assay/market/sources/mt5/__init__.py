"""MetaTrader 5: the terminal's Export bars and Export ticks."""

from assay.market.reading import Source
from assay.market.sources.mt5.reading import read

PLUGIN = Source(
    name="mt5", summary="MetaTrader 5 Export bars and Export ticks (needs --tz)", read=read
)
