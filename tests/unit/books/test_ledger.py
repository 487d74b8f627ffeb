from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from assay.books.ledger import CHART, Ledger, Position, Reconciler, statement, trial_balance
from assay.books.ledger.arithmetic import prepare_tariff
from assay.books.ledger.position import apply_fill
from assay.model.accounts import AccountSpec, CommissionSchedule
from assay.model.errors import DataError, UsageError
from assay.model.messages import EntryPosted, GapFound, PlatformStarted, PostingLine
from tests.unit.books.slow_engine import ACCOUNTS, INSTRUMENTS, SlowEngine, build_ledger, run_books


def _play(ledger: Ledger) -> list[EntryPosted]:
    engine = SlowEngine()
    messages = [
        engine.fill("a1", "EURUSD", 10_000, 113_739),
        engine.swap("a1", "EURUSD", -31),
        engine.fill("a1", "EURUSD", -20_000, 113_839),
        engine.fill("a2", "USDJPY", 5_000, 110_123),
        engine.fill("a1", "EURUSD", 10_000, 113_639),
    ]
    return [m for message in messages for m in ledger.handle(message)]  # type: ignore[misc]


def test_a_round_trip_posts_deposit_commission_swap_and_profit() -> None:
    entries = _play(build_ledger())
    assert [(e.entry, e.tenant, e.account, e.text) for e in entries] == [
        (1, "t1", "a1", "opening deposit"),
        (2, "t1", "a1", "fill 1: +10000 EURUSD at 1.13739"),
        (3, "t1", "a1", "swap EURUSD, nights 1"),
        (4, "t1", "a1", "fill 3: -20000 EURUSD at 1.13839"),
        (1, "t2", "a2", "opening deposit"),
        (2, "t2", "a2", "fill 4: +5000 USDJPY at 110.123"),
        (5, "t1", "a1", "fill 5: +10000 EURUSD at 1.13639"),
    ]
    assert entries[3].lines == (
        PostingLine("cash", 1_000 - 114),
        PostingLine("profit", -1_000),
        PostingLine("commission", 114),
    )
    assert entries[1].lines == (PostingLine("cash", -57), PostingLine("commission", 57))
    assert entries[2].lines == (PostingLine("cash", -31), PostingLine("swap", 31))
    assert all(sum(line.amount for line in entry.lines) == 0 for entry in entries)


def test_books_of_an_account_sum_to_zero_and_end_flat() -> None:
    ledger = build_ledger()
    _play(ledger)
    assert sum(ledger.balances("a1").values()) == 0
    assert ledger.balance("a1") == 10_000_000 - 57 - 31 + 1_000 - 114 + 2_000 - 57
    assert ledger.positions("a1") == {}
    assert ledger.position("a2", "USDJPY") == 5_000
    assert set(ledger.balances("a1")) == set(CHART)


def test_deposits_are_posted_at_the_start_and_only_once() -> None:
    ledger = build_ledger()
    start = PlatformStarted(id=9, ts_event=0, ts_init=0, version="1", run="r")
    assert [entry.account for entry in ledger.handle(start)] == ["a1", "a2", "a3"]  # type: ignore[attr-defined]
    assert list(ledger.handle(start)) == []


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"account": "nobody"}, "unknown_account"),
        ({"tenant": "t2"}, "wrong_tenant"),
        ({"symbol": "EURNOK"}, "unknown_instrument"),
        ({"rate_den": 0}, "invalid_rate"),
        ({"quantity": 0}, "invalid_fill"),
    ],
)
def test_a_fill_that_cannot_be_booked_changes_nothing(change: dict[str, object], what: str) -> None:
    ledger = build_ledger()
    before = ledger.snapshot()
    fill = SlowEngine().fill("a1", "EURUSD", 10_000, 113_739)
    (gap,) = ledger.handle(msgspec.structs.replace(fill, **change))
    assert isinstance(gap, GapFound)
    assert gap.what == what
    assert ledger.snapshot() == before


def test_snapshot_and_restore_go_on_as_if_nothing_happened() -> None:
    engine, ledger = SlowEngine(), build_ledger()
    list(ledger.handle(engine.fill("a1", "XAUUSD", 1_000, 130_055)))
    twin = build_ledger(start=3)
    twin.restore(ledger.snapshot())
    closing = engine.fill("a1", "XAUUSD", -300, 130_555)
    assert list(twin.handle(closing)) == list(ledger.handle(closing))
    assert twin.snapshot() == ledger.snapshot()


@pytest.mark.parametrize("place", [0, 20, -1])
def test_an_altered_snapshot_is_refused(place: int) -> None:
    ledger = build_ledger()
    _play(ledger)
    altered = bytearray(ledger.snapshot())
    altered[place] ^= 1
    with pytest.raises(DataError, match="digest"):
        build_ledger().restore(bytes(altered))


def test_partial_close_releases_cost_half_even_and_keeps_the_rest() -> None:
    held = Position(quantity=2, cost=5, price_digits=0)
    change = apply_fill(held, -1, price=3, price_digits=0)
    assert (change.raw_profit, change.position) == (1, Position(1, 3, 0))
    change = apply_fill(Position(-2, -5, 0), 1, price=2, price_digits=0)
    assert (change.raw_profit, change.position) == (0, Position(-1, -3, 0))


def test_a_finer_price_refines_the_cost_exactly() -> None:
    held = apply_fill(Position(), 100, price=1_10000, price_digits=5).position
    change = apply_fill(held, -100, price=1_100005, price_digits=6)
    assert change.raw_profit == 100 * 5
    change = apply_fill(apply_fill(held, 100, price=1_100005, price_digits=6).position, -200,
                        price=1_10000, price_digits=5)  # fmt: skip
    assert change.raw_profit == -100 * 5


@pytest.mark.parametrize(
    ("mode", "rate", "minimum", "amount"),
    [
        ("none", "3.5", 0, 0),
        ("per_lot", "3.5", 0, 35),
        ("per_lot", "3.5", 50, 50),
        ("per_million", "25", 0, 28),
        ("bp", "0.5", 0, 57),
        ("bp", "0", 0, 0),
    ],
)
def test_commission_of_a_tenth_of_a_lot(mode: str, rate: str, minimum: int, amount: int) -> None:
    schedule = CommissionSchedule(mode=mode, rate=Decimal(rate), minimum=minimum)  # type: ignore[arg-type]
    tariff = prepare_tariff(schedule, 2, 5, lot_units=100_000)
    assert tariff.charge(-10_000, 113_739, rate_num=1, rate_den=1) == amount


@pytest.mark.parametrize(
    "change",
    [{"currency_digits": 9}, {"cash": -1}, {"leverage": 0}, {"rollover_zone": "Mars/Olympus"},
     {"id": ""}, {"rollover_hour": 24}],
)  # fmt: skip
def test_an_account_that_makes_no_sense_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        AccountSpec(**{"id": "a", **change})  # type: ignore[arg-type]


def test_trial_balance_names_every_broken_entry() -> None:
    entries = _play(build_ledger())
    sound = trial_balance(entries)
    assert sound.is_balanced
    assert set(sound.totals().values()) == {0}
    assert sound.entries == 7
    lost = trial_balance(entries[:2] + entries[3:])
    assert not lost.is_balanced
    assert "entry 3 was expected" in lost.problems[0]
    bent = [*entries]
    bent[2] = _bend(entries[2])
    assert trial_balance(bent).problems == ("entry 3 of account a1 sums to -1, not 0",)


def _bend(entry: EntryPosted) -> EntryPosted:
    cash, *others = entry.lines
    lines = (PostingLine(cash.account, cash.amount - 1), *others)
    return msgspec.structs.replace(entry, lines=lines)


def test_statement_runs_from_opening_to_closing_balance() -> None:
    entries = _play(build_ledger())
    whole = statement(entries, "a1", tenant="t1")
    assert whole is not None
    assert (whole.opening, whole.closing, len(whole.rows)) == (0, 10_002_741, 5)
    assert whole.rows[-1].balance == whole.closing
    assert whole.rows[3].parts == {"profit": 1_000, "commission": -114}
    part = statement(entries, "a1", tenant="t1", start=2, end=5)
    assert part is not None
    assert (part.opening, part.closing, len(part.rows)) == (9_999_943, 10_000_798, 2)
    assert part.opening + sum(row.amount for row in part.rows) == part.closing
    assert statement(entries, "a9") is None


def test_two_books_in_one_process_do_not_meet() -> None:
    engine = SlowEngine()
    fill = engine.fill("a1", "EURUSD", 10_000, 113_739)
    first, second = build_ledger(), build_ledger()
    run_books([fill], first, Reconciler(first, iter(range(1, 99)).__next__))
    assert second.position("a1", "EURUSD") == 0
    assert first.spec("a1") == ACCOUNTS[0]
    assert "EURUSD" in INSTRUMENTS
