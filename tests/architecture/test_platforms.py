"""Two platforms live in one process, three times over, and never notice each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from assay.apps.lab.runs.drivers import feed_messages, start_message
from assay.apps.lab.runs.setup import Setup, prepare
from assay.apps.topology import build_topology
from assay.market.sources.parquet import read_parquet
from assay.model.messages import Message, OrderFilled, encode_message
from assay.runtime.ids import IdSource
from assay.trading.engine.loading import load_strategy

BARS = 1_200
STEM = "eurusd_h1_sample_20170101_20171229"
PARAMETERS = ({"fast": "5", "slow": "20"}, {"fast": "10", "slow": "30"})


@pytest.fixture(scope="module")
def hours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    whole = files("assay.market.history") / "sample" / f"{STEM}.parquet"
    path = tmp_path_factory.mktemp("platforms") / f"{STEM}.parquet"
    pq.write_table(pq.read_table(whole).slice(0, BARS), path)
    return path


def _prepare(path: Path, params: dict[str, str]) -> Setup:
    return prepare([read_parquet(path)], load_strategy("sma-cross"), given=params)


def _steps(setup: Setup, wire: bool) -> Iterator[list[Message]]:
    """Yield what each market message leads to, one step at a time."""
    runner = build_topology(setup, IdSource(2).next).runner(wire=wire)
    events = setup.events()
    yield runner.push(start_message(int(events["ts"][0])))
    for message in feed_messages(setup, events):
        yield runner.push(message)


def _journal(steps: Iterator[list[Message]]) -> bytes:
    return b"".join(encode_message(message) for step in steps for message in step)


def _interleave(make: Callable[[int], Iterator[list[Message]]]) -> list[bytes]:
    """Step two platforms in turn and return the journal of each."""
    journals = [b"", b""]
    for pair in zip(make(0), make(1), strict=True):
        for index, step in enumerate(pair):
            journals[index] += b"".join(map(encode_message, step))
    return journals


def test_two_platforms_in_turn_equal_each_alone(hours: Path, wire: bool) -> None:
    setups = [_prepare(hours, params) for params in PARAMETERS]
    alone = [_journal(_steps(setup, wire)) for setup in setups]
    assert alone[0] != alone[1]
    for _ in range(3):
        assert _interleave(lambda index: _steps(setups[index], wire)) == alone


def test_the_platforms_of_this_test_trade(hours: Path, wire: bool) -> None:
    for params in PARAMETERS:
        steps = _steps(_prepare(hours, params), wire)
        fills = [m for step in steps for m in step if isinstance(m, OrderFilled)]
        assert len(fills) > 10


def test_wire_mode_changes_nothing(hours: Path) -> None:
    setup = _prepare(hours, PARAMETERS[0])
    assert _journal(_steps(setup, wire=True)) == _journal(_steps(setup, wire=False))
