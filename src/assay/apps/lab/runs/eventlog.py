"""The event log of a run: every message in order, in frames of many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from assay.model.errors import DataError
from assay.model.messages import Message, decode_messages, encode_messages_into

LENGTH_BYTES = 4


class EventLog:
    """Append messages to a binary file: the length of a frame (big-endian), then the frame.

    A frame is the MessagePack array of its messages, so one call encodes many.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._buffer = bytearray()

    def write(self, messages: Sequence[Message]) -> None:
        """Append messages as one frame."""
        buffer = self._buffer
        encode_messages_into(messages, buffer, LENGTH_BYTES)
        buffer[:LENGTH_BYTES] = (len(buffer) - LENGTH_BYTES).to_bytes(LENGTH_BYTES, "big")
        self._file.write(buffer)


def read_event_log(path: Path) -> Iterator[Message]:
    """Yield the messages of a log in order; raise DataError where it was cut or altered."""
    with path.open("rb") as file:
        while head := file.read(LENGTH_BYTES):
            size = int.from_bytes(head, "big")
            frame = file.read(size)
            if len(head) < LENGTH_BYTES or len(frame) < size:
                raise DataError(f"{path} ends inside a frame; run the backtest again")
            yield from decode_messages(frame)
