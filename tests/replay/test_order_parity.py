"""Every kind of order trades alike in the sweep, in replay and on paper, on bars and on ticks."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from assay.apps.config import AccountConfig, Config
from assay.apps.lab.runs.drivers import Run, feed_messages, replay, sweep
from assay.apps.lab.runs.outcome import Outcome, fill_table
from assay.apps.lab.runs.setup import Costs, Setup, prepare
from assay.books.analytics.trades import close_trades
from assay.books.reports.result import BacktestResult
from assay.kernel.records import (
    CLOSE_BY,
    ORDER_TERMS,
    STOP_LIMIT,
    SWAP,
    TIME_STOP,
    TRAILING_STOP,
)
from assay.market.series import TickSeries
from assay.model.accounts import MarginMode
from assay.model.messages import encode_message
from assay.model.time import SECOND
from assay.runtime.ids import IdSource
from assay.runtime.journal import MemoryJournal
from assay.trading.engine.loading import load_strategy
from tests.property.order_states import follow_orders
from tests.replay.markets import START, generate_market
from tests.replay.paper_runs import assert_paper_equals_sweep
from tests.replay.test_parity import assert_same_rows, loop_over, messages_of, with_ticks

FOLDER = Path(__file__).parent / "orders"
THREE = ("EURGBP", "GBPUSD", "USDJPY")


def setup_of(
    symbols: tuple[str, ...], seed: int, risk: str = "reference", depth: str = "0",
    mode: MarginMode = "netting",
) -> Setup:  # fmt: skip
    series = generate_market(symbols, 700, seed, gapped=True, quoted=True)
    given = {"seed": str(seed), "tickets": str(int(mode == "hedging"))}
    return prepare(
        series, load_strategy("every-order", FOLDER), given=given, risk=risk,
        costs=Costs(slippage_points=2, depth_lots=Decimal(depth)),
        config=Config(account=AccountConfig(margin_mode=mode)),
    )  # fmt: skip


def assert_same_orders(left: Outcome, right: Outcome) -> None:
    """Compare all that a run came to, and the terms and ends of its orders."""
    assert_same_rows(left, right)
    for name in (*ORDER_TERMS, "tells", "key_ts"):
        np.testing.assert_array_equal(left.orders[name], right.orders[name], err_msg=name)
    ends = [one.notes[one.notes["kind"] != SWAP] for one in (left, right)]
    for name in ("ts", "instrument", "kind"):
        np.testing.assert_array_equal(ends[0][name], ends[1][name], err_msg=name)


@pytest.mark.parametrize("depth", ["0", "0.015"], ids=["ample", "scarce"])
@pytest.mark.parametrize("risk", ["reference", "default"])
@pytest.mark.parametrize("symbols", [("EURUSD",), THREE], ids=["one", "three"])
def test_drivers_treat_every_order_alike(symbols: tuple[str, ...], risk: str, depth: str) -> None:
    setup = setup_of(symbols, 9, risk, depth)
    swept = sweep(setup)
    told: list[Run] = [replay(setup), replay(setup, wire=True)]
    for other in told:
        assert other.halted == ""
        assert_same_orders(swept.outcome, other.outcome)
        assert other.outcome.digest(setup) == swept.outcome.digest(setup)
    if risk == "reference":
        reasons = set(swept.outcome.fills["reason"].tolist())
        assert reasons >= {1, 2, 3, 4, 5, TIME_STOP, STOP_LIMIT, TRAILING_STOP}
        ends = set(swept.outcome.notes["kind"].tolist())
        assert ends >= {1, 11, 12, 13, 14}
        assert set(swept.outcome.orders["tells"].tolist()) == {0, 1, 2, 3}
    most = np.abs(swept.outcome.fills["quantity"]).max()
    assert most <= 1_500 if depth != "0" else most > 1_500


@pytest.mark.parametrize("depth", ["0", "0.015"], ids=["ample", "scarce"])
@pytest.mark.parametrize("symbols", [("EURUSD",), THREE], ids=["one", "three"])
def test_drivers_treat_every_order_alike_where_accounts_hedge(
    symbols: tuple[str, ...], depth: str
) -> None:
    setup = setup_of(symbols, 9, depth=depth, mode="hedging")
    swept = sweep(setup).outcome
    for other in (replay(setup), replay(setup, wire=True)):
        assert other.halted == ""
        assert_same_orders(swept, other.outcome)
        assert other.outcome.digest(setup) == swept.digest(setup)
        assert other.outcome.tickets_of_fills(setup) == swept.tickets_of_fills(setup)
    assert len(set(swept.fills["ticket"].tolist())) > 100
    reasons = set(swept.fills["reason"].tolist())
    assert reasons >= {1, 2, 3, 4, 5, TIME_STOP, STOP_LIMIT, TRAILING_STOP}
    assert CLOSE_BY in reasons or depth == "0"


def test_one_position_at_a_time_comes_to_the_same_where_accounts_hedge() -> None:
    series = generate_market(("EURUSD",), 700, 5, gapped=True, quoted=True)
    runs = []
    for mode in ("netting", "hedging"):
        setup = prepare(
            series, load_strategy("sma-cross"), given={"fast": "5", "slow": "12", "units": "1000"},
            costs=Costs(commission_bp=Decimal(0)), risk="reference",
            config=Config(account=AccountConfig(margin_mode=mode)),
        )  # fmt: skip
        outcome = sweep(setup).outcome
        result = BacktestResult(
            symbols=setup.symbols, strategy="sma-cross", params={}, currency="USD",
            currency_digits=2, cash=setup.account.cash, times=outcome.equity["ts"],
            balance=outcome.equity["balance"], equity=outcome.equity["equity"],
            margin=outcome.equity["margin"], fills=fill_table(outcome, setup),
        )  # fmt: skip
        runs.append((outcome, close_trades(result.read_fills())))
    (netted, trades), (hedged, by_ticket) = runs
    np.testing.assert_array_equal(netted.equity, hedged.equity)
    assert [trade[:11] for trade in trades] == [trade[:11] for trade in by_ticket]
    # A turn is one fill of a position, and two of tickets: the close, and what opens.
    assert len(trades) > 10
    assert len(hedged.fills) == len(netted.fills) + len(trades) - (
        hedged.fills["position"][-1] == 0
    )


@pytest.mark.parametrize("mode", ["netting", "hedging"])
def test_drivers_treat_every_order_alike_on_ticks(mode: MarginMode) -> None:
    setup = setup_of(("EURUSD", "USDJPY"), 8, mode=mode)
    events = with_ticks(setup)
    swept = loop_over(setup, events)
    assert set(swept.fills["reason"].tolist()) >= {TIME_STOP, STOP_LIMIT, TRAILING_STOP}
    assert not swept.fills["modelled"].any()
    told = messages_of(setup, events, wire=True)
    assert_same_orders(swept, told)
    assert told.digest(setup) == swept.digest(setup)


def quotes(count: int, seed: int) -> TickSeries:
    """Return a walk of quotes some seconds apart, a third of them without sizes."""
    rng = np.random.default_rng(seed)
    bid = 113_000 + np.cumsum(rng.integers(-9, 10, count))
    sizes = rng.integers(0, 3, (2, count)) * 0.75
    return TickSeries(
        symbol="EURUSD", source="generated", digits=5, bid=bid, ask=bid + rng.integers(0, 9, count),
        ts=START + SECOND * np.cumsum(rng.integers(1, 30, count)), fold=np.zeros(count, np.bool_),
        bid_size=sizes[0], ask_size=sizes[1],
    )  # fmt: skip


def test_drivers_share_what_quotes_offer_alike() -> None:
    setup = prepare(
        [quotes(9_000, 4)], load_strategy("every-order", FOLDER), given={"seed": "3"},
        risk="reference", costs=Costs(depth_lots=Decimal("0.012"), size_lots=Decimal("0.001")),
    )  # fmt: skip
    swept, told = sweep(setup).outcome, replay(setup, wire=True).outcome
    assert_same_orders(swept, told)
    assert told.digest(setup) == swept.digest(setup)
    # 75 and 150 units of a size of 0.75 and 1.5, and 1,200 where none is told.
    sizes = set(np.abs(swept.fills["quantity"]).tolist())
    assert sizes >= {75, 150, 1_000}
    assert max(sizes) <= 1_200


@pytest.mark.parametrize("mode", ["netting", "hedging"])
def test_paper_treats_every_order_alike(tmp_path: Path, wire: bool, mode: MarginMode) -> None:
    journal = MemoryJournal()
    setup = setup_of(("EURUSD", "USDJPY"), 9, depth="0.015", mode=mode)
    assert assert_paper_equals_sweep(setup, journal, tmp_path / "book.jsonl", wire=wire) > 100
    ended = follow_orders([recorded.message for recorded in journal.read()])
    assert set(ended.values()) >= {
        "filled", "denied", "cancelled", "expired", "other_filled", "unfilled", "worked",
    }  # fmt: skip
    journal.close()


@pytest.mark.parametrize("mode", ["netting", "hedging"])
def test_a_desk_restored_amid_its_orders_goes_on_alike(mode: MarginMode) -> None:
    setup = setup_of(("EURUSD", "USDJPY"), 9, depth="0.015", mode=mode)
    feed, ids = list(feed_messages(setup, setup.events()))[:300], IdSource(2)
    desk, told, states = setup.desk(ids.next), [], []
    for message in feed:
        states.append((desk.snapshot(), ids.state, len(told)))
        told += desk.handle(message)
    whole = [encode_message(one) for one in told]
    assert len(whole) > 500
    for place in range(5, len(feed), 37):
        state, counter, count = states[place]
        again = setup.desk(IdSource(2, counter).next)
        again.restore(state)
        later = [one for message in feed[place:] for one in again.handle(message)]
        assert [encode_message(one) for one in later] == whole[count:]
        assert again.snapshot() == desk.snapshot()
