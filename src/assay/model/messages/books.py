"""Books: what the ledger holds to be true."""

import msgspec

from assay.model.messages.envelope import Message


class PostingLine(msgspec.Struct, frozen=True, array_like=True):
    """Hold one leg of an entry; debit is positive, credit negative, in minor units."""

    account: str
    amount: int


class EntryPosted(Message, frozen=True, kw_only=True):
    """Carry a balanced double entry; its lines sum to zero.

    `entry` numbers a tenant's entries from 1; amounts are in 10^-currency_digits of `currency`;
    `source` is the number of the fill, the id of the swap message, or 0 for a deposit.
    """

    entry: int
    account: str
    currency: str
    currency_digits: int = 2
    source: int
    text: str
    lines: tuple[PostingLine, ...]


class GapFound(Message, frozen=True, kw_only=True):
    """Carry a difference between the ledger and the engine; trading halts on it."""

    account: str
    what: str
    ledger: int
    engine: int


class CauseTold(msgspec.Struct, frozen=True, array_like=True):
    """Hold what one cause made of a day's gap (minor units), and how many orders it touched."""

    cause: str
    amount: int
    orders: int


class TwinAppraised(Message, frozen=True, kw_only=True):
    """Carry what an account earned on a day beside its twin, and by which causes.

    Money is minor units of the account's currency; the causes sum to `live` - `twin`. The bound is
    in ten-thousandths of the `equity` that the day began with. Where the gap passed it, entries
    were `paused`.
    """

    account: str
    run: str
    day: str
    live: int
    twin: int
    equity: int
    causes: tuple[CauseTold, ...]
    bound: int
    paused: bool = False
