"""One connection after the handshake: streams both ways, beats, silence noticed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from msgspec import Raw

from assay.apps.link.frames import Ack, Again, AnyFrame, Batch, Beat, Frame, Gap
from assay.apps.link.streams import Receiving, Sending
from assay.apps.link.transports import LinkLost, Transport
from assay.model.errors import DataError

Take = Callable[[str, int, list[Raw]], None]
"""Take new records of a stream, numbered from the second value on."""
Miss = Callable[[str, int, int], None]
"""Take that records of a stream are gone for good."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Hold how often an end beats, and after how long a silent one is dead, in seconds."""

    beat_s: float = 1.0
    dead_s: float = 3.0


class Conversation:
    """Send the outgoing streams in their order of urgency and take the incoming ones.

    `take` and `miss` store what came; then `acknowledge` tells the other end, from any thread.
    """

    def __init__(
        self,
        transport: Transport,
        outgoing: Mapping[str, Sending],
        incoming: Mapping[str, Receiving],
        *,
        take: Take,
        miss: Miss,
        terms: Terms,
    ) -> None:
        self._transport, self._terms = transport, terms
        self._outgoing, self._incoming = outgoing, incoming
        self._take, self._miss = take, miss
        self._loop = asyncio.get_running_loop()
        self._awake = asyncio.Event()
        self._acks: dict[str, int] = {}
        self._agains: dict[str, int] = {}
        self._heard = self._loop.time()
        self._beat_due = False

    async def run(self) -> None:
        """Talk until the link breaks; raise LinkLost that says how."""
        tasks = [asyncio.create_task(each) for each in (self._read(), self._write(), self._beat())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            await self._transport.close()
        failures = [
            each for each in results
            if isinstance(each, Exception) and not isinstance(each, asyncio.CancelledError)
        ]  # fmt: skip
        # A defect of the program goes before the break that it may have caused.
        failures.sort(key=lambda each: isinstance(each, LinkLost))
        raise failures[0] if failures else LinkLost("the link was closed")

    def wake(self) -> None:
        """Look again for something to send, from any thread."""
        # A loop that has ended took the connection with it.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._awake.set)

    def acknowledge(self, stream: str, last: int) -> None:
        """Tell the other end that everything of a stream through `last` is stored."""
        self._acks[stream] = last
        self.wake()

    async def _read(self) -> None:
        decode, receive = self._transport.codec.decode, self._transport.receive
        while True:
            payload = await receive()
            self._heard = self._loop.time()
            try:
                self._hear(decode(payload, AnyFrame))
            except DataError as error:
                raise LinkLost(str(error)) from None

    def _hear(self, frame: Any) -> None:
        match frame:
            case Batch(stream, first, records):
                self._hear_batch(stream, first, records)
            case Ack(stream, last):
                self._find(self._outgoing, stream).acknowledge(last)
                self._awake.set()
            case Beat(sent):
                self._compare(sent)
            case Again(stream, first):
                self._find(self._outgoing, stream).rewind(first)
                self._awake.set()
            case Gap(stream, first, last):
                self._hear_gap(stream, first, last)
            case _:
                raise LinkLost(f"the other end sent {type(frame).__name__} in a conversation")

    def _find(self, streams: Mapping[str, Any], stream: str) -> Any:
        if stream not in streams:
            raise LinkLost(f"the other end named stream {stream!r}, which it has no part in")
        return streams[stream]

    def _hear_batch(self, stream: str, first: int, records: list[Raw]) -> None:
        state: Receiving = self._find(self._incoming, stream)
        known = state.skip(first, len(records))
        if known is None:
            self._ask(stream, state)
        elif known < len(records):
            new = records[known:] if known else records
            self._take(stream, first + known, new)
            state.advance(first + len(records) - 1)
        else:
            # Known already: its acknowledgement may have been lost with another connection.
            self._awake.set()

    def _hear_gap(self, stream: str, first: int, last: int) -> None:
        state: Receiving = self._find(self._incoming, stream)
        if first > state.last + 1:
            self._ask(stream, state)
        elif last > state.last:
            self._miss(stream, state.last + 1, last)
            state.advance(last)

    def _compare(self, sent: Mapping[str, int]) -> None:
        for stream, last in sent.items():
            state: Receiving = self._find(self._incoming, stream)
            if last > state.last:
                self._ask(stream, state, anew=True)

    def _ask(self, stream: str, state: Receiving, *, anew: bool = False) -> None:
        first = state.wants(anew=anew)
        if first is not None:
            self._agains[stream] = first
            self._awake.set()

    async def _write(self) -> None:
        encode, send = self._transport.codec.encode, self._transport.send
        while True:
            self._awake.clear()
            quiet = True
            for frame in self._due():
                quiet = False
                await send(encode(frame))
            if quiet:
                await self._awake.wait()
            else:
                # Whoever has much to send still listens in between.
                await asyncio.sleep(0)

    def _due(self) -> Iterator[Frame]:
        for stream in list(self._agains):
            yield Again(stream, self._agains.pop(stream))
        for stream in list(self._acks):
            yield Ack(stream, self._acks.pop(stream))
        if self._beat_due:
            self._beat_due = False
            yield Beat({name: each.sent for name, each in self._outgoing.items()})
        for sending in self._outgoing.values():
            frame = sending.take()
            if frame is not None:
                yield frame

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._terms.beat_s)
            silence = self._loop.time() - self._heard
            if silence > self._terms.dead_s:
                raise LinkLost(f"the other end said nothing for {silence:.1f} s")
            self._beat_due = True
            self._awake.set()
