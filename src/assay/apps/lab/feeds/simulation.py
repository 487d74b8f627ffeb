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
from assay.market.simulation import (
    COVERAGES,
    Scenario,
    Simulated,
    bayes_accuracy,
    foretell_turbulence,
    simulate,
)
from assay.market.simulation.schedule import bar_closes
from assay.market.sources.parquet.writing import write_parquet
from assay.model.errors import UsageError
from assay.model.regimes import Regime
from assay.model.time import format_time
from assay.runtime.clock import Stopwatch
from assay.signals.labels import Passed
from assay.signals.labels.methods.volatility import usual_volatility

TRUTH = "truth.parquet"


def write_simulation(
    scenario: Scenario, out: Path, on_progress: Callable[[str], None] | None = None,
    *, turbulence: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Write one Parquet file of bars a symbol and `truth.parquet`, all at once; return figures.

    The truth has a row for each bar: time (its open), symbol, and p_up, the probability that the
    mid `horizon` bars after its close is higher; null where the data end before. Its metadata name
    the scenario and the Bayes accuracy. Of kind `switching` it also has the regime of each bar,
    by name. With `turbulence` it has p_turbulent, the probability that label `volatility` comes out
    turbulent, null before what is usual is known. Raises UsageError where another simulation is in
    `out`, or turbulence is not told of the market.
    """
    watch = Stopwatch()
    names: list[str] = []
    rises: dict[str, np.ndarray] = {}
    blocks: list[pa.Table] = []
    turbulent: list[np.ndarray] = []
    with appearing_together(out) as folder:
        for simulated in simulate(scenario):
            bars = simulated.bars
            if on_progress:
                on_progress(bars.symbol)
            names.append(file_name(bars))
            write_parquet(bars, folder / names[-1])
            rises[bars.symbol] = simulated.rise
            rows = _truth_rows(simulated, scenario.kind)
            if turbulence:
                chance = chance_of_turbulence(scenario, bars)
                rows = rows.append_column("p_turbulent", pa.array(chance, mask=np.isnan(chance)))
                turbulent.append(chance)
            blocks.append(rows)
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
        **({"turbulence": _accuracies(np.concatenate(turbulent))} if turbulent else {}),
        "seconds": watch.elapsed(),
    }  # fmt: skip


def chance_of_turbulence(scenario: Scenario, bars: BarSeries, since: int = 0) -> np.ndarray:
    """Return the probability at each bar's close that label `volatility` comes out turbulent.

    What is usual is told by the label itself, of the bars as they were made. Of bars that opened
    before `since` (ns UTC) nothing is told, which takes no time.
    """
    passed = Passed(
        close_time=bar_closes(bars.ts_open, bars.timeframe), mid=bars.close + bars.ask_close,
        spread=bars.ask_close - bars.close, timeframe=int(bars.timeframe),
    )  # fmt: skip
    usual = usual_volatility(passed, scenario.horizon)
    usual[bars.ts_open < since] = np.nan
    return foretell_turbulence(scenario, bars.symbol, usual)


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
