"""Ten kills each of trader, audit, and all with PostgreSQL, as far as the budget reaches."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.market.sources.parquet.writing import write_parquet
from assay.model.time import Timeframe
from assay.runtime.stores.postgres import remove_postgres
from tests.integration.killing import kill_all, processes_of, survive_kills
from tests.replay.markets import generate_bars

KILLS = 10
"""Of each kind."""
PAIR_S = 20.0
"""What one kill of each kind takes at most, the starts included."""


@pytest.mark.parametrize(("speed", "bars"), [("120000", 40_000), ("max", 60_000)])
def test_thirty_kills_change_nothing(
    tmp_path: Path, soak_seconds: float, soak_seed: int, speed: str, bars: int
) -> None:
    kills, seed = max(1, min(KILLS, int(soak_seconds / PAIR_S))), soak_seed
    data = tmp_path / "eurusd_m1_soak_20190304_20190401.parquet"
    write_parquet(generate_bars("EURUSD", bars, 1, gapped=True, timeframe=Timeframe.M1), data)
    try:
        where = survive_kills(tmp_path, data, seed=seed, kills=kills, events=bars, speed=speed)
    finally:
        kill_all(processes_of(tmp_path / "home"))
        remove_postgres(tmp_path / "home")
    assert len(where) == 3 * kills, f"seed {seed}: {where}"
    amid = [one for one in where if 0 < int(one.split()[-1]) < bars]
    assert len(amid) >= kills, f"seed {seed}: {where}"
