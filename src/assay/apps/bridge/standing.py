"""How an account stood at a record of its edge: what a reader who begins there must hear.

Everything before that record may leave the disk: money of what is over is in the balance, and what
is still open is told again, deal by deal.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Raw

from assay.apps.link.frames import PackedCodec
from assay.model.errors import DataError
from assay.model.messages import (
    AccountReported,
    DealBooked,
    Message,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderRejected,
    OrderUnknown,
    decode_message,
    encode_message,
)
from assay.runtime.ids import fresh_token
from assay.trading.execution import ExecutionBook

FILE = "standing"
ENDED = (OrderCancelled, OrderExpired, OrderRejected)


class AccountStanding(msgspec.Struct, frozen=True, array_like=True):
    """Hold what a reader must hear who begins behind the record at `position`.

    `deals` are the tickets of all that went before, so that one that comes again is known.
    """

    position: int
    events: list[Raw]
    deals: list[int]

    def messages(self) -> list[Message]:
        """Return the events."""
        return [decode_message(bytes(each)) for each in self.events]


class StandingFold:
    """Fold what an edge told of its account, beginning where an earlier fold ended."""

    def __init__(self, before: AccountStanding | None = None) -> None:
        self._book = ExecutionBook()
        self._first: AccountReported | None = None
        self._last: AccountReported | None = None
        self._said: dict[int, Message] = {}
        self._deals: set[int] = set()
        if before is not None:
            self.take(before.messages())
            self._deals.update(before.deals)

    def take(self, events: Iterable[Message]) -> None:
        """Take in what was told."""
        for event in events:
            if isinstance(event, AccountReported):
                self._first, self._last = self._first or event, event
            elif isinstance(event, OrderAccepted | OrderUnknown):
                self._said[event.key] = event
            elif isinstance(event, ENDED):
                self._said.pop(event.key, None)
            if isinstance(event, DealBooked):
                if event.ticket in self._deals:
                    continue
                self._deals.add(event.ticket)
            self._book.apply(event)

    def stand(self, position: int) -> AccountStanding | None:
        """Return how the account stands; None before anything was told of its balance."""
        if self._first is None or self._last is None:
            return None
        kept = self._open_deals()
        money = sum(map(_money_of, self._book.deals.values())) - sum(map(_money_of, kept))
        opening = msgspec.structs.replace(self._last, balance=self._first.balance + money)
        shown = [each for each in self._book.shown.values() if each.quantity]
        told = [opening, *kept, *self._open_orders(), *shown, self._last]
        events = [Raw(encode_message(each)) for each in told]
        return AccountStanding(position, events, sorted(self._deals))

    def _open_deals(self) -> list[DealBooked]:
        """Return the deals of positions that are open, or whose last deal is still to be told."""
        held: defaultdict[int, int] = defaultdict(int)
        for deal in self._book.deals.values():
            held[deal.position] += deal.quantity
        return [deal for deal in self._book.deals.values() if deal.position and held[deal.position]]

    def _open_orders(self) -> list[Message]:
        orders = self._book.orders
        return [
            said
            for key, said in self._said.items()
            if key not in orders or not orders[key].is_final
        ]


def _money_of(deal: DealBooked) -> int:
    return deal.profit + deal.swap + deal.commission + deal.fee


def read_standing(folder: Path) -> AccountStanding | None:
    """Return where an account's records begin, None where nothing was left out yet."""
    try:
        found: AccountStanding = PackedCodec().decode((folder / FILE).read_bytes(), AccountStanding)
    except FileNotFoundError:
        return None
    except DataError as error:
        raise DataError(f"{folder / FILE} is damaged ({error}); restore it from a backup") from None
    return found


def write_standing(folder: Path, standing: AccountStanding) -> None:
    """Put a standing in the place of the one before; it is on the disk when this returns."""
    draft = folder / f".{FILE}.{fresh_token(4)}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(PackedCodec().encode(standing))
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, folder / FILE)
    with suppress(OSError):  # Windows flushes no folder
        place = os.open(folder, os.O_RDONLY)
        os.fsync(place)
        os.close(place)
    for left in folder.glob(f".{FILE}.*"):  # of one that was killed
        left.unlink()
