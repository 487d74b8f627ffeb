"""The packaged sample is whole, documented and of the stated origin."""

import hashlib
import json
from importlib.resources import files

import pyarrow.compute as pc
import pyarrow.parquet as pq

SAMPLE = files("assay.market.history") / "sample"
STEM = "eurusd_h1_sample_20170101_20171229"


def test_sample_is_what_its_metadata_says() -> None:
    facts = json.loads((SAMPLE / "metadata.json").read_text(encoding="utf-8"))
    data = (SAMPLE / f"{STEM}.parquet").read_bytes()
    assert facts["sha256"] == hashlib.sha256(data).hexdigest()
    assert (facts["licence"], facts["side"], facts["rows"]) == ("MIT", "ask", 6225)


def test_sample_has_a_year_of_ordered_hours() -> None:
    table = pq.read_table(SAMPLE / f"{STEM}.parquet")
    assert table.column_names == ["time", "open", "high", "low", "close", "volume"]
    assert table.num_rows == 6225
    times = table["time"].cast("int64").to_numpy()
    assert ((times[1:] - times[:-1]) >= 3_600_000_000).all()
    assert pc.all(pc.greater_equal(table["high"], table["low"])).as_py()


def test_sample_comes_with_its_licence() -> None:
    text = (SAMPLE / "LICENSE.gym-anytrading").read_text(encoding="utf-8")
    assert text.startswith("MIT License")
