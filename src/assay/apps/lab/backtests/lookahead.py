"""Whether a strategy sees the future: run again on less of the past, it must do the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from assay.apps.lab.backtests.backtest import Request, prepare_run, read_data
from assay.apps.lab.backtests.outsidereads import Outside, scan_source, watching
from assay.apps.lab.models.forecasting import forecast_events
from assay.apps.lab.models.labelling import read_instrument, told_by_leaders
from assay.apps.lab.runs.drivers import replay, say_replay_alone, sweep
from assay.apps.lab.runs.outcome import FILL_FIELDS, ORDER_FIELDS, SWAP_FIELDS, Outcome
from assay.apps.lab.runs.setup import Setup
from assay.apps.lab.trial import Look, enter_look, span_of
from assay.kernel.records import BASE_BAR, EQUITY_LOG, SWAP
from assay.market.series import BarSeries, TickSeries
from assay.model.errors import AssayError, DataError, UsageError
from assay.model.time import format_time
from assay.runtime.ids import seeded_generator
from assay.signals.training.leaks import History, check_history
from assay.trading.engine.loading import BUILT_IN, strategy_names

CUTS_MOST = 200
SHORTEST = 0.1
"""Share of the bars that the shortest run has at least."""

Series = BarSeries | TickSeries


@dataclass(frozen=True, slots=True, kw_only=True)
class LookaheadRequest:
    """Say what to run, and at how many seeded places its data are cut."""

    run: Request
    cuts: int = 16
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Hold the first thing that a cut changed: in which table, when, and which field of it."""

    table: str
    cut: int
    time: int
    symbol: str
    column: str
    whole: int | str | None
    shorter: int | str | None


@dataclass(slots=True)
class Finding:
    """Hold what the analysis found: nothing where the strategy is clean."""

    cuts: list[int] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    outside: list[Outside] = field(default_factory=list)
    features: str = ""
    orders: int = 0
    bars: int = 0

    @property
    def is_clean(self) -> bool:
        """Say whether nothing was found."""
        return not (self.differences or self.outside or self.features)


def look_ahead(
    request: LookaheadRequest,
    tell: Callable[[str, float], None] = lambda *_: None,
    *,
    series: Sequence[Series] | None = None,
) -> Finding:
    """Run a strategy on all data, again, and on data cut short, and compare everything before.

    Half of the cuts are made at bars at which the whole run sent an order, since a strategy that
    looks one bar ahead shows it there. Of `series`, else of the data that the request names. The
    look is counted as one. Raises UsageError for arguments that do not fit.
    """
    if not 1 <= request.cuts <= CUTS_MOST:
        raise UsageError(f"--cuts {request.cuts} is not in 1..{CUTS_MOST}")
    series = read_data(request.run) if series is None else series
    path = _find_source(request.run)
    setup = prepare_run(request.run, series)
    _count_look(request, setup)
    found = Finding(outside=[] if path.parent == BUILT_IN else scan_source(path))
    tell("running on all data", 0.0)
    with watching(path) as opened:
        _import_again(path)
        whole = _run(setup)
        events = setup.events()
        closes = np.unique(events["ts"][events["kind"] == BASE_BAR])
        found.orders, found.bars = len(whole.orders), len(closes)
        _note(found, _compare(whole, _run(setup), int(closes[-1]), setup.symbols))
        found.cuts = choose_cuts(closes, whole.orders["ts"], request.cuts, request.seed)
        for number, cut in enumerate(found.cuts):
            tell("running on less", number / len(found.cuts))
            _note(found, _run_until(request.run, series, cut, whole))
            if found.differences:
                break
    found.outside += opened
    found.features = _check_features(setup, request.run, found.cuts)
    return found


def _note(found: Finding, difference: Difference | None) -> None:
    if difference is not None:
        found.differences.append(difference)


def _find_source(run: Request) -> Path:
    places = strategy_names(run.strategies)
    if run.strategy not in places:
        raise UsageError(f"strategy {run.strategy!r} is unknown; there are {', '.join(places)}")
    return places[run.strategy]


def _import_again(path: Path) -> None:
    """Execute a strategy's file once more, since what it reads at import was read before."""
    code = compile(path.read_text(encoding="utf-8"), str(path), "exec")
    exec(code, {"__name__": f"examined_{path.stem}", "__file__": str(path)})  # noqa: S102 - its own user's code, run in any backtest


def _count_look(request: LookaheadRequest, setup: Setup) -> None:
    start, end = span_of(setup.series)
    decides = (sorted(setup.params.items()), request.cuts, request.seed)
    look = Look(
        kind="check", series=setup.series, start=start, end=end, strategy=setup.strategy.name,
        parameters=decides,
    )  # fmt: skip
    enter_look(request.run.ledger, look)


def _run(setup: Setup) -> Outcome:
    if not say_replay_alone(setup):
        return sweep(forecast_events(setup)).outcome
    return replay(setup).outcome


def choose_cuts(closes: np.ndarray, orders: np.ndarray, count: int, seed: int) -> list[int]:
    """Return closes after which to cut, none too early: seeded, half of them where orders were.

    >>> choose_cuts(np.arange(1, 101), np.array([50]), 2, 1)
    [50, 53]
    """
    generator = seeded_generator(seed)
    late = closes[int(SHORTEST * len(closes)) : -1]
    sent = np.intersect1d(late, orders)
    wanted = min(count - count // 2, len(sent))
    chosen = set(generator.choice(sent, wanted, replace=False).tolist()) if wanted else set()
    rest = np.setdiff1d(late, np.array(sorted(chosen), np.int64))
    more = min(count - len(chosen), len(rest))
    return sorted(chosen | set(generator.choice(rest, more, replace=False).tolist()))


def _run_until(
    run: Request, series: Sequence[Series], cut: int, whole: Outcome
) -> Difference | None:
    past = [_until(one, cut) for one in series]
    if not all(len(one) for one in past):
        return None
    try:
        setup = prepare_run(run, past)
        shorter = _run(setup)
    except AssayError:
        raise
    except Exception as error:  # a strategy's own error: with more data it had none
        told = f"{type(error).__name__}: {error}"
        return Difference(table="run", cut=cut, time=cut, symbol="", column="error", whole=None,
                          shorter=told)  # fmt: skip
    return _compare(whole, shorter, cut, setup.symbols)


def _until(one: Series, cut: int) -> Series:
    if isinstance(one, TickSeries):
        # A tick at the very close belongs to the bar after it.
        return one.select(one.ts < cut)
    return one.select(one.ts_open + int(one.timeframe) <= cut)


def _compare(
    whole: Outcome, shorter: Outcome, cut: int, symbols: Sequence[str]
) -> Difference | None:
    """Return the first difference up to a cut: rows of the shorter run begin those of the whole.

    Market orders sent at the cut fill at the next bar's open, whose time may be the cut itself, and
    swaps are charged at the next bar: of these, rows that only the whole run has are none.
    """
    mine, theirs = (_tables(outcome) for outcome in (whole, shorter))
    firsts = [
        _first(name, (mine[name], theirs[name]), names, cut, symbols)
        for name, names in (
            ("orders", ORDER_FIELDS), ("fills", FILL_FIELDS), ("swaps", SWAP_FIELDS),
            ("equity", EQUITY_LOG.names or ()),
        )
    ]  # fmt: skip
    return min((each for each in firsts if each), key=lambda each: each.time, default=None)


def _tables(outcome: Outcome) -> dict[str, np.ndarray]:
    return {
        "orders": outcome.orders, "fills": outcome.fills, "equity": outcome.equity,
        "swaps": outcome.notes[outcome.notes["kind"] == SWAP],
    }  # fmt: skip


def _first(
    table: str, pair: tuple[np.ndarray, np.ndarray], names: Sequence[str], cut: int,
    symbols: Sequence[str],
) -> Difference | None:  # fmt: skip
    whole, shorter = pair
    count = min(len(whole), len(shorter))
    changed = np.array([whole[name][:count] != shorter[name][:count] for name in names])
    if changed.any():
        row = int(np.argmax(changed.any(axis=0)))
        column = names[int(np.argmax(changed[:, row]))]
        return _describe(table, column, row, pair, cut, symbols)
    late = table in ("orders", "equity")
    needed = int((whole["ts"] <= cut).sum() if late else (whole["ts"] < cut).sum())
    if table == "swaps":
        needed = 0
    if len(shorter) > len(whole) or len(shorter) < needed:
        return _describe(table, "", count, pair, cut, symbols)
    return None


def _describe(
    table: str, column: str, row: int, pair: tuple[np.ndarray, np.ndarray], cut: int,
    symbols: Sequence[str],
) -> Difference:  # fmt: skip
    told = [
        "missing" if row >= len(side) else int(side[row][column]) if column else "there"
        for side in pair
    ]
    # Where one side has a row more, the other's stands later: the first of them is where they part.
    there = min((side[row] for side in pair if row < len(side)), key=lambda one: int(one["ts"]))
    symbol = symbols[int(there["instrument"])] if "instrument" in (there.dtype.names or ()) else ""
    return Difference(
        table=table, cut=cut, time=int(there["ts"]), symbol=symbol, column=column or "row",
        whole=told[0], shorter=told[1],
    )  # fmt: skip


def _check_features(setup: Setup, run: Request, cuts: Sequence[int]) -> str:
    """Return in words what the leak check of a model's features found, empty where nothing."""
    if setup.forecaster is None:
        return ""
    features = setup.forecaster.artifact.taught.feature_set
    config, costs = run.config, run.costs

    def describe(number: int, series: Sequence[Series]) -> Any:  # Any: an Instrument of labelling
        bars = [one for one in series if isinstance(one, BarSeries)]
        told = told_by_leaders(bars, features, config)
        return read_instrument(series[number], features, config, costs, told)

    for number in range(len(setup.series)):
        whole = describe(number, setup.series)
        closes = whole.bars.close_time

        def describe_first(
            count: int, number: int = number, closes: np.ndarray = closes
        ) -> np.ndarray:
            cut = [_until(one, int(closes[count - 1])) for one in setup.series]
            return np.asarray(describe(number, cut).bars.features)

        history = History(
            symbol=whole.symbol, names=whole.names, closes=closes, values=whole.bars.features,
            describe=describe_first,
        )  # fmt: skip
        places = np.unique(np.searchsorted(closes, cuts[-3:], side="right"))
        try:
            check_history(history, [int(place) for place in places if place])
        except DataError as error:
            return str(error)
    return ""


def describe_finding(found: Finding) -> dict[str, Any]:
    """Return a finding as `--json` has it."""
    return {
        "clean": found.is_clean, "bars": found.bars, "orders": found.orders,
        "cuts": [format_time(cut) for cut in found.cuts],
        "differences": [
            {
                "table": each.table, "cut": format_time(each.cut), "time": format_time(each.time),
                "symbol": each.symbol, "field": each.column, "whole": each.whole,
                "shorter": each.shorter,
            }
            for each in found.differences
        ],
        "outside": [each._asdict() for each in found.outside],
        "features": found.features,
    }  # fmt: skip
