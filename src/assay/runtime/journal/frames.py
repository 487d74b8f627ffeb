"""Rows of the journal: one message each, or a frame of many of one tenant."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
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
_PLAIN, _DEFLATED, _LZ4 = 0x00, 0x01, 0x02
_LZ4_FROM = 1_800
"""A longer row is stored in pieces beside its table, which takes longer than to shorten it."""
_DEFLATE_FROM = 1 << 14
"""Nothing this long is waited for, and deflating leaves two thirds of what LZ4 does."""
_LENGTH_BYTES = 4


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
    lies before the end of the batch, then the messages, in MessagePack, by LZ4 when long and
    deflated when very long. A message that has nothing to share a row with stands there as it is.
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
            is_framed = kind in _FRAMED
            payload = self._encode_frame(messages, orders) if is_framed else encode_message(message)
            rows.append(
                Row(
                    position + 1 + last, batch, tenant, stream, version + 1 + last, kind,
                    message.id, message.cause, message.ts_event, message.ts_init, len(orders),
                    payload,
                )
            )  # fmt: skip
        return rows

    def _encode_frame(self, messages: Sequence[Message], orders: list[int]) -> bytes:
        first, last, end = orders[0], orders[-1], len(messages) - 1
        if last - first == len(orders) - 1:
            body = self._encoder.encode((end - first, messages[first : last + 1]))
        else:
            distances = [end - order for order in orders]
            body = self._encoder.encode((distances, [messages[order] for order in orders]))
        if len(body) < _LZ4_FROM:
            return bytes((_PLAIN,)) + body
        if len(body) < _DEFLATE_FROM:
            length = len(body).to_bytes(_LENGTH_BYTES, "little")
            return bytes((_LZ4,)) + length + bytes(_lz4().compress(body, asbytes=True))
        return bytes((_DEFLATED,)) + zlib.compress(body, level=1)

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
    bulk: dict[tuple[str, type[Message]], list[int]] = {}
    rest: dict[str, list[int]] = {}
    for order, message in enumerate(messages):
        kind = type(message)
        if kind in BULK:
            bulk.setdefault((message.tenant, kind), []).append(order)
        elif kind in ALONE:
            yield message.tenant, tag_of(message), [order]
        else:
            rest.setdefault(message.tenant, []).append(order)
    for (tenant, _), orders in bulk.items():
        if len(orders) <= _FEW and tenant in rest:
            rest[tenant] += orders
        else:
            yield tenant, tag_of(messages[orders[0]]), orders
    for tenant, orders in rest.items():
        orders.sort()
        yield tenant, SEVERAL if len(orders) > 1 else tag_of(messages[orders[0]]), orders


@cache
def _lz4() -> Any:  # pyarrow has no types
    """Return the codec; what reads no long frame goes without the library's start."""
    import pyarrow

    return pyarrow.Codec("lz4_raw")


@contextmanager
def _sound(row: Row) -> Iterator[None]:
    try:
        yield
    except (msgspec.MsgspecError, zlib.error, IndexError, OSError, ValueError) as error:
        raise DataError(
            f"journal row {row.position} is damaged ({error}); restore a backup"
        ) from error


def _body(row: Row) -> bytes:
    form, body = row.payload[0], row.payload[1:]
    if form == _DEFLATED:
        return zlib.decompress(body)
    if form == _LZ4:
        length = int.from_bytes(body[:_LENGTH_BYTES], "little")
        return bytes(_lz4().decompress(body[_LENGTH_BYTES:], length, asbytes=True))
    return body


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
