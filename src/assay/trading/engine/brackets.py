"""Book brackets by the engine itself: every bracket is the trade of an account of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.kernel.records import BASE_BAR, FORECAST, MARKET, SWAP
from assay.model.accounts import AccountSpec
from assay.trading.engine.loading import Strategy, load_strategy
from assay.trading.engine.world import World, build_world

Int64s = NDArray[np.int64]
LABELLING = Path(__file__).resolve().parents[1] / "labelling"
LONG, SHORT = 1, 2
AMPLE_CASH = 10**15
"""Minor units that no bracket of a lot can lose."""
ROWS = 1 << 16
NO_FILL = -1
MONEY_ROW = np.dtype(
    [
        (name, "i8")
        for name in (
            "account", "sequence", "money", "position", "price", "ts", "order_ts", "reason",
        )
    ]
)  # fmt: skip
"""A fill, or a swap between two (reason NO_FILL), and what it did to the balance."""


class Booked(NamedTuple):
    """Hold what brackets earned by (row): net (minor units), price gained (points), last bar."""

    net: Int64s
    points: Int64s
    end: Int64s


@dataclass(frozen=True, slots=True, kw_only=True)
class BracketEngine:
    """Run the engine over one instrument's events with an account a bracket.

    An account opens a bracket, holds it to its end, and opens the next a period later, so that
    2 x period accounts open one of either side at every bar.
    """

    events: np.ndarray
    terms: tuple[np.ndarray, np.ndarray, np.ndarray]
    account: AccountSpec
    lot_units: int
    on_progress: Callable[[int], None] | None = None

    def book(
        self, stop: Int64s, target: Int64s, *, horizon: int, stride: int = 1
    ) -> tuple[Booked, Booked]:
        """Return the long and the short brackets wanted at every `stride`-th base bar.

        Distances [bars] are points; a bar whose stop is 0 has none. `end` is -1 where the data
        end before a bracket does, or where there is none.
        """
        strategy = load_strategy("bracket", LABELLING)
        period = -(-(horizon + 1) // stride) * stride
        is_bar = self.events["kind"] == BASE_BAR
        forecasts = np.zeros(len(self.events), FORECAST)
        forecasts["stop"][is_bar], forecasts["target"][is_bar] = stop, target
        forecasts["horizon"] = horizon
        offsets = range(1, period + 1, stride)
        sides = [(offset, side) for side in (LONG, SHORT) for offset in offsets]
        world = self._world(strategy, [[period, *each, self.lot_units] for each in sides])
        world.forecasts = forecasts
        world.bind()
        parts = [_rows_of(*logs) for logs in self._run(strategy, world)]
        closes = self.events["ts"][is_bar]
        side = np.array([side == SHORT for _, side in sides])
        return _join(np.concatenate(parts), closes, side)

    def _world(self, strategy: Strategy, params: list[list[int]]) -> World:
        import msgspec

        instruments, limits, schedule = self.terms
        rich = msgspec.structs.replace(self.account, cash=AMPLE_CASH)
        count = len(params)
        return build_world(
            [rich] * count, [[row] for row in params],
            (instruments, np.repeat(limits, count, axis=0), schedule),
            strategy.module.memory_words(strategy.parameters), (ROWS, ROWS),
        )  # fmt: skip

    def _run(self, strategy: Strategy, world: World) -> Iterator[tuple[Any, Any]]:
        """Yield the logs each time they are full, and at the end; then they are written anew."""
        done, whole = 0, len(self.events)
        while done < whole:
            reached = strategy.run(world.handle, self.events, done, whole)
            yield world.fills[: world.counts[1]], world.notes[: world.counts[2]]
            world.counts[:4] = 0
            if self.on_progress:
                self.on_progress(reached - done)
            done = reached


def _rows_of(fills: Any, notes: Any) -> np.ndarray:
    """Return fills and swaps as rows of one kind, in the order in which they came."""
    swaps = notes[notes["kind"] == SWAP]
    rows = np.zeros(len(fills) + len(swaps), MONEY_ROW)
    for name in ("account", "position", "price", "ts", "order_ts", "reason", "sequence"):
        rows[name][: len(fills)] = fills[name]
    rows["money"][: len(fills)] = fills["profit"] - fills["commission"]
    for name, of in (("account", "account"), ("money", "amount"), ("sequence", "sequence")):
        rows[name][len(fills) :] = swaps[of]
    rows["reason"][len(fills) :] = NO_FILL
    return rows[np.argsort(rows["sequence"], kind="stable")]


def _join(rows: np.ndarray, closes: Int64s, is_short: NDArray[np.bool_]) -> tuple[Booked, Booked]:
    """Pair the fills of each account, which open and close in turn; swaps lie between."""
    rows = rows[np.argsort(rows["account"], kind="stable")]
    money = np.cumsum(rows["money"])
    at = np.flatnonzero(rows["reason"] != NO_FILL)
    fills = rows[at]
    pairs = np.flatnonzero(
        (fills["position"][:-1] != 0)
        & (fills["position"][1:] == 0)
        & (fills["account"][:-1] == fills["account"][1:])
    )
    opened, closed = fills[pairs], fills[pairs + 1]
    net = money[at[pairs + 1]] - money[at[pairs]] + opened["money"]
    row = np.searchsorted(closes, opened["order_ts"])
    at_open = closed["reason"] == MARKET
    end = np.where(
        at_open,
        np.searchsorted(closes, closed["ts"], side="right"),
        np.searchsorted(closes, closed["ts"]),
    )
    short = is_short[opened["account"]]
    gained = np.where(short, -1, 1) * (closed["price"] - opened["price"])
    found = []
    for chosen in (~short, short):
        booked = Booked(*(np.zeros(len(closes), np.int64) for _ in range(3)))
        booked.end[:] = -1
        for column, values in zip(booked, (net, gained, end), strict=True):
            column[row[chosen]] = values[chosen]
        found.append(booked)
    return found[0], found[1]
