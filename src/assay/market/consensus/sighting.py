"""What is known of one source of one symbol: its last quote, its pace, and whether it is there."""

from __future__ import annotations

import msgspec

from assay.market.consensus.skew import Skew
from assay.model.time import SECOND

LULL_LEAST, LULL_MOST = 3 * SECOND, 30 * SECOND
"""A source is silent after twice its usual lull, within these bounds."""
AHEAD = 5 * SECOND
_FADING = 64


class Sighting(msgspec.Struct, array_like=True):
    """Hold a source's last quote (points) and when it came; `at` is the bridge's clock (ns).

    `lull` is how long it usually says nothing at most. While others speak and it does not, `alone`
    is since when. `apart` is since when it departs from the others, `good` since when it has been
    fit without a break and `quotes` how many it gave since then. One that is `stale` said nothing
    while the others left its price. `lead` is how far its clock is ahead of the bridge's at most,
    and `skew` whether that clock is off.
    """

    at: int = 0
    ts: int = 0
    bid: int = 0
    ask: int = 0
    lull: int = 0
    alone: int = 0
    apart: int = 0
    good: int = 0
    quotes: int = 0
    linked: bool = True
    stale: bool = False
    suspect: bool = False
    lead: int = 0
    skew: Skew = Skew()

    @property
    def mid(self) -> int:
        """Return the mid in doubled points."""
        return self.bid + self.ask

    @property
    def spread(self) -> int:
        """Return the spread in points."""
        return self.ask - self.bid

    @property
    def patience(self) -> int:
        """Return after how long beside others that speak it counts as silent."""
        return min(max(2 * self.lull, LULL_LEAST), LULL_MOST)

    def is_ahead(self, at: int, ts: int) -> bool:
        """Say whether a quote's time leaps ahead of the clock that this source keeps."""
        return bool(self.at) and ts - at > self.lead + AHEAD

    def hear(self, at: int, ts: int) -> None:
        """Note that it spoke."""
        self.lead = max(self.lead, ts - at)
        if self.at:
            self.lull = max(min(at - self.at, LULL_MOST), self.lull - self.lull // _FADING)
        self.at, self.ts = at, ts
        self.linked, self.stale, self.alone = True, False, 0

    def miss(self, at: int, quiet: int) -> None:
        """Note that another spoke, after so long in which no other did."""
        # Where all were silent, as over a weekend, its own silence begins anew.
        if not self.alone or quiet > self.patience:
            self.alone = at

    def is_fresh(self, at: int) -> bool:
        """Say whether it is there: linked, and not silent while others speak."""
        is_silent = self.alone and at - self.alone > self.patience
        return bool(self.linked and not self.stale and not is_silent)

    def why_gone(self) -> str:
        """Return why it does not serve."""
        if not self.linked:
            return "unlinked"
        return "suspect" if self.suspect else "silent"
