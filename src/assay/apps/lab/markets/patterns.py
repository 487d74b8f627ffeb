"""`assay patterns scan`: judge every pattern of one instrument at its close, then by what came."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from assay.apps.config import Config
from assay.apps.lab.markets.shapes import OpenShapes, in_memory
from assay.apps.lab.models.labelling import priced_columns
from assay.apps.lab.models.training import read_series
from assay.apps.lab.output import appearing_together
from assay.apps.lab.trial import Look, count_before, enter_look, span_of
from assay.books.reports.patterns import Mark, SeenPatterns, write_patterns
from assay.books.trials import Trial, TrialLedger
from assay.market.series import BarSeries
from assay.model.errors import DataError
from assay.model.messages import BarClosed
from assay.model.time import format_time
from assay.runtime.clock import Stopwatch
from assay.signals.features import BarColumns
from assay.signals.recognition import (
    VERDICTS,
    HitRate,
    Judgement,
    Pattern,
    PatternValidator,
    Terms,
    choose_patterns,
    scan,
    separate,
)

SIDE_NAMES = {1: "up", -1: "down"}
PROGRESS_BARS = 5_000
Tell = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternsRequest:
    """Say which bars to read and how occurrences are judged (ns UTC, bar opens).

    names: patterns looked for, all where empty; start: first bar of the figures, those before it
    are history alone; end: first bar not read; live: bar by bar, timed; shapes: opens the store of
    the shapes of a series, by its name; trials: the ledger that counts the look.
    """

    data: Path
    names: Sequence[str] = ()
    terms: Terms = field(default_factory=Terms)
    start: int | None = None
    end: int | None = None
    live: bool = False
    shapes: OpenShapes = in_memory
    trials: TrialLedger | None = None
    config: Config = field(default_factory=Config)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPatterns:
    """Hold bars, the occurrences of the judged span, what came of each, and the figures.

    moves: points from the next open to the close at the horizon, None where that is still ahead.
    """

    series: BarSeries
    columns: BarColumns
    judgements: list[Judgement]
    moves: list[int | None]
    figures: dict[str, Any]


def list_patterns(names: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return name, kind, bars looked back on, sides and source of each pattern."""
    return [
        {
            "pattern": each.name, "kind": each.kind, "bars": each.span, "sides": each.sides,
            "source": each.source,
        }
        for each in choose_patterns(names)
    ]  # fmt: skip


def judge_patterns(request: PatternsRequest, on_stage: Tell | None = None) -> JudgedPatterns:
    """Judge every occurrence by what was known at its close, then hold verdicts to what came.

    Raises UsageError for an unknown pattern, DataError where no bar is left.
    """
    tell, watch = on_stage or (lambda _stage, _share: None), Stopwatch()
    patterns = choose_patterns(request.names)
    series = _read(request)
    trial = _enter(request, series, patterns)
    columns = priced_columns(series, request.config)
    latencies: list[float] = []
    with request.shapes(_name_series(series, patterns, request.terms)) as store:
        if request.live:
            validator = PatternValidator(patterns, request.terms, store)
            judgements, latencies = _judge_live(validator, series, columns, tell)
        else:
            judgements = scan(
                columns, patterns, request.terms, store, lambda share: tell("judging", share)
            )
    judgements = [each for each in judgements if each.found.bar >= _first_bar(request, series)]
    moves = [_move(columns, each.found.bar, request.terms.horizon) for each in judgements]
    figures = _head(request, series) | {
        "occurrences": len(judgements),
        "patterns": _by_pattern(patterns, judgements, moves, request.terms),
        "verdicts": _by_verdict(judgements, moves, request.terms),
        "trials_before": count_before(request.trials, trial),
    }
    if latencies:
        figures["latency_us"] = {
            f"p{each}": round(float(np.percentile(latencies, each)), 1) for each in (50, 95, 99)
        }
    figures["seconds"] = round(watch.elapsed(), 2)
    return JudgedPatterns(
        series=series, columns=columns, judgements=judgements, moves=moves, figures=figures
    )


def describe(judged: JudgedPatterns, last: int) -> list[dict[str, Any]]:
    """Return the last occurrences, oldest first, with all that was known and what came."""
    if last <= 0:
        return []
    pairs = list(zip(judged.judgements, judged.moves, strict=True))
    return [_describe(each, move) for each, move in pairs[-last:]]


def write_report(judged: JudgedPatterns, folder: Path, bars: int) -> None:
    """Write patterns.svg, telephone and paper wide, patterns.json and occurrences.parquet.

    The picture has the last `bars` bars. Files appear together.
    """
    rows = [_describe(*each) for each in zip(judged.judgements, judged.moves, strict=True)]
    with appearing_together(folder) as place:
        pq.write_table(_table(rows), place / "occurrences.parquet")
        write_patterns(_picture(judged, bars), judged.figures, place)


def _read(request: PatternsRequest) -> BarSeries:
    (series,) = read_series([request.data], [])
    if request.end is not None:
        series = series.select(series.ts_open < request.end)
    if not len(series):
        raise DataError(f"{request.data} has no bar before --to; give a later one")
    if request.start is not None and int(series.ts_open[-1]) < request.start:
        raise DataError(
            f"{request.data} has no bar from {format_time(request.start)} on; give an earlier "
            "--from or a later --to"
        )
    return series


def _enter(
    request: PatternsRequest, series: BarSeries, patterns: Sequence[Pattern]
) -> Trial | None:
    """Count the look: at every bar read, for a hit rate tells what came of the history too."""
    start, end = span_of([series])
    names = [pattern.name for pattern in patterns]
    look = Look(
        kind="patterns", series=[series], start=start, end=end, strategy="patterns",
        parameters=(names, request.terms, request.start, request.config.decisive()),
    )  # fmt: skip
    return enter_look(request.trials, look)


def _first_bar(request: PatternsRequest, series: BarSeries) -> int:
    return 0 if request.start is None else int(np.searchsorted(series.ts_open, request.start))


def _name_series(series: BarSeries, patterns: Sequence[Pattern], terms: Terms) -> str:
    names = sha256(" ".join(pattern.name for pattern in patterns).encode()).hexdigest()[:8]
    symbol, length = series.symbol, series.timeframe.name
    return f"{symbol}.{length}.{terms.horizon}.{series.source}.{names}"


def _judge_live(
    validator: PatternValidator, series: BarSeries, columns: BarColumns, tell: Tell
) -> tuple[list[Judgement], list[float]]:
    judgements, latencies = list[Judgement](), list[float]()
    for row in range(len(columns)):
        bar = _message(series, columns, row)
        watch = Stopwatch()
        judgements += validator.push(bar)
        latencies.append(1e6 * watch.elapsed())
        if row % PROGRESS_BARS == 0:
            tell("judging bar by bar", row / len(columns))
    return judgements, latencies


def _message(series: BarSeries, columns: BarColumns, row: int) -> BarClosed:
    spread, close = int(columns.spread[row]), int(columns.ts_close[row])
    length = int(series.timeframe)
    return BarClosed(
        id=row + 1, ts_event=close, ts_init=close, symbol=series.symbol, timeframe=length,
        ts_open=close - length, open=int(columns.open[row]), high=int(columns.high[row]),
        low=int(columns.low[row]), close=int(columns.close[row]), spread_open=spread,
        spread_high=spread, spread_low=spread, spread_close=spread,
    )  # fmt: skip


def _move(columns: BarColumns, bar: int, horizon: int) -> int | None:
    if bar + horizon >= len(columns):
        return None
    return int(columns.close[bar + horizon] - columns.open[bar + 1])


def _head(request: PatternsRequest, series: BarSeries) -> dict[str, Any]:
    first = _first_bar(request, series)
    terms = request.terms
    return {
        "symbol": series.symbol, "timeframe": series.timeframe.name,
        "from": format_time(int(series.ts_open[first])),
        "until": format_time(int(series.ts_open[-1])),
        "bars": len(series) - first, "bars_before": first, "horizon": terms.horizon,
        "threshold": terms.threshold, "neighbours": terms.neighbours,
    }  # fmt: skip


def _by_pattern(
    patterns: Sequence[Pattern], judgements: list[Judgement], moves: list[int | None], terms: Terms
) -> list[dict[str, Any]]:
    told = []
    for pattern in patterns:
        for side in (1, -1):
            if SIDE_NAMES[side] not in pattern.sides:
                continue
            key = (pattern.name, side)
            places = [
                place
                for place, each in enumerate(judgements)
                if (each.found.pattern, each.found.side) == key
            ]
            told.append(
                {"pattern": pattern.name, "side": SIDE_NAMES[side], "kind": pattern.kind,
                 "found": len(places)}
                | _outcomes(places, judgements, moves, terms)
            )  # fmt: skip
    return told


def _by_verdict(
    judgements: list[Judgement], moves: list[int | None], terms: Terms
) -> list[dict[str, Any]]:
    told = []
    for verdict in VERDICTS:
        places = [place for place, each in enumerate(judgements) if each.verdict == verdict]
        told.append(
            {"verdict": verdict, "found": len(places)} | _outcomes(places, judgements, moves, terms)
        )
    return told


def _outcomes(
    places: list[int], judgements: list[Judgement], moves: list[int | None], terms: Terms
) -> dict[str, Any]:
    known = [place for place in places if moves[place] is not None]
    kept = separate([judgements[place].found.bar for place in known], terms.horizon)
    chosen = [known[place] for place in kept]
    gains = [judgements[place].found.side * (moves[place] or 0) for place in chosen]
    spreads = [judgements[place].found.spread for place in chosen]
    rate = HitRate(len(gains), sum(gain > 0 for gain in gains))
    chance = float(np.mean([judgements[place].chance for place in chosen])) if chosen else None
    return _describe_rate(rate) | {
        "chance": _round(chance),
        "confidence": _round(None if chance is None else rate.confidence(chance)),
        "net_points": round(float(np.mean(gains) - np.mean(spreads)), 2) if gains else None,
    }


def _describe_rate(rate: HitRate) -> dict[str, Any]:
    low, high = rate.interval()
    return {
        "count": rate.count, "hits": rate.hits,
        "hit_rate": _round(rate.rate if rate.count else None),
        "low": _round(low), "high": _round(high),
    }  # fmt: skip


def _describe(judgement: Judgement, move: int | None) -> dict[str, Any]:
    found = judgement.found
    history, near = (_describe_rate(each) for each in (judgement.history, judgement.neighbours))
    return {
        "time": format_time(found.ts_close), "pattern": found.pattern,
        "side": SIDE_NAMES[found.side], "covers": found.covered, "verdict": judgement.verdict,
        "confidence": _round(judgement.confidence), "chance": _round(judgement.chance),
        "history": history, "neighbours": near, "spread_points": found.spread,
        "came_points": None if move is None else found.side * move,
    }  # fmt: skip


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    flat = [
        {name: value for name, value in row.items() if name not in ("history", "neighbours")}
        | {f"{kind}_{name}": value for kind in ("history", "neighbours")
           for name, value in row[kind].items()}
        for row in rows
    ]  # fmt: skip
    return pa.Table.from_pylist(flat) if flat else pa.table({"time": pa.array([], pa.string())})


def _picture(judged: JudgedPatterns, bars: int) -> SeenPatterns:
    columns = judged.columns
    first = max(0, len(columns) - bars)
    unit = 10.0**judged.series.digits
    kinds = {each.name: each.kind for each in choose_patterns()}
    marks = tuple(
        Mark(
            bar=each.found.bar - first, side=each.found.side, covered=each.found.covered,
            name=each.found.pattern, is_chart=kinds[each.found.pattern] == "chart",
            verdict=each.verdict,
        )
        for each in judged.judgements
        if each.found.bar >= first
    )  # fmt: skip
    return SeenPatterns(
        symbol=judged.series.symbol, timeframe=judged.series.timeframe.name,
        times=columns.ts_close[first:], high=columns.high[first:] / unit,
        low=columns.low[first:] / unit, close=columns.close[first:] / unit, marks=marks,
        rates=tuple(judged.figures["patterns"]),
    )  # fmt: skip
