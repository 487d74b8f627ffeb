"""A board filled again from the journal: the same where the run is short, bounded where long."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, pairwise
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from assay.apps.gateway.board.content import Board
from assay.apps.gateway.board.refill import Reach, Reading, refill
from assay.apps.gateway.views import EquityPoint, Feed, Halt
from assay.apps.paper.view.sheet import Sheet, Traded
from assay.model.messages import (
    BarClosed,
    DecisionMade,
    EquityMarked,
    Message,
    OrderFilled,
    OrderSubmitted,
    PlatformStarted,
    Tick,
)
from assay.model.time import MINUTE
from assay.runtime.journal import Batch, PostgresJournal
from assay.runtime.journal.tenant import read_as
from assay.runtime.stores.postgres import PostgresServer, open_postgres, remove_postgres
from tests.databases import Databases

pytestmark = pytest.mark.running

FEED = Feed(source="sim", state="live", age_ms=0, speed=1.0, events=0, events_per_second=0.0)
CALM = Halt(engaged=False, reason="", by="", since=None)
START = 1_600_000_000 // 86_400 * 86_400_000_000_000
REACH = Reach(trades=(100, 400), bars=(100, 400), ticks=100, samples=40)
BATCH = 20
OURS = {"tenant": "local", "account": "paper"}
PEAK = 10_900_000
SHEET = Sheet(
    tenant="local", account="paper", run=1, currency="USD", currency_digits=2, source="sim",
    strategy="ai", model=None, speed=None, version="0", exposure_max=0, daily_loss_max=0,
    drawdown_max_bp=0, margin_use_max_bp=0, rules=(),
    traded=(
        Traded(
            symbol="EURUSD", digits=5, pip_points=10, lot_units=100_000, timeframe=MINUTE,
            position_max=0, spread_max=0,
        ),
    ),
)  # fmt: skip


class Run(NamedTuple):
    """Hold a run's messages, the place behind which they begin, and the way to read them."""

    after: int
    messages: list[Message]
    dsn: str


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, databases: Databases
) -> Iterator[PostgresServer]:
    home: Path = tmp_path_factory.mktemp("refill")
    databases.lay(home)
    started = open_postgres(home)
    assert isinstance(started, PostgresServer)
    yield started
    started.stop()
    remove_postgres(home)


@pytest.fixture(scope="module")
def journal(server: PostgresServer) -> Iterator[PostgresJournal]:
    opened = PostgresJournal(server.dsn)
    yield opened
    opened.close()


def trade(journal: PostgresJournal, server: PostgresServer, minutes: int) -> Run:
    """Journal a run: a tick, a bar, a decision and a mark a minute, and one entry at its start."""
    ids, after = count(journal.last_position() + 1), journal.last_position()
    found: list[Message] = [
        PlatformStarted(id=next(ids), ts_event=START, ts_init=START, version="0", run="r")
    ]
    for minute in range(minutes):
        begins = START + minute * MINUTE
        at = {"ts_event": begins + MINUTE, "ts_init": begins}
        found.append(Tick(id=next(ids), symbol="EURUSD", bid=110_000, ask=110_010, **at))
        found.append(
            BarClosed(
                id=next(ids), symbol="EURUSD", timeframe=MINUTE, ts_open=begins, open=110_000,
                high=110_000, low=110_000, close=110_000, spread_open=10, spread_high=10,
                spread_low=10, spread_close=10, has_ticks=True, **at,
            )
        )  # fmt: skip
        found += _entry(ids, at) if minute == 1 else [_abstention(next(ids), at)]
        # The peak comes early and holds for as long as a sample may lie from the next.
        equity = PEAK if minutes // 10 <= minute < minutes // 5 else 10_000_000 + minute
        found.append(
            EquityMarked(
                id=next(ids), balance=10_000_000, equity=equity, margin=0, **at, **OURS
            )
        )  # fmt: skip
    for first in range(0, len(found), BATCH):
        journal.commit(Batch(found[first : first + BATCH], stream="trading"))
    return Run(after, found, server.tenant_dsn)


def _abstention(number: int, at: dict[str, int]) -> Message:
    return DecisionMade(
        id=number, strategy="ai", symbol="EURUSD", ts_bar=at["ts_event"], target=0, position=0,
        reason="abstain", outcome="abstain", **at, **OURS,
    )  # fmt: skip


def _entry(ids: Iterator[int], at: dict[str, int]) -> list[Message]:
    shared = {"symbol": "EURUSD", "key": next(ids), "quantity": 1_000, "price": 0, **at, **OURS}
    return [
        OrderSubmitted(
            id=next(ids), strategy="ai", ts_bar=at["ts_event"], ordinal=0, order_type="market",
            stop=0, target=0, **shared,
        ),
        OrderFilled(
            id=next(ids), fill=1, price_digits=5, commission=0, profit=0, spread_cost=0,
            slippage_cost=0, rate_num=1, rate_den=1, position=1_000, kind="exact",
            reason="market", **shared,
        ),
    ]  # fmt: skip


def fill(run: Run) -> tuple[Board, int]:
    """Return a board filled from the journal and how many messages were read for it."""
    with read_as(run.dsn, "local") as connection:
        reading = Reading(connection, REACH)
        return refill(reading, SHEET, CALM), reading.count


def curve(board: Board) -> list[EquityPoint]:
    return board.curve.points(2_000)


def test_a_short_run_is_filled_as_it_was_followed(
    journal: PostgresJournal, server: PostgresServer
) -> None:
    run = trade(journal, server, minutes=90)
    followed = Board(SHEET, CALM)
    for place, message in enumerate(run.messages, run.after + 1):
        followed.apply(place, message)
    filled, _ = fill(run)
    assert filled.snapshot(1, START, FEED) == followed.snapshot(1, START, FEED)
    assert curve(filled) == curve(followed)
    assert filled.cases.opened == followed.cases.opened


def test_what_is_read_does_not_grow_with_the_run(
    journal: PostgresJournal, server: PostgresServer
) -> None:
    longer, longest = (trade(journal, server, minutes) for minutes in (1_000, 4_000))
    with read_as(longest.dsn, "local") as connection:
        assert Reading(connection).span()[0] > longer.after
    board, read = fill(longest)
    most = sum(REACH.trades) + sum(REACH.bars) + REACH.ticks + REACH.samples * BATCH
    assert read <= most < len(longest.messages) / 4
    shown = board.snapshot(1, START, FEED)
    assert len(shown.decisions) == 100
    assert shown.fills == ()


def test_a_long_run_shows_its_whole_equity_and_its_peak(
    journal: PostgresJournal, server: PostgresServer
) -> None:
    run = trade(journal, server, minutes=4_000)
    board, _ = fill(run)
    marks = [each for each in run.messages if isinstance(each, EquityMarked)]
    points = curve(board)
    assert REACH.samples <= len(points) <= 2 * REACH.samples
    assert points[0].equity == 100_000.0
    assert (points[-1].time, points[-1].equity) == (marks[-1].ts_event // 10**9, 100_039.99)
    assert points[-1].drawdown == pytest.approx(1 - marks[-1].equity / PEAK)
    gaps = [after.time - before.time for before, after in pairwise(points)]
    assert max(gaps) <= 2 * 4_000 * 60 // REACH.samples
    assert [each.drawdown for each in board.curve.recent] == pytest.approx(
        [1 - each.equity / PEAK for each in marks[-len(board.curve.recent) :]]
    )
    later = msgspec.structs.replace(marks[-1], ts_event=marks[-1].ts_event + MINUTE)
    assert board.curve.mark(later).drawdown == pytest.approx(1 - later.equity / PEAK)
