"""The paper broker: it receives orders durably; the engine's own matching fills them."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from assay.model.errors import InvariantError
from assay.model.messages import CancelRequested, ChangeRequested, OrderSubmitted

NAME = "paper"


class ReceivedOrder(msgspec.Struct, frozen=True):
    """Hold one line of the broker's book of received orders."""

    key: int
    account: str
    symbol: str
    quantity: int
    ts: int


class PaperBroker:
    """Keep a book of received orders in a file of its own, as a broker elsewhere would.

    A line is on disk before `send` returns; a torn last line, left by a kill, was never
    acknowledged and is dropped. Raises InvariantError for a key that it has already.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys = {order.key for order in self._load()}
        self._file = path.open("ab", buffering=0)

    def _load(self) -> list[ReceivedOrder]:
        if not self._path.exists():
            return []
        content = self._path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            with self._path.open("r+b") as torn:
                torn.truncate(whole)
        return [
            msgspec.json.decode(line, type=ReceivedOrder) for line in content[:whole].splitlines()
        ]

    def send(self, order: OrderSubmitted) -> None:
        """Write the order down; it is received once the line is on disk."""
        if order.key in self._keys:
            raise InvariantError(f"order key {order.key} was sent twice")
        line = ReceivedOrder(order.key, order.account, order.symbol, order.quantity, order.ts_event)
        self._file.write(msgspec.json.encode(line) + b"\n")
        os.fdatasync(self._file.fileno())
        self._keys.add(order.key)

    def lapse(self, order: OrderSubmitted) -> None:
        """Write it down too: what the engine fills, the engine lets end."""
        self.send(order)

    def cancel(self, wish: CancelRequested) -> None:
        """Pass it over: what the engine fills, the engine cancels."""

    def change(self, wish: ChangeRequested) -> None:
        """Pass it over: what the engine fills, the engine changes."""
        self._keys.add(wish.id)

    def knows(self, key: int) -> bool:
        """Say whether a key was received."""
        return key in self._keys

    def close(self) -> None:
        """Close the book."""
        self._file.close()
