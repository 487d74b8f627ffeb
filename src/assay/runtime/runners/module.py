"""The contract of a module."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol, runtime_checkable

from assay.model.messages import Message

# Any: each handler takes the one type of message that it was asked for.
Handler = Callable[[Any], Iterable[Message] | None]


class Module(Protocol):
    """Turn messages into messages; never see the bus, a thread or a socket."""

    @property
    def consumes(self) -> tuple[type[Message], ...]:
        """Return the message types it wants."""
        ...

    @property
    def publishes(self) -> tuple[type[Message], ...]:
        """Return the message types it may answer with."""
        ...

    def handle(self, message: Message) -> Iterable[Message]:
        """Return what a message leads to, in order."""
        ...


@runtime_checkable
class RoutedModule(Protocol):
    """Name a handler for each type of message, so that a runner looks it up only once."""

    def route(self, kind: type[Message]) -> Handler | None:
        """Return what `handle` would call for a message of this type; None where it does nothing.

        A handler may answer None for no messages.
        """
        ...
