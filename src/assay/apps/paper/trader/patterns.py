"""Patterns beside the hot path: each finished bar is judged after its orders are out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

import numpy as np

from assay.apps.lab.runs.drivers import feed_messages
from assay.apps.lab.runs.setup import Setup
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.apps.paper.trader.producers import PATTERNS
from assay.kernel.records import BASE_BAR
from assay.model.messages import BarClosed, Message, PatternsJudged
from assay.runtime.ids import COUNTER_BITS
from assay.signals.recognition import (
    MemoryShapes,
    PatternValidator,
    ShapeStore,
    Terms,
    tell_judgements,
)
from assay.signals.streams.columns import BarColumns

PATIENCE = 4
"""Bars a symbol that may wait for a pause of the market, then for none."""
_COUNTER = (1 << COUNTER_BITS) - 1


class PatternWatch:
    """Judge the patterns of every bar that the trader has handled, and record what they are worth.

    What is said of a bar follows from the bars before it alone, those before the run included, so
    whenever it is said it is the same, and what a crash lost is said again under the same id. It
    is no answer of the platform: no order waits for it, and no replay needs it.
    """

    def __init__(
        self, trader: PaperTrader, events: np.ndarray, terms: Terms,
        on_fault: Callable[[str], None] = lambda _fault: None,
        open_shapes: Callable[[str], ShapeStore] = lambda _symbol: MemoryShapes(),
    ) -> None:  # fmt: skip
        self._trader, self._terms, self._on_fault = trader, terms, on_fault
        self._is_over = False
        setup = trader.setup
        self._stores = {symbol: open_shapes(symbol) for symbol in setup.symbols}
        self._validators = {
            symbol: PatternValidator(terms=terms, store=store)
            for symbol, store in self._stores.items()
        }
        told = trader.next if trader.judged < 0 else trader.judged
        trader.judged = told
        self._past = chain(_before(setup), _bars(setup, events[:told]))
        missed = feed_messages(setup, events[: trader.next], told, fed=trader.fed)
        self._waiting = deque(each for each in missed if isinstance(each, BarClosed))
        self.is_learning = True

    @property
    def is_pressed(self) -> bool:
        """Say whether it should judge though the market makes no pause."""
        return len(self._waiting) >= PATIENCE * len(self._validators)

    def hear(self, answers: Sequence[Message]) -> None:
        """Note what an event showed."""
        if not self._is_over:
            self._waiting += [each for each in answers if type(each) is BarClosed]

    def catch_up(self, is_over: Callable[[], bool] = lambda: False) -> list[PatternsJudged]:
        """Learn the past, then judge every bar that waits, until it is over; at least one step.

        Returns what the next commit will record. What fails says so once, and the trading goes on.
        """
        found: list[PatternsJudged] = []
        try:
            while self._take_step(found) and not is_over():
                pass
        except Exception as error:  # whatever breaks it, nothing that trades needs it
            self._is_over, self.is_learning = True, False
            self._waiting.clear()
            self._on_fault(f"{type(error).__name__}: {error}")
        return found

    def close(self) -> None:
        """Let go of the stores of shapes; what broke is left as it is."""
        for store in () if self._is_over else self._stores.values():
            store.close()

    def _take_step(self, found: list[PatternsJudged]) -> bool:
        """Learn or judge one bar; return False where there is none."""
        if self.is_learning:
            past = next(self._past, None)
            if past is not None:
                self._validators[past.symbol].learn(past)
                return True
            self.is_learning = False
        if not self._waiting:
            return False
        bar, trader = self._waiting.popleft(), self._trader
        judgements = self._validators[bar.symbol].push(bar)
        number = bar.id & _COUNTER
        if judgements:
            told = (PATTERNS << COUNTER_BITS) | number
            found.append(tell_judgements(bar, judgements, self._terms, number=told))
            trader.note(found[-1:])
        trader.judged = number - trader.fed
        return True


def _before(setup: Setup) -> Iterator[BarClosed]:
    """Yield the bars before a run, symbol by symbol."""
    for symbol, columns in setup.history.items():
        if symbol in setup.symbols:
            yield from _as_messages(symbol, columns)


def _as_messages(symbol: str, columns: BarColumns) -> Iterator[BarClosed]:
    rows = zip(
        columns.ts_close.tolist(), columns.open.tolist(), columns.high.tolist(),
        columns.low.tolist(), columns.close.tolist(), columns.spread.tolist(), strict=True,
    )  # fmt: skip
    for close, open_, high, low, last, spread in rows:
        yield BarClosed(
            id=0, ts_event=close, ts_init=close, symbol=symbol, timeframe=0, ts_open=close,
            open=open_, high=high, low=low, close=last, spread_open=spread, spread_high=spread,
            spread_low=spread, spread_close=spread,
        )  # fmt: skip


def _bars(setup: Setup, events: np.ndarray) -> Iterator[BarClosed]:
    for each in feed_messages(setup, events[events["kind"] == BASE_BAR]):
        assert isinstance(each, BarClosed)
        yield each
