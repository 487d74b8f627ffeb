"""What lies at a venue, as far as it has told: orders, positions, and what it was asked for."""

from __future__ import annotations

from typing import NamedTuple

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

    `whole` is what it was sent with, or what the venue made of it. A strategy names it by its
    `reference`, a part its `parent` by that one's. Price, stop-limit's limit, stop and target are
    those there. One that is `unwanted` is cancelled as soon as its ticket is known; one that a
    person changed is followed no more. `reason` is why the engine itself closed a position by it.
    On a hedging account it `closes` the ticket of that reference, `by` another one where two are
    closed by each other.
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
    closes: int = 0
    by: int = 0
    whole: int = 0

    def __post_init__(self) -> None:
        self.whole = self.whole or self.left

    @property
    def prices(self) -> tuple[int, int, int, int]:
        """Return price, limit, stop and target."""
        return self.price, self.limit, self.stop, self.target


class Unanswered(NamedTuple):
    """Hold an order beside our `own` units and the ticket of their position, as they stand now.

    One that `closes` a ticket of a hedging account opens nothing, however little is left of that.
    """

    symbol: str
    quantity: int
    own: int
    ticket: int
    ordinal: int
    closes: bool

    @property
    def is_exit(self) -> bool:
        """Say whether it only closes what is ours."""
        is_within = self.closes or abs(self.quantity) <= abs(self.own)
        return self.quantity * self.own < 0 and is_within


class Guard(msgspec.Struct, array_like=True):
    """Hold how a venue protects a position, 0 for the ticket until it has shown it.

    Where a person `changed_by_hand` its stop or target, theirs are taken over. `asked` is the stop
    that was asked for last, `asked_target` the target (-1 for neither); the venue may have put the
    stop farther away, and until it `has_shown` the position since, what it shows came of that.
    """

    ticket: int = 0
    stop: int = 0
    target: int = 0
    changed_by_hand: bool = False
    asking: Asking = msgspec.field(default_factory=Asking)
    asked: int = 0
    asked_target: int = -1
    has_shown: bool = False
    is_found: bool = False
    """Whether an earlier run left the position: its protection is taken over as it is shown."""

    def ask(self, wish: int, stop: int, target: int, now: int) -> None:
        """Note what the venue is asked for."""
        self.is_found = False
        self.asking.ask(wish, now)
        self.asked, self.asked_target = stop, target

    def refuse(self) -> None:
        """Note that the venue did not do what it was asked for."""
        self.asking.answer(is_taken=False)
        self.asked, self.asked_target = 0, -1

    def accept(self, stop: int, target: int) -> None:
        """Note what the venue made of what it was asked for."""
        self.asking.answer(is_taken=True)
        self.has_shown &= (stop, target) == (self.stop, self.target)
        self.stop, self.target = stop, target

    def show(self, ticket: int, stop: int, target: int) -> bool:
        """Take in what a venue shows; say whether a person must have changed it.

        An edge that was away may not know what was there before: then this alone tells.
        """
        known = ((self.stop, self.target), (self.asked, self.asked_target))
        is_settled = self.has_shown and not self.asking.wish and ticket == self.ticket
        is_by_hand = self.changed_by_hand or (is_settled and (stop, target) not in known)
        if is_by_hand:
            self.asked, self.asked_target = 0, -1
        self.ticket, self.stop, self.target = ticket, stop, target
        self.changed_by_hand, self.has_shown = False, True
        return is_by_hand


class Opener(msgspec.Struct, array_like=True):
    """Hold which order opened a ticket that is open, and the `number` of its position there.

    The engine and strategies know the ticket by the `reference` of that order.
    """

    instrument: int
    reference: int
    ts: int
    ordinal: int
    number: int = 0


class Wish(msgspec.Struct, array_like=True):
    """Hold what was asked of an order, by its key, or of a position (key 0) or a `ticket` of it."""

    account: int
    instrument: int
    key: int = 0
    price: int = 0
    limit: int = 0
    stop: int = 0
    target: int = 0
    cancels: bool = False
    ticket: int = 0


class VenueState(msgspec.Struct, array_like=True):
    """Hold all that venues have said and were asked; `now` is the latest time that came by.

    What others hold is by (account, ticket), guards by (account, instrument, reference of the
    ticket on a hedging account), and the order of a group that filled first by (account,
    instrument, group). `closes` counts the orders that have no number of the strategy's: by which
    the engine itself closed positions, or a ticket of several. `openers` are by account and key.
    """

    sent: dict[int, SentOrder] = {}
    foreign: dict[tuple[int, int], tuple[int, int]] = {}
    opened: set[int] = set()
    guards: dict[tuple[int, int, int], Guard] = {}
    wishes: dict[int, Wish] = {}
    groups: dict[tuple[int, int, int], int] = {}
    now: int = 0
    closes: int = 0
    openers: dict[tuple[int, int], Opener] = {}
