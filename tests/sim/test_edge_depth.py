"""Quotes with the lots at their prices, from a terminal that shows its book."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec

from assay.apps.edge.depth import AGAIN, BestSizes
from assay.apps.edge.quotes import MarketLog, Quoted, QuotePoller, QuoteWindows
from assay.apps.link.frames import PackedCodec, Quote
from assay.apps.link.log import LogReader
from assay.model.time import SECOND, parse_time
from assay.runtime.clock import SimClock
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.servertime import ServerClock
from assay.trading.terminal import SimulatedTerminal, load_profile

START = parse_time("2024-03-05T10:00:00Z")
CLOCK = ServerClock(offset_s=7_200, family="new-york")
EURUSD = Quoted("EURUSD", "EURUSD", 5)


class Desk:
    """Poll a terminal whose quotes carry so many lots, and read what was written down."""

    def __init__(self, folder: Path, lots: int) -> None:
        profile = load_profile("netting")
        symbols = tuple(
            msgspec.structs.replace(each, depth=Decimal(lots)) for each in profile.symbols
        )
        self.terminal = SimulatedTerminal(
            msgspec.structs.replace(profile, symbols=symbols), seed=1, start=START
        )
        assert self.terminal.initialize()
        assert self.terminal.symbol_select("EURUSD", True)
        self.clock = SimClock(START)
        log = MarketLog(folder / "market", self.clock)
        sizes = BestSizes(self.terminal, self.clock)
        windows = QuoteWindows(self.terminal, CLOCK)
        self.poller = QuotePoller(windows, {EURUSD: 0}, log, sizes)
        self._reader, self._at = LogReader(folder / "market"), START
        self.log = log

    def quote(self, *bids: int) -> None:
        for bid in bids:
            self._at += SECOND
            self.terminal.quote("EURUSD", bid, bid + 10, self._at)

    def came(self) -> list[tuple[float | None, float | None]]:
        self.poller.poll()
        quotes = [
            PackedCodec().decode(each.payload, Quote) for each in self._reader.read(100, 1 << 20)
        ]
        return [(each.bid_size, each.ask_size) for each in quotes]


def test_the_newest_quote_has_the_lots_at_its_prices(tmp_path: Path) -> None:
    desk = Desk(tmp_path, lots=5)
    desk.quote(110_000, 110_001)
    assert desk.came() == [(None, None), (5.0, 5.0)]
    bought = desk.terminal.order_send(
        {
            "action": api.TRADE_ACTION_DEAL, "symbol": "EURUSD", "volume": 2.0,
            "type": api.ORDER_TYPE_BUY, "type_filling": api.ORDER_FILLING_IOC,
        }
    )  # fmt: skip
    assert bought is not None
    assert bought.retcode == api.TRADE_RETCODE_DONE
    desk.quote(110_002)
    assert desk.came() == [(5.0, 5.0)]
    desk.log.close()


def test_a_terminal_without_a_book_has_quotes_without_sizes(tmp_path: Path) -> None:
    desk = Desk(tmp_path, lots=0)
    desk.quote(110_000)
    assert desk.came() == [(None, None)]
    desk.log.close()


def test_a_book_that_is_lost_is_asked_for_again_after_a_minute(tmp_path: Path) -> None:
    desk = Desk(tmp_path, lots=5)
    found = []
    for bid in range(110_000, 110_005):
        desk.quote(bid)
        found += desk.came()
        if bid == 110_001:
            desk.terminal.market_book_release("EURUSD")  # as a restart of the terminal does
        if bid == 110_003:
            desk.clock.advance_to(START + AGAIN)
    assert found == [(5.0, 5.0)] * 2 + [(None, None)] * 2 + [(5.0, 5.0)]
    desk.log.close()


def test_a_book_that_has_moved_on_tells_nothing_of_a_quote(tmp_path: Path) -> None:
    desk = Desk(tmp_path, lots=5)
    desk.quote(110_000, 110_007)
    sizes = BestSizes(desk.terminal, desk.clock)
    old = Quote("EURUSD", 1, 0, START, 5, 110_000, 110_010)
    assert sizes.sized(EURUSD, old) == old
    new = Quote("EURUSD", 1, 0, START, 5, 110_007, 110_017)
    assert sizes.sized(EURUSD, new).bid_size == 5.0
    desk.log.close()
