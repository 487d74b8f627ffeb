"""Any stream of fills, fees and swaps balances and equals a slow reference in fractions."""

from __future__ import annotations

from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.books.ledger import Ledger, Mark, Rates, Reconciler, trial_balance
from assay.model.messages import EntryPosted, GapFound, Message, TradingHalted
from tests.unit.books.slow_engine import INSTRUMENTS, SlowEngine, build_ledger, run_books

RATES = [(1, 1), (10_000, 110_123), (113_739, 100_000), (123_456_789, 1_000_000_007), (16_250, 1)]
FILL = st.tuples(
    st.just("fill"),
    st.sampled_from(["a1", "a2", "a3"]),
    st.sampled_from(sorted(INSTRUMENTS)),
    st.one_of(st.integers(-40, 40), st.integers(-1_000_000, 1_000_000)).filter(bool),
    st.one_of(st.integers(1, 50), st.integers(1, 250_000)),
    st.sampled_from(RATES),
)
SWAP = st.tuples(
    st.just("swap"),
    st.sampled_from(["a1", "a2", "a3"]),
    st.sampled_from(sorted(INSTRUMENTS)),
    st.integers(-100_000, 100_000),
)
STREAMS = st.lists(st.one_of(FILL, FILL, SWAP), max_size=40)


class EngineMarks:
    """Mark every position at the price and rate of its symbol's last fill."""

    def __init__(self, engine: SlowEngine) -> None:
        self._engine = engine

    def mark(self, account: str, symbol: str, quantity: int) -> Mark | None:
        price, *rate = self._engine.marks[symbol]
        sides = Rates((rate[0], rate[1]), (rate[0], rate[1]))
        return Mark(price, INSTRUMENTS[symbol].digits, sides)


def _messages(engine: SlowEngine, stream: list[tuple[object, ...]]) -> list[Message]:
    messages: list[Message] = []
    for kind, account, *rest in stream:
        action = engine.fill if kind == "fill" else engine.swap
        messages += [action(account, *rest), engine.mark(str(account))]  # type: ignore[operator]
    return messages


def _check_against(engine: SlowEngine, ledger: Ledger) -> None:
    for account, cash in engine.cash.items():
        assert ledger.balance(account) == cash
        assert sum(ledger.balances(account).values()) == 0
        held = {s: q for (a, s), (q, _) in engine.held.items() if a == account and q}
        assert {s: p.quantity for s, p in ledger.positions(account).items()} == held


@settings(max_examples=300, deadline=None)
@given(STREAMS)
def test_any_stream_balances_and_equals_the_reference(stream: list[tuple[object, ...]]) -> None:
    engine, ledger = SlowEngine(), build_ledger()
    numbers = count(1)
    reconciler = Reconciler(ledger, lambda: next(numbers))
    published = run_books(_messages(engine, stream), ledger, reconciler)
    entries = [m for m in published if isinstance(m, EntryPosted)]
    assert len(entries) == len(published), "neither gap nor halt"
    assert all(len(e.lines) >= 2 and sum(x.amount for x in e.lines) == 0 for e in entries)
    book = trial_balance(entries)
    assert book.is_balanced
    cash = {row.account: row.balance for row in book.rows if row.name == "cash"}
    assert all(cash[account] == engine.cash[account] for account in cash)
    _check_against(engine, ledger)


@settings(max_examples=150, deadline=None)
@given(STREAMS)
def test_unrealised_equity_equals_the_reference(stream: list[tuple[object, ...]]) -> None:
    engine, ledger = SlowEngine(), build_ledger()
    numbers = count(1)
    reconciler = Reconciler(ledger, lambda: next(numbers), EngineMarks(engine))
    for step in stream:
        published = run_books(_messages(engine, [step]), ledger, reconciler)
        assert not [m for m in published if isinstance(m, GapFound | TradingHalted)]


@settings(max_examples=150, deadline=None)
@given(STREAMS, st.data())
def test_a_restart_anywhere_gives_the_same_books(
    stream: list[tuple[object, ...]], data: st.DataObject
) -> None:
    messages = _messages(SlowEngine(), stream)
    cut = data.draw(st.integers(0, len(messages)))
    numbers = count(1)
    whole = Ledger(SlowEngine().accounts.values(), INSTRUMENTS, lambda: next(numbers))
    watch = Reconciler(whole, lambda: next(numbers))
    expected = run_books(messages, whole, watch)

    again = count(1)
    first = Ledger(SlowEngine().accounts.values(), INSTRUMENTS, lambda: next(again))
    first_watch = Reconciler(first, lambda: next(again))
    published = run_books(messages[:cut], first, first_watch)
    second = Ledger(SlowEngine().accounts.values(), INSTRUMENTS, lambda: next(again))
    second_watch = Reconciler(second, lambda: next(again))
    second.restore(first.snapshot())
    second_watch.restore(first_watch.snapshot())
    published += run_books(messages[cut:], second, second_watch)

    assert published == expected
    assert second.snapshot() == whole.snapshot()
    assert second_watch.snapshot() == watch.snapshot()
