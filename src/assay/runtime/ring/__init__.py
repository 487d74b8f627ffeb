"""A bounded broadcast ring in a mapped file: one writer that never waits, readers who may lose."""

from assay.runtime.ring.layout import CAPACITY
from assay.runtime.ring.memory import MemoryRing, NullRing
from assay.runtime.ring.ports import Frame, Polled, Publisher, Subscriber
from assay.runtime.ring.reader import RingReader
from assay.runtime.ring.writer import RingWriter

__all__ = [
    "CAPACITY",
    "Frame",
    "MemoryRing",
    "NullRing",
    "Polled",
    "Publisher",
    "RingReader",
    "RingWriter",
    "Subscriber",
]
