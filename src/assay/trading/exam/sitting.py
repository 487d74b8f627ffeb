"""A sitting of the exam: everything that is measured, in turn, within budget and time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

from assay.model.errors import UsageError
from assay.model.time import HOUR, MINUTE, SECOND
from assay.runtime.clock import Clock
from assay.trading.brokers.mt5.account import lock_of
from assay.trading.brokers.mt5.structures import TerminalApi
from assay.trading.exam.asking import Asker
from assay.trading.exam.clocks import fit_clock
from assay.trading.exam.deals import Collector
from assay.trading.exam.levels import LevelTrials
from assay.trading.exam.nights import Nights, is_night_near
from assay.trading.exam.plan import ExamPlan, admit, require_flat
from assay.trading.exam.quotes import measure_ahead, quoted_minutes, read_opens, read_spreads
from assay.trading.exam.record import ExamRecord, read_record, write_record
from assay.trading.exam.rounds import NAMED, Rounds
from assay.trading.exam.told import account_terms, symbol_terms
from assay.trading.terminal.wallclock import WallClock

COLLECT_EVERY = 5
"""Rounds between two readings of deals: what they lose in between is not in the budget yet. The
record is written after each that sent orders."""
WORLD = "NY+7"
"""The clock by which the world's market opens on Monday and closes with Friday."""
_LAST_MINUTES = 30
_QUIET = 3 * MINUTE
"""No round begins so shortly before a night is watched: its patience would reach into it."""
_HALF_HOUR = 30.0

Turn = tuple[str, int, str]
"""The kind of a round, the side and the symbol."""
TURNS = ("turn", "stop", "turn", "stop", "limit", "bracket")


def open_record(terminal: TerminalApi, plan: ExamPlan, file: Path | None) -> ExamRecord:
    """Return the record to go on with, or a new one; UsageError where it is of another account."""
    info = admit(terminal.account_info(), None)
    state = terminal.terminal_info()
    told = {}
    for name in plan.symbols:
        shown = terminal.symbol_info(name) if terminal.symbol_select(name, True) else None
        if shown is None:
            raise UsageError(f"the terminal has no symbol {name!r}; name the broker's own")
        told[name] = symbol_terms(shown)
    known = read_record(file) if file is not None else None
    if known is None:
        known = ExamRecord(server=info.server, company="", account=account_terms(info), told=told)
        if state is not None:
            known.company, known.build = state.company, state.build
            known.max_bars = state.maxbars
        return known
    if (known.account.login, known.server, set(known.told)) != (info.login, info.server, set(told)):
        raise UsageError(
            f"the record is of login {known.account.login} at {known.server} with "
            f"{', '.join(known.told)}; name another --out for another exam"
        )
    return known


class Sitting:
    """Run an exam on a terminal's demo account and keep its record."""

    def __init__(
        self, terminal: TerminalApi, clock: Clock, plan: ExamPlan, *, file: Path | None = None,
        tell: Callable[[str, float], None] | None = None,
    ) -> None:  # fmt: skip
        info = admit(terminal.account_info(), None)
        self.record = open_record(terminal, plan, file)
        self._file, self._plan, self._tell = file, plan, tell or (lambda _text, _share: None)
        self._asker = Asker(terminal, clock, self.record, lock_of(info))
        self._clock = clock
        self._collector = Collector(self._asker)
        self._rounds = Rounds(self._asker, self._collector, plan)
        self._levels = LevelTrials(self._asker, self._rounds, plan)
        self._nights = Nights(self._asker, self._rounds, plan)
        self._rounds.clear()
        require_flat(terminal, plan.symbols, set(self.record.open_tickets))
        self._rounds.forget_closed()
        self._world = WallClock(WORLD)

    def run(self, is_stopped: Callable[[], bool] = lambda: False) -> ExamRecord:
        """Measure until budget or time is spent or somebody stops it; return the record."""
        began, before = self._clock.now_ns(), self.record.elapsed
        try:
            self._begin()
            turns, number, read_at = self._turns(), 0, self._clock.now_ns()
            while self.record.elapsed < self._plan.span and not is_stopped():
                if self._clock.now_ns() - read_at >= HOUR:
                    self._asker.ahead_ns = self._find_ahead(self._plan.symbols[0])
                    self._read_quotes()
                    read_at = self._clock.now_ns()
                sent = self.record.orders
                self._step(turns)
                number += 1
                self.record.elapsed = before + self._clock.now_ns() - began
                if number % COLLECT_EVERY == 0:
                    self._keep()
                elif self.record.orders > sent:
                    self._save()
        finally:
            self._end()
        return self.record

    def _begin(self) -> None:
        first = self._plan.symbols[0]
        self._tell("reading quotes", 0.0)
        read_opens(self._asker, first)
        self._asker.ahead_ns = self._find_ahead(first)
        self._read_quotes()
        self._keep()

    def _try(self, symbol: str) -> None:
        """Try what is to be known before rounds begin."""
        self._tell(f"trying {symbol}", self._share())
        self._levels.try_fillings(symbol)
        self._levels.try_stops(symbol)
        self._levels.try_freeze(symbol)
        self._read_depth(symbol)
        self._keep()

    def _find_ahead(self, symbol: str) -> int:
        """Return how far the server's clock is ahead of UTC now, by quotes or by weekly opens."""
        ahead = measure_ahead(self._asker, symbol)
        if ahead is not None:
            return round(round(ahead / _HALF_HOUR) * _HALF_HOUR * MINUTE)
        clock, _ = fit_clock(self.record.opens, self.record.ahead)
        return clock.offset_at(self._clock.now_ns() // SECOND) * SECOND if clock else 0

    def _share(self) -> float:
        spent = self.record.orders / max(1, self._plan.orders)
        return min(1.0, max(spent, self.record.elapsed / max(1, self._plan.span)))

    def _turns(self) -> Iterator[Turn]:
        sides = {name: cycle((1, -1)) for name in TURNS}
        for kind in cycle(TURNS):
            for symbol in self._plan.symbols:
                # At a named price no market order slips: what stops do is all there is to see.
                is_named = self.record.told[symbol].execution in NAMED
                chosen = "stop" if kind == "turn" and is_named else kind
                yield chosen, next(sides[kind]), symbol

    def _step(self, turns: Iterator[Turn]) -> None:
        server = self._asker.server_ns()
        if is_night_near(server):
            self._nights.watch(server)
            return
        left = self._plan.span - self.record.elapsed
        kept = self._nights.needs(server, left)
        due = self._plan.span * self.record.orders // max(1, self._plan.orders)
        is_due = self.record.elapsed >= due and self._rounds.may_open(1 + kept)
        if not is_due or self._is_ending(server):
            ahead = due - self.record.elapsed
            pause = min(MINUTE, left, ahead if ahead > 0 else MINUTE)
            self._asker.wait(max(SECOND, pause))
            return
        if self._rounds.clear():
            return
        kind, side, symbol = next(turns)
        if not self._is_trading(symbol):
            self._asker.wait(MINUTE)
            return
        if symbol not in {each.symbol for each in self.record.fillings}:
            self._try(symbol)
        elif kind == "turn":
            self._rounds.turn(symbol, side)
        elif kind == "bracket":
            self._rounds.bracket(symbol, side)
        else:
            self._rounds.rest(symbol, side, is_stop=kind == "stop")

    def _is_ending(self, server_ns: int) -> bool:
        """Say whether a round begun now might meet a night, or stay open over the weekend."""
        minutes = self._world.week_minute(self._clock.now_ns())
        is_last = 5 * 24 * 60 - _LAST_MINUTES <= minutes < 5 * 24 * 60
        return is_last or is_night_near(server_ns, self._plan.patience * 2 + _QUIET)

    def _is_trading(self, symbol: str) -> bool:
        """Say whether quotes come: none for some minutes is a closed market."""
        if self._asker.is_closed(symbol):
            return False
        quote = self._asker.quote(symbol)
        return quote is not None and self._asker.server_ns() // 1_000_000 - quote.time_msc < 120_000

    def _read_quotes(self) -> None:
        server_s, back_s = self._asker.server_ns() // SECOND, self._plan.back // SECOND
        for symbol in self._plan.symbols:
            read_spreads(self._asker, symbol, back_s=back_s, until_s=server_s)

    def _read_depth(self, symbol: str) -> None:
        terminal = self._asker.terminal
        if not terminal.market_book_add(symbol):
            return
        rows = terminal.market_book_get(symbol) or ()
        self.record.depths.setdefault(symbol, []).extend(row.volume_dbl for row in rows)
        terminal.market_book_release(symbol)

    def _keep(self) -> None:
        self._collector.collect()
        self._tell("trading", self._share())
        self._save()

    def _save(self) -> None:
        if self._file is not None:
            write_record(self.record, self._file)

    def _end(self) -> None:
        try:
            self._rounds.clear()
            # What is open still, and what the server books late, is waited for, not without end.
            deadline = self._clock.now_ns() + MINUTE
            while not self._rounds.is_flat() and self._clock.now_ns() < deadline:
                self._asker.wait(SECOND)
                self._rounds.clear()
            self._collector.collect()
            while self._collector.waiting and self._clock.now_ns() < deadline:
                self._asker.wait(SECOND)
                self._collector.collect()
            self._read_quotes()
            for symbol in self._plan.symbols:
                read_opens(self._asker, symbol)
                self.record.minutes[symbol] = list(quoted_minutes(self._asker, symbol))
        finally:
            # A terminal that no longer answers takes nothing away of what was seen.
            self._save()
