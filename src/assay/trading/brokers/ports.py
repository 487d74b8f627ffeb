"""What the platform asks of a broker."""

from __future__ import annotations

from typing import Protocol

from assay.model.messages import CancelRequested, ChangeRequested, OrderSubmitted


class Broker(Protocol):
    """Take orders by their key; say which keys it has."""

    def cancel(self, wish: CancelRequested) -> None:
        """Ask for an order to be cancelled; a wish that it has is passed over."""
        ...

    def change(self, wish: ChangeRequested) -> None:
        """Ask for an order or a position to be changed; a wish that it has is passed over."""
        ...

    def send(self, order: OrderSubmitted) -> None:
        """Hand over an order whose key is committed; a key that it has is refused."""
        ...

    def lapse(self, order: OrderSubmitted) -> None:
        """Take an order whose key is committed and that is to end without being carried out."""
        ...

    def knows(self, key: int) -> bool:
        """Say whether an order of that key, or a wish of that id, was received."""
        ...

    def close(self) -> None:
        """Let go of the broker; what it received stays received."""
        ...
