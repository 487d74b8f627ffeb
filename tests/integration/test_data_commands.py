"""`assay import` and `assay data` as others script against them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from assay.apps.cli.console import run
from assay.apps.cli.importing import register
from assay.kernel.flow import ABSENT, ORDER_FLOW
from assay.market.series import BarSeries
from assay.market.sources.parquet import read_parquet
from assay.runtime.home import Home, open_home
from assay.runtime.stores.clickhouse import stop_owner

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    found = open_home(tmp_path / "home")
    yield found
    assert stop_owner(found), "the owner is still alive"


@pytest.fixture
def ask(home: Home, capfd: pytest.CaptureFixture[str]) -> Ask:
    app = typer.Typer()
    register(app)

    def told(*words: str, code: int = 0) -> dict[str, Any]:
        capfd.readouterr()
        assert run(app, [*words, "--json", "--home", str(home.path)]) == code
        output = capfd.readouterr()
        assert output.out.count("\n") == (1 if code == 0 else 0)
        return json.loads(output.out) if output.out else {"error": output.err}

    return told


def write_bars(folder: Path) -> Path:
    path = folder / "EURUSD_M1_mine.csv"
    rows = [
        f"2019-03-04 {8 + n // 60:02d}:{n % 60:02d}:00,1.10001,1.10005,1.09999,1.10002,{n + 1}"
        for n in range(120)
        if not 40 <= n < 60
    ]
    rows[7] = rows[7].replace("1.10005", "1.09")
    path.write_text("\n".join(["Time,Open,High,Low,Close,Volume", *rows]) + "\n")
    return path


@pytest.mark.running
def test_import_list_show_export_gaps_and_rejects(ask: Ask, tmp_path: Path) -> None:
    first = ask("import", "csv", str(write_bars(tmp_path)))
    assert set(first) == {
        "read", "accepted", "rejected", "first", "last", "symbol", "timeframe", "side", "sha256",
    }  # fmt: skip
    assert (first["read"], first["accepted"]) == (100, 99)
    assert first["rejected"] == {"inconsistent": 1}
    assert (first["first"], first["last"]) == ("2019-03-04T08:00:00Z", "2019-03-04T09:59:00Z")
    again = ask("import", "csv", str(write_bars(tmp_path)))
    assert (again["accepted"], again["sha256"]) == (0, first["sha256"])
    (listed,) = ask("data", "list")["series"]
    assert (listed["symbol"], listed["timeframe"], listed["rows"]) == ("EURUSD", "M1", 99)
    shown = ask("data", "show", "EURUSD", "M1", "--from", "2019-03-04T09:00", "--limit", "1")
    assert shown["rows"] == 60
    assert shown["data"] == [
        {
            "time": "2019-03-04T09:00:00Z", "open": 1.10001, "high": 1.10005, "low": 1.09999,
            "close": 1.10002, "volume": 61.0, "fold": False,
        }
    ]  # fmt: skip
    gaps = ask("data", "gaps", "EURUSD", "M1")["gaps"]
    assert [(gap["from"], gap["missed_seconds"]) for gap in gaps] == [
        ("2019-03-04T08:40:00Z", 1200.0)
    ]
    rejected = ask("data", "rejects", "EURUSD", "M1")
    assert (rejected["count"], rejected["rules"]) == (1, {"inconsistent": 1})
    assert rejected["rejects"][0]["row"] == 8
    target = tmp_path / "eurusd_m1_out.parquet"
    assert ask("data", "export", "EURUSD", "M1", str(target))["rows"] == 99
    assert len(read_parquet(target)) == 99


@pytest.mark.running
def test_holes_are_filled_from_another_source_and_by_a_line(ask: Ask, tmp_path: Path) -> None:
    ask("import", "csv", str(write_bars(tmp_path)))
    export = tmp_path / "EURUSD_M1_other.csv"
    rows = [
        f"2019.03.04\t{8 + n // 60:02d}:{n % 60:02d}:00\t1.10001\t1.10005\t1.09999\t1.10003"
        for n in range(120)
        if not 40 <= n < 50
    ]
    export.write_text("\n".join(["<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>", *rows]) + "\n")
    ask("import", "mt5", str(export), "--tz", "UTC")
    both = ("EURUSD", "M1", "--with", "mt5", "--source", "csv")
    found = ask("data", "compare", *both)
    assert (found["common"], found["only_first"], found["only_second"]) == (99, 0, 11)
    assert found["median_points"] == 1
    # Fewer bars in common than agreement is told from.
    assert not found["agrees"]
    target = tmp_path / "eurusd_m1_mended.parquet"
    mend = ("data", "mend", "EURUSD", "M1", str(target), "--source", "csv")
    assert "say --with SOURCE" in ask(*mend, code=2)["error"]
    told = ask(*mend, "--interpolate", "20")
    assert (told["rows"], told["taken"], told["interpolated"], told["missing"]) == (119, 0, 20, 0)
    spans = json.loads(Path(told["spans"]).read_text())
    assert spans["interpolated"] == [
        {"from": "2019-03-04T08:40:00Z", "to": "2019-03-04T09:00:00Z", "bars": 20}
    ]
    assert len(read_parquet(target)) == 119
    assert "does not tell the market" in ask(*mend, "--with", "mt5", code=3)["error"]


def write_ticks(folder: Path) -> Path:
    """Write quotes of an hour, three a minute; those of the last minutes have no sizes."""
    path = folder / "EURUSD_ticks_mine.csv"
    rows = []
    for n in range(180):
        bid, size = 1.1 + (n * 7 % 11) * 1e-5, "0,0" if n > 150 else f"{1 + n % 5},{2 + n % 3}"
        moment = f"2019-03-04 08:{n // 3:02d}:{20 * (n % 3):02d}"
        rows.append(f"{moment},{bid:.5f},{bid + 3e-5:.5f},{size}")
    path.write_text("\n".join(["Time,Bid,Ask,BidVolume,AskVolume", *rows]) + "\n")
    return path


@pytest.mark.running
def test_bars_of_stored_ticks_carry_their_flow_there_and_back(ask: Ask, tmp_path: Path) -> None:
    names = "time=Time,bid=Bid,ask=Ask,bid_size=BidVolume,ask_size=AskVolume"
    assert ask("import", "csv", str(write_ticks(tmp_path)), "--columns", names)["accepted"] == 180
    made, back = (tmp_path / f"eurusd_m1_{name}.parquet" for name in ("made", "back"))
    assert ask("data", "export", "EURUSD", "M1", str(made), "--of-ticks")["rows"] == 60
    bars = read_parquet(made)
    assert isinstance(bars, BarSeries)
    assert bars.flow is not None
    assert bars.flow[0].tolist() == [3, 260, -2_000_000, 3_000_000, 4_000_000, 6_000_000, 9_000_000]
    assert (bars.flow[51:, ORDER_FLOW:] == ABSENT).all()
    assert (bars.flow[:50] != ABSENT).all()
    assert ask("import", "parquet", str(made))["accepted"] == 60
    assert ask("data", "export", "EURUSD", "M1", str(back))["rows"] == 60
    assert back.read_bytes() == made.read_bytes()
    (shown,) = ask("data", "show", "EURUSD", "M1", "--limit", "1")["data"]
    assert (shown["quotes"], shown["order_flow"], shown["bid_depth"]) == (3, -2.0, 3.0)
    error = ask("data", "export", "EURUSD", "ticks", str(back), "--of-ticks", code=2)["error"]
    assert "give their length" in error


@pytest.mark.running
def test_what_is_not_stored_or_not_known_is_refused(ask: Ask, tmp_path: Path) -> None:
    assert "data list" in ask("data", "show", "EURUSD", "M1", code=3)["error"]
    assert "timeframe" in ask("data", "show", "EURUSD", "M7", code=2)["error"]
    assert "use one of csv" in ask("import", "excel", "x.xls", code=2)["error"]
    path = tmp_path / "mine.csv"
    path.write_text("time,open,high,low,close\n2019-03-04 08:00:00,1,1,1,1\n")
    assert "--symbol" in ask("import", "csv", str(path), code=2)["error"]
    assert "no such file" in ask("import", "csv", "EURUSD_M1_absent.csv", code=3)["error"]
