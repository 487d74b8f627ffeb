"""What a backtest leaves beside its tables, so that its folder tells everything by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from assay.apps.lab.runs.drivers import Run
from assay.apps.lab.runs.outcome import order_table
from assay.apps.lab.runs.setup import Setup
from assay.books.analytics.excursions import Excursion, measure_excursions
from assay.books.analytics.execution import (
    Execution,
    OrderQuality,
    SentOrder,
    measure_execution,
)
from assay.books.analytics.quotes import Quotes
from assay.books.analytics.trades import ClosedTrade, close_trades
from assay.books.reports.record import RunRecord
from assay.books.reports.result import BacktestResult
from assay.kernel.records import BASE_BAR
from assay.model.errors import DataError, UsageError
from assay.model.time import SECOND

REPLAY = "replay"
RUN, TRADES, EXECUTION = "run.json", "trades.parquet", "execution.parquet"
TABLES = ("orders", "fills", "equity", "trades", "execution")


class RunFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what the tables of a run do not tell; `cash` is in minor units."""

    origin: str
    strategy: str
    params: dict[str, Any]  # a strategy's own, shown and never computed with
    symbols: list[str]
    pips: dict[str, float]
    currency: str
    currency_digits: int
    cash: int
    totals: dict[str, float | int | None]
    facts: dict[str, Any]
    figures: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """Hold a run that is about to be written: what was run, on what, and its result."""

    run: Run
    setup: Setup
    result: BacktestResult
    data: Sequence[Path]


def write_run(ran: Ran, figures: Mapping[str, Any], folder: Path) -> None:
    """Write what the run was, its closed trades with their excursions, and how orders fared."""
    setup, result = ran.setup, ran.result
    quotes = quotes_of(setup)
    trades = close_trades(result.read_fills())
    excursions = measure_excursions(trades, quotes)
    orders = sent_orders(order_table(ran.run.outcome, setup))
    quality = measure_execution(orders, _executions(ran), quotes)
    facts = RunFacts(
        origin=REPLAY if result.extra.get("driver") == REPLAY else "backtest",
        strategy=result.strategy, params=dict(result.params),
        symbols=list(result.symbols), pips=pips_of(setup), currency=result.currency,
        currency_digits=result.currency_digits, cash=result.cash, totals=dict(result.totals),
        facts=dict(result.extra), figures=dict(figures),
    )  # fmt: skip
    (folder / RUN).write_bytes(msgspec.json.format(msgspec.json.encode(facts), indent=1))
    pq.write_table(_trade_table(trades, excursions), folder / TRADES)
    pq.write_table(_quality_table(quality), folder / EXECUTION)


def quotes_of(setup: Setup) -> dict[str, Quotes]:
    """Return the bars of every instrument as prices that people read."""
    events = setup.events()
    found = {}
    for number, (symbol, price) in enumerate(zip(setup.symbols, setup.pricing, strict=True)):
        mine = events[(events["instrument"] == number) & (events["kind"] == BASE_BAR)]
        times = (mine["ts"] - mine["seconds"].astype(np.int64) * SECOND, mine["ts"])
        corners = ("low", "high", "close")
        names = (*corners, *(f"spread_{name}" for name in corners))
        points = np.array([mine[name] for name in names], np.int64)
        found[symbol] = Quotes.of_points(times, points, price.digits)
    return found


def pips_of(setup: Setup) -> dict[str, float]:
    """Return the size of a pip of each symbol in its price."""
    return {spec.symbol: spec.pip_points * 10.0**-spec.digits for spec in setup.instruments}


def sent_orders(table: pa.Table) -> list[SentOrder]:
    """Return the orders of a run's table."""
    signs = (1.0 if side == "buy" else -1.0 for side in table["side"].to_pylist())
    return [
        SentOrder(key, time, symbol, sign * size, kind, denied or "")
        for key, time, symbol, sign, size, kind, denied in zip(
            table["order"].to_pylist(), _nanoseconds(table["time"]).tolist(),
            table["symbol"].to_pylist(), signs, table["quantity"].to_pylist(),
            table["type"].to_pylist(), table["denied"].to_pylist(), strict=True,
        )
    ]  # fmt: skip


def _executions(ran: Ran) -> list[Execution]:
    rows, result = ran.run.outcome.fills, ran.result
    fills, keys = result.read_fills(), result.fills["order"].to_pylist()
    spread, slippage = result.read_money("spread_cost"), result.read_money("slippage_cost")
    rates = (rows["rate_num"] / np.maximum(rows["rate_den"], 1)).tolist()
    return [
        Execution(
            key, fill.time, fill.symbol, fill.quantity, fill.price, crossed, slipped,
            fill.commission, rate, fill.reason,
        )
        for key, fill, crossed, slipped, rate in zip(
            keys, fills, spread, slippage, rates, strict=True
        )
    ]  # fmt: skip


def _nanoseconds(column: pa.ChunkedArray) -> np.ndarray:
    return column.cast(pa.timestamp("ns", tz="UTC")).cast(pa.int64()).to_numpy()


def _trade_table(trades: Sequence[ClosedTrade], excursions: Sequence[Excursion]) -> pa.Table:
    columns: dict[str, Any] = {  # Any: lists of times, of words or of numbers
        name: [getattr(trade, name) for trade in trades] for name in ClosedTrade._fields
    }
    for name in ("opened", "closed"):
        columns[name] = pa.array(columns[name], pa.timestamp("ns", tz="UTC"))
    for name in ("adverse", "favourable"):
        values = [getattr(excursion, name) for excursion in excursions]
        columns[name] = pa.array(values, pa.float64())
    return pa.table(columns)


def _quality_table(quality: Sequence[OrderQuality]) -> pa.Table:
    columns: dict[str, Any] = {  # Any: as above
        name: [getattr(line, name) for line in quality] for name in OrderQuality._fields
    }
    columns["time"] = pa.array(columns["time"], pa.timestamp("ns", tz="UTC"))
    columns["realised"] = pa.array([list(r) for r in columns["realised"]], pa.list_(pa.float64()))
    for name in ("decided_mid", "price", "delay", "opportunity", "effective"):
        columns[name] = pa.array(columns[name], pa.float64())
    return pa.table(columns)


def read_run(folder: Path) -> RunRecord:
    """Read the folder of a run; raise UsageError where it is none, DataError where it is damaged.

    A run of an earlier version holds no run.json and has to be run again.
    """
    try:
        facts = msgspec.json.decode((folder / RUN).read_bytes(), type=RunFacts)
        tables = {name: pq.read_table(folder / f"{name}.parquet") for name in TABLES}
        return _to_record(folder, facts, tables)
    except (FileNotFoundError, NotADirectoryError) as error:
        missing = Path(str(error.filename)).name if error.filename else "a table"
        raise UsageError(
            f"{folder} holds no {missing}; name a folder that `assay backtest --out` wrote"
        ) from None
    except (OSError, KeyError, pa.ArrowException, msgspec.DecodeError) as error:
        raise DataError(f"{folder} cannot be read ({error}); run it again") from None


def _to_record(folder: Path, facts: RunFacts, tables: Mapping[str, pa.Table]) -> RunRecord:
    equity, minor = tables["equity"], 10.0**facts.currency_digits
    # Whole minor units come back exactly: they are far below 2^53.
    worth = {
        name: np.rint(equity[name].to_numpy() * minor).astype(np.int64)
        for name in ("balance", "equity", "margin")
    }
    result = BacktestResult(
        symbols=facts.symbols, strategy=facts.strategy, params=facts.params,
        currency=facts.currency, currency_digits=facts.currency_digits, cash=facts.cash,
        times=_nanoseconds(equity["time"]), fills=tables["fills"],
        totals=facts.totals, digest=str(facts.figures.get("digest", "")), extra=facts.facts,
        **worth,
    )  # fmt: skip
    trades = _rows(ClosedTrade, tables["trades"])
    sides = (tables["trades"][name].to_pylist() for name in ("adverse", "favourable"))
    excursions = [
        Excursion(adverse, favourable, _gain(trade))
        for trade, adverse, favourable in zip(trades, *sides, strict=True)
    ]
    quality = [
        line._replace(realised=tuple(line.realised))
        for line in _rows(OrderQuality, tables["execution"])
    ]
    return RunRecord(
        name=folder.name or str(folder), origin=facts.origin, result=result, trades=trades,
        orders=sent_orders(tables["orders"]), quality=quality, pips=facts.pips,
        excursions=excursions, figures=facts.figures,
    )  # fmt: skip


def _gain(trade: ClosedTrade) -> float:
    return (1.0 if trade.side == "long" else -1.0) * (trade.exit / trade.entry - 1.0)


def _rows(kind: Any, table: pa.Table) -> list[Any]:  # Any: a NamedTuple, and its rows
    # A field with a default came later than the tables of earlier versions.
    names = [
        name
        for name in kind._fields
        if name in table.column_names or name not in kind._field_defaults
    ]
    columns = [
        _nanoseconds(table[name]).tolist()
        if pa.types.is_timestamp(table[name].type)
        else table[name].to_pylist()
        for name in names
    ]
    return [kind(**dict(zip(names, row, strict=True))) for row in zip(*columns, strict=True)]
