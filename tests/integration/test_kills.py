"""kill -9 of trader, audit, and all with PostgreSQL: the outcome is that of a whole run."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.market.sources.parquet.writing import write_parquet
from assay.model.time import Timeframe
from assay.runtime.stores.postgres import remove_postgres
from tests.integration.killing import kill_all, processes_of, survive_kills
from tests.replay.markets import generate_bars

BARS = 6_000
SEED = 7
KILLS = 3
"""Of each kind."""


@pytest.mark.running
def test_kills_change_nothing(tmp_path: Path) -> None:
    data = tmp_path / "eurusd_m1_kills_20190304_20190401.parquet"
    write_parquet(generate_bars("EURUSD", BARS, 1, gapped=True, timeframe=Timeframe.M1), data)
    try:
        where = survive_kills(tmp_path, data, seed=SEED, kills=KILLS, events=BARS)
    finally:
        kill_all(processes_of(tmp_path / "home"))
        remove_postgres(tmp_path / "home")
    assert len(where) == 3 * KILLS, f"seed {SEED}: {where}"
