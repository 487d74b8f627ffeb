"""A bridge's inbox that is told of an account, and lets go of it, until somebody kills it.

Usage: python -m tests.integration.account_child FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

from msgspec import Raw

from assay.apps.bridge.feed import AccountFeed
from assay.apps.bridge.inbox import StreamInbox
from assay.apps.link.frames import ACCOUNT, PackedCodec, Reported
from assay.model.messages import AccountReported, DealBooked, Message, encode_message
from assay.runtime.clock import SystemClock

OPENING = 1_000_000
SEGMENT_BYTES = 4_000


def event_of(number: int) -> Message:
    """Return what record `number` tells: each position has two deals, of some the second lacks."""
    about = {"id": 0, "ts_event": number, "ts_init": number, "account": "main"}
    if number % 5 == 1:
        balance = OPENING + sum(map(profit_of, range(1, number)))
        return AccountReported(
            **about, login=1, server="s", mode="demo", margin_mode="hedging", currency="USD",
            currency_digits=2, balance=balance, credit=0, equity=balance, margin=0, level=0,
            connected=True, trade_allowed=True,
        )  # fmt: skip
    return DealBooked(
        **about, ticket=number, order=number, position=number // 2, key=0, position_key=0,
        symbol="EURUSD", kind="buy", entry="in", reason="expert",
        quantity=1_000 if number % 2 else -1_000, own=1_000 if number % 2 else -1_000, price=1,
        price_digits=5, commission=0, swap=0, fee=0, profit=profit_of(number),
    )  # fmt: skip


def profit_of(number: int) -> int:
    """Return what a record's deal made."""
    return number * 7 % 23 - 11 if number % 5 != 1 else 0


def main(folder: Path) -> None:
    """Store record after record; every tenth time confirm what came and let go of it."""
    clock, codec = SystemClock(), PackedCodec()
    inbox = StreamInbox(folder, ACCOUNT, clock)
    inbox._log._segment_bytes = SEGMENT_BYTES
    feed = AccountFeed(folder)
    number = inbox.receiving.last
    while True:
        number += 1
        report = Reported([Raw(encode_message(event_of(number)))])
        inbox.take(number, [Raw(codec.encode(report))], codec)
        inbox.receiving.advance(number)
        if number % 10 == 0:
            feed.confirm(number - 3)
            inbox.trim()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
