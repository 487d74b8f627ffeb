"""The packaged sample equals the gathered copy row by row."""

from importlib.resources import files
from pathlib import Path

import pyarrow.parquet as pq


def test_sample_equals_the_gathered_bars(shared: Path) -> None:
    folder = files("assay.market.history") / "sample"
    ours = pq.read_table(folder / "eurusd_h1_sample_20170101_20171229.parquet")
    theirs = pq.read_table(
        shared / "data/bars/eurusd_h1_gymanytrading-ask_20170101_20171229.parquet"
    )
    assert ours.replace_schema_metadata(None).equals(theirs.replace_schema_metadata(None))
