"""Make the engine's arrays, grow its logs, and take or restore a snapshot."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from assay.kernel.records import (
    ACCOUNT,
    EQUITY_LOG,
    FILL_LOG,
    INTENT,
    MARKET_STATE,
    NOTE_LOG,
    ORDER,
    ORDER_LOG,
    ORDER_SLOTS,
    POSITION,
)
from assay.model.accounts import AccountSpec
from assay.model.errors import DataError
from assay.trading.engine.loop import ROWS_PER_EVENT
from assay.trading.engine.step import World

STATE_FIELDS = ("accounts", "positions", "orders", "memory", "markets")
LOG_FIELDS = ("order_log", "fills", "notes", "equity")


def build_world(
    accounts: Sequence[AccountSpec],
    params: Sequence[Sequence[int]],
    terms: tuple[np.ndarray, np.ndarray, np.ndarray],
    memory_words: int,
    log_rows: tuple[int, int] = (1024, 1024),
) -> World:
    """Return a World at rest; terms are (instruments [i], limits [a], schedule [entries])."""
    instruments, limits, schedule = terms
    count, width = len(accounts), len(instruments)
    states = np.zeros(count, ACCOUNT)
    for row, spec in zip(states, accounts, strict=True):
        row["balance"] = row["peak"] = row["day_start"] = spec.cash
    markets = np.zeros(width, MARKET_STATE)
    markets["schedule_next"] = instruments["schedule_from"]
    trade_rows = max(log_rows[0], 4 * ROWS_PER_EVENT * count)
    world = World(
        accounts=states,
        positions=np.zeros((count, width), POSITION),
        orders=np.zeros((count, width, ORDER_SLOTS), ORDER),
        memory=np.zeros((count, width, max(memory_words, 1)), np.int64),
        params=np.array([list(row) or [0] for row in params], np.int64),
        limits=limits,
        instruments=instruments,
        markets=markets,
        schedule=schedule,
        intent=np.zeros(1, INTENT),
        scratch_orders=np.zeros(1, ORDER),
        counts=np.zeros(8, np.int64),
        order_log=np.zeros(trade_rows, ORDER_LOG),
        fills=np.zeros(trade_rows, FILL_LOG),
        notes=np.zeros(trade_rows, NOTE_LOG),
        equity=np.zeros(max(log_rows[1], 4 * count), EQUITY_LOG),
    )
    _set_room(world)
    return world


def _set_room(world: World) -> None:
    need = ROWS_PER_EVENT * len(world.accounts)
    for place, name in enumerate(LOG_FIELDS):
        rows = len(world.accounts) if name == "equity" else need
        world.counts[4 + place] = len(getattr(world, name)) - rows


def grow_logs(world: World) -> World:
    """Return the same world with twice the room in every log that is more than half full."""
    grown = {}
    for name, count in zip(LOG_FIELDS, world.counts[:4], strict=True):
        log = getattr(world, name)
        if 2 * count >= len(log):
            larger = np.zeros(2 * len(log), log.dtype)
            larger[:count] = log[:count]
            grown[name] = larger
    larger_world = world._replace(**grown)
    _set_room(larger_world)
    return larger_world


def take_state(world: World) -> bytes:
    """Return the bytes of everything that the future depends on."""
    return msgspec.msgpack.encode({name: getattr(world, name).tobytes() for name in STATE_FIELDS})


def restore_state(world: World, state: bytes) -> None:
    """Bring a world to a state taken before; raise DataError when the shapes differ."""
    saved = msgspec.msgpack.decode(state, type=dict[str, bytes])
    for name in STATE_FIELDS:
        array = getattr(world, name)
        if len(saved.get(name, b"")) != array.nbytes:
            raise DataError(
                f"the saved {name} have {len(saved.get(name, b''))} bytes, expected {array.nbytes}: "
                "instruments, accounts or parameters changed; use the same ones or a new home"
            )
        array[...] = np.frombuffer(saved[name], array.dtype).reshape(array.shape)
