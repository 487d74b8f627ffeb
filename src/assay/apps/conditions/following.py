"""Every message of some kinds, in the order of the journal, each once, as soon as it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from assay.model.messages import Message, decode_message
from assay.runtime.journal import Recorded
from assay.runtime.ring import Subscriber

STEP = 5_000


class Follower:
    """Follow a journal: from the ring what is new, from `read` what that has lost.

    `read` yields the messages behind a place. The ring is open before the first reading, so that
    between the two nothing is missed.
    """

    def __init__(
        self, ring: Subscriber, read: Callable[[int], Iterator[Recorded]], place: int
    ) -> None:
        self._ring, self._read, self.place = ring, read, place
        self._seen, self._is_missing, self._is_full = 0, True, False

    def take(self) -> list[Message]:
        """Return what follows on what was taken before, up to STEP messages."""
        frames = self._ring.poll(STEP).frames
        self._is_full = len(frames) == STEP
        if frames:
            self._seen = frames[-1].mark
        if self._is_missing:
            return self._take_missed()
        taken = []
        for mark, payload in frames:
            if mark > self.place + 1:
                self._is_missing = True
                break
            if mark == self.place + 1:
                self.place = mark
                taken.append(decode_message(payload))
        return taken

    def _take_missed(self) -> list[Message]:
        found = list(islice(self._read(self.place), STEP))
        self.place = max(self.place, found[-1].position if found else 0)
        if len(found) < STEP:
            # Whatever the ring showed before the reading was committed before it.
            self.place, self._is_missing = max(self.place, self._seen), False
        return [each.message for each in found]

    @property
    def is_behind(self) -> bool:
        """Say whether there is more to take at once."""
        return self._is_missing or self._is_full
