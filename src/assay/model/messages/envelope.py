"""What every message carries, and its bytes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Union

import msgspec


class Message(
    msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, gc=False
):
    """Carry one fact or command between modules.

    `id` is unique per home, `cause` the id of the message that led here (0 for none), `tenant`
    empty for what belongs to nobody; `ts_event` is when it happened and `ts_init` when we made
    it, in nanoseconds UTC. The version is part of the tag once it passes 1.
    Messages form no cycles, so the garbage collector never looks at them.
    """

    id: int
    cause: int = 0
    tenant: str = ""
    ts_event: int
    ts_init: int


_encoder = msgspec.msgpack.Encoder()


@cache
def message_types() -> dict[str, type[Message]]:
    """Return every message type by its tag."""
    found: dict[str, type[Message]] = {}
    open_types = list(Message.__subclasses__())
    while open_types:
        kind = open_types.pop()
        open_types.extend(kind.__subclasses__())
        found[str(kind.__struct_config__.tag)] = kind
    return dict(sorted(found.items()))


@cache
def _decoder() -> msgspec.msgpack.Decoder[Message]:
    union: Any = Union[tuple(message_types().values())]  # noqa: UP007 - built at run time
    return msgspec.msgpack.Decoder(union)


def tag_of(message: Message) -> str:
    """Return the name that stands for a message's type in its bytes."""
    return str(message.__struct_config__.tag)


def encode_message(message: Message) -> bytes:
    """Return the MessagePack bytes of a message; equal messages give equal bytes."""
    return _encoder.encode(message)


def decode_message(payload: bytes) -> Message:
    """Read a message of any type; raise msgspec.DecodeError for anything else."""
    return _decoder().decode(payload)


@cache
def _array_decoder() -> msgspec.msgpack.Decoder[list[Message]]:
    union: Any = Union[tuple(message_types().values())]  # noqa: UP007 - built at run time
    return msgspec.msgpack.Decoder(list[union])


def encode_messages_into(messages: Sequence[Message], buffer: bytearray, offset: int) -> None:
    """Write many messages as one MessagePack array from `offset` on; the buffer ends with it."""
    _encoder.encode_into(messages, buffer, offset)


def decode_messages(payload: bytes) -> list[Message]:
    """Read an array of messages of any type; raise msgspec.DecodeError for anything else."""
    return _array_decoder().decode(payload)
