"""kill -9 of trader, audit, and all with PostgreSQL: the outcome is that of a whole run."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.market.sources.parquet.writing import write_parquet
from assay.model.time import Timeframe
from assay.runtime.home import open_home
from assay.runtime.stores.postgres import remove_postgres
from assay.signals.features import standard_set
from tests.databases import Databases
from tests.integration.killing import kill_all, processes_of, survive_kills
from tests.replay.markets import generate_bars
from tests.replay.taught import make_model

BARS = 6_000
SEED = 7
KILLS = 2
"""Of each kind."""
SPEED, MODEL_SPEED = "120000", "1000000"
"""Some seconds for the whole, so that most kills come in the middle of trading."""

MODEL_BARS = 600
"""Bars of the market that a model trades, once its features have settled."""


@pytest.mark.running
@pytest.mark.long
def test_kills_change_nothing(tmp_path: Path, databases: Databases) -> None:
    data = tmp_path / "eurusd_m1_kills_20190304_20190401.parquet"
    write_parquet(generate_bars("EURUSD", BARS, 1, gapped=True, timeframe=Timeframe.M1), data)
    databases.lay(open_home(tmp_path / "home").path)
    try:
        where = survive_kills(tmp_path, data, seed=SEED, kills=KILLS, events=BARS, speed=SPEED)
    finally:
        kill_all(processes_of(tmp_path / "home"))
        remove_postgres(tmp_path / "home")
    assert len(where) == 3 * KILLS, f"seed {SEED}: {where}"
    amid = [one for one in where if 0 < int(one.split()[-1]) < BARS]
    assert len(amid) >= KILLS, f"seed {SEED}: {where}"


@pytest.mark.running
@pytest.mark.long
def test_kills_change_nothing_of_what_a_model_decides(tmp_path: Path, databases: Databases) -> None:
    bars = standard_set(Timeframe.H1).settling + MODEL_BARS
    data = tmp_path / "eurusd_h1_kills_20190304_20190401.parquet"
    write_parquet(generate_bars("EURUSD", bars, 5, gapped=True, timeframe=Timeframe.H1), data)
    home = open_home(tmp_path / "home")
    databases.lay(home.path)
    model = make_model(home.folder("models"))
    try:
        where = survive_kills(
            tmp_path, data, seed=SEED, kills=1, events=bars, speed=MODEL_SPEED, model=model.name
        )  # fmt: skip
    finally:
        kill_all(processes_of(tmp_path / "home"))
        remove_postgres(tmp_path / "home")
    assert len(where) == 3, f"seed {SEED}: {where}"
