"""Rows of the journal: one message each, or a frame of many of one tenant."""

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
    PlatformRecovered,
    PlatformStarted,
    Tick,
    encode_message,
    message_types,
    tag_of,
)
from assay.runtime.journal.ports import Recorded

BULK = (Tick, BarClosed, EquityMarked)
ALONE = (PlatformStarted, PlatformRecovered)
"""What a reader looks for by the kind of its row."""
SEVERAL = "*"
"""The kind of a row that holds messages of several kinds."""
_FEW = 4
_COMPRESSED = 0x01
_PLAIN = 0x00
_COMPRESS_FROM = 1 << 12


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
    type: str
    id: int
    ts_event: int
    cause: int = 0


COLUMNS = tuple("count" if name == "size" else name for name in Row._fields)


class FrameCodec:
    """Turn a batch into rows and rows into messages in their first order.

    A row costs more than a message, so the messages of one tenant share rows: one for each of the
    bulk kinds of which there are many, one for all the rest. A frame is how far each message
    lies before the end of the batch, then the messages, in MessagePack, deflated when large. A
    message that has nothing to share a row with stands there as it is.
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
        rows: list[Row] = []
        for tenant, kind, orders in _share(messages):
            last = orders[-1]
            message = messages[last]
            heading = (position + 1 + last, batch, tenant, stream, version + 1 + last, kind)
            if kind in _FRAMED:
                distances = [len(messages) - 1 - order for order in orders]
                payload = self._encode_frame([messages[order] for order in orders], distances)
            else:
                payload = encode_message(message)
            moment = (message.ts_event, message.ts_init)
            ids = (message.id, message.cause)
            rows.append(Row(*heading, *ids, *moment, len(orders), payload))
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
            with _sound(row):
                found.extend(self._open_raw(row))
        found.sort(key=_raw_position)
        return found

    def _open(self, row: Row) -> Iterable[Recorded]:
        if row.kind not in _FRAMED:
            return (Recorded(row.position, self._one.decode(row.payload)),)
        distances, messages = self._frame.decode(_body(row))
        places = _places(row, distances, len(messages))
        return [Recorded(at, message) for at, message in zip(places, messages, strict=True)]

    def _open_raw(self, row: Row) -> Iterable[RawRecord]:
        if row.kind not in _FRAMED:
            ids = (row.message_id, row.cause)
            return (RawRecord(row.tenant, row.position, row.kind, row.ts_event, *ids, row.payload),)
        distances, messages = self._raw_frame.decode(_body(row))
        found = []
        for at, raw in zip(_places(row, distances, len(messages)), messages, strict=True):
            payload = bytes(raw)
            head = self._heading.decode(payload)
            ids = (head.id, head.cause)
            found.append(RawRecord(row.tenant, at, head.type, head.ts_event, *ids, payload))
        return found


def _share(messages: Sequence[Message]) -> Iterator[tuple[str, str, list[int]]]:
    """Yield the rows of a batch as (tenant, kind, which messages)."""
    bulk: dict[tuple[str, str], list[int]] = {}
    rest: dict[str, list[int]] = {}
    for order, message in enumerate(messages):
        if isinstance(message, BULK):
            bulk.setdefault((message.tenant, tag_of(message)), []).append(order)
        elif isinstance(message, ALONE):
            yield message.tenant, tag_of(message), [order]
        else:
            rest.setdefault(message.tenant, []).append(order)
    for (tenant, kind), orders in bulk.items():
        if len(orders) <= _FEW and tenant in rest:
            rest[tenant] += orders
        else:
            yield tenant, kind, orders
    for tenant, orders in rest.items():
        orders.sort()
        yield tenant, SEVERAL if len(orders) > 1 else tag_of(messages[orders[0]]), orders


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


_FRAMED = frozenset((SEVERAL, *(str(kind.__struct_config__.tag) for kind in BULK)))


def _position(recorded: Recorded) -> int:
    return recorded.position


def _raw_position(record: RawRecord) -> int:
    return record.position
