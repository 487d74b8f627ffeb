"""Hold a funded account to its rules while it trades: entries stop, then all is closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from statistics import median

import msgspec

from assay.model.errors import UsageError
from assay.model.halts import OPERATOR
from assay.model.messages import BarClosed, DealBooked, EntriesReleased, Message, OrderFilled
from assay.model.time import MINUTE
from assay.trading.risk.acts.judge import AccountView, Halt, Reduce, Release, Wish
from assay.trading.risk.prop.book import PropBook
from assay.trading.risk.prop.profile import Profile
from assay.trading.risk.prop.state import NONE, TRADING, PropState

WEEKEND_LEAD = 30 * MINUTE
"""How long before the weekend's moment positions are closed."""
WORTHS_KEPT = 3
"""One bad quote moves no median of so many."""


class _State(msgspec.Struct):
    book: PropState | None = None
    worths: list[int] = []
    waived: str = NONE
    reach: int = 0


def _close_all(view: AccountView, reason: str, *, emergency: bool = False) -> list[Wish]:
    """Wish everything closed; where volumes of both sides are equal, ticket by ticket."""
    wishes: list[Wish] = [Reduce(symbol, 0, reason, emergency) for symbol in view.held]
    return wishes + [
        Reduce(symbol, 0, reason, emergency, ticket=one.ticket)
        for symbol, tickets in view.tickets.items()
        if symbol not in view.held
        for one in tickets
    ]


class PropJudge:
    """Stop entries at the profile's share of a limit, and close everything at `flatten_percent`.

    Of quotes the median worth of the last three counts. A person may release the entries: then they
    stop again at another limit, or on another day. `initial` is the account's opening balance in
    minor units, None for what it has at the first look.
    """

    source = "prop"

    def __init__(
        self, profile: Profile, lots: Mapping[str, int], *, flatten_percent: Decimal,
        initial: int | None = None, releases: Mapping[str, Sequence[int]] | None = None,
    ) -> None:  # fmt: skip
        """Take the units of a lot by symbol."""
        if not profile.stop_percent <= flatten_percent < 100:
            raise UsageError(
                f"flatten_percent {flatten_percent} is outside {profile.stop_percent} "
                "(where entries stop) to 100"
            )
        self._profile, self._lots, self._flatten = profile, lots, flatten_percent
        self._initial, self._releases = initial, releases or {}
        self._book: PropBook | None = None
        self._state = _State()

    def hear(self, message: Message) -> None:
        """Take a fill, money paid in or out, a bar's length, or a person's release."""
        if isinstance(message, BarClosed):
            # What is closed at the end of a bar of history is closed a bar later.
            self._state.reach = 0 if message.has_ticks else message.timeframe
        elif isinstance(message, EntriesReleased):
            if message.source == self.source and message.actor == OPERATOR and self._book:
                self._state.waived = self._book.state.stopped
        elif self._book is None:
            return
        elif isinstance(message, OrderFilled):
            lots = Decimal(message.quantity) / self._lots[message.symbol]
            ticket = message.ticket if isinstance(message.ticket, int) else 0
            self._book.fill(self._not_before(message.ts_event), message.symbol, lots, ticket)
        elif isinstance(message, DealBooked) and not message.symbol and message.profit:
            self._book.deposit(self._not_before(message.ts_event), message.profit)

    def look(self, view: AccountView) -> list[Wish]:
        """Mark the account, and wish what its rules ask for."""
        book = self._book
        if book is None:
            book = self._open(view)
        ts = self._not_before(view.ts)
        book.mark(ts, view.balance, self._worth(view))
        if book.state.stopped != self._state.waived:
            self._state.waived = NONE
        return [*self._entries(book, ts), *self._exits(book, view, ts)]

    def _open(self, view: AccountView) -> PropBook:
        initial = view.balance if self._initial is None else self._initial
        self._book = book = PropBook.opened(self._profile, initial, view.ts, self._releases)
        for symbol in sorted({*view.held, *view.tickets}):
            for one in view.tickets.get(symbol) or [view.held[symbol]]:
                lots = Decimal(one.quantity) / self._lots[symbol]
                book.fill(view.ts, symbol, lots, one.ticket)
        return book

    def _not_before(self, ts: int) -> int:
        # An order that fills at a bar's open is told at its close.
        assert self._book is not None
        return max(ts, self._book.state.ts)

    def _worth(self, view: AccountView) -> int:
        worths = self._state.worths
        if view.at_close:
            worths.clear()
            return view.equity
        worths.append(view.equity)
        del worths[:-WORTHS_KEPT]
        return int(median(worths)) if len(worths) == WORTHS_KEPT else max(worths)

    def _entries(self, book: PropBook, ts: int) -> list[Wish]:
        state = book.state
        reason = book.refusal(ts, "", Decimal(0))
        if state.status == TRADING and state.stopped and state.stopped == self._state.waived:
            reason = ""
        if not reason and self._is_weekend_near(book, ts):
            reason = "the weekend is near"
        found: list[Wish] = [Halt(reason) if reason else Release("the rules allow it again")]
        for symbol in self._lots:
            near = book.is_near_news(ts, symbol)
            found.append(
                Halt("news is near", symbol) if near else Release("the news is over", symbol)
            )
        return found

    def _exits(self, book: PropBook, view: AccountView, ts: int) -> list[Wish]:
        reason = "" if book.state.status == TRADING else f"the account is {book.state.status}"
        for room in book.headroom():
            if 100 * (room.limit - room.left) >= self._flatten * room.limit:
                reason = f"{self._flatten} % of the {room.rule} limit is used"
        if reason:
            return _close_all(view, reason, emergency=True)
        if self._is_weekend_near(book, ts):
            return _close_all(view, "flat over the weekend")
        return []

    def _is_weekend_near(self, book: PropBook, ts: int) -> bool:
        lead = max(WEEKEND_LEAD, self._state.reach)
        return self._profile.weekend is not None and book.state.next_week - ts <= lead

    def snapshot(self) -> bytes:
        """Return the book and what was waived."""
        self._state.book = self._book.state if self._book else None
        return msgspec.msgpack.encode(self._state)

    def restore(self, state: bytes) -> None:
        """Take up a snapshot."""
        self._state = msgspec.msgpack.decode(state, type=_State)
        book = self._state.book
        self._book = PropBook(self._profile, book, self._releases) if book else None
