"""Twenty planted breaks, each of them found, and trading halted."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import msgspec
import pytest

from assay.books.ledger import Ledger, QuoteMarks, Reconciler
from assay.model.accounts import AccountSpec
from assay.model.messages import (
    BarClosed,
    EntryPosted,
    GapFound,
    Message,
    PostingLine,
    TradingHalted,
    TradingResumed,
)
from tests.unit.books.slow_engine import ACCOUNTS, INSTRUMENTS, SlowEngine, build_ledger, run_books

replace = msgspec.structs.replace


def _bar(symbol: str, close: int, spread: int) -> BarClosed:
    return BarClosed(
        id=5, ts_event=5, ts_init=5, symbol=symbol, timeframe=60, ts_open=0, open=close,
        high=close, low=close, close=close, spread_open=spread, spread_high=spread,
        spread_low=spread, spread_close=spread,
    )  # fmt: skip


def _day() -> list[Message]:
    """0 buy, 1 swap, 2 mark, 3 add, 4 close half, 5 mark, 6 flip in yen, 7 mark."""
    engine = SlowEngine()
    return [
        engine.fill("a1", "EURUSD", 10_000, 113_739),
        engine.swap("a1", "EURUSD", -31),
        engine.mark("a1"),
        engine.fill("a1", "EURUSD", 7_000, 113_801),
        engine.fill("a1", "EURUSD", -8_500, 113_950),
        engine.mark("a1"),
        engine.fill("a1", "USDJPY", -5_000, 110_123, (1_000, 110_123)),
        engine.fill("a1", "USDJPY", 9_000, 109_123, (1_000, 109_123)),
        engine.mark("a1"),
    ]


def _books(accounts: tuple[AccountSpec, ...] = ACCOUNTS) -> tuple[Ledger, Reconciler]:
    ledger, numbers = build_ledger(accounts), count(10_000)
    return ledger, Reconciler(ledger, lambda: next(numbers), QuoteMarks(accounts, INSTRUMENTS))


def _change(place: int, **changes: object) -> Callable[[list[Message]], list[Message]]:
    def planted(messages: list[Message]) -> list[Message]:
        broken = list(messages)
        broken[place] = replace(messages[place], **changes)
        return broken

    return planted


def _swap_places(messages: list[Message]) -> list[Message]:
    return [*messages[:3], messages[4], messages[3], *messages[5:]]


STREAM_BREAKS: dict[str, Callable[[list[Message]], list[Message]]] = {
    "doubled fill": lambda m: [*m[:4], m[3], *m[4:]],
    "lost opening fill": lambda m: m[1:],
    "lost closing fill": lambda m: [*m[:4], *m[5:]],
    "closing price one point off": _change(4, price=113_951),
    "opening price one point off": _change(3, price=113_802),
    "commission one unit off": _change(0, commission=58),
    "profit one unit off": _change(4, profit=1_582),
    "quantity with the wrong sign": _change(3, quantity=-7_000),
    "wrong quantity": _change(3, quantity=7_001),
    "wrong position": _change(4, position=8_501),
    "wrong rate": _change(7, rate_num=1_001),
    "no rate": _change(7, rate_den=0),
    "wrong price digits": _change(4, price_digits=4),
    "lost swap": lambda m: [m[0], *m[2:]],
    "doubled swap": lambda m: [*m[:2], m[1], *m[2:]],
    "swap one unit off": _change(1, amount=-30),
    "swap on another position": _change(1, position=9_999),
    "two fills reordered": _swap_places,
    "another tenant's fill": _change(3, tenant="t2"),
    "unknown account": _change(3, account="a9"),
    "unknown instrument": _change(3, symbol="EURNOK"),
    "wrong instrument": _change(3, symbol="XAUUSD"),
    "balance one unit off": _change(5, balance=0),
    "another tenant's mark": _change(5, tenant="t2"),
    "mark of an unknown account": _change(5, account="a9"),
}


def test_a_sound_day_is_silent() -> None:
    published = run_books(_day(), *_books())
    assert {type(message) for message in published} == {EntryPosted}


@pytest.mark.parametrize("name", STREAM_BREAKS)
def test_a_break_in_the_stream_is_found_and_halts_once(name: str) -> None:
    _assert_halted(run_books(STREAM_BREAKS[name](_day()), *_books()))


def _assert_halted(published: list[Message]) -> None:
    gaps = [m for m in published if isinstance(m, GapFound)]
    halts = [m for m in published if isinstance(m, TradingHalted)]
    assert gaps
    assert len({(g.tenant, g.account, g.what) for g in gaps}) == len(gaps)
    assert {(h.reason, h.by) for h in halts} == {("ledger_gap", "reconciler")}
    assert len(halts) == len({gap.tenant for gap in gaps}), "each tenant is halted once"
    assert published.index(halts[0]) > published.index(gaps[0])


def _bend_cash(entry: EntryPosted) -> list[EntryPosted]:
    first, second, *rest = entry.lines
    lines = (PostingLine(first.account, first.amount - 1),
             PostingLine(second.account, second.amount + 1), *rest)  # fmt: skip
    return [replace(entry, lines=lines)]


ENTRY_BREAKS: dict[str, Callable[[EntryPosted], list[EntryPosted]]] = {
    "altered entry that balances": _bend_cash,
    "altered entry that does not": lambda e: [
        replace(e, lines=(PostingLine("cash", 1), *e.lines[1:]))
    ],
    "entry of one line": lambda e: [replace(e, lines=e.lines[:1])],
    "removed entry": lambda e: [],
    "doubled entry": lambda e: [e, e],
    "entry of another tenant": lambda e: [replace(e, tenant="t2")],
    "entry of an unknown account": lambda e: [replace(e, account="a9")],
    "entry in another currency": lambda e: [replace(e, currency="EUR")],
    "entry in other minor units": lambda e: [replace(e, currency_digits=0)],
}


@pytest.mark.parametrize("name", ENTRY_BREAKS)
def test_a_break_on_an_entrys_way_is_found(name: str) -> None:
    ledger, reconciler = _books()
    published: list[Message] = []
    for message in _day():
        for posted in ledger.handle(message):
            arriving = [posted]
            if isinstance(posted, EntryPosted) and posted.entry == 3:
                arriving = list(ENTRY_BREAKS[name](posted))
            published += [m for entry in arriving for m in reconciler.handle(entry)]
        published += reconciler.handle(message)
    _assert_halted(published)


def test_wrong_currency_digits_are_found() -> None:
    accounts = (replace(ACCOUNTS[0], currency_digits=3), *ACCOUNTS[1:])
    _assert_halted(run_books(_day(), *_books(accounts)))


def test_a_snapshot_altered_with_its_digest_is_found() -> None:
    ledger, reconciler = _books()
    run_books(_day()[:3], ledger, reconciler)
    thief, _ = _books((replace(ACCOUNTS[0], cash=10_000_001), *ACCOUNTS[1:]))
    run_books(_day()[:3], thief, reconciler)
    ledger.restore(thief.snapshot())
    watch = Reconciler(ledger, count(1).__next__)
    _assert_halted(run_books(_day()[3:], ledger, watch))


def test_equity_at_the_exit_price_is_compared() -> None:
    engine = SlowEngine()
    buy = engine.fill("a1", "EURUSD", 10_000, 113_739)
    mark = engine.mark("a1")
    bar = _bar("EURUSD", 113_729, 10)
    right = replace(mark, equity=mark.balance - 100)
    assert not [m for m in run_books([bar, buy, right], *_books()) if isinstance(m, GapFound)]
    wrong = replace(mark, equity=mark.balance - 99)
    published = run_books([bar, buy, wrong], *_books())
    assert [(m.what, m.ledger - m.engine) for m in published if isinstance(m, GapFound)] == [
        ("equity", -1)
    ]
    _assert_halted(published)


def test_equity_at_the_mid_is_compared_to_half_a_point() -> None:
    accounts = (replace(ACCOUNTS[0], mark="mid"), *ACCOUNTS[1:])
    engine = SlowEngine()
    sell = engine.fill("a1", "EURUSD", -10_000, 113_739)
    mark = replace(engine.mark("a1"), equity=engine.cash["a1"] + 55)
    bar = _bar("EURUSD", 113_729, 9)
    assert not [m for m in run_books([bar, sell, mark], *_books(accounts))
                if isinstance(m, GapFound)]  # fmt: skip


@pytest.mark.parametrize(
    ("price", "units", "worth"),
    [
        (110_000, 10_000, 4_524),  # 5,000 yen gained are sold at the ask, 110.510
        (111_000, 10_000, -4_525),  # 5,000 yen lost are bought at the bid, 110.500
        (111_010, -10_000, 4_524),
    ],
)
def test_equity_in_yen_is_turned_at_the_side_that_hurts(price: int, units: int, worth: int) -> None:
    engine = SlowEngine()
    fill = engine.fill("a1", "USDJPY", units, price, (1_000, price))
    bar = _bar("USDJPY", 110_500, 10)
    right = replace(engine.mark("a1"), equity=engine.cash["a1"] + worth)
    assert not _gaps([bar, fill, right])
    assert _gaps([bar, fill, replace(right, equity=right.equity + 1)]) == [("equity", -1)]


def test_a_position_without_a_rate_is_left_to_the_balance() -> None:
    engine = SlowEngine()
    fill = engine.fill("a3", "USDJPY", 10_000, 110_000, (1, 121))
    assert not _gaps([_bar("USDJPY", 110_000, 10), fill, replace(engine.mark("a3"), equity=1)])


def _gaps(messages: list[Message]) -> list[tuple[str, int]]:
    published = run_books(messages, *_books())
    return [(m.what, m.ledger - m.engine) for m in published if isinstance(m, GapFound)]


def test_a_resumed_tenant_is_halted_again_while_the_gap_is_there() -> None:
    ledger, reconciler = _books()
    run_books(_day()[1:6], ledger, reconciler)
    mark = _day()[5]
    assert not list(reconciler.handle(mark))
    resume = TradingResumed(id=3, tenant="t1", ts_event=9, ts_init=9, reason="", by="o")
    assert not list(reconciler.handle(resume))
    assert [type(m) for m in reconciler.handle(mark)] == [GapFound, TradingHalted]


def test_a_gap_of_one_tenant_leaves_the_other_alone() -> None:
    engine = SlowEngine()
    messages: list[Message] = [
        replace(engine.fill("a1", "EURUSD", 100, 113_739), commission=9),
        engine.fill("a2", "EURUSD", 100, 113_739, (110, 1)),
        engine.mark("a2"),
    ]
    published = run_books(messages, *_books())
    assert {m.tenant for m in published if isinstance(m, GapFound | TradingHalted)} == {"t1"}


@pytest.mark.parametrize("symbol", ["EURUSD", "USDJPY"])
def test_a_gap_shows_at_the_very_bar_after_many_that_agreed(symbol: str) -> None:
    engine = SlowEngine()
    rate = (1, 1) if symbol == "EURUSD" else (1_000, 110_000)
    price = 113_739 if symbol == "EURUSD" else 110_000
    ledger, reconciler = _books()
    run_books([engine.fill("a1", symbol, 10_000, price, rate)], ledger, reconciler)
    spec = ACCOUNTS[0]
    for close in range(price, price + 40):
        list(reconciler.handle(_bar(symbol, close, 10)))
        watch = QuoteMarks(ACCOUNTS, INSTRUMENTS)
        watch.observe(_bar(symbol, close, 10))
        cash, profit = ledger.compute_worth(spec, watch)
        assert profit is not None
        mark = replace(engine.mark("a1"), balance=cash, equity=cash + profit)
        assert not list(reconciler.handle(mark))
    for off in (-1, 1):
        gaps = list(reconciler.handle(replace(mark, equity=mark.equity + off)))
        assert (off == 1) == (not gaps), "each gap is told once"
    resume = TradingResumed(id=3, tenant="t1", ts_event=9, ts_init=9, reason="", by="o")
    list(reconciler.handle(resume))
    ledger.restore(build_ledger().snapshot())
    found = [type(message) for message in reconciler.handle(mark)]
    assert found == [GapFound, TradingHalted], "books replaced as a whole are read anew"
