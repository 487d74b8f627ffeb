"""Values of the package over a socket: frames of msgpack, structures and arrays by their names."""

from __future__ import annotations

import socket
import struct
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from assay.model.errors import OperatorError, UsageError
from assay.trading.brokers.mt5.structures import STRUCTURES

LARGEST = 64 * 2**20
_LENGTH = struct.Struct(">I")
_BY_NAME = {made.__name__: made for made in STRUCTURES}


class Address(msgspec.Struct, frozen=True):
    """Hold where a served terminal listens and its token; kept in a file of mode 0600."""

    host: str
    port: int
    token: str


def read_address(path: Path) -> Address:
    """Read the file that `assay mt5-sim` wrote; raise UsageError where there is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Address)
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist; start assay mt5-sim, which writes it") from None
    except (msgspec.DecodeError, OSError) as error:
        raise OperatorError(f"{path} is not the address of a terminal: {error}") from None


def pack(value: Any) -> list[Any]:
    """Return a value as what msgpack carries, with the names of its structures."""
    if isinstance(value, datetime):
        return ["v", value.timestamp()]
    if isinstance(value, np.ndarray):
        return ["a", [list(column) for column in value.dtype.descr], value.tobytes()]
    if isinstance(value, tuple) and type(value).__name__ in _BY_NAME:
        return ["s", type(value).__name__, [pack(item) for item in value]]
    if isinstance(value, tuple):
        return ["t", [pack(item) for item in value]]
    return ["v", value]


def unpack(packed: list[Any]) -> Any:
    """Return the value of what `pack` made."""
    kind = packed[0]
    if kind == "a":
        columns = [(name, code) for name, code in packed[1]]
        return np.frombuffer(packed[2], dtype=columns).copy()
    if kind == "s":
        return _BY_NAME[packed[1]](*(unpack(item) for item in packed[2]))
    if kind == "t":
        return tuple(unpack(item) for item in packed[1])
    return packed[1]


def send_frame(link: socket.socket, content: Any) -> None:
    """Send one frame: four bytes of length, then msgpack."""
    body = msgspec.msgpack.encode(content)
    link.sendall(_LENGTH.pack(len(body)) + body)


def receive_frame(link: socket.socket) -> Any:
    """Return the next frame's content; raise ConnectionError where the other side is gone."""
    (length,) = _LENGTH.unpack(_receive(link, _LENGTH.size))
    if length > LARGEST:
        raise ConnectionError(f"a frame of {length} bytes is longer than {LARGEST}")
    return msgspec.msgpack.decode(_receive(link, length))


def _receive(link: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = link.recv(count - len(parts))
        if not part:
            raise ConnectionError("the other side closed the link")
        parts += part
    return bytes(parts)
