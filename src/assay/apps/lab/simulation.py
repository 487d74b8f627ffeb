"""A simulated market as files: the bars of each symbol, and the truth about them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from assay.apps.lab.output import appearing_together
from assay.market.series import BarSeries
from assay.market.simulation import COVERAGES, Scenario, Simulated, bayes_accuracy, simulate
from assay.market.sources.parquet.writing import write_parquet
from assay.model.errors import UsageError
from assay.model.regimes import Regime
from assay.model.time import format_time
from assay.runtime.clock import Stopwatch

TRUTH = "truth.parquet"


def write_simulation(
    scenario: Scenario, out: Path, on_progress: Callable[[str], None] | None = None
) -> dict[str, Any]:
    """Write one Parquet file of bars a symbol and `truth.parquet`, all at once; return figures.

    The truth has a row for each bar: time (its open), symbol, and p_up, the probability that the
    mid `horizon` bars after its close is higher; null where the data end before. Its metadata name
    the scenario and the Bayes accuracy. Of kind `switching` it also has the regime of each bar,
    by name. Raises UsageError where another simulation is in `out`.
    """
    watch = Stopwatch()
    names: list[str] = []
    rises: dict[str, np.ndarray] = {}
    blocks: list[pa.Table] = []
    with appearing_together(out) as folder:
        for simulated in simulate(scenario):
            bars = simulated.bars
            if on_progress:
                on_progress(bars.symbol)
            names.append(file_name(bars))
            write_parquet(bars, folder / names[-1])
            rises[bars.symbol] = simulated.rise
            blocks.append(_truth_rows(simulated, scenario.kind))
            first, last = int(bars.ts_open[0]), int(bars.ts_open[-1])
        accuracy = _accuracies(np.concatenate(list(rises.values())))
        table = pa.concat_tables(blocks).replace_schema_metadata(_metadata(scenario, accuracy))
        pq.write_table(table, folder / TRUTH)
        _refuse_others(out, {*names, TRUTH})
    return {
        "seed": scenario.seed, "kind": scenario.kind, "strength": scenario.strength,
        "timeframe": scenario.timeframe.name, "horizon": scenario.horizon, "bars": scenario.bars,
        "symbols": list(rises), "invert_at": scenario.invert_at,
        "first": format_time(first), "last": format_time(last),
        "files": [str(out / name) for name in names], "truth": str(out / TRUTH),
        "bayes_accuracy": accuracy,
        "bayes_accuracy_by_symbol": {name: _accuracies(each) for name, each in rises.items()},
        "seconds": watch.elapsed(),
    }  # fmt: skip


def file_name(bars: BarSeries) -> str:
    """Return SYMBOL_TIMEFRAME_SOURCE_FROM_TO.parquet in lower case.

    The dates are those (UTC) of the first and the last bar.
    """
    days = [format_time(int(ts))[:10].replace("-", "") for ts in bars.ts_open[[0, -1]]]
    words = (bars.symbol, bars.timeframe.name, bars.source, *days)
    return "_".join(words).lower() + ".parquet"


def _truth_rows(simulated: Simulated, kind: str) -> pa.Table:
    bars, rise = simulated.bars, simulated.rise
    columns = {
        "time": pa.array(bars.ts_open, pa.timestamp("ns", tz="UTC")),
        "symbol": pa.array([bars.symbol] * len(bars), pa.string()),
        "p_up": pa.array(rise, pa.float64(), mask=np.isnan(rise)),
    }
    if kind == "switching":
        names = np.array([regime.name.lower() for regime in Regime])
        columns["regime"] = pa.array(names[simulated.volatility.regime])
    return pa.table(columns)


def _accuracies(rise: np.ndarray) -> dict[str, float | None]:
    return {f"{100 * each:.0f}": bayes_accuracy(rise, each) for each in COVERAGES}


def _metadata(scenario: Scenario, accuracy: dict[str, float | None]) -> dict[str, str]:
    facts: dict[str, object] = {
        "seed": scenario.seed, "kind": scenario.kind, "strength": scenario.strength,
        "horizon": scenario.horizon, "timeframe": scenario.timeframe.name, "bars": scenario.bars,
        "symbols": ",".join(scenario.symbols),
    }  # fmt: skip
    if scenario.invert_at is not None:
        facts["invert_at"] = scenario.invert_at
    facts |= {f"bayes_accuracy_{coverage}": each for coverage, each in accuracy.items()}
    return {name: str(value) for name, value in facts.items()}


def _refuse_others(out: Path, names: set[str]) -> None:
    others = sorted(path.name for path in out.glob("*_sim_*.parquet") if path.name not in names)
    if others:
        raise UsageError(f"{out} holds another simulation ({others[0]}); name another --out")
