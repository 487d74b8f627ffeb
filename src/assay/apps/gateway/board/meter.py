"""What models said and what came of it, taken message by message, for whoever measures."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from dataclasses import dataclass, field

import numpy as np

from assay.apps.gateway.board.explaining import CERTAIN, outcome_of
from assay.apps.gateway.board.sourcemeter import SOURCE_KINDS, SourceMeter
from assay.model.messages import (
    BarClosed,
    DecisionMade,
    Message,
    PatternsJudged,
    Predicted,
    ShadowPredicted,
)
from assay.signals.calibration.scoring import score_probabilities

METER_KINDS = (
    "BarClosed", "DecisionMade", "PatternsJudged", "Predicted", "ShadowPredicted",
    *SOURCE_KINDS,
)  # fmt: skip
KEPT = 1_000
"""Last forecasts of a model and symbol that figures are of."""
MODELS_MOST = 8
"""Models that are told of: of more, the one longest unheard is left out."""
BARS_KEPT = 4_096
WARMING = "warming"


@dataclass(frozen=True, slots=True)
class Resolved:
    """Hold a forecast whose outcome is known: the close of its bar (ns UTC), p of up, and up."""

    ts: int
    p: float
    up: bool


@dataclass(slots=True)
class Voice:
    """Hold what a model says of one symbol; `pending` are bar number, mid, close and p."""

    state: str = ""
    evidence: int = 0
    said: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))
    known: deque[Resolved] = field(default_factory=lambda: deque(maxlen=KEPT))
    pending: deque[tuple[int, int, int, float]] = field(default_factory=deque)

    def resolve(self, number: int, mid: int) -> None:
        """Take the bar of a number, with twice its mid."""
        while self.pending and self.pending[0][0] <= number:
            _, entry, ts, p = self.pending.popleft()
            self.known.append(Resolved(ts, p, mid > entry))

    def confidence(self, levels: tuple[float, ...]) -> list[float]:
        """Return quantiles of the probability of the likelier side; nothing where none was said."""
        if not self.said:
            return []
        p = np.array(self.said)
        found: list[float] = np.quantile(np.maximum(p, 1 - p), levels).tolist()
        return found

    def score(self) -> dict[str, float]:
        """Return the figures of known outcomes: those of the direction, without costs."""
        if not self.known:
            return {}
        p = np.array([each.p for each in self.known])
        up = np.array([each.up for each in self.known])
        scores = score_probabilities(p, up)
        assert scores.brier is not None
        assert scores.log_loss is not None
        assert scores.ece is not None
        return {
            "accuracy": float(((p >= 0.5) == up).mean()), "brier": scores.brier,
            "log_loss": scores.log_loss, "calibration_error": scores.ece,
        }  # fmt: skip


@dataclass(slots=True)
class _Market:
    count: int = 0
    bars: OrderedDict[int, tuple[int, int]] = field(default_factory=OrderedDict)


class Meter:
    """Follow what is measured: counters since this process began, figures of the last forecasts.

    A forecast is held to the direction of the mid a horizon of bars later, as evaluation is, and
    counts only where it was made before that.
    """

    def __init__(self) -> None:
        self.forecasts: Counter[tuple[str, str, str]] = Counter()
        self.decisions: Counter[tuple[str, str, str]] = Counter()
        self.patterns: Counter[tuple[str, str]] = Counter()
        self.place = 0
        self.voices: OrderedDict[tuple[str, str], Voice] = OrderedDict()
        self.serving: dict[str, str] = {}
        self.challenging: dict[str, str] = {}
        self.sources = SourceMeter()
        self._markets: dict[str, _Market] = {}

    def renewed(self) -> Meter:
        """Return a meter with these counters, whose figures a journal read anew will tell."""
        fresh = Meter()
        fresh.place, fresh.forecasts = self.place, self.forecasts.copy()
        fresh.decisions, fresh.patterns = self.decisions.copy(), self.patterns.copy()
        fresh.sources = self.sources.renewed()
        return fresh

    def apply(self, place: int, message: Message, *, is_counted: bool = True) -> None:
        """Take the message at a place of the journal; counters take each place once."""
        is_counted = is_counted and place > self.place
        self.place = max(self.place, place)
        self.sources.apply(message, is_counted=is_counted)
        if isinstance(message, BarClosed):
            self._close(message)
        elif isinstance(message, Predicted | ShadowPredicted):
            self._hear(message)
            if is_counted:
                self.forecasts[message.model, message.symbol, message.state] += 1
        elif isinstance(message, DecisionMade) and is_counted:
            model = self.serving.get(message.symbol, "")
            self.decisions[model, message.symbol, outcome_of(message, None)] += 1
        elif isinstance(message, PatternsJudged) and is_counted:
            for each in message.patterns:
                self.patterns[message.symbol, each.verdict] += 1

    def _close(self, bar: BarClosed) -> None:
        market = self._markets.setdefault(bar.symbol, _Market())
        market.count += 1
        mid = 2 * bar.close + bar.spread_close
        market.bars[bar.ts_event] = (market.count, mid)
        if len(market.bars) > BARS_KEPT:
            market.bars.popitem(last=False)
        for (_, symbol), voice in self.voices.items():
            if symbol == bar.symbol:
                voice.resolve(market.count, mid)

    def _hear(self, told: Predicted | ShadowPredicted) -> None:
        voice = self._voice(told.model, told.symbol)
        role = self.serving if isinstance(told, Predicted) else self.challenging
        role[told.symbol] = told.model
        voice.state, voice.evidence = told.state, told.evidence
        market = self._markets.get(told.symbol)
        if told.state == WARMING or market is None:
            return
        p = told.p_up / CERTAIN
        voice.said.append(p)
        number, mid = market.bars.get(told.ts_event, (0, 0))
        # Whoever speaks once the outcome is known foretells nothing.
        if number and number + told.horizon > market.count:
            voice.pending.append((number + told.horizon, mid, told.ts_event, p))

    def _voice(self, model: str, symbol: str) -> Voice:
        key = (model, symbol)
        voice = self.voices.setdefault(key, Voice())
        self.voices.move_to_end(key)
        models = list(dict.fromkeys(each for each, _ in reversed(self.voices)))
        for old in models[MODELS_MOST:]:
            for counted in (self.voices, self.forecasts, self.decisions):
                for each in [each for each in counted if each[0] == old]:
                    del counted[each]
        return voice
