"""Keep the link to the bridge: dial, prove, talk, and dial again when it breaks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Raw

from assay import __version__
from assay.apps.edge.accountlog import AccountLog, Received
from assay.apps.edge.history import HistoryPoller
from assay.apps.edge.quotes import MarketLog
from assay.apps.link.conversation import Conversation, Terms
from assay.apps.link.frames import (
    ACCOUNT,
    COMMANDS,
    HISTORY,
    MARKET,
    PROTOCOL,
    Challenge,
    PackedCodec,
    Proof,
    Ready,
    Refused,
    Welcome,
)
from assay.apps.link.proof import BRIDGE_SIDE, EDGE_SIDE, TOKEN_OCTETS, is_proof, prove
from assay.apps.link.streams import Receiving
from assay.apps.link.transports import (
    Address,
    LinkLost,
    Transport,
    dial,
    parse_address,
    receive_frame,
)
from assay.runtime.ids import Rng, fresh_token
from assay.runtime.logs import Logger

DIAL_S = 3.0
PAUSE_S, PAUSE_MAX_S = 0.1, 2.0


@dataclass(frozen=True)
class Bridge:
    """Name the bridge that an edge dials, the edge's own name there, and its token."""

    url: str
    edge: str
    token: str = field(repr=False)
    authority: Path | None = None

    @property
    def address(self) -> Address:
        """Return where it is."""
        return parse_address(self.url)


class _Named(msgspec.Struct):
    """Hold what every command has; whoever carries it out reads the rest."""

    id: int


class Pauses:
    """Say how long to wait before the next attempt: longer each time, never alike for two edges.

    >>> pauses = Pauses(Rng(1))
    >>> first, second = pauses.next(), pauses.next()
    >>> 0 <= first <= 0.1, 0 <= second <= 0.2
    (True, True)
    """

    def __init__(self, rng: Rng) -> None:
        self._rng, self._most = rng, PAUSE_S

    def next(self) -> float:
        """Return the seconds to wait."""
        most, self._most = self._most, min(2 * self._most, PAUSE_MAX_S)
        return self._rng.uniform(0, most)

    def reset(self) -> None:
        """Begin anew: the link held."""
        self._most = PAUSE_S


class Dialer:
    """Hold the edge's end of the link, whatever happens to it.

    `deliver` takes commands as they come, in the link's thread; `stored` says from any thread that
    one is on the disk.
    """

    def __init__(
        self,
        bridge: Bridge,
        market: MarketLog,
        account: AccountLog,
        *,
        deliver: Callable[[list[Received]], None],
        rng: Rng,
        logger: Logger,
    ) -> None:
        self._bridge, self._deliver, self._logger = bridge, deliver, logger
        self._account = account
        # What concerns orders goes before quotes, and quotes before the past.
        self._logs: dict[str, AccountLog | MarketLog | HistoryPoller] = {
            ACCOUNT: account, MARKET: market,
        }  # fmt: skip
        self._outgoing = {name: log.sending() for name, log in self._logs.items()}
        self._pauses = Pauses(rng)
        self._origin, self._commands = "", Receiving()
        self._codec = PackedCodec()
        self._told = ""
        self._conversation: Conversation | None = None

    def carry(self, history: HistoryPoller) -> None:
        """Send the bars of the terminal too, from the next connection on."""
        self._logs[HISTORY], self._outgoing[HISTORY] = history, history.sending()

    @property
    def is_linked(self) -> bool:
        """Say whether the bridge is there."""
        return self._conversation is not None

    @property
    def backlog(self) -> int:
        """Return how many records the bridge has not acknowledged."""
        return sum(self._ends()[name] - each.acked for name, each in self._outgoing.items())

    def wake(self) -> None:
        """Look for something to send, from any thread."""
        conversation = self._conversation
        if conversation is not None:
            conversation.wake()

    def stored(self, received: Received) -> None:
        """Tell the bridge that a command is on the disk, from any thread."""
        conversation = self._conversation
        if conversation is not None and received.origin == self._origin:
            conversation.acknowledge(COMMANDS, received.number)

    async def run(self) -> None:
        """Dial until cancelled."""
        address = self._bridge.address
        while True:
            try:
                transport = await dial(address, self._bridge.authority, seconds=DIAL_S)
                await self._talk(transport)
            except LinkLost as error:
                self._tell(str(error))
            await asyncio.sleep(self._pauses.next())

    def _tell(self, reason: str) -> None:
        # A long outage is told once, not with every attempt.
        tell = self._logger.info if reason == self._told else self._logger.warning
        tell("no link to the bridge", reason=reason)
        self._told = reason

    async def _talk(self, transport: Transport) -> None:
        try:
            self._conversation = await self._greet(transport)
            self._pauses.reset()
            self._logger.info("linked to the bridge", url=self._bridge.url)
            await self._conversation.run()
        finally:
            self._conversation = None
            await transport.close()

    async def _greet(self, transport: Transport) -> Conversation:
        """Prove who we are, let the bridge prove it too, and agree where each stream goes on."""
        edge, token, encode = self._bridge.edge, self._bridge.token, transport.codec.encode
        challenge = await self._hear(transport, Challenge)
        if challenge.protocol != PROTOCOL:
            raise LinkLost(f"the bridge speaks protocol {challenge.protocol}, not {PROTOCOL}")
        nonce = fresh_token(TOKEN_OCTETS)
        nonces = (edge, challenge.nonce, nonce)
        origins = {name: log.origin for name, log in self._logs.items()}
        mac = prove(token, EDGE_SIDE, *nonces)
        proof = Proof(PROTOCOL, edge, __version__, nonce, mac, origins)
        await transport.send(encode(proof))
        welcome = await self._hear(transport, Welcome)
        if not is_proof(prove(token, BRIDGE_SIDE, *nonces), welcome.mac):
            raise LinkLost("what answers is not our bridge: it does not hold the token")
        for stream, sending in self._outgoing.items():
            sending.resume(welcome.received.get(stream, 0))
        stored = self._meet_origin(welcome.origins[COMMANDS])
        await transport.send(encode(Ready({COMMANDS: stored})))
        return Conversation(
            transport, self._outgoing, {COMMANDS: self._commands}, take=self._take,
            miss=self._miss, terms=Terms(welcome.beat_ms / 1_000, 3 * welcome.beat_ms / 1_000),
        )  # fmt: skip

    async def _hear(self, transport: Transport, kind: type) -> Any:
        frame = await receive_frame(transport, kind | Refused, seconds=DIAL_S)
        if isinstance(frame, Refused):
            raise LinkLost(f"the bridge refused: {frame.reason}")
        return frame

    def _meet_origin(self, origin: str) -> int:
        stored = self._account.last_of(origin)
        if origin != self._origin:
            # A bridge that lost its files counts anew; ids still tell what was carried out.
            self._origin, self._commands = origin, Receiving(last=stored)
        return stored

    def _take(self, _: str, first: int, records: list[Raw]) -> None:
        named = [self._codec.decode(bytes(raw), _Named) for raw in records]
        self._deliver(
            [
                Received(each.id, self._origin, number, bytes(raw))
                for number, (each, raw) in enumerate(zip(named, records, strict=True), first)
            ]
        )

    def _miss(self, stream: str, first: int, last: int) -> None:
        self._logger.error("the bridge lost records", stream=stream, first=first, last=last)

    def _ends(self) -> dict[str, int]:
        return {name: log.end for name, log in self._logs.items()}
