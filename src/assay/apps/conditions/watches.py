"""All that is watched of one run, as one thing that takes messages and returns what to tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any

from assay.apps.conditions.regimes import SavedRegimes, choose_regimes
from assay.apps.config import ConditionsConfig
from assay.apps.paper.view.sheet import Past, PastBar, Sheet, Traded
from assay.model.messages import BarClosed, FeaturesReady, Message, Predicted
from assay.runtime.home import Home
from assay.signals.correlation import CorrelationWatch, Estimator
from assay.signals.drift import DriftWatch, read_reference


class Watches:
    """Watch regimes, correlations, and drift of whichever model serves.

    `drift_of` returns the watch of a model, None where it has no reference.
    """

    hears = ("BarClosed", "FeaturesReady", "Predicted")

    def __init__(
        self, regimes: Sequence[SavedRegimes], correlations: CorrelationWatch | None,
        drift_of: Callable[[str], DriftWatch | None],
    ) -> None:  # fmt: skip
        self._regimes, self._correlations, self._drift_of = regimes, correlations, drift_of
        self._drift: DriftWatch | None = None
        self._model = ""

    @classmethod
    def of_run(
        cls, home: Home, config: ConditionsConfig, sheet: Sheet
    ) -> tuple[Watches, dict[str, str]]:
        """Return what a run gives to watch, and by part why it gives nothing or less."""
        regimes, no_regimes = choose_regimes(home.path, config, sheet.traded)
        correlations, no_correlations = choose_correlations(config, sheet.traded)
        drift_of, no_drift = drift_from(home.path / "models"), ""
        if sheet.model is None:
            no_drift = "no model trades"
        elif drift_of(sheet.model) is None:
            no_drift = f"{sheet.model} was taught before references were kept; train it again"
        off = {"regimes": no_regimes, "correlations": no_correlations, "drift": no_drift}
        return cls(regimes, correlations, drift_of), {k: why for k, why in off.items() if why}

    def begin(self, past: Past) -> None:
        """Let correlations begin with the bars before the run; of those nothing is told."""
        together = self._correlations
        if together is None:
            return
        bars = [
            _closed(symbol, bar, together.timeframe)
            for symbol, bars in past.bars.items() if symbol in together.symbols
            for bar in bars
        ]  # fmt: skip
        together.take(sorted(bars, key=attrgetter("ts_event")))

    def take(self, messages: Sequence[Message]) -> list[Message]:
        """Take messages in the order of the journal; return what is to be told, in that of time."""
        told: list[Message] = []
        bars = [each for each in messages if type(each) is BarClosed]
        for regime in self._regimes:
            told += regime.take(bars)
        together = self._correlations
        if together is not None:
            told += together.take(
                [
                    bar for bar in bars
                    if bar.symbol in together.symbols and bar.timeframe == together.timeframe
                ]
            )  # fmt: skip
        for message in messages:
            told += self._follow_model(message)
        return sorted(told, key=lambda each: each.ts_event)

    def _follow_model(self, message: Message) -> Sequence[Message]:
        if type(message) is Predicted and message.model != self._model:
            self._model, self._drift = message.model, self._drift_of(message.model)
        if self._drift is None or not isinstance(message, BarClosed | FeaturesReady | Predicted):
            return ()
        return self._drift.take([message])

    def now(self) -> dict[str, Any]:
        """Return each part of what is known now."""
        return {
            "regimes": [each.now for each in self._regimes],
            "correlations": self._correlations.now if self._correlations else None,
            "drift": self._drift.now if self._drift else [],
        }


def _closed(symbol: str, bar: PastBar, timeframe: int) -> BarClosed:
    opened, first, high, low, close, spread = bar
    end = opened + timeframe
    return BarClosed(
        id=0, ts_event=end, ts_init=end, symbol=symbol, timeframe=timeframe, ts_open=opened,
        open=first, high=high, low=low, close=close, spread_open=spread, spread_high=spread,
        spread_low=spread, spread_close=spread,
    )  # fmt: skip


def choose_correlations(
    config: ConditionsConfig, traded: Sequence[Traded]
) -> tuple[CorrelationWatch | None, str]:
    """Return a watch of the symbols that trade bars of the most common length, or why none."""
    lengths = [each.timeframe for each in traded]
    if not lengths or max(map(lengths.count, lengths)) < 2:
        return None, "correlations need two symbols with bars of one length"
    length = max(sorted(set(lengths)), key=lengths.count)
    digits = {each.symbol: each.digits for each in traded if each.timeframe == length}
    return CorrelationWatch(digits, length, Estimator(window=config.window)), ""


def drift_from(models: Path) -> Callable[[str], DriftWatch | None]:
    """Return what makes the watch of a model of a folder."""

    def begin(model: str) -> DriftWatch | None:
        reference = read_reference(models / model)
        return DriftWatch(reference) if reference else None

    return begin
