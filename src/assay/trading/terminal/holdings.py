"""What an account holds in a symbol taken together, so that a quote costs the same for any number.

Gathered anew after a change of positions alone; quotes only compare with it.
"""

from __future__ import annotations

from typing import NamedTuple

from assay.trading.terminal.records import Book

FAR = 2**62


class Holding(NamedTuple):
    """Hold sums and outermost stops of all positions in one symbol.

    A stop or target is reached where the bid falls to `low` or rises to `high` for those that are
    long, and the ask for those that are short.
    """

    number: int = 0
    long_volume: int = 0
    long_cost: int = 0
    short_volume: int = 0
    short_cost: int = 0
    swap: int = 0
    bid_low: int = -FAR
    bid_high: int = FAR
    ask_low: int = -FAR
    ask_high: int = FAR

    def meets(self, bid: int, ask: int) -> bool:
        """Say whether a quote reaches the stop or the target of any position."""
        return not (self.bid_low < bid < self.bid_high and self.ask_low < ask < self.ask_high)

    def opened(self, side: int, volume: int, cost: int) -> Holding:
        """Return the holding with so much more of one side."""
        if side > 0:
            return self._replace(
                long_volume=self.long_volume + volume, long_cost=self.long_cost + cost
            )
        return self._replace(
            short_volume=self.short_volume + volume, short_cost=self.short_cost + cost
        )


def gather(book: Book) -> dict[str, Holding]:
    """Return the holdings of a book by symbol."""
    found: dict[str, Holding] = {}
    for position in book.positions.values():
        held = found.get(position.symbol, Holding())
        held = held._replace(number=held.number + 1, swap=held.swap + position.swap)
        if position.side > 0:
            held = held._replace(
                long_volume=held.long_volume + position.volume,
                long_cost=held.long_cost + position.cost,
                bid_low=max(held.bid_low, position.sl or -FAR),
                bid_high=min(held.bid_high, position.tp or FAR),
            )
        else:
            held = held._replace(
                short_volume=held.short_volume + position.volume,
                short_cost=held.short_cost + position.cost,
                ask_low=max(held.ask_low, position.tp or -FAR),
                ask_high=min(held.ask_high, position.sl or FAR),
            )
        found[position.symbol] = held
    return found
