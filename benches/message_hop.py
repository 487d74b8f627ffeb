"""Message hop: one message through the inline runner to a module that answers with another."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from assay.model.messages import BarClosed, EquityMarked, Message
from assay.runtime.runners import InlineRunner
from benches.harness import Bench, Round, time_batch

HOPS = 200_000
FLOOR = 500_000.0
"""Hops a second: 2 microseconds each."""

MARK = EquityMarked(id=2, ts_event=1, ts_init=1, account="a", balance=1, equity=1, margin=0)


class Echo:
    """Answer every bar with a mark that is ready."""

    consumes: tuple[type[Message], ...] = (BarClosed,)
    publishes: tuple[type[Message], ...] = (EquityMarked,)

    def handle(self, message: Message) -> Iterable[Message]:
        """Return the one answer."""
        return (MARK,)


def build(folder: Path) -> Bench:
    """Compare delivery by the runner with calling the module directly."""
    bar = BarClosed(
        id=1, ts_event=1, ts_init=1, symbol="EURUSD", timeframe=60, ts_open=0, open=1, high=1,
        low=1, close=1, spread_open=1, spread_high=1, spread_low=1, spread_close=1,
    )  # fmt: skip
    module = Echo()
    push, handle = InlineRunner([module]).push, module.handle

    def through_runner() -> None:
        for _ in range(HOPS):
            push(bar)

    def directly() -> None:
        for _ in range(HOPS):
            list(handle(bar))

    def subject() -> Round:
        return time_batch(HOPS, through_runner)

    return Bench(
        what="message in, module, message out, through the inline runner",
        items="hops",
        figure="rate",
        reference_what="calling the module directly",
        subject=subject,
        reference=lambda: time_batch(HOPS, directly),
        floor=FLOOR,
    )
