"""The packaged sample is whole, documented and of the stated origin."""

import hashlib
import json
from importlib.resources import files
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from assay.market.sources.parquet import read_parquet

SAMPLE = files("assay.market.history") / "sample"
STEM = "eurusd_h1_sample_20170101_20171229"


def test_sample_is_what_its_metadata_says() -> None:
    facts = json.loads((SAMPLE / "metadata.json").read_text(encoding="utf-8"))
    data = (SAMPLE / f"{STEM}.parquet").read_bytes()
    assert facts["sha256"] == hashlib.sha256(data).hexdigest()
    assert (facts["licence"], facts["side"], facts["rows"]) == ("MIT", "ask", 6225)


def test_every_reader_takes_the_sample_for_what_its_metadata_says(tmp_path: Path) -> None:
    packaged = Path(str(SAMPLE / f"{STEM}.parquet"))
    assert read_parquet(packaged).side == "ask"
    assert read_parquet(packaged, side="mid").side == "mid"
    copy = tmp_path / packaged.name
    copy.write_bytes(packaged.read_bytes())
    assert read_parquet(copy).side == "bid"
    (tmp_path / "metadata.json").write_text((SAMPLE / "metadata.json").read_text())
    assert read_parquet(copy).side == "ask"
    (tmp_path / "metadata.json").write_text('{"side": "ask", "sha256": "of another file"}')
    assert read_parquet(copy).side == "bid"


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
