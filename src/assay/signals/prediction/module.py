"""The predictor as a module: features in, a calibrated forecast out, one a bar."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import msgspec
import numpy as np

from assay.kernel.records import FORECAST, FORECAST_STATES, WARMING
from assay.model.errors import DataError, InvariantError
from assay.model.messages import BarClosed, FeaturesReady, Message, ModelPromoted, Predicted
from assay.signals.features import Described, read_values
from assay.signals.features.values import LITTLE_ENDIAN, pack_values
from assay.signals.guard import Guard
from assay.signals.models.ports import Float32s
from assay.signals.prediction.forecaster import Forecaster, Shown, forecast_guarded
from assay.signals.prediction.layers import describe_layers
from assay.signals.prediction.polling import Poll, recall_poll


class Remembered(msgspec.Struct, frozen=True):
    """Hold what a restart needs of each symbol: its last close and spread, rows and guard's state.

    Rows are those of the settled bars that the model will read again, none where it reads one bar.
    `model` is whose state it is, empty where that was not kept yet.
    """

    closes: dict[str, tuple[int, int]]
    rows: dict[str, tuple[bytes, ...]]
    guards: dict[str, bytes]
    model: str = ""


@dataclass(slots=True)
class Predictor:
    """Answer every `FeaturesReady` of its symbols with what the model expects.

    `guards` have followed the bars before the first; a symbol that is not named begins afresh. A
    `successor` that has seen the same bars forecasts from its promotion on.
    """

    forecaster: Forecaster
    symbols: Sequence[str]
    next_id: Callable[[], int]
    name: str = "predictor"
    consumes: tuple[type[Message], ...] = (BarClosed, FeaturesReady, ModelPromoted)
    publishes: tuple[type[Message], ...] = (Predicted,)
    guards: dict[str, Guard] = field(default_factory=dict)
    successor: Self | None = None
    _closes: dict[str, tuple[int, int]] = field(init=False, default_factory=dict)
    _rows: dict[str, tuple[bytes, ...]] = field(init=False, default_factory=dict)
    _recalled: dict[tuple[str, int], Poll] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        fresh = {symbol: self.forecaster.artifact.guard() for symbol in self.symbols}
        self.guards = fresh | self.guards

    def load(self, symbol: str, past: Described) -> None:
        """Keep what the model reads of the bars before a symbol's first live one."""
        for row, settled in zip(past.values, past.settled, strict=True):
            self._remember(symbol, pack_values(row), settled=bool(settled))

    def recall(self, told: Iterable[Message]) -> None:
        """Give the next answers to these bars by the votes that were recorded of them.

        So a decision on a bar that some member missed is made again as it was.
        """
        for each in told:
            if isinstance(each, Predicted) and each.votes:
                self._recalled[each.symbol, each.ts_event] = recall_poll(each.votes)

    def handle(self, message: Message) -> list[Message]:
        """Keep a bar's close; answer its features; let a promoted successor take over.

        Raises DataError for features that the model was not taught.
        """
        if isinstance(message, BarClosed):
            self._closes[message.symbol] = (message.close, message.spread_close)
            return []
        if isinstance(message, ModelPromoted):
            self._give_way(message.model)
            return []
        assert isinstance(message, FeaturesReady)
        if message.symbol not in self.symbols:
            return []
        return [self._predict(message)]

    def _give_way(self, model: str) -> None:
        """Forecast as the successor from here on, which knows of the past what it would know."""
        successor, self.successor = self.successor, None
        if successor is None or successor.forecaster.artifact.id != model:
            raise InvariantError(f"{model} was promoted and did not follow the bars until then")
        self.forecaster.close()
        self.forecaster, self.guards = successor.forecaster, successor.guards
        self._rows = successor._rows

    def _predict(self, ready: FeaturesReady) -> Predicted:
        taught = self.forecaster.artifact.taught
        if ready.digest != taught.features_digest:
            raise DataError(
                f"{self.forecaster.artifact.id} was taught by features "
                f"{taught.features_digest[:12]}, {ready.feature_set} is {ready.digest[:12]}; "
                "train it again"
            )
        close, spread = (np.array([each]) for each in self._closes[ready.symbol])
        shown = Shown(
            opened=np.array([ready.ts_event - ready.timeframe]),
            features=self._show(ready), close=close, spread=spread,
            settled=np.array([ready.settled]),
        )  # fmt: skip
        poll = self._recalled.pop((ready.symbol, ready.ts_event), None)
        poll = poll or self.forecaster.ask(shown, live=True)
        guard = self.guards[ready.symbol]
        found = forecast_guarded(self.forecaster, shown, guard, poll)[0]
        self._remember(ready.symbol, ready.values, settled=ready.settled)
        values = dict(zip(FORECAST.names or (), found.tolist(), strict=True))
        return Predicted(
            id=self.next_id(), cause=ready.id, tenant=ready.tenant, ts_event=ready.ts_event,
            ts_init=ready.ts_init, symbol=ready.symbol, timeframe=ready.timeframe,
            model=self.forecaster.artifact.id, **self._tell_members(poll, shown.rows, found),
            **{**values, "state": FORECAST_STATES[values["state"]]},
        )  # fmt: skip

    def _show(self, ready: FeaturesReady) -> Float32s:
        """Return its features, after those of settled bars before that the model reads too."""
        row = read_values(ready)[None, :]
        before = self._rows.get(ready.symbol)
        if not before:
            return row
        rows = np.frombuffer(b"".join(before), LITTLE_ENDIAN).astype(np.float32)
        return np.concatenate((rows.reshape(len(before), -1), row))

    def _remember(self, symbol: str, row: bytes, *, settled: bool) -> None:
        reach = self.forecaster.window - 1
        if reach:
            self._rows[symbol] = (*self._rows.get(symbol, ()), row)[-reach:] if settled else ()

    def _tell_members(self, poll: Poll, row: Float32s, found: Any) -> dict[str, Any]:
        """Return the votes and layers of a forecast by several members, nothing by one alone."""
        families = self.forecaster.artifact.families
        if len(families) == 1:
            return {}
        votes = poll.votes(families)
        if found["state"] == WARMING:
            return {"votes": votes}
        scores = self.forecaster.pool(poll, row)
        score = None if scores is None else int(scores[0])
        layers = describe_layers(self.forecaster.artifact, poll, score, row, found)
        return {"votes": votes, "layers": layers}

    def snapshot(self) -> bytes:
        """Return the bytes of everything its future depends on."""
        guards = {symbol: guard.snapshot() for symbol, guard in self.guards.items()}
        model = self.forecaster.artifact.id
        return msgspec.msgpack.encode(Remembered(self._closes, self._rows, guards, model))

    def restore(self, state: bytes) -> None:
        """Bring the module to a state taken before; raise InvariantError for another model's."""
        past, model = msgspec.msgpack.decode(state, type=Remembered), self.forecaster.artifact.id
        if past.model not in ("", model):
            raise InvariantError(f"the state is of {past.model}, and {model} is to go on with it")
        self._closes, self._rows = past.closes, past.rows
        for symbol, guard in self.guards.items():
            guard.restore(past.guards[symbol])
