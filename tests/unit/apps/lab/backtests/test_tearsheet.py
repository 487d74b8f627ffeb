"""Tear sheet, comparison and diff as a person runs them; the journal tells the same as the run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest

from assay.apps.cli.console import run
from assay.apps.cli.main import build
from assay.apps.lab.backtests.folder import read_run
from assay.apps.lab.runs.drivers import replay
from assay.apps.lab.runs.setup import prepare
from assay.books.analytics.ordermatch import diff_orders
from assay.books.reports.charts import NARROW, WIDE, Curves, draw_curves
from assay.books.reports.record import RunRecord
from assay.books.reports.sheet import describe_run, judge
from assay.books.reports.sheetpages import write_pages
from assay.books.reports.tape import AccountTape, Contract
from assay.books.reports.tearsheet import render_tearsheet
from assay.market.sources.parquet import read_parquet
from assay.model.messages import AccountReported, Message
from assay.model.time import DAY, SECOND
from assay.trading.engine.loading import load_strategy
from tests.unit.apps.lab.backtests.test_backtest import hours  # noqa: F401 - a fixture

Capture = pytest.CaptureFixture[str]

REPORT = AccountReported(
    id=1, ts_event=1, ts_init=1, account="", login=5_012_345_678, server="Broker-Demo",
    mode="demo", margin_mode="netting", currency="USD", currency_digits=2, balance=0, credit=0,
    equity=0, margin=0, level=0, connected=True, trade_allowed=True,
)  # fmt: skip


@pytest.fixture(scope="module")
def runs(hours: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    """Return a folder of two runs: a crossing of averages and a breakout."""
    folder = tmp_path_factory.mktemp("runs")
    for name, strategy in (("cross", "sma-cross"), ("out", "breakout")):
        arguments = ["--data", hours, "--strategy", strategy, "--out", folder / name]
        code = run(build(), ["backtest", *map(str, arguments), "--home", str(folder / "home")])
        assert code == 0
    return folder


def call(capsys: Capture, *arguments: object) -> tuple[int, Any]:
    capsys.readouterr()
    code = run(build(), [*map(str, arguments), "--json"])
    shown = capsys.readouterr()
    return code, json.loads(shown.out) if shown.out else shown.err


@pytest.fixture(scope="module")
def record(runs: Path) -> RunRecord:
    return read_run(runs / "out")


def test_the_sheet_says_what_the_run_said_and_needs_neither_network_nor_script(
    runs: Path, capsys: Capture
) -> None:
    pdf = runs / "out.pdf"
    code, told = call(capsys, "tearsheet", runs / "out", "--pdf", pdf)
    assert code == 0
    assert told["pdf"] == str(pdf)
    assert pdf.read_bytes().startswith(b"%PDF-1.")
    assert pdf.read_bytes().count(b"/Type /Page ") == 3
    figures = json.loads((runs / "out" / "run.json").read_text())["figures"]
    assert told["net_profit"] == pytest.approx(figures["net_profit"])
    assert told["max_drawdown"] == pytest.approx(figures["max_drawdown"])
    assert told["ratios"]["sharpe"]["value"] == pytest.approx(figures["sharpe"])
    assert told["modelled_share"] == 1.0
    assert told["verdict"] == "No edge shown"
    costs = told["costs"]
    assert costs["market"] - costs["paid"] == pytest.approx(told["net_profit"])
    html = Path(told["html"]).read_text()
    head = html[html.index('<p class="lead">') : html.index("</header>")]
    assert "No edge shown:" in head
    assert "which includes 0" in head
    assert "1 trial on these instruments" in head
    assert "every fill is modelled" in head
    assert "<script" not in html
    assert not re.search(r'(src|href)="(?!#)', html)
    for part in ("Monthly returns", "95 % interval", "deepest drawdowns", "How orders were"):
        assert part in html
    assert html.count('<div class="narrow">') == 7


def test_the_tables_of_a_run_hold_what_the_fills_say(record: RunRecord) -> None:
    assert record.trades
    assert len(record.excursions) == len(record.trades)
    for trade, excursion in zip(record.trades, record.excursions, strict=True):
        assert excursion.adverse is not None
        assert excursion.favourable is not None
        # A trade ends within its own extremes.
        assert -excursion.adverse - 1e-9 <= excursion.result <= excursion.favourable + 1e-9
        assert excursion.adverse < 0.1
        assert trade.opened <= trade.closed
    spread = sum(line.spread for line in record.quality)
    assert spread == pytest.approx(sum(record.result.read_money("spread_cost")))
    assert sum(line.filled for line in record.quality) == pytest.approx(
        sum(abs(fill.quantity) for fill in record.result.read_fills())
    )
    for line in record.quality:
        if line.state == "filled" and line.decided_mid is not None and line.price is not None:
            sign = 1 if line.side == "buy" else -1
            paper = sign * (line.price - line.decided_mid) * line.filled
            # Costs are booked in cents, so their sum is off by half a cent each at most.
            assert line.shortfall - line.commission == pytest.approx(paper, abs=1e-6)


def test_a_run_without_trades_has_a_sheet_and_equal_ones_have_equal_bytes(
    record: RunRecord, tmp_path: Path
) -> None:
    result, none = record.result, np.zeros(0, np.int64)
    empty = replace(
        result, fills=result.fills.slice(0, 0), times=none, balance=none, equity=none, margin=none
    )
    bare = replace(
        record, result=empty, trades=(), orders=(), quality=(), excursions=(), name="$a_b^{"
    )
    sheet = describe_run(bare)
    html = render_tearsheet(sheet)
    assert html == render_tearsheet(sheet)
    assert "Too little to judge:" in html
    assert "No bars of the time of these trades are known" in html
    assert "<svg" not in html
    first, second = tmp_path / "1.pdf", tmp_path / "2.pdf"
    assert write_pages(sheet, first) == write_pages(sheet, second) == 2
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    ("change", "head"),
    [
        (lambda days: days * 0, "Too little to judge"),
        (lambda days: days * 1_000, "Edge shown on these data"),
        (lambda days: days * -1_000, "Loss shown"),
    ],
)
def test_the_first_line_says_no_more_than_the_interval_allows(
    record: RunRecord, change: Callable[[Any], Any], head: str
) -> None:
    result = record.result
    equity = result.cash + change((result.times - result.times[0]) // DAY + result.times % 7)
    changed = replace(
        record, result=replace(result, equity=equity), figures={"deflated_sharpe": 0.99}
    )
    sheet = describe_run(changed)
    assert sheet.verdict.head == head
    if head.startswith("Edge"):
        sharpe = sheet.ratios["sharpe"]
        luck = judge(replace(changed, figures={"deflated_sharpe": 0.4}), sharpe, sheet.days)
        assert (luck.head, luck.tone) == ("No edge shown", "bad")
        assert "40 % probability" in luck.rest


def test_a_folder_that_is_no_run_is_refused(runs: Path, tmp_path: Path, capsys: Capture) -> None:
    code, told = call(capsys, "tearsheet", tmp_path)
    assert code == 2
    assert "holds no run.json" in told
    code, told = call(capsys, "tearsheet", runs / "out", "--account", "paper")
    assert code == 2
    assert "either" in told
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    for path in (runs / "out").iterdir():
        damaged.joinpath(path.name).write_bytes(path.read_bytes())
    (damaged / "fills.parquet").write_bytes(b"PAR1")
    code, told = call(capsys, "tearsheet", damaged)
    assert code == 3
    assert "run it again" in told


def test_two_runs_side_by_side(runs: Path, tmp_path: Path, capsys: Capture) -> None:
    page = tmp_path / "page.html"
    code, told = call(capsys, "compare", runs / "cross", runs / "out", "--out", page)
    assert code == 0
    assert told["runs"] == ["cross", "out"]
    net = next(row for row in told["figures"] if row["name"] == "Net result")
    mean = told["mean_difference"]
    assert mean["lower"] <= mean["value"] <= mean["upper"]
    trades = told["trades"]
    counts = next(row for row in told["figures"] if row["name"] == "Closed trades")
    assert trades["both"] + trades["only_first"] == counts["first"]
    assert trades["both"] + trades["only_second"] == counts["second"]
    assert net["first"] != net["second"]
    html = page.read_text()
    assert "not there" in html
    assert "<script" not in html
    code, told = call(capsys, "compare", runs / "cross", runs / "cross")
    assert (told["mean_difference"]["value"], told["trades"]["differing"]) == (0.0, 0)
    assert told["runs"] == ["cross (1)", "cross (2)"]


def test_orders_differ_or_do_not(runs: Path, capsys: Capture) -> None:
    code, told = call(capsys, "diff", runs / "cross", runs / "cross")
    assert (code, told["equal"]) == (0, True)
    assert told["counts"]["by_key"] == told["counts"]["equal"] == told["counts"]["first"]
    code, told = call(capsys, "diff", runs / "cross", runs / "out")
    assert code == 3
    assert told["counts"]["missing"] > 0
    assert told["counts"]["extra"] > 0
    assert {gap["what"] for gap in told["gaps"]} >= {"missing", "extra"}


def test_the_journal_tells_what_the_run_left(hours: Path, record: RunRecord) -> None:  # noqa: F811
    setup = prepare([read_parquet(hours)], load_strategy("breakout"), given={})
    messages: list[Message] = []
    replay(setup, messages.extend)
    tape = AccountTape(setup.account.id, lambda _: Contract(0, 0.0001))
    for message in messages:
        tape.take(message)
    told = tape.record("paper")
    assert told.trades == record.trades
    assert (told.result.equity == record.result.equity).all()
    assert told.result.cash == record.result.cash
    assert told.excursions == record.excursions
    for ours, theirs in zip(told.quality, record.quality, strict=True):
        assert ours[:6] == theirs[:6]
        assert ours.shortfall == pytest.approx(theirs.shortfall, abs=1e-9)
    assert diff_orders(told.quality, record.quality, told.pips).gaps == []
    assert tape.marks.deepest == pytest.approx(describe_run(record).drawdown)
    assert (told.origin, told.place) == ("paper", "")
    tape.take(msgspec.structs.replace(REPORT, account=tape.account))
    live = describe_run(tape.record("paper", "a simulated market's quotes"))
    assert (live.record.origin, live.record.place) == (
        "live", "Broker-Demo, demo account •••678, netting",
    )  # fmt: skip
    assert "on a demo account, no money at stake" in live.verdict.rest
    html = render_tearsheet(live)
    assert "Assay tear sheet · live · Broker-Demo, demo account •••678" in html
    assert "5012345678" not in html
    daily = AccountTape(setup.account.id, lambda _: Contract(0, 0.0001), every=DAY)
    for message in messages:
        daily.take(message)
    assert daily.marks.deepest == tape.marks.deepest
    assert len(daily.result().times) == len({int(ts) // DAY for ts in told.result.times})


def test_trades_are_a_table_of_their_own(runs: Path) -> None:
    table = pq.read_table(runs / "out" / "trades.parquet")
    assert {"opened", "closed", "net", "adverse", "favourable"} <= set(table.column_names)
    assert pq.read_table(runs / "out" / "execution.parquet").num_rows > table.num_rows


@pytest.mark.parametrize("span", [1, 300, 4 * 3_600, 100 * 3_600, 69 * 3_600, 40 * DAY // SECOND])
def test_a_curve_of_any_length_finds_its_dates(span: int) -> None:
    times = np.linspace(0, span * SECOND, 50).astype(np.int64)
    flat = np.full(50, 100.0)
    curves = Curves(times, flat, flat, np.zeros(50), 100.0)
    for size in (WIDE, NARROW):
        assert draw_curves(curves, size).startswith("<svg")
