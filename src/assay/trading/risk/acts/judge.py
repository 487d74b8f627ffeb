"""What a judge sees of an account, and what it may wish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, Protocol

from assay.model.messages import Message


class Holding(NamedTuple):
    """Hold an open position: signed units (`waiting` to fill), its cost in units x points.

    `price` is what closing it would get (points), `worth` and `unrealised` are minor units. A part
    of it on a hedging account has the key of the order that opened it as its `ticket`.
    """

    quantity: int
    waiting: int
    cost: int
    stop: int
    price: int
    worth: int
    unrealised: int
    ticket: int = 0

    @property
    def side(self) -> int:
        """Return 1 for a long position, -1 for a short one."""
        return 1 if self.quantity > 0 else -1


class AccountView(NamedTuple):
    """Hold an account as it is at a time (ns UTC): money in minor units, open positions by symbol.

    `at_close` says that a bar has closed; else a quote came. A hedging account has `tickets` under
    its net positions, also where those are 0; their money is not told.
    """

    ts: int
    at_close: bool
    balance: int
    equity: int
    margin: int
    held: Mapping[str, Holding]
    tickets: Mapping[str, Sequence[Holding]] = MappingProxyType({})

    @property
    def is_settled(self) -> bool:
        """Say whether no order waits to fill."""
        return not any(holding.waiting for holding in self.held.values())

    @property
    def exposure(self) -> int:
        """Return what all positions are worth."""
        return sum(holding.worth for holding in self.held.values())


class Halt(NamedTuple):
    """Wish that nothing is opened: in an instrument, or (without a symbol) at all."""

    reason: str
    symbol: str = ""


class Release(NamedTuple):
    """Wish that the judge's own halt goes."""

    reason: str
    symbol: str = ""


class Reduce(NamedTuple):
    """Wish that at most `keep` units of a symbol, or of one ticket, are left.

    In an `emergency` it waits until several sane quotes say the same; what is for `margin` waits
    for no rollover.
    """

    symbol: str
    keep: int
    reason: str
    emergency: bool = False
    margin: bool = False
    ticket: int = 0


class Scale(NamedTuple):
    """Wish that so much of each size is held back (basis points)."""

    held_back: int
    reason: str


class Tighten(NamedTuple):
    """Wish that a stop, or one ticket's, is no further from the market than a price (points)."""

    symbol: str
    stop: int
    reason: str
    ticket: int = 0


Wish = Halt | Release | Reduce | Scale | Tighten


class Judge(Protocol):
    """Look at an account after every price, and wish what is to be as long as it is to be."""

    @property
    def source(self) -> str:
        """Return the name under which it acts, one of assay.model.halts.SOURCES."""
        ...

    def hear(self, message: Message) -> None:
        """Take in what happens: bars, fills, deals, and what a person releases."""
        ...

    def look(self, view: AccountView) -> list[Wish]:
        """Return what it wishes now; whoever carries it out does each thing once."""
        ...

    def snapshot(self) -> bytes:
        """Return the bytes of everything that its future depends on."""
        ...

    def restore(self, state: bytes) -> None:
        """Take up a snapshot."""
        ...
