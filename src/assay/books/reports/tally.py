"""What became of an account's orders, and how far from their price they filled."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable

import msgspec

from assay.books.reports.tape import Contract
from assay.model.messages import (
    AccountReported,
    DecisionMade,
    Message,
    OrderCancelled,
    OrderChanged,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
)

TALLY_KINDS = (
    "DecisionMade", "OrderSubmitted", "OrderChanged", "OrderDenied", "OrderFilled",
    "OrderCancelled", "OrderRejected", "OrderExpired", "AccountReported",
)  # fmt: skip
SLIPS_KEPT = 1_000


class _Open(msgspec.Struct):
    units: int
    filled: int
    price: int
    parent: int


class OrderTally:
    """Count orders of an account by how they ended; those that are not done are open.

    `slips` are pips by which the last fills were worse than the price of their order, or the one
    that its decision looked at; fills of neither have none. `report` is a venue's last word.
    """

    def __init__(self, account: str, contract_of: Callable[[str], Contract]) -> None:
        self._account, self._contract_of = account, contract_of
        self._open: dict[int, _Open] = {}
        self._looked_at: dict[str, tuple[int, int]] = {}
        self.sent = self.slip_count = 0
        self.slip_sum = 0.0
        self.slips: deque[float] = deque(maxlen=SLIPS_KEPT)
        self.ended: Counter[str] = Counter()
        self.reasons: Counter[tuple[str, str]] = Counter()
        self.report: AccountReported | None = None

    @property
    def open(self) -> Counter[str]:
        """Return how many orders may still fill, by whether a part of them did."""
        return Counter("partly_filled" if o.filled else "resting" for o in self._open.values())

    def take(self, message: Message) -> None:
        """Note one message; those of other accounts pass by."""
        if getattr(message, "account", None) != self._account:
            return
        if isinstance(message, DecisionMade):
            self._looked_at[message.symbol] = (message.ts_bar, message.price or 0)
        elif isinstance(message, OrderSubmitted):
            self._send(message)
        elif isinstance(message, OrderFilled):
            self._fill(message)
        elif isinstance(message, OrderChanged):
            self._change(message)
        elif isinstance(message, AccountReported):
            self.report = message
        else:
            self._end(message)

    def _send(self, order: OrderSubmitted) -> None:
        self.sent += 1
        ts, price = self._looked_at.get(order.symbol, (0, 0))
        reference = order.price or (price if ts == order.ts_bar else 0)
        parent = order.parent if isinstance(order.parent, int) else 0
        self._open[order.key] = _Open(order.quantity, 0, reference, parent)

    def _change(self, order: OrderChanged) -> None:
        known = self._open.get(order.key)
        if known is not None:
            sign = 1 if order.quantity > 0 else -1
            known.units = order.quantity + sign * known.filled
            known.price = order.price or known.price

    def _fill(self, fill: OrderFilled) -> None:
        known = self._open.get(fill.key)
        # What closes a position may bear the key of what opened it; that is no fill of the order.
        if known is None or (known.units > 0) != (fill.quantity > 0):
            return
        if known.price:
            self._slip(fill, known.price)
        whole = self._open.get(known.parent)
        if whole is not None:
            whole.filled += abs(fill.quantity)
        known.filled += abs(fill.quantity)
        if known.filled >= abs(known.units):
            del self._open[fill.key]
            self.ended["filled"] += 1

    def _slip(self, fill: OrderFilled, price: int) -> None:
        points = (fill.price - price) * (1 if fill.quantity > 0 else -1)
        pips = points / 10**fill.price_digits / self._contract_of(fill.symbol).pip
        self.slips.append(pips)
        self.slip_sum += pips
        self.slip_count += 1

    def _end(self, message: Message) -> None:
        if isinstance(message, OrderDenied):
            state, reason = "denied", message.reason
        elif isinstance(message, OrderRejected):
            state, reason = "rejected", message.reason
        elif isinstance(message, OrderExpired):
            state, reason = "expired", "expired"
        elif isinstance(message, OrderCancelled):
            ends = {"worked": "filled", "expired": "expired"}
            state, reason = ends.get(message.reason, "cancelled"), message.reason
        else:
            return
        if state != "denied" and self._open.pop(message.key, None) is None:
            return
        self.ended[state] += 1
        if state != "filled":
            self.reasons[state, reason] += 1
