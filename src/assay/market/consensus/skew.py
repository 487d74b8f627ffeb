"""Whether the clock that stamps a source's quotes is off, and not merely its line for a while."""

from __future__ import annotations

import msgspec

from assay.model.time import MINUTE, SECOND

SUSTAINED, SUSTAINED_QUOTES = 30 * SECOND, 10
"""A clock is off, or right again, once so many quotes in so long a time all say so."""
PAUSE = 5 * MINUTE
"""Quotes further apart than this say nothing together."""


class Skew(msgspec.Struct, array_like=True, frozen=True):
    """Hold whether a clock was told to be off, and the quotes that have said the contrary since.

    `since` and `at` are when the first and the newest of them came (ns of the bridge), `first` is
    by how much (ns) the first lay off, behind where it is below 0.
    """

    told: bool = False
    since: int = 0
    at: int = 0
    first: int = 0
    quotes: int = 0

    def hear(self, at: int, off: int) -> Skew:
        """Return what is known after a quote that lies so far off, 0 for one that does not.

        >>> skew = Skew()
        >>> for second in range(40):
        ...     skew = skew.hear(second * SECOND, -3_600 * SECOND)
        >>> skew.told, skew.hear(40 * SECOND, 0).told
        (True, True)
        """
        if bool(off) == self.told:
            return self.begin_anew()
        if not self.quotes or at - self.at > PAUSE or self._catches_up(at, off):
            return Skew(self.told, at, at, off, 1)
        if self.quotes + 1 >= SUSTAINED_QUOTES and at - self.since >= SUSTAINED:
            return Skew(not self.told)
        return Skew(self.told, self.since, at, self.first, self.quotes + 1)

    def begin_anew(self) -> Skew:
        """Return what was told alone."""
        return Skew(self.told) if self.quotes else self

    def _catches_up(self, at: int, off: int) -> bool:
        # Who brings what it missed comes nearer faster than time goes by; a clock stays as far off.
        return abs(self.first) - abs(off) > (at - self.since) // 2
