"""Rows of the journal: one message each, or a frame of many of one kind."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Union

import msgspec

from assay.model.errors import DataError
from assay.model.messages import (
    BarClosed,
    EquityMarked,
    Message,
    Tick,
    encode_message,
    message_types,
)
from assay.runtime.journal.ports import Recorded

BULK = (Tick, BarClosed, EquityMarked)
_COMPRESSED = 0x01
_PLAIN = 0x00
_COMPRESS_FROM = 1 << 10


class Row(NamedTuple):
    """Hold one row as stored; position and version are those of its last message."""

    position: int
    batch: int
    tenant: str
    stream: str
    version: int
    kind: str
    message_id: int
    cause: int
    ts_event: int
    ts_init: int
    size: int
    payload: bytes


class RawRecord(NamedTuple):
    """Hold one message as the bytes that were journalled, with what its row says of it."""

    tenant: str
    position: int
    kind: str
    ts_event: int
    message_id: int
    cause: int
    payload: bytes


class _Heading(msgspec.Struct, frozen=True, gc=False):
    id: int
    ts_event: int
    cause: int = 0


COLUMNS = tuple("count" if name == "size" else name for name in Row._fields)


class FrameCodec:
    """Turn a batch into rows and rows into messages in their first order.

    The bulk kinds of one tenant share one row: how far each message lies before the end of the
    batch, then the messages, in MessagePack, deflated when large. Every other message has its own
    row.
    """

    def __init__(self) -> None:
        union: Any = Union[tuple(message_types().values())]  # noqa: UP007 - built at run time
        self._one: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(union)
        self._frame: msgspec.msgpack.Decoder[tuple[list[int] | int, list[Message]]]
        self._frame = msgspec.msgpack.Decoder(tuple[list[int] | int, list[union]])
        self._raw_frame = msgspec.msgpack.Decoder(tuple[list[int] | int, list[msgspec.Raw]])
        self._heading = msgspec.msgpack.Decoder(_Heading)
        self._encoder = msgspec.msgpack.Encoder()

    def pack(
        self, messages: Sequence[Message], stream: str, *, position: int, version: int
    ) -> list[Row]:
        """Return the rows of a batch that follows `position` and `version`."""
        batch = position + len(messages)
        frames: dict[tuple[str, str], list[int]] = {}
        rows: list[Row] = []
        for order, message in enumerate(messages):
            if isinstance(message, BULK):
                frames.setdefault((message.tenant, type(message).__name__), []).append(order)
                continue
            heading = (position + 1 + order, batch, message.tenant, stream, version + 1 + order)
            rows.append(_row(heading, message, size=1, payload=encode_message(message)))
        for (tenant, _), orders in frames.items():
            last = orders[-1]
            heading = (position + 1 + last, batch, tenant, stream, version + 1 + last)
            distances = [len(messages) - 1 - order for order in orders]
            payload = self._encode_frame([messages[order] for order in orders], distances)
            rows.append(_row(heading, messages[last], size=len(orders), payload=payload))
        return rows

    def _encode_frame(self, messages: list[Message], distances: list[int]) -> bytes:
        is_run = distances[0] - distances[-1] == len(distances) - 1
        body = self._encoder.encode((distances[0] if is_run else distances, messages))
        if len(body) < _COMPRESS_FROM:
            return bytes((_PLAIN,)) + body
        return bytes((_COMPRESSED,)) + zlib.compress(body, level=1)

    def unpack(self, rows: Iterable[Row]) -> list[Recorded]:
        """Return the messages of rows in the order of their positions."""
        found: list[Recorded] = []
        for row in rows:
            with _sound(row):
                found.extend(self._open(row))
        found.sort(key=_position)
        return found

    def unpack_raw(self, rows: Iterable[Row]) -> list[RawRecord]:
        """Return the bytes of each message of rows in the order of their positions."""
        found: list[RawRecord] = []
        for row in rows:
            if row.kind not in _BULK_TAGS:
                found.append(_raw(row))
                continue
            with _sound(row):
                found.extend(self._open_raw(row))
        found.sort(key=_raw_position)
        return found

    def _open(self, row: Row) -> Iterable[Recorded]:
        if row.kind not in _BULK_TAGS:
            return (Recorded(row.position, self._one.decode(row.payload)),)
        distances, messages = self._frame.decode(_body(row))
        places = _places(row, distances, len(messages))
        return [Recorded(at, message) for at, message in zip(places, messages, strict=True)]

    def _open_raw(self, row: Row) -> Iterable[RawRecord]:
        if row.kind not in _BULK_TAGS:
            ids = (row.message_id, row.cause)
            return (RawRecord(row.tenant, row.position, row.kind, row.ts_event, *ids, row.payload),)
        distances, messages = self._raw_frame.decode(_body(row))
        found = []
        for at, raw in zip(_places(row, distances, len(messages)), messages, strict=True):
            payload = bytes(raw)
            head = self._heading.decode(payload)
            moment_and_ids = (head.ts_event, head.id, head.cause)
            found.append(RawRecord(row.tenant, at, row.kind, *moment_and_ids, payload))
        return found


def _raw(row: Row) -> RawRecord:
    return RawRecord(
        row.tenant, row.position, row.kind, row.ts_event, row.message_id, row.cause, row.payload
    )


@contextmanager
def _sound(row: Row) -> Iterator[None]:
    try:
        yield
    except (msgspec.MsgspecError, zlib.error, IndexError, ValueError) as error:
        raise DataError(
            f"journal row {row.position} is damaged ({error}); restore a backup"
        ) from error


def _body(row: Row) -> bytes:
    body = row.payload[1:]
    return zlib.decompress(body) if row.payload[0] == _COMPRESSED else body


def _places(row: Row, distances: list[int] | int, count: int) -> Iterable[int]:
    if isinstance(distances, int):
        last = row.batch - distances
        return range(last, last + count)
    return [row.batch - distance for distance in distances]


_BULK_TAGS = frozenset(str(kind.__struct_config__.tag) for kind in BULK)


def _position(recorded: Recorded) -> int:
    return recorded.position


def _raw_position(record: RawRecord) -> int:
    return record.position


def _row(
    heading: tuple[int, int, str, str, int], message: Message, *, size: int, payload: bytes
) -> Row:
    kind = str(message.__struct_config__.tag)
    moment = (message.ts_event, message.ts_init)
    return Row(*heading, kind, message.id, message.cause, *moment, size, payload)
