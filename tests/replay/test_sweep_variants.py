"""A variant of a sweep trades as the replay driver does, whatever its core ran before it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from assay.apps.lab.runs.drivers import replay
from assay.apps.lab.runs.outcome import summarise
from assay.apps.lab.runs.setup import Costs, Setup, prepare
from assay.apps.lab.sweeps.course import Course, Runner, measure_variants
from assay.market.series import TickSeries
from assay.model.errors import UsageError
from assay.model.time import DAY, SECOND
from assay.runtime.ids import seeded_generator
from assay.trading.engine.loading import load_strategy
from tests.replay.markets import START, generate_market

VARIANTS = {
    "sma-cross": [
        {"fast": fast, "slow": slow, "units": 1_000} for fast, slow in ((3, 9), (20, 80), (5, 12))
    ],
    "breakout": [
        {"bars": bars, "stop_percent": 40, "target_percent": 90, "units": 1_000}
        for bars in (48, 6, 12)
    ],
}  # fmt: skip


def setup_of(strategy: str, symbols: tuple[str, ...] = ("EURUSD", "USDJPY")) -> Setup:
    series = generate_market(symbols, 500, 11, gapped=True, quoted=True)
    costs = Costs(commission_bp=Decimal("0.5"), slippage_points=1)
    return prepare(series, load_strategy(strategy), given={}, costs=costs, risk="default")


@pytest.mark.parametrize("strategy", VARIANTS)
def test_every_variant_has_the_digest_and_figures_of_the_replay(strategy: str) -> None:
    setup = setup_of(strategy)
    course, variants = Course.of(setup), VARIANTS[strategy]
    runner, measured = Runner(course), measure_variants(course, variants, 2)
    for variant, found in zip(variants, measured, strict=True):
        one = replace(setup, params=variant)
        run = replay(one)
        told = summarise(run.outcome, one, bars=run.bars, seconds=1.0)
        assert runner.run(variant).digest(one) == told["digest"]
        assert (found.fills, found.denied, found.orders) == (
            told["fills"], told["denied"], told["orders"],
        )  # fmt: skip
        assert found.net == round(told["net_profit"] * 100)
        assert (found.sharpe, found.drawdown) == (told["sharpe"], told["max_drawdown"])
    assert len({found.fills for found in measured}) > 1


def test_a_variant_on_ticks_has_the_digest_of_the_replay() -> None:
    generator = seeded_generator(5)
    count = 4_000
    bid = 113_000 + np.cumsum(generator.integers(-9, 10, count))
    ticks = TickSeries(
        symbol="EURUSD", side="quote", source="generated", digits=5,
        ts=START + np.cumsum(generator.integers(1, 9 * SECOND, count)), bid=bid,
        ask=bid + generator.integers(1, 12, count), fold=np.zeros(count, np.bool_),
    )  # fmt: skip
    setup = prepare([ticks], load_strategy("sma-cross"), given={}, risk="reference")
    runner = Runner(Course.of(setup))
    for variant in VARIANTS["sma-cross"]:
        one = replace(setup, params=variant)
        assert runner.run(variant).digest(one) == replay(one).outcome.digest(one)


def test_a_strategy_in_plain_python_is_refused(tmp_path: Path) -> None:
    source = "PARAMETERS = {'units': 1}\n\n\ndef memory_words(params):\n    return 1\n\n\n"
    source += "def decide(memory, event, position, params, intent):\n    pass\n"
    (tmp_path / "still.py").write_text(source)
    series = generate_market(("EURUSD",), 50, 1, gapped=False, quoted=False)
    setup = prepare(series, load_strategy("still", tmp_path), given={})
    with pytest.raises(UsageError, match="plain Python"):
        Course.of(setup)


def test_a_course_that_is_cut_has_the_events_of_its_span_alone() -> None:
    course = Course.of(setup_of("sma-cross"))
    start = int(course.events["ts"][0]) + 3 * DAY
    part = course.cut(start, start + 5 * DAY)
    times = part.events["ts"]
    assert (times > start).all()
    assert (times <= start + 5 * DAY).all()
    assert len(part.events) == int(
        ((course.events["ts"] > start) & (course.events["ts"] <= start + 5 * DAY)).sum()
    )
    rest = [course.cut(0, start), course.cut(start + 5 * DAY, 2**62)]
    assert sum(len(one.events) for one in rest) + len(part.events) == len(course.events)
    assert np.array_equal(part.times, np.unique(part.times))
