"""The parts of paper trading on their own: plan, control orders, refusals, picture and view."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from assay.apps.config import Config
from assay.apps.lab.runs.drivers import feed_messages
from assay.apps.paper import preparing
from assay.apps.paper.control.notices import describe_notice
from assay.apps.paper.control.orders import (
    ControlOrder,
    control_folder,
    order_halt,
    pending_orders,
)
from assay.apps.paper.control.release import release_code, require_code
from assay.apps.paper.models.champion import name_challenger
from assay.apps.paper.plan import Plan
from assay.apps.paper.preparing import identify_setup, past_columns, past_series, prepare_plan
from assay.apps.paper.refusal import raise_refusal, write_refusal
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.apps.paper.up import run_platform
from assay.apps.paper.view.picture import Painter, Picture, read_picture
from assay.apps.paper.view.terminal import draw_curve, plain_line, render
from assay.market.sources.parquet.writing import write_parquet
from assay.model.errors import DataError, OperatorError, RetryError, UsageError
from assay.model.messages import (
    BarClosed,
    CorrelationReturned,
    CorrelationsMeasured,
    PatternsJudged,
    PatternVerdict,
    RegimeChanged,
    RiskThresholdBreached,
)
from assay.model.time import Timeframe
from assay.runtime.clock import SimClock, wait_for
from assay.runtime.home import Home, open_home
from assay.runtime.journal import Halt, MemoryJournal
from assay.runtime.settings import load_settings
from assay.trading.brokers.paper import PaperBroker
from tests.replay.markets import generate_bars

HALT = ControlOrder("halt", "odd prices", "rini")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home")


def write_market(folder: Path, seed: int) -> str:
    path = folder / f"eurusd_h1_seed{seed}_20190304_20190401.parquet"
    write_parquet(generate_bars("EURUSD", 300, seed, gapped=True), path)
    return str(path)


def test_an_order_is_given_once_it_is_carried_out(home: Home) -> None:
    def carry_out() -> None:
        assert wait_for(lambda: bool(pending_orders(home)), seconds=30)
        for path, order in pending_orders(home):
            seen.append(order)
            path.unlink()

    seen: list[ControlOrder] = []
    trader = threading.Thread(target=carry_out)
    trader.start()
    order_halt(home, HALT.reason, HALT.by, seconds=30)
    trader.join()
    assert seen == [HALT]
    assert list(control_folder(home).iterdir()) == []
    assert control_folder(home).stat().st_mode & 0o777 == 0o700


def test_a_halt_waits_for_the_trader_and_a_resume_is_taken_back(home: Home) -> None:
    with pytest.raises(RetryError, match="it will halt as soon as it does"):
        order_halt(home, HALT.reason, HALT.by, seconds=0.05)
    assert [order for _, order in pending_orders(home)] == [HALT]


@pytest.mark.parametrize("error", [UsageError("odd"), DataError("bad"), OperatorError("full")])
def test_a_refusal_is_raised_again_as_it_was(error: Exception, tmp_path: Path) -> None:
    path = tmp_path / "refusal.json"
    raise_refusal(path)
    write_refusal(path, error)  # type: ignore[arg-type]
    with pytest.raises(type(error), match=str(error)):
        raise_refusal(path)


@pytest.mark.parametrize(
    ("plan", "named"),
    [
        (Plan(source="mt5"), "'mt5'"),
        (Plan(source="replay"), "--data"),
        (Plan(data=("x.parquet",)), "--source replay"),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused(plan: Plan, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        plan.files()


def test_a_setup_is_known_by_all_that_decides_its_outcome(tmp_path: Path) -> None:
    one, two = write_market(tmp_path, 1), write_market(tmp_path, 2)
    releases = tmp_path / "calendar.csv"
    releases.write_text("time,currency,importance,event\n2019-03-04T09:00,USD,High,Figures\n")
    breakout = Plan(source="replay", data=(one,), strategy="breakout")
    plans = {
        "plain": Plan(source="replay", data=(one,)),
        "calendar": msgspec.structs.replace(breakout, calendar=str(releases)),
        "data": Plan(source="replay", data=(two,)),
        "strategy": breakout,
        "params": Plan(source="replay", data=(one,), params={"fast": "3"}),
        "risk": Plan(source="replay", data=(one,), risk="default"),
    }

    def identify(plan: Plan) -> str:
        return identify_setup(plan, prepare_plan(plan, Config(), tmp_path))

    found = {name: identify(plan) for name, plan in plans.items()}
    assert len(set(found.values())) == len(plans)
    slower = Plan(source="replay", data=(one,), speed=60.0, seconds=1.0)
    assert identify(slower) == found["plain"]


def test_the_challenger_of_the_settings_follows_where_a_start_names_none(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.config_file.write_text('[ai]\nchallenger = "second"\n')
    config = load_settings(Config, home).value
    assert config.ai.challenger == "second"
    assert config.decisive() == Config().decisive()
    plan = Plan(source="sim", strategy="ai", model="first")
    assert name_challenger(plan, "second").challenger == "second"
    told = msgspec.structs.replace(plan, challenger="third")
    assert name_challenger(told, "second") == told
    assert name_challenger(Plan(), "second") == Plan()
    serving = msgspec.structs.replace(plan, model="second")
    assert name_challenger(serving, "second") == serving
    assert "[ai] challenger second serves" in capsys.readouterr().err
    with pytest.raises(UsageError, match="model second is unknown"):
        run_platform(home, msgspec.structs.replace(plan, model=None), port=0, plain=True)


def test_no_bar_of_the_past_closes_once_the_feed_has_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "SIM_HISTORY", 3_000)
    plan = Plan(source="sim", strategy="ai", symbols=("EURUSD", "XAUUSD"))
    begins = min(int(one.ts_open[-1]) for one in past_series(plan)) + int(Timeframe.M1)
    past = past_columns(plan, Config(), 1)
    assert {symbol: int(each.ts_close[-1]) for symbol, each in past.items()} == {
        "EURUSD": begins, "XAUUSD": begins
    }  # fmt: skip


@pytest.fixture
def painted(tmp_path: Path) -> Iterator[Painter]:
    plan = Plan(source="replay", data=(write_market(tmp_path, 1),), params={"fast": "3"})
    setup = prepare_plan(plan, Config(), tmp_path)
    painter = Painter(setup, tmp_path / "picture.json")
    broker = PaperBroker(tmp_path / "book.jsonl")
    trader = PaperTrader(setup, "one", MemoryJournal(), broker, SimClock(1))
    trader.recover()
    for message in feed_messages(setup, setup.events()):
        painter.observe(trader.handle(message))
    painter.write()
    yield painter
    broker.close()


def test_the_picture_shows_what_happened(painted: Painter, tmp_path: Path) -> None:
    picture = read_picture(tmp_path / "picture.json")
    assert picture == painted.picture
    assert picture is not None
    (line,) = picture.lines
    assert (line.symbol, picture.events, picture.strategy) == ("EURUSD", 300, "sma-cross")
    assert picture.orders_sent >= picture.fills > 3
    assert len(picture.orders) == min(picture.fills, 12)
    assert abs(line.position) == 0.1
    assert line.outcome
    assert picture.curve[-1] == picture.equity
    assert picture.peak >= picture.equity
    assert line.ask - line.bid == pytest.approx(line.spread_pips / 10_000)
    assert read_picture(tmp_path / "none.json") is None
    (tmp_path / "torn.json").write_bytes(b'{"symbol": "EUR')
    assert read_picture(tmp_path / "torn.json") is None


def test_the_surest_confirmed_pattern_of_the_last_bar_is_shown(painted: Painter) -> None:
    one = PatternVerdict(
        "three_inside", -1, 3, "confirmed", 80, 48, 5_002, 7_003, 50, 30, 4_618, 7_239, 4_990, 7_100
    )
    surer = msgspec.structs.replace(one, pattern="flag", side=1, confidence=8_200)
    doubted = msgspec.structs.replace(one, pattern="hammer", verdict="not confirmed")
    judged = PatternsJudged(
        id=9, cause=6, ts_event=0, ts_init=0, symbol="EURUSD", timeframe=1, horizon=12,
        patterns=(one, doubted, surer),
    )  # fmt: skip
    painted.see_patterns(judged)
    (line,) = painted.picture.lines
    assert line.pattern == "flag up, 60% of 80"
    console = Console(width=200, record=True, file=None, force_terminal=False, quiet=False)
    with console.capture() as capture:
        console.print(render(painted.picture, 1.0, (200, 40)))
    assert "[flag up, 60% of 80]" in capture.get()
    bar = BarClosed(
        id=1, ts_event=1, ts_init=1, symbol="EURUSD", timeframe=1, ts_open=0, open=1, high=1,
        low=1, close=1, spread_open=1, spread_high=1, spread_low=1, spread_close=1,
    )  # fmt: skip
    painted.observe([bar])
    assert line.pattern == ""


@pytest.mark.parametrize("width", [40, 80, 160])
@pytest.mark.parametrize("halted", [False, True])
def test_the_view_fits_and_says_what_counts(painted: Painter, width: int, halted: bool) -> None:
    painted.picture.halted = halted
    console = Console(width=width, record=True, file=None, force_terminal=False, quiet=False)
    with console.capture() as capture:
        console.print(render(painted.picture, 1234.0, (width, 40)))
    shown = capture.get()
    assert max(len(line) for line in shown.splitlines()) <= width
    assert "EURUSD" in shown
    assert f"{painted.picture.equity:,.2f}" in shown
    assert ("KILL SWITCH ENGAGED" in shown) == halted
    line = plain_line(painted.picture, 1234.0)
    assert ("HALTED" in line) == halted
    assert "1,234 events/s" in line
    assert "\n" not in line


def test_alerts_are_shown_the_newest_first(painted: Painter, tmp_path: Path) -> None:
    now = {"id": 0, "ts_event": 10**18, "ts_init": 10**18, "timeframe": 60}
    changed = RegimeChanged(
        **now, symbol="EURUSD", classifier="a1", before="", regime="quiet", confidence=6_100
    )
    window = CorrelationsMeasured(**now, symbols=("A", "B"), returns=5, correlations=(1,))
    over = CorrelationReturned(
        **now, pair=("A", "B"), since=1, outcome="settled", correlation=-1_200, usual=6_000,
        furthest=-3_000,
    )  # fmt: skip
    painted.alert([changed, window])
    painted.alert([over])
    painted.write()
    picture = read_picture(tmp_path / "picture.json")
    assert picture is not None
    assert picture.alerts == [
        "2001-09-09 01:46:40  A B: correlation settled at −0.12, usual was 0.60",
        "2001-09-09 01:46:40  EURUSD: quiet (61 %)",
    ]
    console = Console(width=80)
    with console.capture() as capture:
        console.print(render(picture, 0.0, (80, 24)))
    assert "EURUSD: quiet (61 %)" in capture.get()


def test_an_empty_picture_can_be_shown() -> None:
    console = Console(width=80)
    with console.capture() as capture:
        console.print(render(Picture(), 0.0, (80, 24)))
    assert "no fills yet" in capture.get()


def test_a_curve_keeps_its_ends_and_its_width() -> None:
    assert draw_curve([], 10, 2) == ["", ""]
    assert draw_curve([5.0] * 4, 4, 1) == ["▁▁▁▁"]
    rows = draw_curve([float(n) for n in range(1000)], 60, 8)
    assert len(rows) == 8
    assert max(map(len, rows)) <= 60
    assert rows[0].endswith("█")
    assert rows[-1].startswith("▁")


def test_a_release_names_one_halt() -> None:
    halt = Halt("local", True, "odd prices", "rini", 1)
    code = release_code(halt)
    assert len(code) == 6
    require_code(halt, f" {code.upper()} ")
    others = (
        Halt("local", True, "odd prices", "rini", 2),
        Halt("other", True, "odd prices", "rini", 1),
    )
    for other in others:
        with pytest.raises(
            UsageError, match=r"does not name the halt of now \('odd prices' by rini"
        ):
            require_code(other, code)
    with pytest.raises(UsageError, match="trading is not halted"):
        release_code(Halt("local", False, "sane", "rini", 3))


def test_a_reached_limit_is_an_alert(tmp_path: Path) -> None:
    told = RiskThresholdBreached(
        id=1, ts_event=0, ts_init=0, account="paper", rule="daily_loss", value=4_100, limit=5_000,
        unit="money", warning=True,
    )  # fmt: skip
    text = "paper: daily_loss is near its limit (4,100 of 5,000 minor units)"
    assert describe_notice(told) == text
    plan = Plan(source="replay", data=(write_market(tmp_path, 1),))
    painter = Painter(prepare_plan(plan, Config(), tmp_path), tmp_path / "picture.json")
    painter.observe([told])
    painter.write()
    picture = read_picture(tmp_path / "picture.json")
    assert picture is not None
    assert picture.alerts == [f"1970-01-01 00:00:00  {text}"]
