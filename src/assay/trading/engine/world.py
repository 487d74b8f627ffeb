"""Make the engine's arrays, grow its logs, and take or restore a snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from assay.kernel.records import (
    ACCOUNT,
    CHECK,
    DEPTH,
    EQUITY_LOG,
    EVENT,
    FILL_LOG,
    FORECAST,
    INTENT,
    MARKET_STATE,
    NO_VENUE,
    NOTE_LOG,
    ORDER,
    ORDER_LOG,
    ORDER_SLOTS,
    POSITION,
    TICKET,
    TICKET_SLOTS,
    VENUE_AWAY,
)
from assay.kernel.rounding import OVERFLOW
from assay.model.accounts import AccountSpec
from assay.model.errors import DataError
from assay.trading.engine.arrays import LAYOUT, WorldHandle
from assay.trading.engine.calling import find_addresses
from assay.trading.engine.loop import ROWS_PER_EVENT
from assay.trading.engine.working import HOURS
from assay.trading.risk.catalogue import RULES

STATE_FIELDS = (
    "accounts", "positions", "orders", "memory", "markets", "limits", "correlations",
    "profiles", "tickets",
)  # fmt: skip
LOG_FIELDS = ("order_log", "fills", "notes", "equity")


@dataclass(slots=True)
class World:
    """Hold the engine's arrays (assay.trading.engine.arrays.LAYOUT) and the handle that binds them.

    Compiled code takes the handle, or its address while it is held; Python reads the arrays, which
    are the same memory.
    """

    accounts: Any
    positions: Any
    orders: Any
    memory: Any
    params: Any
    limits: Any
    instruments: Any
    markets: Any
    profiles: Any
    schedule: Any
    intent: Any
    forecasts: Any
    depths: Any
    scratch_orders: Any
    event: Any
    counts: Any
    checks: Any
    correlations: Any
    tickets: Any
    order_log: Any
    fills: Any
    notes: Any
    equity: Any
    handle: WorldHandle | None = None
    address: int = 0

    def bind(self) -> WorldHandle:
        """Make and return the handle of the arrays as they are now; set the room of the logs."""
        need = _rows_needed(len(self.accounts), hedge=self.tickets.size > 0)
        for place, name in enumerate(LOG_FIELDS):
            rows = len(self.accounts) if name == "equity" else need
            self.counts[4 + place] = len(getattr(self, name)) - rows
        arrays = (getattr(self, name) for name in LAYOUT)
        self.handle = WorldHandle(arrays, find_addresses())
        self.address = self.handle.address
        return self.handle

    def open_tickets(self, a: int, i: int) -> Any:
        """Return the open tickets of a hedging account in an instrument, the oldest first."""
        count = int(self.positions[a, i]["tickets"])
        return self.tickets[a, i, :count] if count else self.tickets.reshape(-1)[:0]

    def grow(self) -> WorldHandle:
        """Double every log that has no room for one more event; return the new handle."""
        for place, name in enumerate(LOG_FIELDS):
            log, count = getattr(self, name), self.counts[place]
            if count > self.counts[4 + place]:
                larger = np.zeros(2 * len(log), log.dtype)
                larger[:count] = log[:count]
                setattr(self, name, larger)
        return self.bind()


def build_world(
    accounts: Sequence[AccountSpec],
    params: Sequence[Sequence[Sequence[int]]],
    terms: tuple[np.ndarray, np.ndarray, np.ndarray],
    memory_words: int,
    log_rows: tuple[int, int] = (1024, 1024),
) -> World:
    """Return a World at rest, its equity at the accounts' cash.

    params are [account][instrument][words]; terms are (instruments [i], limits [a, i],
    schedule [entries]); log_rows are the first room for trades and for equity.
    """
    instruments, limits, schedule = terms
    count, width = len(accounts), len(instruments)
    states = np.zeros(count, ACCOUNT)
    for row, spec in zip(states, accounts, strict=True):
        row["balance"] = row["peak"] = row["day_start"] = row["week_start"] = spec.cash
        # Nothing is sent to a venue before it has said how the account stands.
        row["venue"] = VENUE_AWAY if spec.venue else NO_VENUE
        row["hedges"] = spec.margin_mode == "hedging"
    hedge = bool(states["hedges"].any())
    markets = np.zeros(width, MARKET_STATE)
    markets["schedule_next"] = instruments["schedule_from"]
    trade_rows = max(log_rows[0], 4 * _rows_needed(count, hedge=hedge))
    world = World(
        accounts=states,
        positions=np.zeros((count, width), POSITION),
        orders=np.zeros((count, width, ORDER_SLOTS), ORDER),
        memory=np.zeros((count, width, max(memory_words, 1)), np.int64),
        params=np.array([[list(row) or [0] for row in each] for each in params], np.int64),
        limits=limits.copy(),
        instruments=instruments,
        markets=markets,
        profiles=np.zeros((width, HOURS), np.int64),
        schedule=schedule,
        intent=np.zeros(1, INTENT),
        forecasts=np.zeros(1, FORECAST),
        depths=np.zeros(1, DEPTH),
        scratch_orders=np.zeros(1, ORDER),
        event=np.zeros(1, EVENT),
        counts=np.zeros(8, np.int64),
        checks=np.zeros((count, len(RULES)), CHECK),
        correlations=np.full((width, width), OVERFLOW, np.int64),
        tickets=np.zeros((count, width, TICKET_SLOTS) if hedge else (0, 0, 0), TICKET),
        order_log=np.zeros(trade_rows, ORDER_LOG),
        fills=np.zeros(trade_rows, FILL_LOG),
        notes=np.zeros(trade_rows, NOTE_LOG),
        equity=np.zeros(max(log_rows[1], 4 * count), EQUITY_LOG),
    )
    world.bind()
    return world


def _rows_needed(accounts: int, *, hedge: bool) -> int:
    """Return the rows of a log that one event may need; each ticket may be closed and pays swap."""
    return ROWS_PER_EVENT * accounts * (TICKET_SLOTS if hedge else 1)


def take_state(world: World) -> bytes:
    """Return the bytes of everything that the future depends on."""
    arrays = ((name, getattr(world, name)) for name in STATE_FIELDS)
    return msgspec.msgpack.encode({name: array.tobytes() for name, array in arrays if array.size})


def restore_state(world: World, state: bytes) -> None:
    """Bring a world to a state taken before; raise DataError when the shapes differ."""
    saved = msgspec.msgpack.decode(state, type=dict[str, bytes])
    for name in STATE_FIELDS:
        array = getattr(world, name)
        if len(saved.get(name, b"")) != array.nbytes:
            raise DataError(
                f"the saved {name} have {len(saved.get(name, b''))} bytes, not {array.nbytes}: "
                "instruments, accounts or parameters changed; use the same ones or a new home"
            )
        if array.size:
            array[...] = np.frombuffer(saved[name], array.dtype).reshape(array.shape)
