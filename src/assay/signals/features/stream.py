"""Features one bar at a time."""

from __future__ import annotations

from struct import Struct

import numpy as np
from numpy.typing import NDArray

from assay.model.errors import DataError
from assay.model.messages import BarClosed
from assay.signals.features.definition import FeatureSet
from assay.signals.features.steps import Steps
from assay.signals.streams.columns import QUOTES, WIDTH, BarColumns, write_flow, write_row

NEVER = -(2**63)
_HEAD = Struct("<32sq")


class FeatureStream:
    """Step a set's own features by one finished bar at a time; leaders are the module's business.

    `last_close` is the close (ns UTC) of the last bar; a bar that closed no later is not new.
    """

    def __init__(self, feature_set: FeatureSet) -> None:
        self.feature_set = feature_set
        self.last_close = NEVER
        self._settling = feature_set.settling
        self._steps = Steps(feature_set)
        self._memory = self._steps.memory
        self._reads_flow, self._needed = bool(feature_set.inputs), list(feature_set.flow_places)
        self._prices, self._flow = self._steps.bar[:QUOTES], self._steps.bar[QUOTES:]

    @property
    def bars(self) -> int:
        """Return how many bars it has seen."""
        return self._steps.bars

    @property
    def settling(self) -> int:
        """Return after how many bars it has forgotten where it began."""
        return self._settling

    @property
    def is_settled(self) -> bool:
        """Tell whether it saw enough bars to have forgotten where it began."""
        return self._steps.bars >= self._settling

    def is_told(self, row: NDArray[np.float32]) -> bool:
        """Tell whether a bar's features [own] know all that they need of the quotes inside bars."""
        return not self._needed or bool(np.isfinite(row[self._needed]).all())

    def push(self, bar: BarClosed) -> NDArray[np.float32]:
        """Return the features [own] after this bar, NaN where a term is not known yet."""
        write_row(bar, self._prices)
        if self._reads_flow:
            write_flow(bar, self._flow)
        self.last_close = bar.ts_event
        return self._steps.step(bar.ts_event)

    def load(self, columns: BarColumns) -> NDArray[np.float32]:
        """Step over many bars at once and return their features [bars, own]."""
        rows = self._steps.run(columns.ts_close, columns.to_rows(WIDTH))
        if len(columns):
            self.last_close = int(columns.ts_close[-1])
        return rows

    def snapshot(self) -> bytes:
        """Return the bytes of everything its future depends on."""
        digest = bytes.fromhex(self.feature_set.digest)
        return _HEAD.pack(digest, self.last_close) + self._memory.tobytes()

    def restore(self, state: bytes) -> None:
        """Bring the stream to a state taken before; raise DataError for that of another set."""
        if len(state) != _HEAD.size + self._memory.nbytes:
            raise DataError(f"a state of {len(state)} bytes is not of {self.feature_set.id}")
        digest, last_close = _HEAD.unpack_from(state)
        if digest != bytes.fromhex(self.feature_set.digest):
            raise DataError(
                f"the state is of features {digest.hex()[:12]}, not of {self.feature_set.id} "
                f"{self.feature_set.digest[:12]}; load {self._settling} bars afresh"
            )
        self.last_close = last_close
        self._memory[:] = np.frombuffer(state, offset=_HEAD.size)
