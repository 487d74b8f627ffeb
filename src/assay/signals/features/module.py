"""Features as a module: finished bars in, `FeaturesReady` out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np

from assay.model.errors import UsageError
from assay.model.messages import BarClosed, FeaturesReady, Message
from assay.signals.features.definition import FeatureSet
from assay.signals.features.leaders import Float32s, Lead, is_fresh
from assay.signals.features.stream import FeatureStream
from assay.signals.features.values import pack_values
from assay.signals.streams.columns import BarColumns


class HeardBar(msgspec.Struct, frozen=True):
    """Hold what a leader told by one bar: its close (ns UTC), features, whether it had settled."""

    close: int
    values: bytes
    settled: bool


class Remembered(msgspec.Struct, frozen=True):
    """Hold what a restart needs: each stream's state, and the last two bars of each leader."""

    streams: dict[str, bytes]
    heard: dict[str, tuple[HeardBar, ...]] = {}


@dataclass(slots=True)
class FeatureModule:
    """Step one set over the bars of some symbols and publish the features of each bar at once.

    Bars of other symbols or lengths are none of its business, and a bar that closed no later than
    one already seen is not new. A leader speaks by its last bar that closed before, so that no
    bar waits for another and the order of two bars of one close changes nothing.
    """

    feature_set: FeatureSet
    symbols: Sequence[str]
    timeframe: int
    next_id: Callable[[], int]
    name: str = "features"
    consumes: tuple[type[Message], ...] = (BarClosed,)
    publishes: tuple[type[Message], ...] = (FeaturesReady,)
    _streams: dict[str, FeatureStream] = field(init=False)
    _heard: dict[str, tuple[HeardBar, ...]] = field(init=False)
    _leads: dict[str, Lead] = field(init=False)
    _places: list[int] = field(init=False)
    _digest: str = field(init=False)

    def __post_init__(self) -> None:
        chosen = self.feature_set
        leading = chosen.leading(self.symbols)
        followed = [symbol for symbol in leading if symbol not in self.symbols]
        self._streams = {symbol: FeatureStream(chosen) for symbol in (*self.symbols, *followed)}
        self._heard = dict.fromkeys(leading, ())
        self._leads = {lead.follower: lead for lead in chosen.leaders}
        self._places = list(chosen.told_places)
        self._digest = chosen.digest

    def load(self, history: Mapping[str, BarColumns]) -> None:
        """Step over the bars before the first live one; `settling` of the set says how many.

        Raises UsageError for a symbol that it does not follow.
        """
        for symbol, columns in history.items():
            if symbol not in self._streams:
                known = ", ".join(self._streams)
                raise UsageError(f"features of {symbol!r} are not computed here, only of {known}")
            stream = self._streams[symbol]
            rows = stream.load(columns)
            if symbol in self._heard:
                for ago in range(min(2, len(rows)), 0, -1):
                    seen = stream.bars - ago + 1
                    close = int(columns.ts_close[-ago])
                    self._hear(symbol, close, rows[-ago], settled=seen >= stream.settling)

    def handle(self, message: Message) -> list[Message]:
        """Return the features of one finished bar."""
        assert isinstance(message, BarClosed)
        symbol = message.symbol
        stream = self._streams.get(symbol)
        if stream is None or message.timeframe != self.timeframe:
            return []
        if message.ts_event <= stream.last_close:
            return []
        row = stream.push(message)
        if symbol in self._heard:
            self._hear(symbol, message.ts_event, row, settled=stream.is_settled)
        return [self._publish(message, row)] if symbol in self.symbols else []

    def _hear(self, symbol: str, close: int, row: Float32s, *, settled: bool) -> None:
        told = HeardBar(close, row[self._places].tobytes(), settled)
        self._heard[symbol] = (*self._heard[symbol][-1:], told)

    def _follow(self, bar: BarClosed, row: Float32s) -> tuple[Float32s, bool, tuple[str, ...]]:
        """Return what the bar's symbol is told, whether that had settled, and who is silent."""
        lead = self._leads.get(bar.symbol)
        if lead is None:
            return row[self._places], True, ()
        before = [told for told in self._heard[lead.leader] if told.close < bar.ts_event]
        if not before:
            return np.zeros(len(self._places), dtype=np.float32), False, (lead.leader,)
        told = before[-1]
        if not is_fresh(told.close, bar.ts_event, self.timeframe):
            silent = np.zeros(len(self._places), dtype=np.float32)
            return silent, told.settled, (lead.leader,)
        return lead.sign * np.frombuffer(told.values, np.float32), told.settled, ()

    def _publish(self, bar: BarClosed, row: Float32s) -> FeaturesReady:
        stream = self._streams[bar.symbol]
        settled = stream.is_settled and stream.is_told(row)
        missing: tuple[str, ...] = ()
        if self._places:
            led, spoken, missing = self._follow(bar, row)
            row, settled = np.concatenate((row, led)), settled and spoken
        return FeaturesReady(
            id=self.next_id(), cause=bar.id, tenant=bar.tenant, ts_event=bar.ts_event,
            ts_init=bar.ts_init, symbol=bar.symbol, timeframe=bar.timeframe,
            feature_set=self.feature_set.id, digest=self._digest, values=pack_values(row),
            settled=settled, missing=missing,
        )  # fmt: skip

    def snapshot(self) -> bytes:
        """Return the bytes of everything its future depends on."""
        streams = {symbol: stream.snapshot() for symbol, stream in self._streams.items()}
        return msgspec.msgpack.encode(Remembered(streams, self._heard))

    def restore(self, state: bytes) -> None:
        """Bring the module to a state taken before; raise DataError for that of another set."""
        past = msgspec.msgpack.decode(state, type=Remembered)
        for symbol, stream in self._streams.items():
            stream.restore(past.streams.get(symbol, b""))
        self._heard = {symbol: past.heard.get(symbol, ()) for symbol in self._heard}
