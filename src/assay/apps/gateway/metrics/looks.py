"""Outcomes that metrics tell are looks at a market: counted before they are told."""

from __future__ import annotations

from hashlib import sha256

from assay.apps.gateway.board.meter import Meter
from assay.books.trials import Trial, TrialLedger
from assay.model.errors import AssayError
from assay.model.time import DAY
from assay.runtime.environment import user_name
from assay.runtime.home import Home


class Looks:
    """Enter one look a model and day of the market, however often its figures are asked for."""

    def __init__(self, home: Home) -> None:
        self._ledger = TrialLedger(home)
        self._counted: dict[str, int] = {}

    def find_due(self, meter: Meter) -> list[Trial]:
        """Return the looks that have to be counted before the figures may be told."""
        due = []
        for model in dict.fromkeys(model for model, _ in meter.voices):
            known = {symbol: voice.known for (each, symbol), voice in meter.voices.items()
                     if each == model and voice.known}  # fmt: skip
            if not known:
                continue
            start = min(each[0].ts for each in known.values())
            end = (max(each[-1].ts for each in known.values()) // DAY + 1) * DAY
            if end > self._counted.get(model, 0):
                due.append(self._draft(model, tuple(sorted(known)), start, end))
        return due

    def _draft(self, model: str, symbols: tuple[str, ...], start: int, end: int) -> Trial:
        start = max(start, self._counted.get(model, start))
        return Trial(
            at=self._ledger.home.clock.now_ns(), kind="metrics", who=user_name(), symbols=symbols,
            start=start, end=end, strategy=model,
            parameters=sha256(model.encode()).hexdigest(), data=sha256(b"journal").hexdigest(),
        )  # fmt: skip

    def enter(self, due: list[Trial]) -> str:
        """Count looks; return in words why they could not be, empty where all were."""
        for trial in due:
            try:
                self._ledger.enter(trial)
            except AssayError as error:
                return str(error)
            self._counted[trial.strategy] = trial.end
        return ""
