"""The sweep and the replay driver trade alike: orders, fills, swaps and equity at every bar."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from assay.apps.lab.runs.drivers import Run, feed_messages, replay, start_message, sweep
from assay.apps.lab.runs.outcome import (
    FILL_FIELDS,
    ORDER_FIELDS,
    SWAP_FIELDS,
    Outcome,
    OutcomeCollector,
)
from assay.apps.lab.runs.setup import Costs, Setup, prepare
from assay.apps.topology import build_topology
from assay.kernel.records import EVENT, MATCHED_ON_TICKS, SWAP, TICK
from assay.model.messages import OrderApproved, OrderDenied, TradingHalted
from assay.runtime.ids import IdSource
from assay.trading.engine.loading import load_strategy
from assay.trading.risk.catalogue import RULES
from assay.trading.risk.telling import tell_checks
from tests.replay.markets import EIGHT, generate_bars, generate_market

FAST = {"sma-cross": {"fast": "5", "slow": "12"}, "breakout": {"bars": "12"}}


def _setup(strategy: str, symbols: tuple[str, ...], seed: int, **market: bool) -> Setup:
    series = generate_market(symbols, 600, seed, gapped=market["gapped"], quoted=market["quoted"])
    risk = "default" if market.get("limited") else "reference"
    costs = Costs(commission_bp=Decimal("0.5"), slippage_points=1 if market["quoted"] else 0)
    return prepare(
        series, load_strategy(strategy), given={**FAST[strategy], "units": "1000"}, costs=costs,
        risk=risk,
    )  # fmt: skip


def assert_same_rows(left: Outcome, right: Outcome) -> None:
    """Compare column by column, so that a failure names the first row that differs."""
    swaps = [one.notes[one.notes["kind"] == SWAP] for one in (left, right)]
    pairs = (
        (left.orders, right.orders, ORDER_FIELDS),
        (left.fills, right.fills, (*FILL_FIELDS, "spread_cost", "slippage_cost")),
        (*swaps, SWAP_FIELDS),
        (left.equity, right.equity, ("ts", "balance", "equity", "margin")),
    )
    for ours, theirs, names in pairs:
        for name in names:
            np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name)


def assert_parity(setup: Setup) -> Run:
    """Run every driver and mode, compare them, and return the sweep's run."""
    swept, replayed = sweep(setup), replay(setup)
    wired = replay(setup, wire=True)
    for other in (replayed, wired):
        assert other.halted == ""
        assert_same_rows(swept.outcome, other.outcome)
        assert other.outcome.digest(setup) == swept.outcome.digest(setup)
    assert swept.outcome.keys_of_fills(setup) == replayed.outcome.keys_of_fills(setup)
    assert len(swept.outcome.equity) == swept.bars == replayed.bars
    return swept


@pytest.mark.parametrize("limited", [False, True], ids=["reference", "default"])
@pytest.mark.parametrize("gapped", [False, True], ids=["gapless", "gapped"])
@pytest.mark.parametrize("strategy", ["sma-cross", "breakout"])
@pytest.mark.parametrize(
    "symbols",
    [("EURUSD",), ("USDJPY",), ("XAUUSD",), ("EURGBP", "GBPUSD"), EIGHT],
    ids=lambda symbols: "+".join(symbols) if len(symbols) < 3 else "eight",
)
def test_sweep_equals_replay(
    symbols: tuple[str, ...], strategy: str, gapped: bool, limited: bool
) -> None:
    setup = _setup(strategy, symbols, 7, gapped=gapped, quoted=True, limited=limited)
    run = assert_parity(setup)
    assert len(run.outcome.orders) > 10
    assert len(run.outcome.fills) > (0 if limited else 10)


@pytest.mark.parametrize("seed", range(4))
def test_sweep_equals_replay_around_mid_prices(seed: int) -> None:
    setup = _setup("sma-cross", ("EURUSD", "USDJPY"), seed, gapped=bool(seed % 2), quoted=False)
    assert len(assert_parity(setup).outcome.fills) > 10


def test_another_seed_gives_another_digest() -> None:
    runs = [
        (setup, sweep(setup))
        for setup in (
            _setup("sma-cross", ("EURUSD",), seed, gapped=True, quoted=True) for seed in (1, 2)
        )
    ]
    digests = {run.outcome.digest(setup) for setup, run in runs}
    assert len(digests) == 2


def with_ticks(setup: Setup) -> np.ndarray:
    """Return four ticks (open, low, high, close) for each bar, then the bar marked as matched."""
    bars = setup.events()
    bars["flags"] |= MATCHED_ON_TICKS
    blocks = []
    for place, corner in enumerate(("open", "low", "high", "close"), 1):
        ticks = np.zeros(len(bars), EVENT)
        ticks["ts"] = bars["ts"] - (4 - place) * bars["seconds"].astype(np.int64) * 200_000_000
        for name in ("open", "high", "low", "close"):
            ticks[name], ticks[f"spread_{name}"] = bars[corner], bars[f"spread_{corner}"]
        ticks["instrument"], ticks["kind"] = bars["instrument"], TICK
        blocks.append(ticks)
    events = np.concatenate([*blocks, bars])
    return events[np.lexsort((events["instrument"], events["kind"], events["ts"]))]


def loop_over(setup: Setup, events: np.ndarray) -> Outcome:
    world = setup.world(len(events))
    assert setup.strategy.run(world.handle, events, 0, len(events)) == len(events)
    return Outcome.of_world(world)


def messages_of(setup: Setup, events: np.ndarray, *, wire: bool) -> Outcome:
    runner = build_topology(setup, IdSource(2).next).runner(wire=wire)
    collector = OutcomeCollector(setup)
    runner.push(start_message(int(events["ts"][0])))
    for message in feed_messages(setup, events):
        for answer in runner.push(message):
            assert not isinstance(answer, TradingHalted), answer
            collector.take(answer)
    return collector.outcome()


@pytest.mark.parametrize("strategy", ["sma-cross", "breakout"])
@pytest.mark.parametrize("symbols", [("EURUSD",), ("EURGBP", "GBPUSD", "USDJPY")])
def test_ticks_then_their_bar_trade_alike(strategy: str, symbols: tuple[str, ...]) -> None:
    setup = _setup(strategy, symbols, 3, gapped=True, quoted=True)
    events = with_ticks(setup)
    swept = loop_over(setup, events)
    assert len(swept.fills) > 5
    assert not swept.fills["modelled"].any()
    assert len(swept.equity) == (events["kind"] != TICK).sum()
    for wire in (False, True):
        told = messages_of(setup, events, wire=wire)
        assert_same_rows(swept, told)
        assert told.digest(setup) == swept.digest(setup)


@pytest.mark.parametrize("strategy", ["sma-cross", "breakout"])
def test_an_order_carries_the_answers_that_decided_it(strategy: str) -> None:
    setup = _setup(strategy, ("EURUSD", "USDJPY"), 7, gapped=True, quoted=True, limited=True)
    runner = build_topology(setup, IdSource(2).next).runner(wire=True)
    events = setup.events()
    told: list[OrderApproved | OrderDenied] = []
    runner.push(start_message(int(events["ts"][0])))
    for message in feed_messages(setup, events):
        told += [
            one for one in runner.push(message) if isinstance(one, OrderApproved | OrderDenied)
        ]
    assert {type(one) for one in told} == {OrderApproved, OrderDenied}
    for order in told:
        denials = [check.rule for check in order.checks if check.verdict == "denied"]
        assert denials[:1] == ([order.reason] if isinstance(order, OrderDenied) else [])
        assert len({check.rule for check in order.checks}) >= len(RULES)
    # The loop keeps the answers about each account's last order; they are those that were told.
    world = setup.world(len(events))
    assert setup.strategy.run(world.handle, events, 0, len(events)) == len(events)
    denied = int(world.order_log[world.counts[0] - 1]["denied"])
    assert tell_checks(world.checks[0].tolist(), denied) == told[-1].checks


def test_a_market_order_fills_at_the_next_ticks_own_side() -> None:
    series = generate_bars("EURUSD", 400, 5, gapped=True, quoted=True)
    given = {**FAST["sma-cross"], "units": "1000"}
    setup = prepare([series], load_strategy("sma-cross"), given=given, risk="reference",
                    costs=Costs(commission_bp=Decimal(0)))  # fmt: skip
    bars = prepare([series], load_strategy("breakout"), given={}, risk="reference").events()
    events = with_ticks(setup)
    fills = loop_over(setup, events).fills
    ticks = events[events["kind"] == TICK]
    assert len(bars) == len(ticks) // 4
    for fill in fills:
        first = ticks[np.searchsorted(ticks["ts"], fill["order_ts"], side="right")]
        asks = fill["quantity"] > 0
        assert fill["price"] == first["close"] + (first["spread_close"] if asks else 0)
        assert fill["ts"] == first["ts"]
