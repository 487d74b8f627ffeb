"""Whether the value at risk that a run was told kept its word, by the run's own losses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from assay.apps.lab.accounts.portfolio import EVENTS
from assay.apps.lab.runs.eventlog import read_event_log
from assay.model.errors import DataError, UsageError
from assay.model.messages import EquityMarked, Message, RiskMeasured, tag_of
from assay.model.time import format_time
from assay.runtime.ids import seeded_generator
from assay.trading.risk.measures.backtests import LEAST_DAYS, backtest_measure

HEARD = (tag_of(EquityMarked), tag_of(RiskMeasured))
"""What tells of measures and of what came, by the tags of the journal."""
CERTAIN = 10_000
REJECTS_BELOW = 0.05
"""The p-value under which a measure is said not to keep its word."""


@dataclass(slots=True)
class MeasureRecord:
    """Pair each measure of an account with what it lost until the next; money is minor units.

    Where nothing was held, nothing could be lost and nothing is paired. Another method or
    confidence begins anew.
    """

    account: str
    told: RiskMeasured | None = None
    losses: list[int] = field(default_factory=list)
    values: list[int] = field(default_factory=list)
    shortfalls: list[int] = field(default_factory=list)
    _equity: int = 0
    _before: int = 0

    def take(self, message: Message) -> None:
        """Take in the account's worth, or what was measured at it."""
        if isinstance(message, EquityMarked) and message.account == self.account:
            self._equity = message.equity
        elif isinstance(message, RiskMeasured) and message.account == self.account:
            self._pair(message)

    def _pair(self, now: RiskMeasured) -> None:
        last = self.told
        if last is None or (last.method, last.confidence) != (now.method, now.confidence):
            self.losses, self.values, self.shortfalls = [], [], []
        elif last.value_at_risk > 0:
            self.losses.append(self._before - self._equity)
            self.values.append(last.value_at_risk)
            self.shortfalls.append(last.shortfall)
        self.told, self._before = now, self._equity


def judge_run(folder: Path, draws: int) -> dict[str, Any]:
    """Return how the measures of a replayed run did; raise UsageError without its messages."""
    path = folder / EVENTS
    if not path.is_file():
        raise UsageError(f"{folder} holds no {EVENTS}; run the backtest by --driver replay --out")
    return {"run": str(folder), **judge_measures(read_event_log(path), draws)}


def judge_measures(messages: Iterable[Message], draws: int) -> dict[str, Any]:
    """Return how the measures of the newest account among messages did.

    Raises DataError where too few were told while something was held.
    """
    found: MeasureRecord | None = None
    for message in messages:
        account = getattr(message, "account", "")
        if account and (found is None or account != found.account):
            found = MeasureRecord(account)
        if found is not None:
            found.take(message)
    pairs = len(found.losses) if found else 0
    if found is None or found.told is None or pairs < LEAST_DAYS:
        raise DataError(
            f"{pairs} measures were told while something was held, and {LEAST_DAYS} are the least; "
            'set [risk] measure = "historical" in config.toml and trade on'
        )
    return _tell(found, found.told, draws)


def _tell(record: MeasureRecord, last: RiskMeasured, draws: int) -> dict[str, Any]:
    losses, values = np.array(record.losses, float), np.array(record.values, float)
    confidence = last.confidence / CERTAIN
    tested = backtest_measure(losses, values, confidence, seeded_generator(1), draws)
    breached = losses > values
    mean_told = float(np.array(record.shortfalls)[breached].mean()) if breached.any() else None
    mean_lost = float(losses[breached].mean()) if breached.any() else None
    tests = {name: getattr(tested, name) for name in ("proportion", "independence", "coverage")}
    failed = [name for name, test in tests.items() if test.p_value < REJECTS_BELOW]
    return {
        "account": record.account, "method": last.method, "confidence": confidence,
        "until": format_time(last.ts_event), "measures": tested.days, "breaches": tested.breaches,
        "expected": tested.expected, "kept": 1 - tested.breaches / tested.days,
        "tests": {
            name: {"ratio": test.ratio, "p_value": test.p_value} for name, test in tests.items()
        },
        "shortfall_over_told": mean_lost / mean_told if mean_lost and mean_told else None,
        "failed": failed,
    }  # fmt: skip
