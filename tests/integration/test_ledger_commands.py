"""`assay ledger` on the journal of a home, beside the program that writes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer

from assay.apps.cli import console
from assay.apps.cli.ledger import register
from assay.apps.cli.portfolio import register as register_portfolio
from assay.apps.cli.prop import register as register_prop
from assay.model.messages import (
    EntryPosted,
    EquityMarked,
    Message,
    OrderFilled,
    OrderSubmitted,
    PlatformStarted,
    PostingLine,
    Tick,
)
from assay.runtime.home import open_home
from assay.runtime.journal import Batch, PostgresJournal
from assay.runtime.stores.postgres import open_postgres, remove_postgres
from tests.databases import Databases
from tests.unit.books.slow_engine import SlowEngine, build_ledger


def _entries() -> list[Message]:
    engine, ledger = SlowEngine(), build_ledger()
    messages: list[Message] = [
        PlatformStarted(id=1, ts_event=0, ts_init=0, version="1", run="r"),
        engine.fill("a1", "EURUSD", 10_000, 113_739),
        engine.swap("a1", "EURUSD", -31),
        engine.fill("a1", "EURUSD", -10_000, 113_839),
    ]
    return [posted for message in messages for posted in ledger.handle(message)]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "home"
    yield folder
    if folder.exists():
        remove_postgres(folder)


@pytest.fixture
def written(home: Path, databases: Databases) -> Iterator[PostgresJournal]:
    """Hold the journal open for writing, as a running platform does."""
    open_home(home)
    databases.lay(home)
    server = open_postgres(home)
    journal = PostgresJournal(server.dsn)
    journal.commit(Batch(_entries()))
    yield journal
    journal.close()
    server.stop()


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any, str]:
    app = typer.Typer()
    register(app)
    app.command("other")(lambda: None)
    code = console.run(app, ["ledger", *arguments])
    captured = capsys.readouterr()
    shown = json.loads(captured.out) if "--json" in arguments and captured.out else captured.out
    return code, shown, captured.err


def test_a_new_home_has_empty_books_and_gets_no_server(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, shown, _ = _run(capsys, "trial-balance", "--home", str(home), "--json")
    assert code == 0
    assert shown == {"balanced": True, "entries": 0, "accounts": [], "problems": []}
    assert not list(home.glob("postgres*"))
    code, _, told = _run(capsys, "statement", "--home", str(home))
    assert code == 2
    assert "no entries yet" in told


def test_the_books_of_a_running_platform(
    home: Path, written: PostgresJournal, capsys: pytest.CaptureFixture[str]
) -> None:
    code, shown, _ = _run(capsys, "trial-balance", "--home", str(home), "--json")
    assert code == 0
    assert (shown["balanced"], shown["entries"]) == (True, 6)
    account = next(a for a in shown["accounts"] if a["account"] == "a1")
    assert account["balances"]["cash"] == 10_000_000 - 57 - 31 + 1_000 - 57
    assert account["total"] == 0
    code, text, _ = _run(capsys, "trial-balance", "--home", str(home), "--tenant", "t1")
    assert code == 0
    assert "100,008.55" in text
    assert "a2" not in text

    arguments = ("statement", "--home", str(home), "--account", "a1")
    code, shown, _ = _run(capsys, *arguments, "--json")
    assert code == 0
    assert (shown["opening"], shown["closing"]) == (0, 10_000_855)
    assert [row["amount"] for row in shown["rows"]] == [10_000_000, -57, -31, 943]
    code, text, _ = _run(capsys, *arguments)
    assert "fill 3: -10000 EURUSD at 1.13839" in text
    code, _, told = _run(capsys, "statement", "--home", str(home))
    assert code == 2
    assert "--account" in told

    entry = _entries()[-1]
    assert isinstance(entry, EntryPosted)
    bent = msgspec.structs.replace(
        entry, id=77, entry=entry.entry + 1, lines=(PostingLine("cash", 5),)
    )
    written.commit(Batch([bent]))
    for command in (("trial-balance",), ("statement", "--account", "a1")):
        code, shown, told = _run(capsys, *command, "--home", str(home), "--json")
        assert code == 3
        assert "sums to 5, not 0" in told
        assert isinstance(shown, dict)


def test_the_account_of_a_running_platform(
    home: Path, written: PostgresJournal, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = {"ts_event": 5, "ts_init": 5, "account": "paper"}
    written.commit(
        Batch(
            [
                OrderSubmitted(
                    **shared, id=11, key=3, strategy="trend", symbol="EURUSD", ts_bar=5,
                    ordinal=0, order_type="market", quantity=10_000, price=0, stop=0, target=0,
                ),
                Tick(id=12, ts_event=6, ts_init=6, symbol="EURUSD", bid=110_000, ask=110_020),
                OrderFilled(
                    **shared, id=13, key=3, fill=0, symbol="EURUSD", quantity=10_000,
                    price=110_020, price_digits=5, commission=35, profit=0, spread_cost=100,
                    slippage_cost=0, rate_num=1, rate_den=1, position=10_000, kind="exact",
                    reason="market",
                ),
                Tick(id=14, ts_event=7, ts_init=7, symbol="EURUSD", bid=110_100, ask=110_120),
                EquityMarked(
                    **shared, id=15, balance=9_999_965, equity=10_000_765, margin=11_002
                ),
            ]
        )
    )  # fmt: skip
    app = typer.Typer()
    register_portfolio(app)
    register_prop(app)
    app.command("other")(lambda: None)
    assert console.run(app, ["portfolio", "show", "--home", str(home), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["agrees"], shown["equity"], shown["cash"]) == (True, 100_007.65, 100_000.0)
    assert shown["by_strategy"]["trend"]["net"] == 7.65
    assert shown["exposure"] == {"EUR": 11_010.0, "USD": -11_010.0}

    profile = home.parent / "funded.toml"
    profile.write_text("[daily_loss]\npercent = 5\n")
    words = ["prop", "check", "--profile", str(profile), "--home", str(home), "--json"]
    assert console.run(app, words) == 0
    checked = json.loads(capsys.readouterr().out)
    assert (checked["run"], checked["initial"]) == ("account paper", 100_000.0)
    assert (checked["verdict"], checked["traded_days"]) == ("trading", 0)
    assert checked["headroom"][0]["left"] == 5_007.65
