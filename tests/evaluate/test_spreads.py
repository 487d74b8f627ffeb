"""The committed spread table is what the quoted data say."""

from __future__ import annotations

from pathlib import Path

import msgspec

from assay.market.news import Importance, read_calendar
from assay.market.spreads import spread_table
from assay.model.time import parse_time
from tools.fit_spreads import TARGET, encode_table, fit


def test_the_fit_gives_the_committed_table(shared: Path) -> None:
    fitted = fit(shared / "data")
    assert fitted == spread_table()
    assert encode_table(fitted) == TARGET.read_bytes()
    assert msgspec.json.decode(TARGET.read_bytes())["minutes"] == [-5, -1, 0, 1, 5, 15, 30]


def test_the_calendar_tells_of_the_payrolls_of_may_2014(shared: Path) -> None:
    (path,) = (shared / "data/calendar").glob("*.parquet")
    releases = read_calendar(path)
    assert len(releases) > 120_000
    at = [each for each in releases if each.time == parse_time("2014-05-02T12:30")]
    names = {each.name for each in at if each.importance is Importance.HIGH}
    assert {"Nonfarm Payrolls", "Unemployment Rate"} <= {name.strip() for name in names}
