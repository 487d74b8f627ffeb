"""Measures held against the losses that came: a true one passes, one that is too small does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assay.apps.lab.accounts.valueatrisk import judge_measures, judge_run
from assay.apps.lab.runs.eventlog import EventLog
from assay.model.errors import DataError, UsageError
from assay.model.messages import EquityMarked, Message, RiskMeasured
from assay.runtime.ids import seeded_generator

DRAWS = 499


def mark(ts: int, equity: int, account: str) -> EquityMarked:
    return EquityMarked(
        id=1, ts_event=ts, ts_init=ts, account=account, balance=0, equity=equity, margin=0
    )


def measure(ts: int, value: int, account: str, confidence: int) -> RiskMeasured:
    return RiskMeasured(
        id=1, ts_event=ts, ts_init=ts, account=account, method="historical", confidence=confidence,
        value_at_risk=value, shortfall=value * 5 // 4, returns=500,
    )  # fmt: skip


def story(
    share: float = 1.0, count: int = 1_000, account: str = "paper", confidence: int = 9_500
) -> list[Message]:
    """Return marks of normal days with their 95 % value at risk times a share; each fifth flat."""
    moves, equity, told = seeded_generator(4).normal(0, 1_000, count), 10_000_000, list[Message]()
    for day, move in enumerate(moves):
        told.append(mark(day, equity, account))
        is_flat = day % 5 == 4
        told.append(measure(day, 0 if is_flat else round(1_645 * share), account, confidence))
        # A flat day cannot lose: the equity that it shows next counts for nobody.
        equity += -90_000 if is_flat else round(move)
    return told


def test_a_true_measure_keeps_its_word_and_flat_days_do_not_count() -> None:
    found = judge_measures(story(), DRAWS)
    assert (found["measures"], found["expected"]) == (800, pytest.approx(40))
    losses = -seeded_generator(4).normal(0, 1_000, 1_000)[:-1]
    held = np.arange(999) % 5 != 4
    assert found["breaches"] == int((np.round(losses[held]) > 1_645).sum())
    assert not found["failed"]
    assert 0.8 < found["shortfall_over_told"] < 1.2


def test_a_measure_that_is_too_small_is_found_out() -> None:
    found = judge_measures(story(share=0.6), DRAWS)
    assert "proportion" in found["failed"]
    assert found["tests"]["proportion"]["p_value"] < 0.01
    assert found["kept"] < 0.9


def test_the_newest_account_and_confidence_are_judged() -> None:
    later = story(count=200, account="paper-2", confidence=9_900) + story(
        count=100, account="paper-2", confidence=9_500
    )
    found = judge_measures(story() + later, DRAWS)
    assert (found["account"], found["confidence"], found["measures"]) == ("paper-2", 0.95, 80)


def test_a_run_is_read_from_its_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--driver replay"):
        judge_run(tmp_path, DRAWS)
    with (tmp_path / "events.msgpack").open("wb") as file:
        EventLog(file).write(story())
    assert judge_run(tmp_path, DRAWS)["measures"] == 800


def test_too_few_measures_are_refused_with_the_remedy() -> None:
    with pytest.raises(DataError, match="measure = "):
        judge_measures(story(count=10), DRAWS)
    with pytest.raises(DataError, match="0 measures"):
        judge_measures([], DRAWS)
