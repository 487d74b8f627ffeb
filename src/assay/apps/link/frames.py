"""The frames of the link, in MessagePack or in JSON, and the records that they carry.

What each means is written in docs/ea-protocol.md.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

import msgspec
from msgspec import Raw

from assay.model.errors import DataError

PROTOCOL = 1
MARKET, ACCOUNT, COMMANDS, HISTORY = "market", "account", "commands", "history"
FRAME_BYTES = 1 << 20
"""The largest frame that either end takes."""


class Frame(msgspec.Struct, frozen=True, tag_field="type", tag=str.lower, gc=False):
    """Carry one thing that one end tells the other."""


class Challenge(Frame, frozen=True):
    """Carry what an edge must prove its token on; the bridge speaks first."""

    protocol: int
    nonce: str


class Proof(Frame, frozen=True):
    """Carry who an edge is and its proof; `origins` name the logs that its streams come from."""

    protocol: int
    edge: str
    program: str
    nonce: str
    mac: str
    origins: dict[str, str]


class Welcome(Frame, frozen=True):
    """Carry the bridge's own proof, and how far it holds each stream and the quotes of a symbol."""

    mac: str
    origins: dict[str, str]
    received: dict[str, int]
    quotes: dict[str, tuple[int, int]]
    beat_ms: int


class Ready(Frame, frozen=True):
    """Carry how far the edge holds the commands; from here on both ends send as they like."""

    received: dict[str, int]


class Refused(Frame, frozen=True):
    """Carry why the bridge does not talk to this edge."""

    reason: str


class Batch(Frame, frozen=True):
    """Carry records of a stream, numbered from `first` on without a hole."""

    stream: str
    first: int
    records: list[Raw]


class Gap(Frame, frozen=True):
    """Carry that records of a stream are gone for good: those from `first` through `last`."""

    stream: str
    first: int
    last: int


class Ack(Frame, frozen=True):
    """Carry that everything of a stream through `last` is stored and need not come again."""

    stream: str
    last: int


class Again(Frame, frozen=True):
    """Carry that a stream is to be sent once more from `first` on."""

    stream: str
    first: int


class Beat(Frame, frozen=True):
    """Carry that this end lives, and how far it has sent each stream."""

    sent: dict[str, int]


AnyFrame = (
    Challenge | Proof | Welcome | Ready | Refused | Batch | Gap | Ack | Again | Beat
)  # fmt: skip


class Quote(msgspec.Struct, frozen=True, array_like=True, tag="quote", gc=False):
    """Hold a quote of the terminal in integer points of 10^-digits.

    `time_msc` is the broker's clock as the terminal tells it, `ordinal` counts the quotes of a
    symbol within one such time; the two are its key. `ts` is nanoseconds UTC. The sizes are the
    lots at those prices, where the terminal shows its book.
    """

    symbol: str
    time_msc: int
    ordinal: int
    ts: int
    digits: int
    bid: int
    ask: int
    bid_size: float | None = None
    ask_size: float | None = None

    @property
    def key(self) -> tuple[int, int]:
        """Return what tells two quotes of a symbol apart and orders them."""
        return self.time_msc, self.ordinal


class Lost(msgspec.Struct, frozen=True, array_like=True, tag="lost", gc=False):
    """Hold that records of a stream never came: those of the edge's numbers `first` .. `last`."""

    stream: str
    first: int
    last: int


class Linked(msgspec.Struct, frozen=True, array_like=True, tag="linked", gc=False):
    """Hold that the bridge and an edge met, or that their link ended; the bridge notes it."""

    linked: bool


class Past(msgspec.Struct, frozen=True, array_like=True, tag="past", gc=False):
    """Hold finished bars of the terminal, `seconds` long, prices in points of 10^-digits.

    A bar is its close (ns UTC), open, high, low and close of the bid, and the spread.
    """

    symbol: str
    digits: int
    seconds: int
    bars: tuple[tuple[int, int, int, int, int, int], ...]


class Noted(msgspec.Struct, frozen=True, tag="noted", tag_field="type", gc=False):
    """Hold how far a command is without an outcome: received, or begun."""

    command: int
    what: str


class Outcome(msgspec.Struct, frozen=True, tag="outcome", tag_field="type", gc=False):
    """Hold what became of a command: executed, or reconciled after it was UNKNOWN.

    A repeated command brings its outcome once more, `repeated` then.
    """

    command: int
    how: str
    events: list[Raw]


class Reported(msgspec.Struct, frozen=True, tag="reported", tag_field="type", gc=False):
    """Hold what the terminal reported of its own accord: deals, positions, the account."""

    events: list[Raw]


Kind = TypeVar("Kind")


class Codec(Protocol):
    """Turn frames and records into bytes and back."""

    def encode(self, value: object) -> bytes: ...

    def decode(self, payload: bytes, kind: Any) -> Any: ...


class PackedCodec:
    """Speak MessagePack, which WebSocket connections carry."""

    def __init__(self) -> None:
        self.encode = msgspec.msgpack.Encoder().encode
        self._decoders: dict[Any, msgspec.msgpack.Decoder[Any]] = {}

    def decode(self, payload: bytes, kind: Any) -> Any:
        """Return what the bytes hold; raise DataError where they hold none of `kind`."""
        decoder = self._decoders.get(kind)
        if decoder is None:
            decoder = self._decoders[kind] = msgspec.msgpack.Decoder(kind)
        try:
            return decoder.decode(payload)
        except msgspec.MsgspecError as error:
            raise DataError(f"the other end sent what cannot be read: {error}") from None


class JsonCodec:
    """Speak JSON, which an Expert Advisor can write and read."""

    def __init__(self) -> None:
        self.encode = msgspec.json.Encoder().encode
        self._decoders: dict[Any, msgspec.json.Decoder[Any]] = {}

    def decode(self, payload: bytes, kind: Any) -> Any:
        """Return what the bytes hold; raise DataError where they hold none of `kind`."""
        decoder = self._decoders.get(kind)
        if decoder is None:
            decoder = self._decoders[kind] = msgspec.json.Decoder(kind)
        try:
            return decoder.decode(payload)
        except msgspec.MsgspecError as error:
            raise DataError(f"the other end sent what cannot be read: {error}") from None
