"""Sizes that follow the regime of the market: smaller, or nothing new, in those that are named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from assay.model.messages import Message, RegimeChanged
from assay.trading.risk.acts.judge import AccountView, Halt, Release, Scale, Wish

UNKNOWN = "unknown"
"""The name of what no classifier has told yet."""
FULL, PERCENT = 100, 100


class RegimeJudge:
    """Leave so many percent of each size in a regime; of 0 % nothing is opened in the instrument.

    A size is the account's: of several instruments whose regimes leave different shares above 0
    the smallest counts for all. What `sizes` does not name keeps its whole size.
    """

    source = "regime"

    def __init__(self, sizes: Mapping[str, int], symbols: Sequence[str]) -> None:
        self._sizes = sizes
        self._regimes = dict.fromkeys(symbols, UNKNOWN)

    def hear(self, message: Message) -> None:
        """Take the regime that was confirmed of an instrument."""
        if isinstance(message, RegimeChanged) and message.symbol in self._regimes:
            self._regimes[message.symbol] = message.regime

    def look(self, view: AccountView) -> list[Wish]:  # noqa: ARG002 - regimes are all it asks
        """Wish no entries where nothing is left of a size, else the smallest share that is."""
        found, least, why = list[Wish](), FULL, "every regime leaves the whole size"
        for symbol, regime in self._regimes.items():
            share, told = self._sizes.get(regime, FULL), f"the regime of {symbol} is {regime}"
            found.append(Release(told, symbol) if share else Halt(told, symbol))
            if 0 < share < least:
                least, why = share, told
        return [*found, Scale((FULL - least) * PERCENT, why)]

    def snapshot(self) -> bytes:
        """Return the regimes."""
        return msgspec.msgpack.encode(self._regimes)

    def restore(self, state: bytes) -> None:
        """Take up a snapshot."""
        self._regimes = msgspec.msgpack.decode(state, type=dict[str, str])
