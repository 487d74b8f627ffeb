"""Read the quotes of edges on from positions, one edge or several in the order of arrival."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from assay.apps.bridge.inbox import Kept
from assay.apps.link.frames import MARKET, Linked, Lost, PackedCodec, Quote
from assay.apps.link.log import LogReader

READ_AT_ONCE = 1_024


class Came(NamedTuple):
    """Hold what came from a source, its position in the source's log, and when it came (ns).

    What the bridge itself had to drop before it was read is lost like what the edge dropped.
    """

    source: int
    position: int
    at: int
    item: Quote | Lost | Linked


class MarketReader:
    """Give what several edges sent, in the order in which the bridge took it in.

    A bridge writes down each record before it takes the next, whosever it is. So whoever finds an
    edge's log at its end after it has read another's has all that came before the other's records.
    """

    def __init__(self, folders: Sequence[Path], after: Sequence[int]) -> None:
        self._readers = [LogReader(*each) for each in zip(folders, after, strict=True)]
        self._waiting: list[deque[Came]] = [deque() for _ in folders]
        self._codec, self._is_whole = PackedCodec(), False
        self.positions = list(after)

    def seek(self, positions: Sequence[int]) -> None:
        """Go on behind other positions."""
        self.positions, self._is_whole = list(positions), False
        for reader, waiting, after in zip(self._readers, self._waiting, positions, strict=True):
            waiting.clear()
            reader.seek(after)

    def next(self) -> Came | None:
        """Return what came next; None where there is nothing yet."""
        while not self._is_whole:
            # Whoever was found empty may have got something before the others were read.
            self._is_whole = sum(self._refill(k) for k in range(len(self._readers))) == 0
        heads = [waiting[0] for waiting in self._waiting if waiting]
        if not heads:
            self._is_whole = False
            return None
        came = min(heads, key=lambda each: each.at)
        waiting = self._waiting[came.source]
        waiting.popleft()
        self._is_whole = len(waiting) >= READ_AT_ONCE // 2
        self.positions[came.source] = came.position
        return came

    def newest(self) -> int:
        """Return the time (ns UTC) of the newest quote that waits here, 0 for none."""
        quotes = ((each.item for each in reversed(waiting)) for waiting in self._waiting)
        newest = (next((q.ts for q in each if isinstance(q, Quote)), 0) for each in quotes)
        return max(newest, default=0)

    def _refill(self, source: int) -> int:
        waiting = self._waiting[source]
        if len(waiting) >= READ_AT_ONCE // 2:
            return 0
        found = self._readers[source].read(READ_AT_ONCE)
        last = waiting[-1].position if waiting else self.positions[source]
        for record in found:
            kept = self._codec.decode(record.payload, Kept)
            if record.number > last + 1:
                gap = Lost(MARKET, last + 1, record.number - 1)
                waiting.append(Came(source, record.number - 1, kept.at, gap))
            last = record.number
            item: Quote | Lost | Linked = self._codec.decode(
                bytes(kept.record), Quote | Lost | Linked
            )
            waiting.append(Came(source, record.number, kept.at, item))
        return len(found)
