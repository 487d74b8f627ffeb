"""A strategy that acts on its tickets: a class, and the same compiled, in every driver."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from assay.apps.config import AccountConfig, Config
from assay.apps.lab.runs.drivers import replay, sweep
from assay.apps.lab.runs.outcome import summarise
from assay.apps.lab.runs.setup import Setup, prepare
from assay.kernel.records import CLOSE_BY, PROTECTION
from assay.market.sources.parquet import read_parquet
from assay.runtime.journal import MemoryJournal
from assay.trading.authoring import Market, Record
from assay.trading.engine.loading import load_strategy
from tests.replay.markets import generate_market
from tests.replay.paper_runs import assert_paper_equals_sweep, trade_on_paper
from tests.replay.test_parity import assert_parity, assert_same_rows
from tools.tidy import ROOT

EXAMPLES = ROOT / "docs" / "examples"
CLASSES = ROOT / "tests" / "replay" / "classes"
DOCUMENT = ROOT / "docs" / "strategies.md"
SAMPLE = files("assay.market.history") / "sample" / "eurusd_h1_sample_20170101_20171229.parquet"


def on_hedging(folder: Path, *, mode: str = "hedging", sample: bool = False) -> Setup:
    series = generate_market(("EURUSD", "USDJPY"), 900, 21, gapped=True, quoted=True)
    if sample:
        series = [read_parquet(Path(str(SAMPLE)))]
    config = Config(account=AccountConfig(margin_mode=mode))
    units = {} if sample else {"units": "2000", "step": "60"}
    return prepare(series, load_strategy("ladder", folder), given=units, config=config)


def test_a_function_that_takes_tickets_trades_alike_in_sweep_replay_and_paper(
    tmp_path: Path,
) -> None:
    setup = on_hedging(CLASSES)
    assert setup.strategy.is_compiled
    assert setup.strategy.takes_tickets
    outcome = assert_parity(setup).outcome
    assert {PROTECTION, CLOSE_BY} <= set(outcome.orders["type"].tolist())
    assert len(outcome.fills) > 50
    assert assert_paper_equals_sweep(setup, MemoryJournal(), tmp_path / "book.jsonl") > 50


def test_a_class_that_acts_on_tickets_trades_as_the_compiled_function(
    tmp_path: Path, wire: bool
) -> None:
    compiled, written = on_hedging(CLASSES), on_hedging(EXAMPLES)
    assert not written.strategy.is_compiled
    swept = sweep(compiled).outcome
    found = replay(written, wire=wire).outcome
    assert_same_rows(swept, found)
    assert found.digest(written) == swept.digest(compiled)
    on_paper = trade_on_paper(written, MemoryJournal(), tmp_path / "book.jsonl", wire=wire)
    assert on_paper.digest(written) == swept.digest(compiled)


@pytest.mark.parametrize("folder", [CLASSES, EXAMPLES], ids=["compiled", "class"])
def test_on_a_netting_account_there_are_no_tickets(folder: Path) -> None:
    setup = on_hedging(folder, mode="netting")
    outcome = (sweep if setup.strategy.is_compiled else replay)(setup).outcome
    assert len(outcome.fills) > 5
    assert not {PROTECTION, CLOSE_BY} & set(outcome.orders["type"].tolist())


def test_the_document_tells_what_the_ladder_came_to() -> None:
    told = re.search(
        r"`ladder`: (\d+) orders, (\d+) fills, net profit (-?[\d.]+) USD",
        DOCUMENT.read_text(encoding="utf-8"),
    )
    assert told is not None
    setup = on_hedging(EXAMPLES, sample=True)
    run = replay(setup)
    figures = summarise(run.outcome, setup, bars=run.bars, seconds=run.seconds)
    assert (figures["orders"], figures["fills"]) == (int(told[1]), int(told[2]))
    assert figures["net_profit"] == pytest.approx(float(told[3]), abs=0.005)


def test_a_later_wish_forgets_what_the_earlier_one_said() -> None:
    setup = on_hedging(EXAMPLES)
    world = setup.world()
    for k, quantity in enumerate((2_000, -1_000)):
        row = world.tickets[0, 0, k]
        row["quantity"], row["cost"], row["number"] = quantity, quantity * 100_000, 6 + k
        row["opened_ns"], row["stop"] = 5, 99_000
    world.positions[0, 0]["tickets"] = 2
    world.event[0]["close"], world.event[0]["spread_close"] = 100_050, 10
    intent = world.intent[0]
    seen = (Record(world.event[0]), Record(world.positions[0, 0]))
    shown = [Record(each) for each in world.open_tickets(0, 0)]
    market = Market(seen, {}, Record(intent), shown)
    long, short = market.tickets
    assert (long.id, long.quantity, long.price, long.profit, long.opened, long.stop) == (
        7, 2_000, 100_000, 50, 5, 99_000
    )  # fmt: skip
    assert (short.id, short.profit) == (8, -60)
    assert market.ticket(8) is short
    assert market.ticket(9) is None
    market.protect(long, stop=0, trail=30)
    assert [int(intent[name]) for name in ("stop", "target", "trail", "ticket")] == [-1, 0, 30, 7]
    market.close(short, 400)
    assert [int(intent[name]) for name in ("quantity", "stop", "trail", "ticket")] == [
        -600, 0, 0, 8
    ]  # fmt: skip
    market.close(long, 5_000)
    assert (int(intent["quantity"]), int(intent["ticket"])) == (0, 7)
    market.close_by(long, short)
    assert (int(intent["ticket"]), int(intent["order"])) == (7, 8)
    market.open(1_000, stop=99_500)
    assert [int(intent[name]) for name in ("quantity", "ticket", "order")] == [1_000, 0, 0]
