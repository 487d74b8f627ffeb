"""Every module of a topology keeps the same promises: what it hears, says, and goes on from."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest

from assay.apps.config import ActsConfig, Config, RiskConfig
from assay.apps.lab.runs.drivers import feed_messages, start_message
from assay.apps.lab.runs.setup import Setup, prepare
from assay.apps.topology import Topology, build_topology
from assay.model.messages import Message, encode_message, message_types
from assay.runtime.ids import IdSource
from assay.runtime.runners import InlineRunner, RoutedModule
from assay.trading.engine.loading import load_strategy
from tests.replay.markets import generate_market

MODULES = ("sets", "desk", "warden", "ledger", "reconciler", "meter")
EACH = pytest.mark.parametrize("name", MODULES)


class Handled:
    """Show a runner a module's `handle` alone, and note what goes in and out."""

    def __init__(self, module: Any) -> None:
        self.module, self.consumes, self.publishes = module, module.consumes, module.publishes
        self.heard: list[Message] = []
        self.said: list[Message] = []

    def handle(self, message: Message) -> Iterable[Message]:
        answers = list(self.module.handle(message))
        self.heard.append(message)
        self.said += answers
        return answers


@pytest.fixture(scope="module")
def setup() -> Setup:
    series = generate_market(("EURGBP", "GBPUSD"), 200, 3, gapped=True, quoted=True)
    given = {"fast": "5", "slow": "12", "units": "1000"}
    measured = Config(
        risk=RiskConfig(measure="historical", measure_window=100),
        acts=ActsConfig(volatility_stop=Decimal(1)),
    )
    return prepare(
        series, load_strategy("sma-cross"), given=given, risk="reference", config=measured
    )


@pytest.fixture(scope="module")
def inputs(setup: Setup) -> list[Message]:
    events = setup.events()
    return [start_message(int(events["ts"][0])), *feed_messages(setup, events)]


def run(runner: InlineRunner, inputs: list[Message]) -> list[bytes]:
    return [encode_message(each) for message in inputs for each in runner.push(message)]


def modules_of(topology: Topology) -> list[Any]:
    return [getattr(topology, name) for name in MODULES]


def test_the_modules_are_all_there(setup: Setup) -> None:
    topology = build_topology(setup, IdSource(2).next)
    with_a_model = {"features", "predictor"}
    assert {*MODULES, *with_a_model} == set(Topology.__dataclass_fields__)
    assert all(modules_of(topology))


@EACH
def test_it_hears_and_says_only_what_it_declares(
    name: str, setup: Setup, inputs: list[Message], wire: bool
) -> None:
    modules = [Handled(each) for each in modules_of(build_topology(setup, IdSource(2).next))]
    run(InlineRunner(modules, wire=wire), inputs)
    module = modules[MODULES.index(name)]
    known = set(message_types().values())
    assert set(module.consumes) <= known
    assert set(module.publishes) <= known
    assert {type(each) for each in module.heard} <= set(module.consumes)
    assert {type(each) for each in module.said} <= set(module.publishes)
    assert module.heard
    assert module.said or name == "reconciler"


def test_a_route_answers_what_handle_answers(setup: Setup, inputs: list[Message]) -> None:
    routed = build_topology(setup, IdSource(2).next)
    assert any(isinstance(each, RoutedModule) for each in modules_of(routed))
    plain = [Handled(each) for each in modules_of(build_topology(setup, IdSource(2).next))]
    assert run(routed.runner(), inputs) == run(InlineRunner(plain), inputs)


@EACH
def test_a_snapshot_is_taken_up_whole(name: str, setup: Setup, inputs: list[Message]) -> None:
    topology = build_topology(setup, IdSource(2).next)
    runner, fresh = topology.runner(), getattr(build_topology(setup, IdSource(2).next), name)
    run(runner, inputs[:120])
    state = getattr(topology, name).snapshot()
    assert fresh.snapshot() != state or name == "reconciler"
    fresh.restore(state)
    assert fresh.snapshot() == state
    run(runner, inputs[120:])
    assert fresh.snapshot() == state
