"""The regimes of a run of history, told in process as a running platform is told them beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from assay.apps.conditions.regimes import find_regimes, watch_regimes
from assay.apps.config import ConditionsConfig
from assay.apps.lab.feeds.events import TICK_BARS
from assay.apps.lab.runs.drivers import FEED, feed_messages
from assay.apps.lab.runs.setup import Setup
from assay.apps.paper.trader.producers import CONTROL, counter_of
from assay.kernel.records import BASE_BAR
from assay.market.series import BarSeries
from assay.model.errors import UsageError
from assay.model.messages import BarClosed, RegimeChanged
from assay.runtime.ids import COUNTER_BITS

BARS = 65_536
"""Bars that are classified at once: what is said of each is the same, to the bit, as one by one."""


class _Traded(NamedTuple):
    symbol: str
    digits: int
    timeframe: int


def with_regimes(setup: Setup, config: ConditionsConfig, home: Path | None) -> Setup:
    """Return the setup with the classifiers that its sizes follow; one that has none as it was.

    Those of symbols that are not traded are left out. Raises UsageError where they cannot be told
    as settings ask: a run that took every regime as unknown would be another than on paper.
    """
    if setup.acts is None or not setup.acts.regime_sizes:
        return setup
    if home is None:
        raise UsageError(
            "acts.regime_sizes follows classifiers that a home keeps, and none is named"
        )
    traded = _traded(setup)
    found = find_regimes(home, config, traded)
    if not (found.kept or found.faults):
        found.faults.append(f"none of {', '.join(config.regimes)} is of {', '.join(setup.symbols)}")
    if found.faults:
        raise UsageError(
            f"acts.regime_sizes follows regimes that cannot be told: {'; '.join(found.faults)}"
        )
    return replace(setup, regimes=found.kept)


def _traded(setup: Setup) -> list[_Traded]:
    lengths = [one.timeframe if isinstance(one, BarSeries) else TICK_BARS for one in setup.series]
    digits = [price.digits for price in setup.pricing]
    return [*map(_Traded, setup.symbols, digits, map(int, lengths))]


def tell_regimes(setup: Setup, events: np.ndarray) -> list[RegimeChanged]:
    """Return each change of regime in the order of time, as a trader would have recorded it.

    One that a bar brings is to be heard once every event of that moment is over, before the next.
    """
    watches = watch_regimes(setup.regimes, _traded(setup))
    closes = np.flatnonzero(events["kind"] == BASE_BAR)
    feed = _closed_bars(setup, events[closes])
    told: list[RegimeChanged] = []
    while bars := [*islice(feed, BARS)]:
        for watch in watches:
            told += watch.take(bars)
    told.sort(key=attrgetter("ts_event"))
    return [_sign(each, closes, number) for number, each in enumerate(told, 1)]


def _closed_bars(setup: Setup, events: np.ndarray) -> Iterator[BarClosed]:
    # No regime reads the flow of quotes, which only a model does.
    for message in feed_messages(replace(setup, forecaster=None), events):
        assert isinstance(message, BarClosed)
        yield message


def _sign(told: RegimeChanged, closes: np.ndarray, number: int) -> RegimeChanged:
    """Return a change under an id of its own, caused by the bar as the whole feed numbers it."""
    bar = int(closes[counter_of(told.cause) - 1]) + 1
    return msgspec.structs.replace(
        told, id=(CONTROL << COUNTER_BITS) | number, cause=(FEED << COUNTER_BITS) + bar
    )
