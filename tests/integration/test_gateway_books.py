"""The gateway reads the books of the account on by itself, and tells its days beside the twin."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
import msgspec
import pytest

from assay.apps.gateway.web import books as gateway_books
from assay.apps.gateway.web.books import AccountBooks
from assay.apps.twin import BY
from assay.model.messages import CauseTold, TwinAppraised
from assay.runtime.clock import wait_for
from assay.runtime.home import open_home
from assay.runtime.logs import open_log
from assay.runtime.stores.postgres import remove_postgres
from tests.databases import Databases
from tests.integration.serving import LONG_S, Served, Trading, serving, trading

pytestmark = pytest.mark.running


@pytest.fixture(scope="module")
def trader(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Trading]:
    home = open_home(tmp_path_factory.mktemp("books") / "home")
    databases.lay(home.path)
    with trading(home) as held:
        held.go_on(400)
        yield held
    remove_postgres(home.path)


@pytest.fixture(scope="module")
def served(trader: Trading, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    page = tmp_path_factory.mktemp("page")
    (page / "index.html").write_text("<!doctype html><title>Desk</title>")
    with serving(trader.home, page) as found:
        found.await_place(trader.journal.last_position())
        yield found


@pytest.fixture(scope="module")
def person(served: Served) -> Iterator[httpx.Client]:
    with served.person() as client:
        yield client


def test_one_asking_reads_all_there_is(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_books, "STEP", 100)
    follower = served.gateway.stream.follower
    assert follower.board is not None
    whole = asyncio.run(AccountBooks(served.home).tell(follower.board, follower.records))
    assert (whole.complete, whole.position >= follower.board.place) == (True, True)
    monkeypatch.setattr(gateway_books, "PATIENCE_S", 0.0)
    part = asyncio.run(AccountBooks(served.home).tell(follower.board, follower.records))
    assert (part.complete, part.position < whole.position) == (False, True)


def test_books_are_read_on_though_nobody_asks(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_books, "STEP", 100)
    follower, books = served.gateway.stream.follower, AccountBooks(served.home)
    assert follower.board is not None
    end = follower.board.place

    async def follow() -> None:
        following = asyncio.create_task(books.follow(follower, open_log(served.home, "web")))
        async with asyncio.timeout(LONG_S):
            while books.position < end:
                await asyncio.sleep(0.01)
        following.cancel()
        with pytest.raises(asyncio.CancelledError):
            await following

    asyncio.run(follow())


def test_the_days_beside_their_twins_are_told_with_why_entries_are_held(
    trader: Trading, served: Served, person: httpx.Client
) -> None:
    account, shared = trader.trader.setup.account, {"id": 0, "ts_event": 1, "ts_init": 1}
    causes = (CauseTold("slippage", -700, 3), CauseTold("conversion", 100, 1))
    told = TwinAppraised(
        **shared, tenant=account.tenant, account=account.id, run="1", day="2024-03-05", live=4_400,
        twin=5_000, equity=1_000_000, causes=causes, bound=50,
    )  # fmt: skip
    wide = msgspec.structs.replace(told, day="2024-03-06", live=-4_400, bound=5, paused=True)
    other = msgspec.structs.replace(told, account="another")
    trader.trader.record([told, other, wide])
    trader.trader.halt_entries(BY, "the gap is too wide", BY)
    trader.stand()
    try:
        served.await_place(trader.journal.last_position())
        assert wait_for(lambda: person.get("/api/twin").json()["held"] != "", seconds=LONG_S)
        page = person.get("/api/twin").json()
        assert (page["complete"], page["held"]) == (True, "the gap is too wide")
        newest, oldest = page["days"]
        assert (newest["day"], newest["above"], newest["paused"]) == ("2024-03-06", True, True)
        assert (oldest["gap"], oldest["share"], oldest["bound"]) == (-6.0, 0.0006, 0.005)
        assert (oldest["above"], oldest["paused"]) == (False, False)
        assert oldest["causes"] == [
            {"cause": "slippage", "amount": -7.0, "orders": 3},
            {"cause": "conversion", "amount": 1.0, "orders": 1},
        ]
        assert [each["day"] for each in person.get("/api/twin?limit=1").json()["days"]] == [
            "2024-03-06"
        ]
    finally:
        trader.trader.release_entries(BY, "seen", BY)
        trader.stand()
