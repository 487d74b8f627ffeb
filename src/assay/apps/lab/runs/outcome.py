"""What a run came to: orders, fills, swaps and equity as arrays, with one digest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec import UNSET

from assay.apps.lab.runs.setup import Setup
from assay.apps.lab.runs.spill import Rows
from assay.books.analytics.performance import max_drawdown, sharpe_ratio
from assay.kernel.records import (
    CANCELLED,
    CHILD_ORDER,
    EQUITY_LOG,
    EXITS,
    FILL_LOG,
    ICEBERG,
    NEW_ORDER,
    NOTE_LOG,
    ORDER_CHANGE,
    ORDER_LOG,
    ORDER_TERMS,
    POSITION_CHANGE,
    PROTECTION,
    SWAP,
    TIMES_IN_FORCE,
    TWAP,
    VWAP,
)
from assay.model.ids import derive_order_key
from assay.model.messages import (
    EquityMarked,
    Message,
    OrderCancelled,
    OrderChanged,
    OrderDenied,
    OrderFilled,
    OrderSubmitted,
    PositionChanged,
    SwapCharged,
    TradingHalted,
)
from assay.trading.engine.naming import DENIALS, ENDINGS, TYPE_NAMES
from assay.trading.engine.world import World

ORDER_FIELDS = (
    "ts", "instrument", "ordinal", "type", "quantity", "price", "stop", "target", "denied",
)  # fmt: skip
FILL_FIELDS = (
    "ts", "instrument", "quantity", "price", "commission", "profit", "position", "modelled",
    "reason",
)  # fmt: skip
SWAP_FIELDS = ("ts", "instrument", "amount", "nights", "position")
_KEYS = np.dtype([("key", "i8"), ("ticket", "i8")])
IN_PARTS = (TWAP, VWAP, ICEBERG)
"""Types of orders that are sent as others."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Hold the log rows of one run of one account."""

    orders: np.ndarray
    fills: np.ndarray
    notes: np.ndarray
    equity: np.ndarray
    fill_keys: list[int] | None = None
    fill_tickets: list[int] | None = None

    @classmethod
    def of_world(cls, world: World) -> Outcome:
        """Take the rows that the compiled loop logged."""
        orders, fills, notes, equity = (int(n) for n in world.counts[:4])
        return cls(
            world.order_log[:orders], world.fills[:fills], world.notes[:notes],
            world.equity[:equity],
        )  # fmt: skip

    def keys_of_fills(self, setup: Setup) -> list[int]:
        """Return the order key of each fill."""
        if self.fill_keys is not None:
            return self.fill_keys
        return _key_column(self.fills, setup, "order_ts", "order_ordinal")

    def tickets_of_fills(self, setup: Setup) -> list[int]:
        """Return the key of the order that opened what each fill changed; 0 without tickets."""
        if self.fill_tickets is not None:
            return self.fill_tickets
        keys = _key_column(self.fills, setup, "ticket_ts", "ticket_ordinal", are_orders=True)
        return [
            key if ticket else 0 for key, ticket in zip(keys, self.fills["ticket"], strict=True)
        ]

    def digest(self, setup: Setup) -> str:
        """Return the SHA-256 over orders, fills, swaps and equity at every bar."""
        whole = sha256()
        swaps = self.notes[self.notes["kind"] == SWAP]
        for rows, names in (
            (self.orders, ORDER_FIELDS), (self.fills, FILL_FIELDS), (swaps, SWAP_FIELDS),
            (self.equity, EQUITY_LOG.names),
        ):  # fmt: skip
            for name in names or ():
                whole.update(np.ascontiguousarray(rows[name], dtype="<i8").tobytes())
            whole.update(b"|")
        whole.update(np.array(self.keys_of_fills(setup), "<i8").tobytes())
        if setup.account.margin_mode == "hedging":
            whole.update(np.array(self.tickets_of_fills(setup), "<i8").tobytes())
        return whole.hexdigest()


class OutcomeCollector:
    """Rebuild an outcome from messages, for drivers that trade through them."""

    def __init__(self, setup: Setup) -> None:
        self._index = {symbol: i for i, symbol in enumerate(setup.symbols)}
        self._types = {name: kind for kind, name in TYPE_NAMES.items()}
        self._denials = {reason: code for code, reason in DENIALS.items()}
        self._endings = {reason: kind for kind, reason in ENDINGS.items()}
        self._orders, self._fills = Rows(ORDER_LOG), Rows(FILL_LOG)
        self._notes, self._equity = Rows(NOTE_LOG), Rows(EQUITY_LOG)
        self._keys = Rows(_KEYS)
        self.halted = ""
        # Any: each method takes the one type of message that is its key.
        self._takers: dict[type[Message], Callable[[Any], None]] = {
            OrderSubmitted: self._take_order,
            OrderDenied: self._take_order,
            OrderChanged: self._take_order,
            PositionChanged: self._take_protection,
            OrderFilled: self._take_fill,
            SwapCharged: self._take_note,
            OrderCancelled: self._take_note,
            TradingHalted: self._take_halt,
        }

    def take(self, *messages: Message) -> None:
        """Note messages in their order; those that are no part of an outcome pass by."""
        takers, note = self._takers, self._equity.append
        for message in messages:
            if type(message) is EquityMarked:  # one per bar: the rest is rare
                note((message.ts_event, message.balance, message.equity, message.margin))
            elif take := takers.get(type(message)):
                take(message)

    def take_equity(self, rows: np.ndarray) -> None:
        """Note the worth after bars that brought nothing else: the columns of EQUITY_LOG [n, 4]."""
        self._equity.extend(rows.tobytes())

    def _take_halt(self, halt: TradingHalted) -> None:
        self.halted = halt.reason

    def _take_order(self, order: Any) -> None:
        denied = self._denials[order.reason] if type(order) is OrderDenied else 0
        tells, key_ts = NEW_ORDER, order.ts_event
        if type(order) is OrderChanged:
            tells, key_ts = ORDER_CHANGE, order.ts_bar
        elif order.order_type == TYPE_NAMES[PROTECTION]:
            tells = POSITION_CHANGE
        elif order.parent is not UNSET:
            tells = CHILD_ORDER
        self._orders.append(
            (order.ts_event, 0, self._index[order.symbol], len(self._orders), order.ordinal,
             self._types[order.order_type], order.quantity, order.price, order.stop, order.target,
             denied, 0, 0, tells, key_ts, 0, 0, 0, 0, 0, 0, 0, 0, *_terms_of(order))
        )  # fmt: skip

    def _take_protection(self, told: PositionChanged) -> None:
        terms = [told.trail if name == "trail" else 0 for name in ORDER_TERMS]
        self._orders.append(
            (told.ts_event, 0, self._index[told.symbol], len(self._orders), 0, PROTECTION, 0, 0,
             told.stop, told.target, 0, 0, 0, POSITION_CHANGE, told.ts_event, 0, 0, 0, 0, 0, 0, 0,
             0, *terms)
        )  # fmt: skip

    def _take_fill(self, fill: OrderFilled) -> None:
        reason = self._types[fill.reason]
        self._keys.append((fill.key, 0 if fill.ticket is UNSET else fill.ticket))
        self._fills.append(
            (fill.ts_event, 0, self._index[fill.symbol], 0, fill.fill, fill.quantity, fill.price,
             fill.commission, fill.profit, fill.spread_cost, fill.slippage_cost, fill.rate_num,
             fill.rate_den, fill.position, int(fill.kind == "modelled"), reason, 0, 0,
             int(fill.ticket is not UNSET), 0, 0, 0)
        )  # fmt: skip

    def _take_note(self, note: Any) -> None:
        swap = type(note) is SwapCharged
        kind = SWAP if swap else self._endings.get(note.reason, CANCELLED)
        amount, nights, position = (note.amount, note.nights, note.position) if swap else (0, 0, 0)
        self._notes.append(
            (note.ts_event, 0, self._index[note.symbol], kind, 0, amount, nights, position, 0, 0, 0,
             0)
        )  # fmt: skip

    def outcome(self) -> Outcome:
        """Return everything noted so far."""
        keys = self._keys.array()
        return Outcome(
            self._orders.array(), self._fills.array(), self._notes.array(), self._equity.array(),
            keys["key"].tolist(), keys["ticket"].tolist(),
        )  # fmt: skip


def _terms_of(order: OrderSubmitted | OrderDenied | OrderChanged) -> list[int]:
    if order.terms is UNSET:
        return [0] * len(ORDER_TERMS)
    told = {name: getattr(order.terms, name) for name in ORDER_TERMS}
    return [
        TIMES_IN_FORCE.index(each) if name == "time_in_force" else each
        for name, each in told.items()
    ]


def count_orders(outcome: Outcome) -> int:
    """Return how many orders were sent: no changes, and of one that goes in parts the parts."""
    rows = outcome.orders
    is_sent = (rows["tells"] == NEW_ORDER) | (rows["tells"] == CHILD_ORDER)
    return int(((rows["denied"] == 0) & is_sent & ~np.isin(rows["type"], IN_PARTS)).sum())


def summarise(outcome: Outcome, setup: Setup, *, bars: int, seconds: float) -> dict[str, Any]:
    """Return the figures of a run: money in whole currency, drawdown as a share of the peak."""
    scale = 10.0**setup.account.currency_digits
    equity, cash = outcome.equity["equity"], setup.account.cash
    final = int(equity[-1]) if len(equity) else cash
    return {
        "bars": bars,
        "orders": count_orders(outcome),
        "fills": len(outcome.fills),
        "final_equity": round(final / scale, setup.account.currency_digits),
        "net_profit": round((final - cash) / scale, setup.account.currency_digits),
        "max_drawdown": max_drawdown(equity, cash) if len(equity) else 0.0,
        "sharpe": sharpe_ratio(outcome.equity["ts"], equity, initial=cash) if len(equity) else None,
        "digest": outcome.digest(setup),
        "seconds": round(seconds, 6),
        "bars_per_second": round(bars / seconds) if seconds > 0 else None,
        "denied": int((outcome.orders["denied"] != 0).sum()),
    }


def _key_column(
    rows: np.ndarray, setup: Setup, times: str, ordinals: str, *, are_orders: bool = False
) -> list[int]:
    account, strategy = setup.account.id, setup.strategy.name
    is_mixed = "reason" in (rows.dtype.names or ()) and not are_orders
    reasons = rows["reason"] if is_mixed else None
    return [
        derive_order_key(
            account, strategy, setup.symbols[i], ts,
            "order" if reasons is None or reasons[k] not in EXITS else TYPE_NAMES[int(reasons[k])],
            ordinal,
        )
        for k, (i, ts, ordinal) in enumerate(
            zip(rows["instrument"].tolist(), rows[times].tolist(), rows[ordinals].tolist(),
                strict=True)
        )
    ]  # fmt: skip


def _times(ts: np.ndarray) -> pa.Array:
    return pa.array(np.ascontiguousarray(ts), pa.timestamp("ns", tz="UTC"))


def _scaled(rows: np.ndarray, name: str, digits: Iterable[int]) -> np.ndarray:
    scale = 10.0 ** np.array(list(digits))
    return np.asarray(rows[name] / scale[rows["instrument"]])


def _quantity_digits(setup: Setup) -> list[int]:
    return [spec.quantity_digits for spec in setup.instruments]


def order_table(outcome: Outcome, setup: Setup) -> pa.Table:
    """Return the orders: time, symbol, side, quantity, type, prices, key, and who denied them."""
    rows = outcome.orders
    digits = [price.digits for price in setup.pricing]
    quantity = _scaled(rows, "quantity", _quantity_digits(setup))
    return pa.table(
        {
            "time": _times(rows["ts"]),
            "symbol": [setup.symbols[i] for i in rows["instrument"]],
            "side": np.where(quantity > 0, "buy", "sell"),
            "quantity": np.abs(quantity),
            "type": [TYPE_NAMES[int(kind)] for kind in rows["type"]],
            "price": _scaled(rows, "price", digits),
            "stop": _scaled(rows, "stop", digits),
            "target": _scaled(rows, "target", digits),
            "order": _key_column(rows, setup, "key_ts", "ordinal"),
            "denied": [DENIALS.get(int(code)) for code in rows["denied"]],
        }
    )


def fill_table(outcome: Outcome, setup: Setup) -> pa.Table:
    """Return the fills; the swap since a symbol's last fill stands at its next one."""
    rows, money = outcome.fills, 10.0**setup.account.currency_digits
    quantity = _scaled(rows, "quantity", _quantity_digits(setup))
    reasons = [TYPE_NAMES[int(reason)] for reason in rows["reason"]]
    hedges = setup.account.margin_mode == "hedging"
    tickets = {"ticket": outcome.tickets_of_fills(setup)} if hedges else {}
    return pa.table(
        {
            "time": _times(rows["ts"]),
            "symbol": [setup.symbols[i] for i in rows["instrument"]],
            "side": np.where(quantity > 0, "buy", "sell"),
            "quantity": np.abs(quantity),
            "price": _scaled(rows, "price", [price.digits for price in setup.pricing]),
            "commission": rows["commission"] / money,
            "swap": swaps_by_fill(outcome) / money,
            "profit": rows["profit"] / money,
            "order": outcome.keys_of_fills(setup),
            "kind": np.where(rows["modelled"] == 1, "modelled", "exact"),
            "reason": reasons,
            "spread_cost": rows["spread_cost"] / money,
            "slippage_cost": rows["slippage_cost"] / money,
            **tickets,
        }
    )


def swaps_by_fill(outcome: Outcome) -> np.ndarray:
    """Return for each fill the swap its symbol was charged since the fill before (minor units)."""
    fills, found = outcome.fills, np.zeros(len(outcome.fills))
    swaps = outcome.notes[outcome.notes["kind"] == SWAP]
    for i in np.unique(swaps["instrument"]):
        mine = swaps[swaps["instrument"] == i]
        where = np.flatnonzero(fills["instrument"] == i)
        slot = np.searchsorted(fills["ts"][where], mine["ts"], side="left")
        kept = slot < len(where)
        np.add.at(found, where[slot[kept]], mine["amount"][kept])
    return found


def equity_table(outcome: Outcome, setup: Setup) -> pa.Table:
    """Return the account's worth after every bar: time, balance, equity, margin."""
    money = 10.0**setup.account.currency_digits
    rows = outcome.equity
    columns = {name: rows[name] / money for name in ("balance", "equity", "margin")}
    return pa.table({"time": _times(rows["ts"]), **columns})
