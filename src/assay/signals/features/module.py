"""Features as a module: finished bars in, `FeaturesReady` out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
from numpy.typing import NDArray

from assay.model.errors import UsageError
from assay.model.messages import BarClosed, BarSetClosed, FeaturesReady, Message
from assay.model.messages.envelope import decode_message, encode_message
from assay.signals.features.definition import FeatureSet
from assay.signals.features.leaders import is_fresh
from assay.signals.features.stream import FeatureStream
from assay.signals.features.values import pack_values
from assay.signals.streams.columns import BarColumns


class HeldBar(msgspec.Struct, frozen=True):
    """Hold a bar whose leaders have not all closed theirs, with its own features."""

    bar: bytes
    own: bytes


class Remembered(msgspec.Struct, frozen=True):
    """Hold what a restart needs: each stream's state, each symbol's last row, and what waits."""

    streams: dict[str, bytes]
    rows: dict[str, bytes]
    waiting: tuple[HeldBar, ...]


@dataclass(slots=True)
class FeatureModule:
    """Step one set over the bars of some symbols and publish the features of each bar.

    Bars of other symbols or lengths are none of its business, and a bar that closed no later than
    one already seen is not new. With leaders, a bar waits until every leader has closed one at
    the same time, a later bar shows that none will come, or `BarSetClosed` says who is missing.
    """

    feature_set: FeatureSet
    symbols: Sequence[str]
    timeframe: int
    next_id: Callable[[], int]
    name: str = "features"
    consumes: tuple[type[Message], ...] = (BarClosed, BarSetClosed)
    publishes: tuple[type[Message], ...] = (FeaturesReady,)
    _streams: dict[str, FeatureStream] = field(init=False)
    _rows: dict[str, NDArray[np.float32]] = field(init=False, default_factory=dict)
    _waiting: list[tuple[BarClosed, NDArray[np.float32]]] = field(init=False, default_factory=list)
    _picked: list[int] = field(init=False)
    _digest: str = field(init=False)

    def __post_init__(self) -> None:
        chosen = self.feature_set
        followed = [symbol for symbol in chosen.leaders if symbol not in self.symbols]
        self._streams = {symbol: FeatureStream(chosen) for symbol in (*self.symbols, *followed)}
        self._picked = [chosen.own_names.index(name) for name in chosen.leader_features]
        self._digest = chosen.digest

    def load(self, history: Mapping[str, BarColumns]) -> None:
        """Step over the bars before the first live one; `settling` of the set says how many.

        Raises UsageError for a symbol that it does not follow.
        """
        for symbol, columns in history.items():
            if symbol not in self._streams:
                known = ", ".join(self._streams)
                raise UsageError(f"features of {symbol!r} are not computed here, only of {known}")
            rows = self._streams[symbol].load(columns)
            if len(rows):
                self._rows[symbol] = rows[-1]

    def handle(self, message: Message) -> list[Message]:
        """Return the features that one finished bar or set of bars completes."""
        if isinstance(message, BarSetClosed):
            is_ours = message.timeframe == self.timeframe
            return self._release(message.ts_close + 1) if is_ours else []
        assert isinstance(message, BarClosed)
        stream = self._streams.get(message.symbol)
        if stream is None or message.timeframe != self.timeframe:
            return []
        if message.ts_event <= stream.last_close:
            return []
        if not self.feature_set.leaders:
            return [self._publish(message, stream.push(message), ())]
        found = self._release(message.ts_event)
        row = self._rows[message.symbol] = stream.push(message)
        if message.symbol in self.symbols:
            self._waiting.append((message, row))
        if not self._late(message.ts_event):
            found += self._release(message.ts_event + 1)
        return found

    def _late(self, close: int) -> tuple[str, ...]:
        return tuple(
            symbol for symbol in self.feature_set.leaders
            if self._streams[symbol].last_close < close
        )  # fmt: skip

    def _release(self, before: int) -> list[Message]:
        """Publish what waits and closed before a time."""
        found: list[Message] = []
        kept = []
        for bar, own in self._waiting:
            if bar.ts_event < before:
                row = np.concatenate((own, *self._led(bar.ts_event)))
                found.append(self._publish(bar, row, self._late(bar.ts_event)))
            else:
                kept.append((bar, own))
        self._waiting = kept
        return found

    def _led(self, close: int) -> list[NDArray[np.float32]]:
        parts = []
        for symbol in self.feature_set.leaders:
            row, closed = self._rows.get(symbol), self._streams[symbol].last_close
            if row is not None and is_fresh(closed, close, self.timeframe):
                parts.append(row[self._picked])
            else:
                parts.append(np.full(len(self._picked), np.nan, dtype=np.float32))
        return parts

    def _publish(
        self, bar: BarClosed, row: NDArray[np.float32], missing: tuple[str, ...]
    ) -> FeaturesReady:
        used = (bar.symbol, *self.feature_set.leaders)
        return FeaturesReady(
            id=self.next_id(), cause=bar.id, tenant=bar.tenant, ts_event=bar.ts_event,
            ts_init=bar.ts_init, symbol=bar.symbol, timeframe=bar.timeframe,
            feature_set=self.feature_set.id, digest=self._digest, values=pack_values(row),
            settled=all(self._streams[symbol].is_settled for symbol in used), missing=missing,
        )  # fmt: skip

    def snapshot(self) -> bytes:
        """Return the bytes of everything its future depends on."""
        return msgspec.msgpack.encode(
            Remembered(
                {symbol: stream.snapshot() for symbol, stream in self._streams.items()},
                {symbol: row.tobytes() for symbol, row in self._rows.items()},
                tuple(HeldBar(encode_message(bar), row.tobytes()) for bar, row in self._waiting),
            )
        )

    def restore(self, state: bytes) -> None:
        """Bring the module to a state taken before; raise DataError for that of another set."""
        past = msgspec.msgpack.decode(state, type=Remembered)
        for symbol, stream in self._streams.items():
            stream.restore(past.streams.get(symbol, b""))
        self._rows = {symbol: np.frombuffer(r, np.float32) for symbol, r in past.rows.items()}
        self._waiting = []
        for held in past.waiting:
            bar = decode_message(held.bar)
            assert isinstance(bar, BarClosed)
            self._waiting.append((bar, np.frombuffer(held.own, np.float32)))
