"""What a backtest hands to its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.books.analytics.trades import Fill
from assay.model.errors import UsageError

FILL_COLUMNS = (
    "time", "symbol", "side", "quantity", "price", "commission", "swap", "profit", "order",
    "kind", "reason", "spread_cost", "slippage_cost",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestResult:
    """Hold one finished backtest.

    `cash` is the equity at the start. `times` are int64 ns UTC; `balance`, `equity` and `margin`
    int64 minor units of 10^-currency_digits, one per bar. `fills` has FILL_COLUMNS: `time` a
    timestamp or int64 ns UTC, `side` buy or sell, `quantity` in units, `price` a decimal price;
    a money column of integers is in minor units, of floats or decimals in whole currency; `kind`
    exact or modelled; spread_cost, slippage_cost and commission are costs >= 0, a positive swap a
    gain; of a hedging account also `ticket`, the key of what opened the position. `totals` may
    name bars, orders, seconds, bars_per_second, and (in minor units) a cost that is not in the
    fills, such as the swap of a position still open. `extra` is shown as it is, name and value:
    data files, risk profile, driver. Raises UsageError where columns or lengths do not fit.
    """

    symbols: Sequence[str]
    strategy: str
    params: Mapping[str, Any]  # a strategy's own parameters, shown and never computed with
    currency: str
    currency_digits: int
    cash: int
    times: npt.NDArray[np.int64]
    balance: npt.NDArray[np.int64]
    equity: npt.NDArray[np.int64]
    margin: npt.NDArray[np.int64]
    fills: pa.Table
    totals: Mapping[str, float | int | None] = field(default_factory=dict)
    digest: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)  # shown as text

    def __post_init__(self) -> None:
        missing = [name for name in FILL_COLUMNS if name not in self.fills.column_names]
        if missing:
            raise UsageError(f"fills lack the columns {', '.join(missing)}; give all of them")
        lengths = {len(a) for a in (self.times, self.balance, self.equity, self.margin)}
        if len(lengths) != 1:
            raise UsageError(f"times, balance, equity and margin have lengths {sorted(lengths)}")

    def read_money(self, name: str) -> list[float]:
        """Return a money column of the fills in whole currency, absent values as 0."""
        column = self.fills[name]
        factor = 10.0**-self.currency_digits if pa.types.is_integer(column.type) else 1.0
        return [float(value) * factor if value else 0.0 for value in column.to_pylist()]

    def read_fills(self) -> list[Fill]:
        """Return the fills with signed quantities."""
        times = self.fills["time"]
        if pa.types.is_timestamp(times.type):
            times = times.cast(pa.timestamp("ns", tz=times.type.tz))
        sides = self.fills["side"].to_pylist()
        sizes = self.fills["quantity"].to_pylist()
        tickets = [0] * len(sizes)
        if "ticket" in self.fills.column_names:
            tickets = self.fills["ticket"].to_pylist()
        return [
            Fill(*values)
            for values in zip(
                times.cast(pa.int64()).to_pylist(),
                self.fills["symbol"].to_pylist(),
                (
                    abs(float(size)) * (-1.0 if side == "sell" else 1.0)
                    for side, size in zip(sides, sizes, strict=True)
                ),
                (float(price) for price in self.fills["price"].to_pylist()),
                self.read_money("profit"),
                self.read_money("commission"),
                self.read_money("swap"),
                (reason or "" for reason in self.fills["reason"].to_pylist()),
                tickets,
                strict=True,
            )
        ]
