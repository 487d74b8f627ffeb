"""What a replay hands its messages to: the modules, the outcome and the log; quiet bars in bulk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice

import numpy as np

from assay.apps.lab.runs.outcome import OutcomeCollector
from assay.apps.topology import Topology
from assay.books.ledger import Worth
from assay.model.messages import BarClosed, EquityMarked, Message
from assay.runtime.runners import InlineRunner
from assay.trading.engine.ahead import RunAhead

Sink = Callable[[list[Message]], None]
"""Takes messages in order, many at a time; the list is used again afterwards."""
BLOCK = 512
"""Messages that are noted and written together."""
AHEAD = 512
"""Bars that the engine runs ahead at most."""


@dataclass(slots=True)
class MessagePath:
    """Take one message of the feed after the other through all modules."""

    runner: InlineRunner
    collector: OutcomeCollector
    sink: Sink | None
    _block: list[Message] = field(default_factory=list)

    def take(self, message: Message) -> None:
        """Handle a message and note all that follows from it."""
        found = self.runner.push(message)
        self.collector.take(*found)
        self.note(found)

    def note(self, messages: list[Message]) -> None:
        """Write messages to the sink, in blocks."""
        self._block += messages
        if len(self._block) >= BLOCK:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if self.sink and self._block:
            self.sink(self._block)
        self._block.clear()


class QuietBars:
    """Pass on the bars at which nothing trades: each with its mark, which the reconciler checks.

    What the modules would have published about such a bar is this one mark, so that the messages
    and their ids are those of a replay bar by bar.
    """

    def __init__(self, topology: Topology, events: np.ndarray, next_id: Callable[[], int]) -> None:
        self._ahead, self._events = RunAhead(topology.desk, events), len(events)
        (self._account,) = topology.desk.plan.accounts
        self._reconciler, self._next_id = topology.reconciler, next_id

    def take(self, path: MessagePath, feed: Iterator[BarClosed], start: int) -> int:
        """Pass on the quiet bars that come next in the feed; return how many there were."""
        rows = self._ahead.advance(start, min(start + AHEAD, self._events))
        if not len(rows):
            return 0
        bars, worths = [*islice(feed, len(rows))], rows.tolist()
        marks = self._mark(bars, worths)
        path.collector.take_equity(rows)
        if self._reconciler.confirms(self._account.id, bars, worths):
            path.note([*chain.from_iterable(zip(bars, marks, strict=True))])
        else:
            self._compare(path, bars, marks)
        return len(rows)

    def _mark(self, bars: list[BarClosed], worths: list[Worth]) -> list[EquityMarked]:
        tenant, account, next_id = self._account.tenant, self._account.id, self._next_id
        return [
            EquityMarked(
                id=next_id(), cause=bar.id, tenant=tenant, ts_event=ts, ts_init=bar.ts_init,
                account=account, balance=balance, equity=equity, margin=margin,
            )
            for bar, (ts, balance, equity, margin) in zip(bars, worths, strict=True)
        ]  # fmt: skip

    def _compare(self, path: MessagePath, bars: list[BarClosed], marks: list[EquityMarked]) -> None:
        for bar, mark in zip(bars, marks, strict=True):
            self._reconciler.handle(bar)
            gaps = [*self._reconciler.handle(mark)]
            path.note([bar, mark, *gaps])
            if gaps:
                # The engine is ahead of this halt, so the run ends here and is refused.
                path.collector.take(*gaps)
                return
