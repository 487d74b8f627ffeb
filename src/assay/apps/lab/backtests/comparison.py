"""Several backtests side by side: which is best, and how much of that is luck."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from assay.books.analytics.deflated_sharpe import period_sharpe, sharpe_error
from assay.books.analytics.overfitting import measure_overfitting
from assay.books.analytics.performance import TRADING_DAYS, daily_returns
from assay.books.analytics.reality import judge_superiority
from assay.model.errors import DataError, UsageError
from assay.model.time import DAY

EQUITY = "equity.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRequest:
    """Say which folders of `assay backtest --out` to compare, and how to resample their days."""

    runs: Sequence[Path]
    splits: int = 16
    block: float = 5.0
    seed: int = 1


def compare_runs(request: ComparisonRequest) -> dict[str, Any]:
    """Return each run's Sharpe ratio, the probability of overfitting and the test of superiority.

    Raises UsageError for fewer than two runs, DataError for a folder that holds none or for too few
    days in common.
    """
    names = [str(path) for path in request.runs]
    if len(set(names)) < 2 or len(set(names)) < len(names):
        raise UsageError("name two or more runs to compare, each once")
    found = [_read_days(path) for path in request.runs]
    shared = reduce(np.intersect1d, (days for days, _ in found))
    returns = np.column_stack([r[np.isin(days, shared)] for days, r in found])
    overfitting = measure_overfitting(
        returns, splits=request.splits, block=request.block, seed=request.seed
    )
    superiority = judge_superiority(returns, block=request.block, seed=request.seed)
    runs = [_describe(name, column) for name, column in zip(names, returns.T, strict=True)]
    best = max(runs, key=lambda run: -np.inf if run["sharpe"] is None else run["sharpe"])
    return {
        "runs": runs, "days": len(shared), "best": best["run"],
        "overfitting": {
            "probability": overfitting.probability, "lower": overfitting.lower,
            "upper": overfitting.upper, "splits": request.splits,
        },
        "superiority": asdict(superiority),
    }  # fmt: skip


def _read_days(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the days of a run's returns, numbered from 1970, and the returns."""
    try:
        table = pq.read_table(folder / EQUITY, columns=["time", "equity"])
    except FileNotFoundError:
        raise UsageError(
            f"{folder} holds no {EQUITY}; name a folder that `assay backtest --out` wrote"
        ) from None
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{folder / EQUITY} cannot be read ({error}); run it again") from None
    times = table["time"].cast(pa.timestamp("ns", tz="UTC")).cast(pa.int64()).to_numpy()
    returns = daily_returns(times, table["equity"].to_numpy())
    return np.unique(times // DAY)[1 : len(returns) + 1], returns


def _describe(name: str, returns: np.ndarray) -> dict[str, Any]:
    sharpe, error = period_sharpe(returns), sharpe_error(returns)
    annual = TRADING_DAYS**0.5
    return {
        "run": name, "sharpe": None if sharpe is None else sharpe * annual,
        "sharpe_error": None if error is None else error * annual,
        "return": float(np.prod(1.0 + returns) - 1.0),
    }  # fmt: skip
