"""What lies at a venue, as far as it has told: orders, positions, and what it was asked for."""

from __future__ import annotations

import msgspec

from assay.model.time import SECOND

ASK_EVERY = SECOND
"""What follows the price is moved at a venue once in so many nanoseconds at most."""
LONGEST_PAUSE = 6
"""After refusals the pause doubles so many times: to about a minute."""


class Asking(msgspec.Struct, array_like=True):
    """Hold when a venue was asked to change something, and how often in a row it refused.

    `wish` is the id of what it has not answered yet.
    """

    wish: int = 0
    at: int = 0
    refused: int = 0

    def is_due(self, now: int) -> bool:
        """Say whether it may be asked again."""
        pause = ASK_EVERY << min(self.refused, LONGEST_PAUSE)
        return self.wish == 0 and now - self.at >= pause

    def ask(self, wish: int, now: int) -> None:
        """Note what it is asked for."""
        self.wish, self.at = wish, now

    def answer(self, *, is_taken: bool) -> None:
        """Note its answer."""
        self.wish, self.refused = 0, 0 if is_taken else self.refused + 1


class SentOrder(msgspec.Struct, array_like=True):
    """Hold an order that a venue has, `ticket` there: `left` of it may still fill (signed units).

    A strategy names it by its `reference`, a part its `parent` by that one's. Price, stop-limit's
    limit, stop and target are those there. One that is `unwanted` is cancelled as soon as its
    ticket is known; one that a person changed is followed no more. `reason` is why the engine
    itself closed a position by it.
    """

    account: int
    instrument: int
    order_type: str
    left: int
    reference: int = 0
    parent: int = 0
    group: int = 0
    key_ts: int = 0
    ordinal: int = 0
    price: int = 0
    limit: int = 0
    stop: int = 0
    target: int = 0
    ticket: int = 0
    unwanted: bool = False
    changed_by_hand: bool = False
    reason: str = ""
    asking: Asking = msgspec.field(default_factory=Asking)

    @property
    def prices(self) -> tuple[int, int, int, int]:
        """Return price, limit, stop and target."""
        return self.price, self.limit, self.stop, self.target


class Guard(msgspec.Struct, array_like=True):
    """Hold how a venue protects a position, 0 for the ticket until it has shown it.

    Where a person `changed_by_hand` its stop or target, theirs are taken over. `asked` is the stop
    that was asked for last; the venue may have put it farther away.
    """

    ticket: int = 0
    stop: int = 0
    target: int = 0
    changed_by_hand: bool = False
    asking: Asking = msgspec.field(default_factory=Asking)
    asked: int = 0


class Wish(msgspec.Struct, array_like=True):
    """Hold what was asked of an order, by its key, or of a position (key 0)."""

    account: int
    instrument: int
    key: int = 0
    price: int = 0
    limit: int = 0
    stop: int = 0
    target: int = 0
    cancels: bool = False


class VenueState(msgspec.Struct, array_like=True):
    """Hold all that venues have said and were asked; `now` is the latest time that came by.

    What others hold is by (account, ticket), guards by (account, instrument), and the order of a
    group that filled first by (account, instrument, group). `closes` counts the orders by which the
    engine itself closed positions.
    """

    sent: dict[int, SentOrder] = {}
    foreign: dict[tuple[int, int], tuple[int, int]] = {}
    opened: set[int] = set()
    guards: dict[tuple[int, int], Guard] = {}
    wishes: dict[int, Wish] = {}
    groups: dict[tuple[int, int, int], int] = {}
    now: int = 0
    closes: int = 0
