"""The contract of a module."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from assay.model.messages import Message


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
