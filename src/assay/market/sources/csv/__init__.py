"""Any delimited text with named columns."""

from assay.market.reading import Source
from assay.market.sources.csv.reading import read

PLUGIN = Source(
    name="csv", summary="any CSV; name its columns with --columns and --format", read=read
)
