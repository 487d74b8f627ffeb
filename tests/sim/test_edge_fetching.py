"""The past of a terminal that has it only when asked, fetched once and imported as it was."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from assay.apps.edge.fetching import TICKS, Wanted, fetch_history
from assay.market.reading import RawSeries, ReadRequest, find_source
from assay.model.calendar import is_in_session
from assay.model.errors import UsageError
from assay.model.instruments import instrument_for
from assay.model.time import DAY, HOUR, MINUTE, Timeframe, parse_time
from assay.trading.terminal import SimulatedTerminal, load_profile
from assay.trading.terminal.serving import TerminalHost

START, END = parse_time("2024-02-19T00:00:00Z"), parse_time("2024-04-12T00:00:00Z")


def quoted_hours() -> list[int]:
    """Return the hours (ns UTC) in which the market is open; New York's clocks change within."""
    hours = np.arange(START, END, HOUR)
    found: list[int] = hours[is_in_session(instrument_for("EURUSD"), hours)].tolist()
    return found


@contextmanager
def old_terminal(folder: Path, history_calls: int) -> Iterator[str]:
    """Serve a terminal that has seven weeks behind it, and half of them only when asked again."""
    profile = msgspec.structs.replace(load_profile("netting"), history_calls=history_calls)
    terminal = SimulatedTerminal(profile, seed=1, start=START)
    for place, moment in enumerate(quoted_hours()):
        terminal.quote("EURUSD", 110_000 + place % 97, 110_012 + place % 97, moment + MINUTE)
    host = TerminalHost(terminal, speed=0.0)
    host.write_address(folder / "terminal.json")
    thread = threading.Thread(target=host.run, daemon=True)
    thread.start()
    try:
        yield f"sim:{folder / 'terminal.json'}"
    finally:
        host.stop()
        thread.join(10)


def wanted(folder: Path, terminal: str, frame: str = "H1", load_s: float = 20.0) -> Wanted:
    return Wanted(
        terminal=terminal, symbol="EURUSD", name="EURUSD", frame=frame,
        start=parse_time("2024-02-26T00:00:00Z"), end=END, server_clock=None,
        cache=folder / "cache", load_s=load_s,
    )  # fmt: skip


def imported(file: Path, zone: str, frame: str) -> RawSeries:
    timeframe = None if frame == TICKS else Timeframe.parse(frame)
    return find_source("mt5").read(
        ReadRequest(path=file, symbol="EURUSD", zone=zone, timeframe=timeframe)
    )


def test_bars_are_fetched_whole_and_months_that_are_over_once(tmp_path: Path) -> None:
    hours = [each for each in quoted_hours() if each >= parse_time("2024-02-26T00:00:00Z")]
    with old_terminal(tmp_path, history_calls=3) as terminal:
        first = fetch_history(wanted(tmp_path, terminal), tmp_path / "first.csv")
        again = fetch_history(wanted(tmp_path, terminal), tmp_path / "again.csv")
    assert (first["asked"], first["kept"], first["short"]) == (3, 0, [])
    # February is known from its nineteenth on alone, and April is not over.
    assert (again["asked"], again["kept"]) == (2, 1)
    assert (tmp_path / "first.csv").read_bytes() == (tmp_path / "again.csv").read_bytes()
    assert first["zone"] == "NY+7"
    bars = imported(tmp_path / "first.csv", first["zone"], "H1")
    # The newest bar is in the making.
    assert bars.time.tolist() == hours[:-1]
    places = np.arange(len(quoted_hours()))[-len(hours) : -1]
    assert np.rint(bars.prices["open"] * 1e5).tolist() == (110_000 + places % 97).tolist()


def test_a_month_that_does_not_come_is_told_and_asked_for_again(tmp_path: Path) -> None:
    with old_terminal(tmp_path, history_calls=1_000) as terminal:
        asked = wanted(tmp_path, terminal, load_s=0.2)
        found = fetch_history(asked, tmp_path / "bars.csv")
        assert found["short"] == ["2024-03", "2024-02"]
        assert fetch_history(asked, tmp_path / "more.csv")["kept"] == 0
        with pytest.raises(UsageError, match="exists; choose another"):
            fetch_history(asked, tmp_path / "bars.csv")


def test_quotes_are_fetched_day_by_day(tmp_path: Path) -> None:
    with old_terminal(tmp_path, history_calls=1) as terminal:
        asked = replace(wanted(tmp_path, terminal, TICKS), start=END - 3 * DAY)
        first = fetch_history(asked, tmp_path / "ticks.csv")
        again = fetch_history(asked, tmp_path / "again.csv")
    assert (tmp_path / "ticks.csv").read_bytes() == (tmp_path / "again.csv").read_bytes()
    assert again["kept"] == first["asked"] - again["asked"] > 0
    ticks = imported(tmp_path / "ticks.csv", first["zone"], TICKS)
    since = END - 3 * DAY
    assert ticks.time.tolist() == [each + MINUTE for each in quoted_hours() if each >= since]


def test_what_cannot_be_fetched_is_refused(tmp_path: Path) -> None:
    with old_terminal(tmp_path, history_calls=1) as terminal:
        for change, text in (
            ({"name": "EURUSD.x"}, "has no symbol"), ({"frame": "M7"}, "timeframe"),
            ({"terminal": "feed:provider.toml"}, "tells no past"),
            ({"start": END + DAY, "end": END + 2 * DAY}, "in that span"),
        ):  # fmt: skip
            with pytest.raises(UsageError, match=text):
                fetch_history(replace(wanted(tmp_path, terminal), **change), tmp_path / "no.csv")
