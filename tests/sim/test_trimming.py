"""A long log of an account is let go of beside everything else that a bridge does."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from msgspec import Raw

from assay.apps.bridge import inbox, server
from assay.apps.bridge.desk import edge_folder
from assay.apps.bridge.feed import STANDING, AccountFeed
from assay.apps.bridge.inbox import EdgeBox, StreamInbox
from assay.apps.bridge.server import BridgeServer, Listening
from assay.apps.bridge.standing import read_standing
from assay.apps.link.frames import PackedCodec, Quote, Reported
from assay.apps.link.log import list_segments
from assay.model.messages import AccountReported, encode_message
from assay.runtime.logs import open_log
from tests.integration.account_child import OPENING, event_of, profit_of
from tests.sim.edging import Desk, make_desk

CODEC = PackedCodec()
RECORDS, PIECE = 2_000, 16


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return make_desk(tmp_path)


def fill(account: StreamInbox, first: int, last: int) -> None:
    """Let an account tell record after record, whose segments are small."""
    account._log._segment_bytes = 50_000
    events = [Raw(encode_message(event_of(each))) for each in range(first, last + 1)]
    reports = [Raw(CODEC.encode(Reported([each]))) for each in events]
    account.take(first, reports[: len(reports) // 2], CODEC)
    account.take(first + len(reports) // 2, reports[len(reports) // 2 :], CODEC)
    account.receiving.advance(last)


def balance_of(folder: Path) -> int:
    """Return the balance that a run which begins now comes to."""
    feed, events = AccountFeed(folder), []
    while news := feed.read():
        events += [event for each in news for event in each.events]
    opening = next(each for each in events if isinstance(each, AccountReported))
    return opening.balance + sum(getattr(each, "profit", 0) for each in events)


def test_records_are_taken_between_two_pieces(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "PIECE_RECORDS", PIECE)
    box = EdgeBox(edge_folder(desk.home, desk.grant), desk.home.clock)
    account = box.account
    for part in range(4):
        fill(account, 1 + part * 500, 500 + part * 500)
    AccountFeed(account.folder).confirm(account.end)
    left, number = len(list_segments(account.folder)), account.end
    pieces = 0
    for _ in account.trim_in_pieces():
        pieces, number = pieces + 1, number + 1
        fill(account, number, number)
        assert account.end == number
    standing = read_standing(account.folder)
    assert standing is not None
    assert pieces >= standing.position // PIECE + left - 1, "every piece is short"
    assert AccountFeed(account.folder).read()[0].how == STANDING
    assert balance_of(account.folder) == OPENING + sum(map(profit_of, range(1, number + 1)))
    box.close()


def test_frames_are_taken_while_the_bridge_lets_go_of_a_long_log(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "PIECE_RECORDS", PIECE)
    monkeypatch.setattr(server, "TRIM_PAUSE_S", 0.0)
    bridge = BridgeServer(desk.home, open_log(None, "bridge"))
    box = bridge.box(desk.grant)
    for part in range(4):
        fill(box.account, 1 + part * 500, 500 + part * 500)
    AccountFeed(box.account.folder).confirm(box.account.end)
    kept, segments = read_standing(box.account.folder), len(list_segments(box.account.folder))
    assert kept is None
    assert segments > 3

    async def take_frames() -> int:
        await bridge.start(Listening(port=None))
        taken = 0
        async with asyncio.timeout(60):
            while len(list_segments(box.account.folder)) > 1:
                taken += 1
                quote = Quote("EURUSD", taken, 0, taken, 5, 110_000, 110_010)
                box.market.take(taken, [Raw(CODEC.encode(quote))], CODEC)
                bridge.check()
                await asyncio.sleep(0)
        await bridge.stop()
        return taken

    taken = asyncio.run(take_frames())
    standing = read_standing(box.account.folder)
    assert standing is not None
    # Whatever a piece takes, frames come to their turn after each; at once, none would.
    assert taken >= standing.position // PIECE + segments - 2
    assert box.market.end >= taken
