"""Frames between the owner of the analytics store and its clients."""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from assay.model.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

Scalar = str | int | float | bool | Decimal | None
Parameter = Scalar | Sequence[Scalar]

_SIZES = struct.Struct(">IQ")
_HEADER_MAX = 64 << 20
_PAYLOAD_MAX = 16 << 30
_IDENTIFIER = re.compile(r"[A-Za-z_]\w{0,127}(\.[A-Za-z_]\w{0,127})?")
_CONTROL = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"}
_TSV = str.maketrans(_CONTROL)
_QUOTED = str.maketrans({**_CONTROL, "'": "\\'"})


class Request(msgspec.Struct, frozen=True):
    """Ask the owner for one thing: hello, query, execute, insert or end."""

    op: str
    sql: str = ""
    parameters: dict[str, str] = {}
    table: str = ""


class Answer(msgspec.Struct, frozen=True):
    """Answer one request; `code` is ClickHouse's error code, 0 when all went well."""

    code: int = 0
    error: str = ""
    pid: int = 0


def encode_parameters(parameters: Mapping[str, Parameter] | None) -> dict[str, str]:
    r"""Return values as ClickHouse reads `{name:Type}` parameters, in its tab-separated form.

    >>> encode_parameters({"s": "a\tb", "n": None, "l": ["x", "it's"], "b": True})
    {'s': 'a\\tb', 'n': '\\N', 'l': "['x','it\\'s']", 'b': 'true'}
    """
    return {name: _encode(name, value) for name, value in (parameters or {}).items()}


def _encode(name: str, value: Parameter) -> str:
    if isinstance(value, str):
        return value.translate(_TSV)
    if value is None:
        return "\\N"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(_encode_element(name, each) for each in value) + "]"
    return _encode_number(name, value)


def _encode_element(name: str, value: object) -> str:
    if isinstance(value, str):
        return "'" + value.translate(_QUOTED) + "'"
    return "NULL" if value is None else _encode_number(name, value)


def _encode_number(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return repr(float(value))
    if isinstance(value, Decimal):
        return format(value, "f")
    raise UsageError(
        f"parameter {name!r} is a {type(value).__name__}; pass text, a number, a bool, None or a "
        "list of them (times as integer nanoseconds)"
    )


def quote_identifier(name: str) -> str:
    """Return a table or column name in backquotes; raise UsageError for anything else.

    >>> quote_identifier("market.bars")
    '`market`.`bars`'
    """
    if not _IDENTIFIER.fullmatch(name):
        raise UsageError(f"{name!r} is no table or column name; use letters, digits and _")
    return ".".join(f"`{part}`" for part in name.split("."))


def send_frame(
    channel: socket.socket, header: Request | Answer, payload: bytes | pa.Buffer = b""
) -> None:
    """Write one frame: sizes, MessagePack header, Arrow payload."""
    packed = msgspec.msgpack.encode(header)
    view = memoryview(payload)
    channel.sendall(_SIZES.pack(len(packed), view.nbytes) + packed)
    if view.nbytes:
        channel.sendall(view)


def receive_frame(channel: socket.socket) -> tuple[bytes, bytearray] | None:
    """Read one frame as header bytes and payload, or None when the other side has closed."""
    sizes = _receive(channel, _SIZES.size)
    if sizes is None:
        return None
    header_size, payload_size = _SIZES.unpack(sizes)
    if header_size > _HEADER_MAX or payload_size > _PAYLOAD_MAX:
        raise ConnectionError(f"a frame of {header_size} + {payload_size} bytes is not ours")
    header = _receive(channel, header_size)
    payload = _receive(channel, payload_size)
    if header is None or payload is None:
        raise ConnectionError("the connection ended inside a frame")
    return bytes(header), payload


def _receive(channel: socket.socket, size: int) -> bytearray | None:
    content = bytearray(size)
    view = memoryview(content)
    filled = 0
    while filled < size:
        count = channel.recv_into(view[filled:])
        if count == 0:
            if filled:
                raise ConnectionError("the connection ended inside a frame")
            return None
        filled += count
    return content


def pack_table(table: pa.Table) -> pa.Buffer:
    """Return the Arrow IPC stream of a table."""
    import pyarrow as pa  # a quarter of a second, which those who only look for the owner spare

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def unpack_table(payload: bytes | bytearray) -> pa.Table:
    """Read an Arrow IPC stream; an empty payload is a table without columns."""
    import pyarrow as pa

    if not payload:
        return pa.table({})
    return pa.ipc.open_stream(pa.py_buffer(payload)).read_all()
