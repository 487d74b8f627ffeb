"""The predictor as a module: features in, a calibrated forecast out, one a bar."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np

from assay.kernel.records import FORECAST, FORECAST_STATES
from assay.model.errors import DataError
from assay.model.messages import BarClosed, FeaturesReady, Message, Predicted
from assay.signals.features import read_values
from assay.signals.prediction.forecaster import Forecaster


@dataclass(slots=True)
class Predictor:
    """Answer every `FeaturesReady` of its symbols with what the model expects."""

    forecaster: Forecaster
    symbols: Sequence[str]
    next_id: Callable[[], int]
    name: str = "predictor"
    consumes: tuple[type[Message], ...] = (BarClosed, FeaturesReady)
    publishes: tuple[type[Message], ...] = (Predicted,)
    _closes: dict[str, int] = field(init=False, default_factory=dict)

    def handle(self, message: Message) -> list[Message]:
        """Keep a bar's close; answer its features.

        Raises DataError for features that the model was not taught.
        """
        if isinstance(message, BarClosed):
            self._closes[message.symbol] = message.close
            return []
        assert isinstance(message, FeaturesReady)
        if message.symbol not in self.symbols:
            return []
        return [self._predict(message)]

    def _predict(self, ready: FeaturesReady) -> Predicted:
        taught = self.forecaster.artifact.taught
        if ready.digest != taught.features_digest:
            raise DataError(
                f"{self.forecaster.artifact.id} was taught by features "
                f"{taught.features_digest[:12]}, {ready.feature_set} is {ready.digest[:12]}; "
                "train it again"
            )
        found = self.forecaster.forecast(
            np.array([ready.ts_event - ready.timeframe]), read_values(ready)[None, :],
            np.array([self._closes[ready.symbol]]), np.array([ready.settled]),
        )[0]  # fmt: skip
        values = dict(zip(FORECAST.names or (), found.tolist(), strict=True))
        return Predicted(
            id=self.next_id(), cause=ready.id, tenant=ready.tenant, ts_event=ready.ts_event,
            ts_init=ready.ts_init, symbol=ready.symbol, timeframe=ready.timeframe,
            model=self.forecaster.artifact.id,
            **{**values, "state": FORECAST_STATES[values["state"]]},
        )  # fmt: skip

    def snapshot(self) -> bytes:
        """Return the bytes of everything its future depends on."""
        return msgspec.msgpack.encode(self._closes)

    def restore(self, state: bytes) -> None:
        """Bring the module to a state taken before."""
        self._closes = msgspec.msgpack.decode(state, type=dict[str, int])
