"""Listen for edges: WebSockets in MessagePack, and plain sockets in JSON for Expert Advisors."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Raw
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from assay.apps.bridge.desk import edge_folder
from assay.apps.bridge.inbox import Arrivals, EdgeBox
from assay.apps.bridge.tokens import EdgeGrant, EdgeTokens
from assay.apps.link.conversation import Conversation, Terms
from assay.apps.link.frames import (
    COMMANDS,
    FRAME_BYTES,
    HISTORY,
    PROTOCOL,
    Challenge,
    Proof,
    Ready,
    Refused,
    Welcome,
)
from assay.apps.link.proof import BRIDGE_SIDE, EDGE_SIDE, TOKEN_OCTETS, is_proof, prove
from assay.apps.link.transports import (
    QUEUE_FRAMES,
    LinkLost,
    SocketTransport,
    StreamTransport,
    Transport,
    is_loopback,
    receive_frame,
)
from assay.model.errors import AssayError, OperatorError, RetryError, UsageError
from assay.runtime.home import Home
from assay.runtime.ids import fresh_token
from assay.runtime.logs import Logger
from assay.trading.brokers.mt5.ports import OrderCommand

EDGES_MAX = 10
GREETING_S = 5.0
FETCH_EVERY_S = 0.005
TRIM_EVERY_S, TRIM_PAUSE_S = 1.0, 0.005
GREETINGS_MAX = 32
HEALTH = "/health"
_DONE = object()


@dataclass(frozen=True)
class Listening:
    """Say where the bridge listens; port 0 takes a free one, None listens not at all.

    Beyond loopback it wants a certificate.
    """

    host: str = "127.0.0.1"
    port: int | None = 0
    advisor_port: int | None = None
    certificate: Path | None = None
    key: Path | None = None

    def security(self) -> ssl.SSLContext | None:
        """Return what connections are secured with; raise where it is needed and missing."""
        if self.certificate is None:
            if not is_loopback(self.host):
                raise UsageError(f"{self.host} is not loopback; give --certificate and --key")
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            context.load_cert_chain(self.certificate, self.key)
        except OSError as error:
            raise OperatorError(f"certificate {self.certificate} cannot be used: {error}") from None
        return context


@dataclass
class _Session:
    grant: EdgeGrant
    program: str
    since: int
    transport: Transport
    conversation: Conversation | None = None


class BridgeServer:
    """Let edges in by their tokens, keep what they send, and send them their commands.

    An edge that connects again takes the place of its earlier connection. A tenant has at most
    `edges_max` edges at once.
    """

    def __init__(
        self, home: Home, logger: Logger, *, terms: Terms | None = None,
        edges_max: int = EDGES_MAX,
    ) -> None:  # fmt: skip
        self._home, self._logger = home, logger
        self._terms, self._edges_max = terms or Terms(), edges_max
        self._tokens, self._arrivals = EdgeTokens(home), Arrivals(home.clock)
        self._boxes: dict[str, EdgeBox] = {}
        self._sessions: dict[str, _Session] = {}
        self._strangers: list[Transport] = []
        self._socket: Server | None = None
        self._advisors: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._duties: list[asyncio.Task[None]] = []
        self.heard: Callable[[EdgeGrant, str], None] = lambda *_: None

    @property
    def port(self) -> int:
        """Return the port of the WebSockets."""
        assert self._socket is not None
        return int(next(iter(self._socket.sockets)).getsockname()[1])

    @property
    def advisor_port(self) -> int:
        """Return the port of the plain sockets."""
        assert self._advisors is not None
        return int(self._advisors.sockets[0].getsockname()[1])

    async def start(self, listening: Listening) -> None:
        """Begin to listen; raise RetryError where a port is taken."""
        security = listening.security()
        # What comes is told apart in time from all that came in earlier lives.
        for grant in self._tokens.all():
            self.box(grant).market.note_link(linked=False)
        try:
            if listening.port is not None:
                self._socket = await serve(
                    self._meet_socket, listening.host, listening.port, ssl=security,
                    compression=None, ping_interval=None, max_size=FRAME_BYTES,
                    max_queue=QUEUE_FRAMES, server_header=None, process_request=self._answer,
                )  # fmt: skip
            if listening.advisor_port is not None:
                self._advisors = await asyncio.start_server(
                    self._meet_stream, listening.host, listening.advisor_port, ssl=security,
                    limit=FRAME_BYTES,
                )  # fmt: skip
            self._duties = [asyncio.create_task(each()) for each in (self._fetch, self._trim)]
            self._tasks.update(self._duties)
        except OSError as error:
            raise RetryError(f"the bridge cannot listen on {listening.host}: {error}") from None

    async def stop(self) -> None:
        """End every connection and close what is kept."""
        for server in (self._socket, self._advisors):
            if server is not None:
                server.close()
        for session in list(self._sessions.values()):
            await session.transport.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._socket is not None:
            await self._socket.wait_closed()
        for box in self._boxes.values():
            box.close()

    def box(self, grant: EdgeGrant) -> EdgeBox:
        """Return what is kept of an edge."""
        found = self._boxes.get(grant.place)
        if found is None:
            folder = edge_folder(self._home, grant)
            found = self._boxes[grant.place] = EdgeBox(folder, self._home.clock, self._arrivals)
        return found

    def submit(self, grant: EdgeGrant, command: OrderCommand) -> int:
        """Send a command to an edge, now or when it is there; return its number.

        It is on the disk when this returns. Raises UsageError for another account's command.
        """
        if command.account != grant.account:
            raise UsageError(
                f"edge {grant.edge} trades account {grant.account}, not {command.account}"
            )
        number = self.box(grant).submit(command)
        self._wake(grant.place)
        return number

    def _wake(self, place: str) -> None:
        session = self._sessions.get(place)
        if session is not None and session.conversation is not None:
            session.conversation.wake()

    async def _fetch(self) -> None:
        """Follow what other processes submit, for linked edges alone."""
        while True:
            for place in list(self._sessions):
                if self._boxes[place].fetch():
                    self._wake(place)
            await asyncio.sleep(FETCH_EVERY_S)

    async def _trim(self) -> None:
        """Let go of what readers have confirmed, beside the loop and never much at once.

        A first time there may be more of it than is read in seconds, while edges wait for answers.
        """
        while True:
            for box in list(self._boxes.values()):
                pieces = box.account.trim_in_pieces()
                while await asyncio.to_thread(next, pieces, _DONE) is not _DONE:
                    await asyncio.sleep(TRIM_PAUSE_S)
            await asyncio.sleep(TRIM_EVERY_S)

    def check(self) -> None:
        """Raise what ended one of its duties: orders would not be sent, or disks fill."""
        for each in self._duties:
            if each.done():
                each.result()

    def health(self) -> list[dict[str, Any]]:
        """Return each known edge: linked or not, and how far its streams are."""
        shown = []
        for grant in self._tokens.all():
            session, box = self._sessions.get(grant.place), self._boxes.get(grant.place)
            ends = {"quotes_kept": box.market.end, "news_kept": box.account.end} if box else {}
            if box:
                now = self._home.clock.now_ns()
                ends |= {"lost": box.market.lost, **box.market.pace.told(now)}
            shown.append(
                {"tenant": grant.tenant, "edge": grant.edge, "account": grant.account,
                 "linked": session is not None, "program": session.program if session else None,
                 "since": session.since if session else None, **ends}
            )  # fmt: skip
        return shown

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer who asks whether the bridge lives; names of edges are nobody's business."""
        if request.path != HEALTH:
            return None
        alive = {"status": "ok", "linked": len(self._sessions)}
        return connection.respond(HTTPStatus.OK, msgspec.json.encode(alive).decode() + "\n")

    async def _meet_socket(self, socket: ServerConnection) -> None:
        await self._serve(SocketTransport(socket))

    async def _meet_stream(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await self._serve(StreamTransport(reader, writer))

    async def _serve(self, transport: Transport) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            session = await self._greet(transport)
            await self._talk(session)
        except LinkLost as error:
            self._logger.info("a link ended", reason=str(error))
        except AssayError as error:
            self._logger.error("an edge cannot be served", reason=str(error))
        finally:
            self._tasks.discard(task)
            await transport.close()

    async def _greet(self, transport: Transport) -> _Session:
        """Let an edge prove itself; raise LinkLost for one that does not."""
        if len(self._strangers) >= GREETINGS_MAX:
            # An edge proves itself in a moment; who was silent for longest makes room for it.
            await self._strangers.pop(0).close()
        self._strangers.append(transport)
        try:
            nonce = fresh_token(TOKEN_OCTETS)
            await transport.send(transport.codec.encode(Challenge(PROTOCOL, nonce)))
            proof = await receive_frame(transport, Proof, seconds=GREETING_S)
            grant = self._tokens.find(proof.edge)
            reason = self._judge(proof, grant, nonce)
            if reason or grant is None:
                await transport.send(transport.codec.encode(Refused(reason)))
                raise LinkLost(f"an edge was refused: {reason}")
            await self._welcome(transport, grant, proof, nonce)
        finally:
            if transport in self._strangers:
                self._strangers.remove(transport)
        return _Session(grant, proof.program, self._home.clock.now_ns(), transport)

    def _judge(self, proof: Proof, grant: EdgeGrant | None, nonce: str) -> str:
        """Return why an edge may not come in, empty where it may."""
        if proof.protocol != PROTOCOL:
            return f"it speaks protocol {proof.protocol} and the bridge {PROTOCOL}"
        # A stranger is answered like a wrong token: names are not told.
        token = grant.token if grant else fresh_token(TOKEN_OCTETS)
        expected = prove(token, EDGE_SIDE, proof.edge, nonce, proof.nonce)
        if grant is None or not is_proof(expected, proof.mac):
            return "the name is unknown or the token is wrong"
        others = [
            each for place, each in self._sessions.items()
            if each.grant.tenant == grant.tenant and place != grant.place
        ]  # fmt: skip
        if len(others) >= self._edges_max:
            return f"{len(others)} edges of the tenant are linked, and no more may be"
        return ""

    async def _welcome(
        self, transport: Transport, grant: EdgeGrant, proof: Proof, nonce: str
    ) -> None:
        earlier = self._sessions.pop(grant.place, None)
        if earlier is not None:
            await earlier.transport.close()
        box = self.box(grant)
        box.market.note_link(linked=False)
        origins = proof.origins
        # An Expert Advisor sends no history.
        received = {
            name: inbox.meet(origins.get(name, ""))
            for name, inbox in box.incoming.items()
            if name in origins or name != HISTORY
        }
        mac = prove(grant.token, BRIDGE_SIDE, grant.edge, nonce, proof.nonce)
        beat_ms = round(self._terms.beat_s * 1_000)
        welcome = Welcome(mac, {COMMANDS: box.origin}, received, box.market.keys, beat_ms)
        await transport.send(transport.codec.encode(welcome))

    async def _talk(self, session: _Session) -> None:
        grant, transport = session.grant, session.transport
        ready = await receive_frame(transport, Ready, seconds=GREETING_S)
        box, codec = self.box(grant), transport.codec
        commands = box.sending(codec)
        commands.resume(ready.received.get(COMMANDS, 0))

        def take(stream: str, first: int, records: list[Raw]) -> None:
            box.incoming[stream].take(first, records, codec)
            conversation.acknowledge(stream, first + len(records) - 1)
            self.heard(grant, stream)

        def miss(stream: str, first: int, last: int) -> None:
            box.incoming[stream].miss(first, last)
            self._logger.warning("an edge lost records", edge=grant.edge, stream=stream,
                                 first=first, last=last)  # fmt: skip
            conversation.acknowledge(stream, last)
            self.heard(grant, stream)

        conversation = Conversation(
            transport, {COMMANDS: commands},
            {name: inbox.receiving for name, inbox in box.incoming.items()},
            take=take, miss=miss, terms=self._terms,
        )  # fmt: skip
        # Between greeting and here another connection of the same edge may have come in.
        earlier = self._sessions.get(grant.place)
        if earlier is not None:
            await earlier.transport.close()
        session.conversation = conversation
        self._sessions[grant.place] = session
        self._logger.info("an edge is linked", edge=grant.edge, tenant=grant.tenant)
        box.market.note_link(linked=True)
        try:
            await conversation.run()
        finally:
            if self._sessions.get(grant.place) is session:
                del self._sessions[grant.place]
                box.market.note_link(linked=False)
