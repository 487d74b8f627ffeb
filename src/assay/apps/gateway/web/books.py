"""The books of the account that is traded, read on from the journal when somebody asks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from fastapi import FastAPI, Response
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from assay.apps.gateway.board.content import Board
from assay.apps.gateway.board.follow import Follower
from assay.apps.gateway.board.records import Records
from assay.apps.gateway.figures import Performance, PerformancePage
from assay.apps.gateway.metrics.account import tell_orders
from assay.apps.gateway.web.problems import answer
from assay.apps.lab.accounts.books import contracts_of
from assay.books.reports.performance import measure_performance, trace_parts
from assay.books.reports.tally import TALLY_KINDS, OrderTally
from assay.books.reports.tape import BOOK_KINDS, AccountTape
from assay.model.errors import AssayError, RetryError
from assay.model.messages import Message, TwinAppraised
from assay.model.time import DAY, format_time
from assay.runtime.clock import Deadline
from assay.runtime.home import Home
from assay.runtime.logs import Logger

if TYPE_CHECKING:
    from assay.apps.gateway.web.routes import Desk

KINDS = tuple({*BOOK_KINDS, *TALLY_KINDS, "Predicted", "TwinAppraised"})
COURSES = frozenset({"symbol", "strategy", "model", "side"})
"""Keys by which the course of each part is told; of hours and days that would say nothing."""
STEP = 20_000
"""Messages taken in one piece."""
FOLLOW_S, PIECE_S = 2.0, 0.05
"""Pauses while following, at the end of the journal and between two pieces of it."""
PATIENCE_S = 10.0
"""How long an asking reads what is not read yet; then it tells what there is."""
PLAIN = (
    ("net", "account_net", "What the account came to so far, in its currency."),
    ("win_rate", "account_win_rate", "Share of closed trades that earned."),
    ("profit_factor", "account_profit_factor", "Gains over losses of closed trades."),
    ("expectancy", "account_expectancy", "Mean net result of a closed trade."),
    ("max_drawdown", "account_max_drawdown", "Deepest fall from the peak, as a share of it."),
    ("sharpe", "account_sharpe", "Sharpe ratio of daily returns, a year."),
)
BOUNDS = (("lower", "Lower"), ("upper", "Upper"))
SCORES = (
    ("said", "account_decisions_said", "Mean probability with which positions were entered."),
    ("came", "account_decisions_came", "Share of them that earned."),
    ("brier", "account_decisions_brier", "Brier score of those probabilities."),
)


@dataclass(frozen=True, slots=True)
class Told:
    """Hold the figures of an account up to a place; not `complete` while there is more to read."""

    position: int
    complete: bool
    figures: Mapping[str, Any]
    orders: OrderTally | None = None


class AccountBooks:
    """Follow the account of the newest run.

    `follow` reads the journal on as it grows, so that who asks finds most of it read.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._tape: AccountTape | None = None
        self._orders: OrderTally | None = None
        self._days: dict[str, TwinAppraised] = {}
        self._run = self._place = 0
        self._is_behind = False
        self._told: dict[str, Told] = {}
        self._turn = asyncio.Lock()

    @property
    def position(self) -> int:
        """Return the place up to which the journal is read."""
        return self._place

    async def follow(self, follower: Follower, log: Logger) -> None:
        """Read on until cancelled, a piece at a time; what fails is logged and tried again."""
        failed = ""
        while True:
            board, records = follower.board, follower.records
            try:
                if board is not None and records is not None and board.place > self._place:
                    async with self._turn:
                        await asyncio.to_thread(self._read_on, board, records)
                    failed = ""
            except Exception as error:  # who asks reads on himself and is told
                if str(error) != failed:
                    log.warning(f"the books are not read on: {error}")
                failed, self._is_behind = str(error), False
            await asyncio.sleep(PIECE_S if self._is_behind else FOLLOW_S)

    async def tell(self, board: Board, records: Records | None, by: str = "symbol") -> Told:
        """Return the figures; raise RetryError where the journal cannot be read from here."""
        if records is None:
            raise RetryError("the journal is not read yet; try again in a moment")
        async with self._turn:
            return await asyncio.to_thread(self._measure, board, records, by)

    async def twins(
        self, board: Board, records: Records | None
    ) -> tuple[Told, list[TwinAppraised]]:
        """Return the days that were held against their twins, the oldest first."""
        told = await self.tell(board, records)
        return told, list(self._days.values())

    def _begin(self, board: Board) -> None:
        contract_of = contracts_of(self._home)
        self._tape = AccountTape(board.sheet.account, contract_of, every=DAY)
        self._orders = OrderTally(board.sheet.account, contract_of)
        self._run = self._place = board.start
        self._told, self._days = {}, {}

    def _read_on(self, board: Board, records: Records) -> None:
        """Take a piece of the journal, of which more may wait behind it."""
        if self._tape is None or self._orders is None or self._run != board.start:
            self._begin(board)
        assert self._tape is not None
        assert self._orders is not None
        seen = board.place
        found = records.booked(self._place, STEP, KINDS)
        for recorded in found:
            self._tape.take(recorded.message)
            self._orders.take(recorded.message)
            self._note_day(board, recorded.message)
            self._place = recorded.position
        if found:
            self._told = {}
        self._is_behind = len(found) == STEP
        if not self._is_behind:
            self._place = max(self._place, seen)

    def _note_day(self, board: Board, message: Message) -> None:
        if isinstance(message, TwinAppraised) and message.account == board.sheet.account:
            self._days[message.day] = message

    def _measure(self, board: Board, records: Records, by: str) -> Told:
        patience = Deadline(PATIENCE_S)
        self._read_on(board, records)
        while self._is_behind and not patience.has_passed():
            self._read_on(board, records)
        if by not in self._told:
            assert self._tape is not None
            figures = measure_performance(self._tape, by)
            courses = trace_parts(self._tape, by) if by in COURSES else {}
            for part in figures["parts"]:
                part["course"] = courses.get(part["name"])
            self._told[by] = Told(self._place, not self._is_behind, figures, self._orders)
        return self._told[by]


def add_performance(app: FastAPI, desk: Desk, books: AccountBooks) -> None:
    """Add the address of the account's performance."""

    @app.get("/api/performance")
    async def performance(by: str = "symbol") -> Response:
        told = await books.tell(desk.board(), desk.stream.follower.records, by)
        figures = dict(told.figures)
        for edge in ("from", "to"):
            figures[edge] = None if figures[edge] is None else format_time(figures[edge])
        now = msgspec.convert(figures, Performance)
        return answer(PerformancePage(position=told.position, complete=told.complete, now=now))


async def gather_books(
    books: AccountBooks, follower: Follower, *, uncounted: str = ""
) -> list[Metric]:
    """Return the metrics of the account; none while its books cannot be read."""
    if follower.board is None:
        return []
    try:
        told = await books.tell(follower.board, follower.records)
    except AssayError:
        # What else is measured is told though the journal be away.
        return []
    return [*tell_books(told, uncounted=uncounted)]


def tell_books(told: Told, *, uncounted: str = "") -> Iterator[Metric]:
    """Yield the metrics of an account; of its decisions none where looks were not counted."""
    figures = told.figures
    yield _gauge("account_books_complete", "1 where the journal was read to its end.",
                 float(told.complete))  # fmt: skip
    trades = CounterMetricFamily("assay_account_trades", "Closed trades.",
                                 labels=("symbol",))  # fmt: skip
    nets = GaugeMetricFamily("assay_account_symbol_net", "Net result of closed trades.",
                             labels=("symbol",))  # fmt: skip
    for part in figures["parts"]:
        trades.add_metric((part["name"],), part["trades"])
        nets.add_metric((part["name"],), part["net"])
    yield trades
    yield nets
    costs = GaugeMetricFamily("assay_account_cost", "What was paid; a swap received is negative.",
                              labels=("kind",))  # fmt: skip
    paid = figures["costs"]
    for kind, value in (
        ("spread", paid["spread_cost"]), ("slippage", paid["slippage_cost"]),
        ("commission", paid["commission"]), ("swap", -paid["swap"]),
    ):  # fmt: skip
        costs.add_metric((kind,), value)
    yield costs
    rows = [(figures[name], *words) for name, *words in PLAIN]
    if figures["decisions"] and not uncounted:
        rows += [(figures["decisions"][name], *words) for name, *words in SCORES]
    for value, name, text in rows:
        if value is not None:
            yield _gauge(name, text, float(value))
    for name, word in BOUNDS:
        bound = figures["ratios"]["sharpe"][name]
        if bound is not None:
            yield _gauge(f"account_sharpe_{name}", f"{word} end of its 95 % interval.", bound)
    if told.orders is not None:
        yield from tell_orders(told.orders)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"assay_{name}", text, value=value)
