"""A desk whose terminal's connector dies trades on by another's quotes, and sends nothing stale."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from msgspec import Raw

from assay.apps.bridge.inbox import EdgeBox
from assay.apps.bridge.tokens import EdgeTokens
from assay.apps.link.frames import Quote
from assay.apps.paper.market.live import PLACE, anchor_plan, release_served
from assay.apps.paper.plan import Plan
from assay.apps.paper.venue.edges import edge_folder
from assay.model.messages import (
    EntriesHalted,
    EntriesReleased,
    OrderExpired,
    OrderSubmitted,
    SourceSwitched,
    Tick,
)
from assay.model.time import SECOND
from assay.runtime.ids import Rng
from tests.sim.test_venue import CROSSING, EVER, require_agreement, walk
from tests.sim.venue_desk import DIGITS, EDGE, SYMBOLS, Life, VenueDesk

BACKUP = "backup"
MILLI = SECOND // 1_000


class TwoTerminals(VenueDesk):
    """Hold a second terminal that shows the same market, and a connector that can be dead."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.is_dead, self.shown = False, 0
        self.missed: list[Quote] = []
        EdgeTokens(self.home).issue(BACKUP, tenant="local", account="live")
        self.second = EdgeBox(edge_folder(self.home, BACKUP), self.clock, self.arrivals)

    def plan(self) -> Plan:
        wanted = Plan(
            source="live", symbols=SYMBOLS, strategy=self.strategy, params=self.params,
            broker="edge", risk="reference", edge=EDGE, fallbacks=(BACKUP,),
        )  # fmt: skip
        return anchor_plan(self.home, wanted)

    def quote(self, symbol: str, bid: int, spread: int, *, after: int = SECOND) -> None:
        """Show a price at both terminals; a dead connector brings none of its quotes."""
        if not self.is_dead:
            super().quote(symbol, bid, spread, after=after)
        else:
            self.rig.pass_time(after)
            self.rig.quote(symbol, bid, bid + spread)
            self.clock.advance_to(self.rig.now)
            self.missed.append(self._quote_of(symbol, bid, spread))
        self.second_only(symbol, bid + 1, spread)

    def second_only(self, symbol: str, bid: int, spread: int) -> None:
        """Show a price at the second terminal alone."""
        self.clock.advance_to(self.clock.now_ns() + MILLI)
        self.shown += 1
        there = self._quote_of(symbol, bid, spread)
        self.second.market.take(self.shown, [Raw(self.codec.encode(there))], self.codec)

    def _quote_of(self, symbol: str, bid: int, spread: int) -> Quote:
        ts = self.clock.now_ns()
        return Quote(symbol, ts // MILLI, 0, ts, DIGITS[symbol], bid, bid + spread)

    def exchange(self) -> None:
        if not getattr(self, "is_dead", False):
            super().exchange()

    def kill(self) -> None:
        """Let the connector of the desk's own terminal die."""
        self.is_dead = True
        self.box.market.note_link(linked=False)

    def revive(self) -> None:
        """Let it come back, and bring first what it missed."""
        self.is_dead = False
        self.restart_edge()
        self.box.market.note_link(linked=True)
        for quote in self.missed:
            self.quoted += 1
            self.box.market.take(self.quoted, [Raw(self.codec.encode(quote))], self.codec)
        self.missed.clear()

    def close(self) -> None:
        super().close()
        self.second.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[TwoTerminals]:
    with closing(TwoTerminals(tmp_path, params=CROSSING)) as opened:
        yield opened


def digest_of(life: Life) -> str:
    """Return what engine, books and the feed's sources have come to."""
    place = msgspec.json.encode(life.feed.quotes.place(""))
    return sha256(life.trader.topology.snapshot() + place).hexdigest()


def require_order(desk: TwoTerminals) -> None:
    """Require that no tick is doubled or goes back in time."""
    times = {symbol: [0] for symbol in SYMBOLS}
    for each in desk.log.messages:
        if isinstance(each, Tick):
            assert each.ts_event > times[each.symbol][-1]
            times[each.symbol].append(each.ts_event)


@pytest.mark.parametrize("seed", range(2))
def test_a_dead_connector_costs_neither_quotes_nor_a_stale_order(
    desk: TwoTerminals, seed: int
) -> None:
    life, rng, messages = desk.start(), Rng(seed), desk.log.messages
    life.broker.is_behind = life.feed.is_behind
    for _ in walk(desk, rng, 8):
        life.turn()
    assert not [each for each in messages if isinstance(each, SourceSwitched)]
    desk.kill()
    begun, made = len(messages), len(desk.rig.terminal.history_deals_get(*EVER) or ())
    for _ in walk(desk, rng, 4):
        life.turn()
    while_dead = messages[begun:]
    told = [(each.source, each.reason) for each in while_dead if isinstance(each, SourceSwitched)]
    assert told == [(BACKUP, "unlinked")] * 2
    assert sum(isinstance(each, Tick) for each in while_dead) == 12, "every quote came through"
    sent = {each.key for each in while_dead if isinstance(each, OrderSubmitted)}
    assert sent
    desk.rig.pass_time(20 * SECOND)
    desk.clock.advance_to(desk.rig.now)
    desk.revive()
    life.turn()
    expired = {each.key for each in messages if isinstance(each, OrderExpired)}
    assert expired == sent
    assert len(desk.rig.terminal.history_deals_get(*EVER) or ()) == made, "nothing stale was sent"
    for _ in walk(desk, rng, 13):
        life.turn()
    back = [each for each in messages if isinstance(each, SourceSwitched)][2:]
    assert [(each.source, each.reason) for each in back] == [(EDGE, "returned")] * 2
    require_order(desk)
    require_agreement(desk, life)
    # The journal from its beginning, and the bridge's records from theirs, lead to the same.
    whole, handled = digest_of(life), life.trader.next
    life.end()
    desk.log.snapshots.clear()
    (desk.home.path / "live" / PLACE).unlink()
    again = desk.start()
    assert again.trader.next == handled
    assert again.listen() == [], "what is left made no message the first time either"
    assert digest_of(again) == whole
    again.end()


def test_entries_wait_while_no_source_can_be_believed(desk: TwoTerminals) -> None:
    life = desk.start()
    for _ in range(5):
        desk.quote("EURUSD", 110_000, 10)
        life.turn()
    for step in range(12):
        VenueDesk.quote(desk, "EURUSD", 110_000 + 4 * step, 10, after=300 * MILLI)
        desk.second_only("EURUSD", 110_000 - 4 * step, 10)
        life.turn()
    [halt] = life.trader.entry_halts
    assert (halt.source, halt.symbol) == ("sources", "EURUSD")
    life.end()
    # A start finds the halt where it was, and only its own sources end it.
    life = desk.start()
    release_served(life.trader, life.feed)
    assert [each.symbol for each in life.trader.entry_halts] == ["EURUSD"]
    for _ in range(12):
        desk.quote("EURUSD", 110_000, 10)
        life.turn()
    assert life.trader.entry_halts == []
    kinds = [type(each) for each in desk.log.messages]
    assert (kinds.count(EntriesHalted), kinds.count(EntriesReleased)) == (1, 1)
    life.end()


def test_another_run_does_not_inherit_what_its_sources_settle(desk: TwoTerminals) -> None:
    life = desk.start()
    life.trader.halt_entries("sources", "an earlier run saw a dispute", "sources", "EURUSD")
    life.trader.halt_entries("operator", "lunch", "rini", "EURUSD")
    life.end()
    desk.setup_id = "another"
    life = desk.start()
    release_served(life.trader, life.feed)
    assert [each.source for each in life.trader.entry_halts] == ["operator"]
    life.end()
