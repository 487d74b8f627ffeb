"""A run as its folder or the journal holds it: worth after every bar, and fills."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from assay.apps.config import Config, configured_instrument
from assay.model.errors import DataError, UsageError
from assay.model.messages import EquityMarked, Message, OrderFilled, tag_of
from assay.model.time import DAY
from assay.model.values import round_to_scale

EQUITY, FILLS = "equity.parquet", "fills.parquet"
FOLLOWED = (tag_of(EquityMarked), tag_of(OrderFilled))
"""What `follow_account` reads, by the tags of the journal."""
DIGITS = 2
"""Money of a folder is read to a hundredth, whatever its currency."""


@dataclass(frozen=True, slots=True)
class RecordedFill:
    """Hold a fill: when (ns UTC), of what, signed units of base, and a hedging account's ticket."""

    time: int
    symbol: str
    quantity: float
    ticket: int = 0


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """Hold a run; money in hundredths of its currency, times in ns UTC and rising."""

    name: str
    times: np.ndarray
    balance: np.ndarray
    equity: np.ndarray
    fills: list[RecordedFill]
    initial: int


def read_run(folder: Path) -> RecordedRun:
    """Read what `assay backtest --out` wrote; raise UsageError or DataError where it does not fit.

    The initial balance is that after the first bar, less what was filled until then.
    """
    worth = _read(folder, EQUITY, ["time", "balance", "equity"])
    fills = _read(folder, FILLS, ["time", "symbol", "side", "quantity", "profit", "commission"])
    if not worth.num_rows:
        raise DataError(f"{folder} holds no bar; run it again over more data")
    times, filled = _times(worth), _times(fills)
    balance, equity = (_minor(worth[name]) for name in ("balance", "equity"))
    first = filled <= times[0]
    earned = _minor(fills["profit"])[first].sum() - _minor(fills["commission"])[first].sum()
    signs = np.where(np.array(fills["side"].to_pylist()) == "sell", -1.0, 1.0)
    quantity = fills["quantity"].to_numpy() * signs
    told = (filled.tolist(), fills["symbol"].to_pylist(), quantity.tolist())
    rows = zip(*told, _tickets(folder, len(filled)), strict=True)
    return RecordedRun(
        str(folder), times, balance, equity, [RecordedFill(*row) for row in rows],
        int(balance[0] - earned),
    )  # fmt: skip


def follow_account(messages: Iterable[Message], config: Config) -> RecordedRun:
    """Return the account of a platform as a run, from its journal.

    Raises DataError where no message marks its equity.
    """
    spec = config.account.to_spec()
    marks: list[tuple[int, int, int]] = []
    fills: list[RecordedFill] = []
    earned = 0
    for message in messages:
        if isinstance(message, EquityMarked) and message.account == spec.id:
            marks.append((message.ts_event, message.balance, message.equity))
        elif isinstance(message, OrderFilled) and message.account == spec.id:
            earned += 0 if marks else message.profit - message.commission
            digits = configured_instrument(config, message.symbol).quantity_digits
            units = message.quantity / 10**digits
            ticket = message.ticket if isinstance(message.ticket, int) else 0
            fills.append(RecordedFill(message.ts_event, message.symbol, units, ticket))
    if not marks:
        raise DataError(f"no message marks the equity of account {spec.id}; trade first")
    times, balance, equity = np.array(marks, dtype=np.int64).T
    scale = 10.0 ** (DIGITS - spec.currency_digits)
    worth = [np.rint(each * scale).astype(np.int64) for each in (balance, equity)]
    initial = round((int(balance[0]) - earned) * scale)
    return RecordedRun(f"account {spec.id}", times, *worth, fills, initial)


def daily_profits(found: RecordedRun) -> tuple[np.ndarray, np.ndarray]:
    """Return the last time of each UTC day with bars, and the day's change of equity."""
    ends = np.flatnonzero(np.diff(found.times // DAY, append=-1))
    return found.times[ends], np.diff(found.equity[ends], prepend=found.initial)


def read_initial(text: str | None, found: RecordedRun) -> int:
    """Return an initial balance in hundredths: the one given, else the run's own."""
    if text is None:
        return found.initial
    try:
        return round_to_scale(text, DIGITS)
    except ArithmeticError:
        raise UsageError(f"--initial {text!r} is not an amount") from None


def _read(folder: Path, name: str, columns: list[str]) -> pa.Table:
    try:
        return pq.read_table(folder / name, columns=columns)
    except FileNotFoundError:
        raise UsageError(
            f"{folder} holds no {name}; name a folder that `assay backtest --out` wrote"
        ) from None
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{folder / name} cannot be read ({error}); run it again") from None


def _tickets(folder: Path, count: int) -> list[int]:
    """Return the tickets of fills, which only a hedging account has."""
    if "ticket" not in pq.read_schema(folder / FILLS).names:
        return [0] * count
    found: list[int] = _read(folder, FILLS, ["ticket"])["ticket"].to_pylist()
    return found


def _times(table: pa.Table) -> np.ndarray:
    times = table["time"].cast(pa.timestamp("ns", tz="UTC")).cast(pa.int64())
    return np.asarray(times.to_numpy())


def _minor(column: pa.ChunkedArray) -> np.ndarray:
    return np.rint(column.to_numpy() * 10**DIGITS).astype(np.int64)
