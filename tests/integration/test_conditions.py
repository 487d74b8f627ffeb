"""Regimes and correlations beside a trader: in the journal once, whoever is killed when."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from assay.apps.conditions.following import Follower
from assay.apps.conditions.process import Session
from assay.apps.conditions.state import read_state
from assay.apps.conditions.watches import Watches
from assay.apps.config import ConditionsConfig
from assay.apps.paper.control.notices import KINDS, forget_notices, pending_notices
from assay.apps.paper.plan import Plan
from assay.apps.paper.view.sheet import Sheet, await_sheet
from assay.market.sources.parquet.writing import write_parquet
from assay.model.messages import BarClosed, Message, RegimeChanged, encode_message, tag_of
from assay.runtime.home import Home, open_home
from assay.runtime.journal import Recorded
from assay.runtime.ring import MemoryRing
from assay.runtime.stores.postgres import remove_postgres
from assay.signals.regimes import place_of, write_classifier
from tests.databases import Databases
from tests.integration.serving import Trading, trading
from tests.replay.conditions import make_breaking, make_kept

pytestmark = pytest.mark.running

BARS, BREAKS_AT, WINDOW = 1_100, 520, 40
CONFIG = ConditionsConfig(regimes=["eurusd"], window=WINDOW)


@pytest.fixture
def home(tmp_path: Path, databases: Databases) -> Iterator[Home]:
    opened = open_home(tmp_path / "home")
    databases.lay(opened.path)
    yield opened
    remove_postgres(opened.path)


@pytest.fixture
def plan(home: Home, tmp_path: Path) -> Plan:
    """Return a plan of two markets, the first of which has saved regimes."""
    markets = make_breaking(BARS, BREAKS_AT)
    paths = [tmp_path / f"{each.symbol.lower()}_h1.parquet" for each in markets]
    for each, path in zip(markets, paths, strict=True):
        write_parquet(each, path)
    place = place_of(home.path, "eurusd")
    home.folder(place.parent.name)
    write_classifier(place, make_kept("EURUSD", int(markets[0].ts_open[0])))
    return Plan(source="replay", data=tuple(map(str, paths)))


def watch(home: Home, held: Trading) -> Session:
    sheet = sheet_of(home)
    watches, off = Watches.of_run(home, CONFIG, sheet)
    assert set(off) == {"drift"}
    return Session(home, held.server, sheet, watches, off)


def sheet_of(home: Home) -> Sheet:
    sheet = await_sheet(home, lambda: False)
    assert sheet is not None
    return sheet


def goes_on(session: Session) -> bool:
    """Take all that is new, of which the small ring has lost some; say whether the run goes on."""
    return all(session.step() for _ in range(3))


def record(held: Trading) -> int:
    """Commit what waits, as the trader's process does; return how many messages it was."""
    count = 0
    for path, notices in pending_notices(held.home):
        held.trader.record(notices)
        path.unlink()
        count += len(notices)
    return count


def wanted_of(home: Home, bars: list[Message]) -> list[bytes]:
    """Return what is to be told of bars, without the ids that the trader gives."""
    watches, _ = Watches.of_run(home, CONFIG, sheet_of(home))
    return [encode_message(each) for each in watches.take(bars)]


def test_each_change_is_recorded_once_whoever_is_killed(home: Home, plan: Plan) -> None:
    with trading(home, plan) as held:
        held.go_on(1_200)
        session = watch(home, held)
        assert goes_on(session)
        assert record(held) > 10
        # Committed, but not removed: the trader is killed between the two.
        held.go_on(300)
        assert goes_on(session)
        for _, notices in pending_notices(home):
            held.trader.record(notices)
        forget_notices(home)
        # Found, but never committed: it is killed before.
        held.go_on(100)
        assert goes_on(session)
        assert pending_notices(home)
    forget_notices(home)
    with trading(home, plan) as held:
        held.go_on(1)
        assert not goes_on(session)
        session.close()
        session = watch(home, held)
        assert goes_on(session)
        assert record(held) > 0
        assert goes_on(session)
        assert record(held) == 0
        session.close()
        # Nobody watches for a while.
        held.go_on(2 * BARS)
        session = watch(home, held)
        assert goes_on(session)
        assert record(held) > 0
        session.show()
        session.close()
        recorded = [each.message for each in held.journal.read()]
    told = [each for each in recorded if tag_of(each) in KINDS]
    bars = [each for each in recorded if isinstance(each, BarClosed)]
    assert len(bars) == 2 * BARS
    without_ids = [encode_message(msgspec.structs.replace(each, id=0)) for each in told]
    assert sorted(without_ids) == sorted(wanted_of(home, bars))
    assert len({each.id for each in recorded}) == len(recorded)
    assert {tag_of(each) for each in told} == {
        "RegimeChanged", "CorrelationBroke", "CorrelationReturned", "CorrelationsMeasured",
    }  # fmt: skip
    state = read_state(home)
    assert state is not None
    (regime,) = msgspec.json.decode(state.regimes)
    assert regime["regime"] == [e for e in told if isinstance(e, RegimeChanged)][-1].regime
    assert msgspec.json.decode(state.correlations)["pairs"][0]["correlation"] < -0.5


class Written:
    """A journal of bars in memory, and the ring that shows what is new of it."""

    def __init__(self, count: int) -> None:
        self.ring = MemoryRing()
        self.messages = [Recorded(place, bar_at(place)) for place in range(1, count + 1)]
        self.reads: list[int] = []

    def publish(self, *places: int) -> None:
        for place in places:
            self.ring.publish(encode_message(self.messages[place - 1].message), place)

    def read(self, place: int) -> Iterator[Recorded]:
        self.reads.append(place)
        return iter(self.messages[place:])


def bar_at(place: int) -> BarClosed:
    return BarClosed(
        id=place, ts_event=place, ts_init=place, symbol="EURUSD", timeframe=1, ts_open=place,
        open=1, high=1, low=1, close=1, spread_open=0, spread_high=0, spread_low=0, spread_close=0,
    )  # fmt: skip


def test_what_the_ring_lost_is_read_from_the_journal_and_nothing_twice() -> None:
    written = Written(3)
    follower = Follower(written.ring.subscribe(), written.read, 0)
    taken = [each.id for each in follower.take()]
    assert taken == [1, 2, 3]
    assert written.reads == [0]
    written.messages += [Recorded(place, bar_at(place)) for place in range(4, 10)]
    written.publish(4, 5)
    taken += [each.id for each in follower.take()]
    assert written.reads == [0]
    written.publish(8, 9)
    while follower.place < 9:
        taken += [each.id for each in follower.take()]
    assert taken == list(range(1, 10))
    assert written.reads == [0, 5]
