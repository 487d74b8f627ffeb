"""Several edges' quotes become one feed: each symbol is served by the source that is believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from assay.apps.bridge.market import Came
from assay.apps.link.frames import Linked, Quote
from assay.market.consensus import (
    NOBODY,
    Change,
    Disputed,
    Skewed,
    SourceSelector,
    Standing,
    Switched,
)
from assay.model.messages import (
    EntriesHalted,
    EntriesReleased,
    Message,
    QuotesDisputed,
    SourceSkewed,
    SourceSuspected,
    SourceSwitched,
)

HALTED_BY = "sources"
"""Who holds entries back while no source of a symbol can be believed."""


class Chosen(NamedTuple):
    """Hold what the sources' standing changed to, and the quote that goes on, if any."""

    told: list[Message]
    quote: Quote | None
    confirmed: bool


class SourceChoice:
    """Choose for each symbol the source that serves, by what came from all of them.

    `edges` are the sources by name, `ranks` their order by symbol where it is another. Entries of a
    symbol that nobody serves are held back for the accounts of `tenant`.
    """

    def __init__(
        self,
        edges: Sequence[str],
        digits: Mapping[str, int],
        ranks: Mapping[str, Sequence[str]],
        tenant: str,
    ) -> None:
        self._edges, self._digits, self._tenant = edges, digits, tenant
        self._ranks = {symbol: tuple(ranks.get(symbol, edges)) for symbol in digits}
        self._selectors = {
            symbol: SourceSelector(len(order)) for symbol, order in self._ranks.items()
        }

    def take(self, came: Came) -> Chosen:
        """Take in what came next, of whichever source."""
        item, edge = came.item, self._edges[came.source]
        if isinstance(item, Linked):
            return Chosen(self._link(edge, came.at, linked=item.linked), None, confirmed=False)
        if not isinstance(item, Quote) or edge not in self._ranks.get(item.symbol, ()):
            return Chosen([], None, confirmed=False)
        symbol = item.symbol
        quote = rescale_quote(item, self._digits[symbol])
        selector = self._selectors[symbol]
        verdict = selector.quote(
            self._ranks[symbol].index(edge), came.at, quote.ts, quote.bid, quote.ask
        )
        # What is not passed on may bear any time; what follows from it is told at the market's.
        ts = quote.ts if verdict.passes else selector.time or quote.ts
        told = self._tell(symbol, verdict.changes, ts)
        return Chosen(told, quote if verdict.passes else None, verdict.confirmed)

    def _link(self, edge: str, at: int, *, linked: bool) -> list[Message]:
        found: list[Message] = []
        for symbol, order in self._ranks.items():
            if edge in order:
                selector = self._selectors[symbol]
                changes = selector.link(order.index(edge), at, linked=linked)
                found += self._tell(symbol, changes, selector.time or at)
        return found

    def _tell(self, symbol: str, changes: Sequence[Change], ts: int) -> list[Message]:
        names = (*self._ranks[symbol], "")  # nobody is the last of them
        about = {"id": 1, "ts_event": ts, "ts_init": ts, "symbol": symbol}
        found: list[Message] = []
        for change in changes:
            if isinstance(change, Switched):
                source, before = names[change.source], names[change.before]
                found.append(
                    SourceSwitched(**about, source=source, before=before, reason=change.reason)
                )
                found += self._hold_back(change, about)
            elif isinstance(change, Disputed):
                found.append(
                    QuotesDisputed(**about, disputed=change.disputed, departure=change.departure)
                )
            elif isinstance(change, Skewed):
                found.append(
                    SourceSkewed(
                        **about, source=names[change.source], skewed=change.skewed,
                        offset=change.offset, beside=names[change.beside],
                    )
                )  # fmt: skip
            else:
                found.append(
                    SourceSuspected(
                        **about, source=names[change.source], suspected=change.suspected,
                        departure=change.departure, tolerance=change.tolerance,
                    )
                )  # fmt: skip
        return found

    def _hold_back(self, change: Switched, about: dict[str, Any]) -> list[Message]:
        """Hold entries of a symbol back while nobody serves it."""
        shared = {**about, "tenant": self._tenant, "source": HALTED_BY, "by": HALTED_BY}
        if change.source == NOBODY:
            return [EntriesHalted(**shared, reason=f"no source has quotes: {change.reason}")]
        if change.before == NOBODY:
            return [EntriesReleased(**shared, reason="quotes are back", actor=HALTED_BY)]
        return []

    def serves(self, symbol: str) -> bool:
        """Say whether any source serves a symbol."""
        return self._selectors[symbol].serving != NOBODY

    def snapshot(self) -> dict[str, Standing]:
        """Return how the sources of each symbol stand."""
        return {symbol: each.snapshot() for symbol, each in self._selectors.items()}

    def restore(self, state: Mapping[str, Standing]) -> None:
        """Take up a snapshot."""
        for symbol, standing in state.items():
            self._selectors[symbol].restore(standing)


def rescale_quote(quote: Quote, digits: int) -> Quote:
    """Return a quote at other digits; where some are lost, the spread widens to whole points."""
    more = digits - quote.digits
    if more == 0:
        return quote
    if more > 0:
        scale = 10**more
        bid, ask = quote.bid * scale, quote.ask * scale
    else:
        scale = 10**-more
        bid, ask = quote.bid // scale, -(-quote.ask // scale)
    return msgspec.structs.replace(quote, digits=digits, bid=bid, ask=ask)
