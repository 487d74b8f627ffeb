"""Prices that were recorded beside the platform, as the messages that it would have heard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import count

import msgspec

from assay.apps.lab.feeds.events import TICK_BARS
from assay.apps.paper.market.feed import GRACE
from assay.market.bars import BarBuilder
from assay.model.messages import BarClosed, Tick


def follow_ticks(ticks: Iterable[Tick], symbols: Mapping[str, int]) -> Iterator[Tick | BarClosed]:
    """Yield ticks with the bars of one minute that they close, as a live feed makes them.

    Ticks rise in time; of other symbols none is taken.
    """
    numbers, bar_ids = count(1), count(1)
    builder = BarBuilder(TICK_BARS, bar_ids.__next__)
    for tick in ticks:
        if tick.symbol not in symbols:
            continue
        told: list[Tick | BarClosed] = [*builder.handle(tick)]
        told += builder.close_until(tick.ts_event - GRACE)
        for message in (*told, tick):
            yield msgspec.structs.replace(message, id=next(numbers), cause=0)
