"""Fill a board from a journal of any length: the end as it is, what came before by samples."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from assay.apps.gateway.board.alerts import ALERT_KINDS
from assay.apps.gateway.board.chart import BARS_KEPT
from assay.apps.gateway.board.content import Board
from assay.apps.gateway.views import Halt
from assay.apps.paper.view.sheet import Past, Sheet
from assay.model.messages import BarClosed, EquityMarked
from assay.runtime.journal import Recorded, read_journal, sample_journal

DESK_KINDS = (
    "DecisionMade", "OrderApproved", "OrderDenied", "OrderSubmitted", "OrderCancelled",
    "OrderFilled", "OrderChanged", "OrderAccepted", "OrderRejected", "OrderUnknown",
    "OrderExpired", "CancelRequested", "PositionChanged", "EquityMarked", "TradingHalted",
    "TradingResumed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reach:
    """Say how far before the end of the journal is read, in places.

    Of the windows for trades and for bars a wider one is read where the last held too few, and no
    wider one than the last: an account that trades so rarely shows what it holds. `samples` are
    the rows that tell the equity before that.
    """

    trades: tuple[int, ...] = (4_096, 32_768, 131_072)
    bars: tuple[int, ...] = (4_096, 16_384, 65_536, 262_144)
    ticks: int = 50_000
    alerts: int = 50_000
    samples: int = 250


class Reading:
    """Read one connection's journal and count the messages taken from it."""

    def __init__(self, connection: psycopg.Connection[Any], reach: Reach | None = None) -> None:
        self.connection, self.reach = connection, reach or Reach()
        self.count = 0

    def span(self) -> tuple[int, int]:
        """Return the place of the start of the newest run, and of the last message."""
        started = self.connection.execute(
            "select position from journal where kind = 'PlatformStarted' "
            "order by position desc limit 1"
        ).fetchone()
        last = self.connection.execute(
            "select batch from journal order by position desc limit 1"
        ).fetchone()
        return int(started[0]) if started else 0, int(last[0]) if last else 0

    def between(self, after: int, end: int, kinds: Collection[str]) -> Iterator[Recorded]:
        """Yield the messages of the kinds behind a place, up to and with another."""
        for recorded in read_journal(self.connection, after, kinds=kinds):
            if recorded.position > end:
                return
            self.count += 1
            yield recorded

    def marks(self, account: str, start: int, end: int) -> Iterator[EquityMarked]:
        """Yield marks of an account spread over a span of the journal, the oldest first."""
        number = self.reach.samples
        places = [start + (end - start) * each // number for each in range(number)]
        for found in sample_journal(self.connection, places, ("EquityMarked",)):
            self.count += len(found)
            for recorded in found:
                mark = recorded.message
                if isinstance(mark, EquityMarked) and mark.account == account:
                    yield mark
                    break


def refill(reading: Reading, sheet: Sheet, halt: Halt, past: Past | None = None) -> Board:
    """Return the board of the newest run; what is read does not grow with the run's length.

    `past` are bars before the run.
    """
    start, end = reading.span()
    for window in reading.reach.trades:
        low = max(start, end - window)
        board = Board(sheet, halt)
        board.begin(past)
        board.start = start
        for recorded in reading.between(low, end, DESK_KINDS):
            board.apply(recorded.position, recorded.message)
        if low == start or board.is_full:
            break
    if low > start:
        marks = board.curve.count * (end - start) // (end - low)
        every = max(marks // reading.reach.samples, 1)
        board.curve.look_back(reading.marks(sheet.account, start, end), every)
    _fill_charts(reading, board, start, end)
    for recorded in reading.between(max(start, end - reading.reach.alerts), end, ALERT_KINDS):
        board.alert(recorded.position, recorded.message)
    board.place = end
    return board


def _fill_charts(reading: Reading, board: Board, start: int, end: int) -> None:
    bars = _last_bars(reading, board, start, end)
    for recorded in bars:
        board.apply(recorded.position, recorded.message)
    last = {recorded.message.symbol: recorded.position for recorded in bars}
    after = min(last.values()) if len(last) == len(board.charts) else start
    after = max(after, end - reading.reach.ticks, start)
    for recorded in reading.between(after, end, ("Tick",)):
        if recorded.position > last.get(recorded.message.symbol, 0):
            board.apply(recorded.position, recorded.message)


def _last_bars(reading: Reading, board: Board, start: int, end: int) -> list[Recorded]:
    """Return the last 1,000 bars of every symbol, where the widest window holds as many."""
    for window in reading.reach.bars:
        after = max(start, end - window)
        found = {symbol: deque[Recorded](maxlen=BARS_KEPT) for symbol in board.charts}
        for recorded in reading.between(after, end, ("BarClosed",)):
            bar = recorded.message
            if isinstance(bar, BarClosed) and bar.symbol in found:
                found[bar.symbol].append(recorded)
        if after == start or all(len(bars) == BARS_KEPT for bars in found.values()):
            break
    return sorted((each for bars in found.values() for each in bars), key=_place)


def _place(recorded: Recorded) -> int:
    return recorded.position
