"""Ten million market events with orders at full speed: what stays in memory does not grow.

The replay driver trades with accounts, risk rules, ledger, reconciler and event log. One series
lasts as long as the budget allows, ten million events with 100 seconds for the test.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from assay.apps.config import AccountConfig, Config
from assay.apps.lab.runs.drivers import replay
from assay.apps.lab.runs.eventlog import EventLog
from assay.apps.lab.runs.setup import Costs, Setup, prepare
from assay.market.series import BarSeries, TickSeries
from assay.model.messages import Message
from assay.model.time import SECOND, Timeframe
from assay.trading.engine.loading import load_strategy
from tests.replay.markets import START, generate_bars

STRATEGIES = Path(__file__).parents[1] / "evaluate" / "orders"
MOST, LEAST = 10_000_000, 1_000_000
EVENTS_PER_SECOND = 100_000
WARM = 0.2
"""Of the events; after them nothing is new to the program."""
MEGABYTE = 1_000_000
GROWTH_MAX = 1.0
"""Megabytes per million events."""
NOISE = 4.0
"""Megabytes by which an allocator's figure trembles; they matter where few millions are run."""
CASH = Decimal(100_000_000)
"""What is lost to spreads in years of orders must not end the trading."""


def make_bars(count: int) -> BarSeries:
    """Return minutes that go through the same million again and again."""
    once = generate_bars("EURUSD", min(count, 1_000_000), 5, gapped=True, timeframe=Timeframe.M1)
    again = np.resize(np.arange(len(once)), count)
    prices = {name: getattr(once, name)[again] for name in ("open", "high", "low", "close")}
    return replace(
        once, ts_open=START + np.arange(count) * int(Timeframe.M1), fold=np.zeros(count, np.bool_),
        **prices,
    )  # fmt: skip


def make_ticks(count: int) -> TickSeries:
    """Return quotes a second apart that go through the closes of bars, with sizes."""
    bars = make_bars(count)
    rng = np.random.default_rng(7)
    size, times = rng.integers(1, 6, count).astype(np.float64), START + np.arange(count) * SECOND
    return TickSeries(
        symbol="EURUSD", source="generated", digits=bars.digits, ts=times,
        bid=bars.close, ask=bars.close + rng.integers(2, 15, count), fold=bars.fold,
        bid_size=size, ask_size=size[::-1].copy(),
    )  # fmt: skip


def setup_of(kind: str, count: int) -> Setup:
    series = make_bars(count) if kind == "bars" else make_ticks(count)
    every = "16" if kind == "bars" else "1"
    config = Config(account=AccountConfig(cash=CASH))
    return prepare(
        [series], load_strategy("waiting-orders", STRATEGIES),
        given={"units": "1000", "every": every}, risk="default", config=config,
        costs=Costs(slippage_points=1, depth_lots=Decimal("0.02"), size_lots=Decimal("0.01")),
    )  # fmt: skip


class Memory:
    """Note what is resident as events go by, beside a log that is written and cut again."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("wb")
        self._log, self._process = EventLog(self._file), psutil.Process()
        self.events, self.points = 0, list[tuple[int, float]]()
        self.messages = self.octets = 0

    def write(self, messages: list[Message]) -> None:
        """Write messages to the log."""
        self.messages += len(messages)
        self._log.write(messages)

    def look(self, events: int) -> None:
        """Note the memory after so many events more, and begin the log anew."""
        self.events += events
        self.points.append((self.events, self._process.memory_info().rss / MEGABYTE))
        self.octets += self._file.tell()
        self._file.seek(0)
        self._file.truncate()

    def close(self) -> None:
        """Close the log."""
        self._file.close()


def measure_growth(points: list[tuple[int, float]]) -> tuple[float, float]:
    """Return the megabytes that came after the warm-up, and the millions of events they took."""
    rows = np.array(points)
    warm = rows[rows[:, 0] >= WARM * rows[-1, 0]]
    tenth = max(len(warm) // 10, 1)
    begin, end = warm[:tenth].mean(axis=0), warm[-tenth:].mean(axis=0)
    return float(end[1] - begin[1]), float(end[0] - begin[0]) / 1e6


def draw(points: NDArray[np.float64], title: str, path: Path) -> None:
    """Save the curve of megabytes over millions of events."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.plot(points[:, 0] / 1e6, points[:, 1], color="#2456a6", linewidth=1.5)
    axes.set(
        title=title, xlabel="million events", ylabel="resident memory, MB",
        ylim=(0, 1.15 * points[:, 1].max()), xlim=(0, points[-1, 0] / 1e6),
    )  # fmt: skip
    axes.grid(alpha=0.3)
    octets = BytesIO()
    figure.savefig(octets, format="png", dpi=110)
    path.write_bytes(octets.getvalue())


@pytest.mark.parametrize("kind", ["bars", "ticks"])
def test_millions_of_events_take_no_more_memory(
    kind: str,
    tmp_path: Path,
    soak_seconds: float,
    soak_out: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    count = max(LEAST, min(MOST, int(soak_seconds * EVENTS_PER_SECOND)))
    setup, memory = setup_of(kind, count), Memory(tmp_path / "events.msgpack")
    run = replay(setup, memory.write, memory.look)
    memory.close()
    assert run.halted == ""
    grown, millions = measure_growth(memory.points)
    title = f"{memory.events:,} events ({kind})"
    told = (
        f"{title}, {len(run.outcome.orders):,} orders, "
        f"{len(run.outcome.fills):,} fills, {memory.messages:,} messages, "
        f"{memory.octets / MEGABYTE:,.0f} MB of log, {memory.events / run.seconds:,.0f} events/s, "
        f"{grown / millions:+.2f} MB a million events"
    )
    plot = soak_out / f"memory_{kind}.png"
    draw(np.array(memory.points), title, plot)
    every = memory.points[:: max(len(memory.points) // 20, 1)]
    with capsys.disabled():
        curve = "  ".join(f"{at / 1e6:.1f}:{size:.0f}" for at, size in every)
        sys.stdout.write(f"\n{told}\n  {curve}\n  {plot}\n")
    assert len(run.outcome.fills) > memory.events / 200
    assert grown < max(GROWTH_MAX * millions, NOISE), memory.points
