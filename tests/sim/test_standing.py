"""What an edge told of its account leaves the disk, and a run that begins later has its books."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from assay.apps.bridge import inbox
from assay.apps.bridge.feed import STANDING, AccountFeed
from assay.apps.bridge.inbox import CONFIRMED
from assay.apps.bridge.standing import FILE, StandingFold, read_standing, write_standing
from assay.apps.link.log import list_segments
from assay.apps.paper.market.live import ANCHOR, LIVE
from assay.apps.paper.venue.edges import edge_folder, read_venue
from assay.model.errors import DataError
from assay.model.messages import AccountReported, DealBooked, Message
from assay.runtime.ids import Rng
from tests.sim.test_venue import CROSSING, meddle, require_agreement, walk
from tests.sim.venue_desk import EDGE, VenueDesk

SEGMENT_BYTES = 3_000


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[VenueDesk]:
    with closing(VenueDesk(tmp_path, params=CROSSING)) as opened:
        opened.box.account._log._segment_bytes = SEGMENT_BYTES
        yield opened


def trade(desk: VenueDesk, seed: int, minutes: int = 12) -> None:
    """Trade for a while, with what others do beside it, and tell the bridge how far it is read."""
    life, rng = desk.start(), Rng(seed)
    life.ear._confirmed = -1_000
    for _ in walk(desk, rng, minutes):
        life.turn()
        meddle(desk, rng)
    life.turn()
    require_agreement(desk, life)
    life.ear._feed.confirm(life.trader.heard)
    life.end()


def account_folder(desk: VenueDesk) -> Path:
    return edge_folder(desk.home, EDGE) / "account"


def told(desk: VenueDesk) -> list[Message]:
    """Return what a run that begins now hears."""
    feed, found = AccountFeed(account_folder(desk)), list[Message]()
    while news := feed.read():
        found += [event for each in news for event in each.events]
    return found


def books_of(events: list[Message]) -> tuple[int, dict[int, int], AccountReported]:
    """Return the balance, our open positions and the last report that messages lead to."""
    reports = [each for each in events if isinstance(each, AccountReported)]
    deals = [each for each in events if isinstance(each, DealBooked)]
    held: dict[int, int] = {}
    for deal in deals:
        held[deal.position] = held.get(deal.position, 0) + deal.own
    money = sum(each.profit + each.swap + each.commission + each.fee for each in deals)
    open_ones = {position: units for position, units in held.items() if units}
    return reports[0].balance + money, open_ones, reports[-1]


@pytest.mark.parametrize("seed", range(3))
def test_what_is_over_leaves_the_disk_and_the_books_stay(desk: VenueDesk, seed: int) -> None:
    trade(desk, seed)
    before, octets = books_of(told(desk)), desk.box.account._log.octets
    assert len(list_segments(account_folder(desk))) > 3
    desk.box.account.trim()
    assert len(list_segments(account_folder(desk))) == 1
    assert desk.box.account._log.octets < octets // 2
    assert AccountFeed(account_folder(desk)).read()[0].how == STANDING
    assert books_of(told(desk)) == before
    # It goes on, is left out again, and again the books are those.
    trade(desk, seed + 10)
    desk.box.account.trim()
    balance, _, last = books_of(told(desk))
    assert balance == desk.balance() == last.balance


@pytest.mark.parametrize("seed", range(2))
def test_a_run_that_begins_after_it_trades_the_same_account(desk: VenueDesk, seed: int) -> None:
    trade(desk, seed)
    venue = read_venue(desk.home, EDGE)
    desk.box.account.trim()
    again = read_venue(desk.home, EDGE)
    assert again.balance != venue.balance, "closed business is in it"
    desk.setup_id = "another"
    life = desk.start()
    life.broker.is_behind = life.feed.is_behind
    for _ in walk(desk, Rng(seed + 5), 3):
        life.turn()
    require_agreement(desk, life)
    assert life.trader.topology.desk.plan.accounts[0].id == "live-2"
    heard = life.trader.heard
    life.end()
    # It is the same run after a restart, whatever has left the disk meanwhile.
    AccountFeed(account_folder(desk)).confirm(heard)
    desk.box.account.trim()
    life = desk.start()
    life.turn()
    require_agreement(desk, life)
    assert life.trader.topology.desk.plan.accounts[0].id == "live-2"
    life.end()


def test_a_kill_between_writing_down_and_letting_go_changes_nothing(desk: VenueDesk) -> None:
    trade(desk, 1)
    folder, kept = account_folder(desk), desk.path / "kept"
    expected = books_of(told(desk))
    shutil.copytree(folder, kept)
    desk.box.account.trim()
    whole = (folder / FILE).read_bytes()
    # Killed before the file was in its place: a torn draft is all there is.
    (kept / f".{FILE}.torn").write_bytes(whole[:100])
    assert books_of(_told_in(kept)) == expected
    # Killed behind it: every segment is still there.
    (kept / FILE).write_bytes(whole)
    assert books_of(_told_in(kept)) == expected
    for segment in list_segments(kept)[:2]:
        segment.path.unlink()
        assert books_of(_told_in(kept)) == expected


def test_a_run_that_begins_while_records_go_hears_what_a_later_one_would(desk: VenueDesk) -> None:
    trade(desk, 1)
    folder = account_folder(desk)
    expected, early = books_of(told(desk)), AccountFeed(folder)
    assert read_standing(folder) is None
    desk.box.account.trim()
    standing = read_standing(folder)
    assert standing is not None
    assert books_of(_told_by(early)) == expected
    # Records that are gone and stand behind nothing are told of, however early one reads.
    gone = standing.position
    write_standing(folder, msgspec.structs.replace(standing, position=gone - 1))
    with pytest.raises(DataError, match=f"let go of records {gone} to {gone} of the account"):
        AccountFeed(folder).read()


def _told_in(folder: Path) -> list[Message]:
    return _told_by(AccountFeed(folder))


def _told_by(feed: AccountFeed) -> list[Message]:
    found = list[Message]()
    while news := feed.read():
        found += [event for each in news for event in each.events]
    return found


def test_nothing_leaves_before_it_is_confirmed(desk: VenueDesk) -> None:
    trade(desk, 2)
    folder = account_folder(desk)
    count = len(list_segments(folder))
    AccountFeed(folder).confirm(3)
    desk.box.account.trim()
    assert len(list_segments(folder)) == count
    assert read_standing(folder) is None
    (folder / "confirmed").unlink()
    desk.box.account.trim()
    assert len(list_segments(folder)) == count, "what nobody read stays up to a size"


def test_news_that_a_reader_never_comes_back_for_are_kept_up_to_a_size(
    desk: VenueDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade(desk, 4, minutes=3)
    log, folder = desk.box.account._log, account_folder(desk)
    heard = int((folder / CONFIRMED).read_text())
    desk.box.account.trim()
    # Nobody trades any more, while others do on the account.
    rng, before = Rng(9), log.octets
    while log.octets < before + 6 * SEGMENT_BYTES:
        for _ in walk(desk, rng, 1):
            desk.exchange()
        meddle(desk, rng)
    expected, kept = books_of(told(desk)), log.octets
    desk.box.account.trim()
    assert log.octets == kept, "it is less than the bound"
    monkeypatch.setattr(inbox, "UNHEARD_BYTES", 2 * SEGMENT_BYTES)
    desk.box.account.trim()
    assert 2 * SEGMENT_BYTES <= log.octets < 4 * SEGMENT_BYTES
    assert books_of(told(desk)) == expected
    with pytest.raises(DataError, match=f"records {heard + 1} to .*anchor.json"):
        AccountFeed(folder, heard).read()
    (desk.home.path / LIVE / ANCHOR).unlink()
    desk.setup_id = "another"
    life = desk.start()
    life.turn()
    require_agreement(desk, life)
    life.end()


def test_a_deal_that_is_told_again_counts_once(desk: VenueDesk) -> None:
    trade(desk, 3)
    events = told(desk)
    fold = StandingFold()
    fold.take(events)
    standing = fold.stand(7)
    assert standing is not None
    again = StandingFold(standing)
    again.take(each for each in events if isinstance(each, DealBooked))
    second = again.stand(9)
    assert second is not None
    assert books_of(second.messages()) == books_of(standing.messages()) == books_of(events)
