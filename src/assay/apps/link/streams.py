"""Both ends of one numbered stream: what is sent and not yet stored there, what came and is new."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from msgspec import Raw

from assay.apps.link.frames import Batch, Gap
from assay.apps.link.log import LogReader, SegmentLog
from assay.model.errors import DataError

WINDOW = 8_192
"""Records that may be on their way without an acknowledgement."""
BATCH = 256


class Sending:
    """Send the records of a log in order, again where the other end asks, until it holds them.

    `shown` makes of a record what travels. What is acknowledged may leave the disk, all but `keep`
    bytes.
    """

    def __init__(
        self,
        stream: str,
        log: SegmentLog,
        *,
        shown: Callable[[bytes], bytes] | None = None,
        keep: int = 0,
    ) -> None:
        self.stream, self._log, self._shown, self._keep = stream, log, shown, keep
        self._reader = LogReader(log.folder)
        self.sent = self.acked = 0

    @property
    def is_waiting(self) -> bool:
        """Say whether there is something to send and room on the way."""
        return self._log.end > self.sent and self.sent - self.acked < WINDOW

    def resume(self, received: int) -> None:
        """Begin a connection with an end that holds everything through `received`.

        It may hold more than our disk after a power cut; those numbers are not used again.
        """
        if received > self._log.end:
            self._log.skip_to(received)
        self.sent = self.acked = received
        self._reader.seek(received)
        self._log.drop_through(received, keep=self._keep)

    def take(self) -> Batch | Gap | None:
        """Return the next frame of the stream, None where there is none or too much on its way."""
        if not self.is_waiting:
            return None
        records = self._reader.read(min(BATCH, WINDOW - (self.sent - self.acked)))
        first = records[0].number if records else self._log.first
        if first > self.sent + 1:
            gap = Gap(self.stream, self.sent + 1, first - 1)
            self.sent = first - 1
            self._reader.seek(self.sent)
            return gap
        if not records:
            return None
        self.sent = records[-1].number
        shown = self._shown
        payloads = [each.payload if shown is None else shown(each.payload) for each in records]
        return Batch(self.stream, first, [Raw(each) for each in payloads])

    def rewind(self, first: int) -> None:
        """Send again from `first` on; what is acknowledged stays so."""
        self.sent = max(self.acked, min(self.sent, first - 1))
        self._reader.seek(self.sent)

    def acknowledge(self, last: int) -> None:
        """Take it that the other end holds everything through `last`."""
        if last > self.sent:
            raise DataError(
                f"{self.stream} {last} was acknowledged and {self.sent} is the last sent"
            )
        if last > self.acked:
            self.acked = last
            self._log.drop_through(last, keep=self._keep)


@dataclass
class Receiving:
    """Tell what of a stream is new; hold nothing back and let nothing in twice.

    `last` is the number of the newest record taken.
    """

    last: int = 0
    asked: int = 0

    def skip(self, first: int, count: int) -> int | None:
        """Return how many of `count` records from `first` on are known; None behind a hole.

        >>> stream = Receiving(last=10)
        >>> stream.skip(9, 4), stream.skip(9, 2), stream.skip(12, 1)
        (2, 2, None)
        """
        if first > self.last + 1:
            return None
        return min(self.last + 1 - first, count)

    def advance(self, last: int) -> None:
        """Take it that everything through `last` is there."""
        self.last, self.asked = max(self.last, last), 0

    def wants(self, *, anew: bool = False) -> int | None:
        """Return from which number to ask again, once for each hole unless asked `anew`."""
        first = self.last + 1
        if self.asked == first and not anew:
            return None
        self.asked = first
        return first
