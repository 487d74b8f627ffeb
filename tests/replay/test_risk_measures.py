"""Value at risk while trading: measured from what is held, limiting, the same after a crash."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from assay.apps.config import Config, RiskConfig
from assay.apps.lab.runs.drivers import feed_messages, start_message, sweep
from assay.apps.lab.runs.setup import Setup, prepare
from assay.apps.topology import Topology, build_topology
from assay.model.errors import DataError, UsageError
from assay.model.messages import (
    BarClosed,
    Message,
    OrderDenied,
    OrderSubmitted,
    RiskMeasured,
    encode_message,
)
from assay.runtime.ids import IdSource
from assay.trading.engine.loading import load_strategy
from assay.trading.risk.measures import Terms
from tests.replay.markets import generate_market
from tests.sim.crashing import Fuse, Place

SYMBOLS = ("EURUSD", "EURGBP", "GBPUSD")
WINDOW = 120


def make_setup(method: str = "historical", **limits: str) -> Setup:
    series = generate_market(SYMBOLS, 300, 5, gapped=False, quoted=True)
    risk = RiskConfig(limits=limits, measure=method, measure_window=WINDOW)  # type: ignore[arg-type]
    return prepare(
        series, load_strategy("sma-cross"), given={"fast": "5", "slow": "12", "units": "50000"},
        risk="reference", config=Config(risk=risk),
    )  # fmt: skip


@pytest.fixture(scope="module")
def setup() -> Setup:
    return make_setup(var_max_bp="4", shortfall_max_bp="5")


def run(setup: Setup, *, wire: bool = False) -> tuple[Topology, list[Message]]:
    topology = build_topology(setup, IdSource(2).next)
    runner, events = topology.runner(wire=wire), setup.events()
    told = runner.push(start_message(int(events["ts"][0])))
    for message in feed_messages(setup, events):
        told += runner.push(message)
    return topology, told


@pytest.mark.parametrize("method", ["historical", "parametric", "cornish-fisher"])
def test_what_is_told_is_what_the_positions_would_have_lost(method: str) -> None:
    setup = make_setup(method)
    topology, told = run(setup)
    measured = [each for each in told if isinstance(each, RiskMeasured)]
    assert len(measured) == 300 - WINDOW
    bars = [each for each in told if isinstance(each, BarClosed)]
    closes = np.array([[b.close for b in bars if b.symbol == symbol] for symbol in SYMBOLS]).T
    returns = closes[-WINDOW:] / closes[-WINDOW - 1 : -1] - 1
    units = topology.desk.world.positions[0]["quantity"].astype(float)
    assert np.count_nonzero(units) >= 2
    eurusd, eurgbp, gbpusd = closes[-1] / 100_000
    # In cents: EURGBP is priced in pounds, which GBPUSD turns into dollars.
    worth = units * np.array([eurusd, eurgbp * gbpusd, gbpusd]) * 100
    losses = np.sort(-(returns @ worth))[::-1]
    last = measured[-1]
    assert last.returns == WINDOW
    if method == "historical":
        assert last.value_at_risk == round(losses[1])
        assert last.shortfall == round((losses[0] + 0.2 * losses[1]) / 1.2)
    assert 0.5 * losses[1] < last.value_at_risk < 2 * losses[1]
    assert last.shortfall > last.value_at_risk


def test_new_risk_waits_for_a_measure_and_for_room(setup: Setup, wire: bool) -> None:
    _, told = run(setup, wire=wire)
    first = next(at for at, each in enumerate(told) if isinstance(each, RiskMeasured))
    assert not [each for each in told[:first] if isinstance(each, OrderSubmitted)]
    denials = [
        [each.reason for each in part if isinstance(each, OrderDenied)]
        for part in (told[:first], told[first:])
    ]
    assert set(denials[0]) == {"value_at_risk"}
    assert set(denials[1]) & {"value_at_risk", "expected_shortfall"}
    assert any(isinstance(each, OrderSubmitted) for each in told[first:])
    _, again = run(setup)
    assert [encode_message(each) for each in again] == [encode_message(each) for each in told]


def test_a_crash_changes_no_measure(setup: Setup, tmp_path: Path) -> None:
    whole, broken = (Place(setup, tmp_path / f"{name}.jsonl") for name in ("whole", "broken"))
    events = setup.events()
    for place, stops in ((whole, [len(events)]), (broken, [401, 500, 731, len(events)])):
        for stop in stops:
            left = place.live(
                Fuse(),
                lambda trader, stop=stop: trader.run(  # type: ignore[misc]
                    feed_messages(setup, events[:stop], trader.next)
                ),
            )
            assert left is not None
        if place is broken:
            place.log.snapshots.clear()
            assert place.live(Fuse(), lambda _: None) is not None
    assert broken.messages() == whole.messages()
    assert any(isinstance(each, RiskMeasured) for each in whole.log.messages)


def test_a_meter_goes_on_from_its_state_and_refuses_another(setup: Setup) -> None:
    topology, _ = run(setup)
    assert topology.meter is not None
    state = topology.meter.snapshot()
    fresh = build_topology(setup, IdSource(2).next).meter
    assert fresh is not None
    fresh.restore(state)
    assert fresh.snapshot() == state
    one = prepare(
        setup.series[:1],
        setup.strategy,
        given={},
        config=Config(risk=RiskConfig(measure="parametric")),
    )
    alone = build_topology(one, IdSource(2).next).meter
    assert alone is not None
    with pytest.raises(DataError, match="knows 3 instruments, not 1"):
        alone.restore(state)


def test_the_sweep_refuses_what_it_does_not_measure(setup: Setup) -> None:
    with pytest.raises(UsageError, match="use --driver replay"):
        sweep(setup)


def test_a_limit_on_what_nobody_tells_is_refused(tmp_path: Path) -> None:
    bare = make_setup("")
    assert bare.measures is None
    place = Place(bare, tmp_path / "book.jsonl")
    trader = place.live(Fuse(), lambda _: None)
    assert trader is not None
    with pytest.raises(UsageError, match="does not measure value at risk"):
        trader.change_limits({"var_max_bp": "100"}, "odd", "rini")
    with pytest.raises(UsageError, match="knows of no releases"):
        trader.change_limits({"news_after": "30m"}, "odd", "rini")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"method": "guess"}, "method 'guess' is unknown"),
        ({"window": 99}, "least 250 and window 99"),
        ({"least": 99}, "least 99 and window 500"),
        ({"confidence": 99}, "confidence 99 is outside"),
    ],
)
def test_terms_that_make_no_sense_are_refused(given: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        msgspec.convert(given, Terms)
