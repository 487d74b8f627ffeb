"""Ring: hand a committed message to the other processes."""

from __future__ import annotations

from pathlib import Path

from assay.model.messages import BarClosed, encode_message
from assay.runtime.ring import CAPACITY, MemoryRing, RingWriter
from benches.harness import Bench, time_batch

FRAMES = 50_000
FLOOR = 400_000.0
"""Frames a second: 2.5 microseconds each."""


def build(folder: Path) -> Bench:
    """Compare the mapped file with a list of the same process."""
    bar = BarClosed(
        id=1, ts_event=1, ts_init=1, symbol="EURUSD", timeframe=60, ts_open=0, open=1, high=1,
        low=1, close=1, spread_open=1, spread_high=1, spread_low=1, spread_close=1,
    )  # fmt: skip
    payload = encode_message(bar)
    writer = RingWriter(folder / "ring", CAPACITY)
    to_file, to_list = writer.publish, MemoryRing().publish

    def write() -> None:
        for place in range(FRAMES):
            to_file(payload, place)

    def keep() -> None:
        for place in range(FRAMES):
            to_list(payload, place)

    return Bench(
        what="a committed message into the ring",
        items="frames",
        figure="rate",
        reference_what="a list of the same process",
        subject=lambda: time_batch(FRAMES, write),
        reference=lambda: time_batch(FRAMES, keep),
        floor=FLOOR,
        close=writer.close,
    )
