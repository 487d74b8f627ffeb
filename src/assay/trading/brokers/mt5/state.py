"""What a gateway remembers, as bytes that a later start goes on from."""

from __future__ import annotations

import msgspec

from assay.model.errors import DataError
from assay.model.time import DAY
from assay.trading.brokers.mt5.account import AccountLock
from assay.trading.brokers.mt5.contracts import ContractTerms, ContractVersion
from assay.trading.brokers.mt5.ports import OrderCommand
from assay.trading.brokers.mt5.servertime import ServerClock
from assay.trading.brokers.mt5.symbols import SymbolLink
from assay.trading.execution import LiveOrder, OrderEvent, OrderState, RetryPolicy, advance

OVERLAP_MS = 24 * 3_600_000
"""Deals are asked for again from this long before the newest: histories arrive late."""
KEPT_NS = DAY
"""Orders that ended are known this long, so that a late deal finds them."""

CLOSED_DOORS = frozenset(
    {"client_disables_at", "server_disables_at", "disconnected", "terminal_away", "blocked"}
)
"""Reasons for which what is open stays open, whatever anybody asks for: nothing was sent."""


class MT5Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold what a person decided about one terminal and its account.

    `begin` (nanoseconds UTC) is when the platform took the account over: deals from then on are
    booked. `contracts` are the terms that were shown with the links. `armed_login` names the
    account if it holds real money. An order that nobody has seen for `settle_ns` while the terminal
    was connected never arrived; `block_ns` is how long a call may take.
    """

    account: str
    lock: AccountLock
    links: tuple[SymbolLink, ...]
    begin: int
    tenant: str = ""
    armed_login: int = 0
    clock: ServerClock | None = None
    retry: RetryPolicy = RetryPolicy()
    settle_ns: int = 120_000_000_000
    block_ns: int = 5_000_000_000
    margin_gap_bp: int = 100
    contracts: dict[str, ContractTerms] = {}


class OrderRecord(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Hold a command and what became of it; type, lots and prices are as they were sent.

    `is_recalled` says that its volume was worked out again and may have been less. `sent` is when
    it left and `since` from when on its silence counts, in nanoseconds UTC.
    """

    command: OrderCommand
    order: LiveOrder
    units: int = 0
    type: int = -1
    lots: float = 0.0
    is_recalled: bool = False
    sent: int = 0
    since: int = 0
    price: float = 0.0
    stop: float = 0.0
    target: float = 0.0
    is_spent: bool = False
    """Of a change: whether the terminal has shown what came of it, or of a later one."""
    position: int = 0
    """Identifier of the position that it concerns; a reversed one has another ticket."""
    shown: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Price, stop and target of a resting order as last seen."""
    is_watched: bool = False
    """Whether it is another road's: looked for, never sent by this one."""

    @property
    def is_over(self) -> bool:
        """Say whether nothing but a late deal can still come of it."""
        is_act = self.command.kind in ("cancel", "modify", "close_by")
        return self.order.is_final or (is_act and self.order.state is OrderState.ACCEPTED)

    @property
    def prices(self) -> tuple[float, float, float]:
        """Return price, stop and target as they were sent, the price 0 for a position."""
        return self.price, self.stop, self.target

    @property
    def may_show(self) -> bool:
        """Say whether the terminal may yet show, as new, what this change asked for.

        One that expired or was refused never reached it; one that was given up may still arrive.
        """
        state, reason = self.order.state, self.order.reason
        is_out = state is not OrderState.REJECTED or reason == "never_arrived"
        return self.order.attempts > 0 and is_out and not self.is_spent

    def is_settling(self, symbol: str) -> bool:
        """Say whether it may have changed a symbol's position by deals that are not booked yet."""
        is_market = self.command.order_type == "market" and self.command.kind in ("submit", "close")
        is_sent = self.order.attempts > 0 and not self.order.is_final
        return is_market and is_sent and self.command.symbol == symbol

    def advance(self, event: OrderEvent) -> bool:
        """Apply an event; say whether the state changed."""
        before = self.order.state
        self.order = advance(self.order, event)
        return self.order.state is not before


class HeldPosition(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Hold a position by its identifier: `own` of its `total` units are ours.

    `stop` and `target` are as last seen, once the terminal has shown it; `odd_since` is from when
    on the terminal shows another volume than the deals add up to.
    """

    key: int
    name: str
    own: int = 0
    total: int = 0
    ticket: int = 0
    stop: float = 0.0
    target: float = 0.0
    is_seen: bool = False
    odd_since: int = 0
    told: tuple[int, int] = (0, 0)
    lent: tuple[int, int] = (0, 0)
    """What was ours, and all of it, when the server took the position off to put it on again."""


class GatewayState(msgspec.Struct, kw_only=True):
    """Hold everything that a gateway remembers between two starts."""

    orders: dict[int, OrderRecord] = {}
    deals: dict[int, int] = {}
    """Tickets that were booked, with their server time in milliseconds."""
    newest_ms: int = 0
    positions: dict[int, HeldPosition] = {}
    contracts: dict[str, ContractVersion] = {}
    clock: ServerClock | None = None
    stopped: dict[str, str] = {}
    """Why orders are refused until a person acknowledges it, by what has changed."""
    checked_hour: int = -1
    is_open: bool = False
    """Whether the account was taken over: what it did before is in the balance told first."""

    def identify(self, ticket: int) -> int:
        """Return the identifier of a position, by the ticket it was last seen with."""
        found = (name for name, held in self.positions.items() if held.ticket == ticket)
        return next(found, ticket)

    def explain(self, ticket: int, found: tuple[float, float, float]) -> bool:
        """Say whether price, stop and target that are found came of a change that we asked for.

        Each change explains once: who puts back later what we once asked for is somebody else.
        """
        changes = [
            record
            for record in self.orders.values()
            if record.command.kind == "modify" and record.command.ticket == ticket
        ]
        for place in reversed(range(len(changes))):
            if changes[place].may_show and changes[place].prices == found:
                for record in changes[: place + 1]:
                    record.is_spent = True
                return True
        return False

    def forget_old(self, now: int) -> None:
        """Drop deals that are asked for no more, and orders that ended long before."""
        oldest = self.newest_ms - 2 * OVERLAP_MS
        if self.deals and min(self.deals.values()) < oldest:
            self.deals = {ticket: at for ticket, at in self.deals.items() if at >= oldest}
        held = {position.key for position in self.positions.values()}
        gone = [
            key
            for key, record in self.orders.items()
            if record.is_over and record.sent < now - KEPT_NS and key not in held
        ]
        for key in gone:
            del self.orders[key]


def encode_state(state: GatewayState) -> bytes:
    """Return the bytes of a state."""
    return msgspec.msgpack.encode(state)


def decode_state(payload: bytes) -> GatewayState:
    """Read a state; raise DataError for bytes that are none."""
    try:
        return msgspec.msgpack.decode(payload, type=GatewayState)
    except msgspec.DecodeError as error:
        raise DataError(f"the gateway's state cannot be read: {error}") from None
