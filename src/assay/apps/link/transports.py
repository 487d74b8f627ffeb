"""Ways on which frames travel: a WebSocket, or a TCP socket with a length before each frame."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidURI, WebSocketException

from assay.apps.link.frames import FRAME_BYTES, Codec, JsonCodec, PackedCodec
from assay.model.errors import AssayError, DataError, OperatorError, RetryError, UsageError

SECURE = {"ws": False, "wss": True}
QUEUE_FRAMES = 16
_LENGTH = 4


class LinkLost(RetryError):  # noqa: N818 - what the person is told
    """Report that the other end is gone, silent or does not follow the protocol."""


class Transport(Protocol):
    """Carry whole frames both ways."""

    codec: Codec

    async def send(self, payload: bytes) -> None:
        """Hand over a frame; wait while the other end takes none; raise LinkLost."""
        ...

    async def receive(self) -> bytes:
        """Return the next frame; raise LinkLost."""
        ...

    async def close(self) -> None:
        """End the connection, whatever state it is in."""
        ...


class SocketTransport:
    """Carry frames as the messages of a WebSocket, in MessagePack."""

    def __init__(self, socket: Any) -> None:  # Any: the two ends share no class
        self.codec: Codec = PackedCodec()
        self._socket = socket

    async def send(self, payload: bytes) -> None:
        """Hand over a frame."""
        try:
            await self._socket.send(payload)
        except (WebSocketException, OSError) as error:
            raise LinkLost(f"the link broke: {error}") from None

    async def receive(self) -> bytes:
        """Return the next frame."""
        try:
            payload = await self._socket.recv(decode=False)
        except (WebSocketException, OSError) as error:
            raise LinkLost(f"the link broke: {error}") from None
        return bytes(payload)

    async def close(self) -> None:
        """End the connection without waiting for the other end's consent."""
        self._socket.transport.abort()
        await self._socket.wait_closed()


class StreamTransport:
    """Carry frames behind four bytes of length (most significant first), in JSON."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.codec: Codec = JsonCodec()
        self._reader, self._writer = reader, writer

    async def send(self, payload: bytes) -> None:
        """Hand over a frame."""
        try:
            self._writer.write(len(payload).to_bytes(_LENGTH, "big") + payload)
            await self._writer.drain()
        except OSError as error:
            raise LinkLost(f"the link broke: {error}") from None

    async def receive(self) -> bytes:
        """Return the next frame; raise DataError for one that is too large."""
        try:
            length = int.from_bytes(await self._reader.readexactly(_LENGTH), "big")
            if length > FRAME_BYTES:
                raise DataError(f"a frame of {length} bytes came; at most {FRAME_BYTES} are taken")
            return await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, OSError) as error:
            raise LinkLost(f"the link broke: {error}") from None

    async def close(self) -> None:
        """End the connection."""
        self._writer.transport.abort()


class Address(NamedTuple):
    """Hold where a bridge listens."""

    scheme: str
    host: str
    port: int
    url: str


def parse_address(url: str) -> Address:
    """Read the URL of a bridge; raise UsageError, also for one that leaves the machine in clear.

    >>> parse_address("wss://desk.example:8001").port
    8001
    """
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError:
        scheme, host, port = "", None, None
    if scheme not in SECURE or not host or not port:
        raise UsageError(
            f"bridge {url!r} is no address such as wss://host:8001; ws:// is for this machine"
        )
    if parts.username or parts.password or parts.query:
        raise UsageError("the bridge's address holds no secrets; the token comes from a file")
    if not SECURE[scheme] and not is_loopback(host):
        raise UsageError(f"{url} would carry orders in clear; use wss://")
    return Address(scheme, host, port, url)


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine itself."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def trust(authority: Path | None) -> ssl.SSLContext:
    """Return what an edge believes of a bridge: the machine's authorities, or that of a file."""
    try:
        return ssl.create_default_context(cafile=str(authority) if authority else None)
    except OSError as error:
        raise OperatorError(f"certificate {authority} cannot be read: {error}") from None


async def dial(address: Address, authority: Path | None, *, seconds: float) -> Transport:
    """Connect to a bridge; raise LinkLost where nobody answers in time."""
    secured = trust(authority) if SECURE[address.scheme] else None
    try:
        async with asyncio.timeout(seconds):
            socket = await connect(
                address.url, ssl=secured, compression=None, ping_interval=None, proxy=None,
                max_size=FRAME_BYTES, max_queue=QUEUE_FRAMES, open_timeout=None,
            )  # fmt: skip
            return SocketTransport(socket)
    except (OSError, TimeoutError, WebSocketException) as error:
        if isinstance(error, InvalidURI):
            raise UsageError(f"bridge {address.url!r} is no address: {error}") from None
        reason = str(error) or type(error).__name__
        raise LinkLost(f"no bridge answers at {address.url}: {reason}") from None


async def receive_frame(transport: Transport, kind: Any, *, seconds: float) -> Any:
    """Return the next frame, one of `kind`; raise LinkLost where none comes in time."""
    try:
        async with asyncio.timeout(seconds):
            payload = await transport.receive()
    except TimeoutError:
        raise LinkLost(f"the other end said nothing for {seconds:g} s") from None
    try:
        return transport.codec.decode(payload, kind)
    except AssayError as error:
        raise LinkLost(str(error)) from None
