"""A socket that carries frames of JSON behind four bytes of length, read without waiting."""

from __future__ import annotations

import hmac
import json
import select
import socket
import ssl
from hashlib import sha256
from typing import Any

LENGTH = 4
FRAME_MAX = 1 << 20
DIAL_S = 3.0
Frame = dict[str, Any]


class LineLost(Exception):  # noqa: N818 - what happened
    """Report a connection that is over."""


def prove(token: str, side: str, *parts: str) -> str:
    """Return a proof over the edge's name and the nonces of bridge and edge."""
    text = "\n".join(("assay-link-1", side, *parts))
    return hmac.new(bytes.fromhex(token), text.encode(), sha256).hexdigest()


class Line:
    """Hold one connection to the bridge."""

    def __init__(self, host: str, port: int, secured: ssl.SSLContext | None) -> None:
        try:
            plain = socket.create_connection((host, port), timeout=DIAL_S)
            self._socket = secured.wrap_socket(plain, server_hostname=host) if secured else plain
        except OSError as error:
            raise LineLost(str(error)) from None
        self._kept = b""

    def send(self, frame: Frame) -> None:
        """Send a frame; raise LineLost where the bridge takes none for three seconds."""
        payload = json.dumps(frame, separators=(",", ":")).encode()
        try:
            self._socket.sendall(len(payload).to_bytes(LENGTH, "big") + payload)
        except OSError as error:
            raise LineLost(str(error)) from None

    def receive(self, seconds: float) -> Frame | None:
        """Return the next frame, None where none comes in time; raise LineLost."""
        while (frame := self._take()) is None:
            if not self._is_readable(seconds):
                return None
            try:
                content = self._socket.recv(1 << 16)
            except OSError as error:
                raise LineLost(str(error)) from None
            if not content:
                raise LineLost("the bridge closed the connection")
            self._kept += content
        return frame

    def expect(self, kind: str, seconds: float) -> Frame:
        """Return the next frame, which must be of a kind; raise LineLost."""
        frame = self.receive(seconds)
        if frame is None or frame["type"] != kind:
            raise LineLost(f"no {kind} came but {frame}")
        return frame

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def _is_readable(self, seconds: float) -> bool:
        pending = getattr(self._socket, "pending", None)
        if pending is not None and pending():
            return True
        return bool(select.select([self._socket], [], [], seconds)[0])

    def _take(self) -> Frame | None:
        length = int.from_bytes(self._kept[:LENGTH], "big")
        if length > FRAME_MAX:
            raise LineLost(f"a frame of {length} bytes is too large")
        end = LENGTH + length
        if len(self._kept) < max(end, LENGTH + 1):
            return None
        payload, self._kept = self._kept[LENGTH:end], self._kept[end:]
        try:
            frame = json.loads(payload)
        except ValueError as error:
            raise LineLost(f"a frame cannot be read: {error}") from None
        if not isinstance(frame, dict) or "type" not in frame:
            raise LineLost("a frame has no type")
        return frame
