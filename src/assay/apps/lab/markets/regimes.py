"""`assay regimes`: fit the regimes of one instrument, then judge them on the bars that follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from assay.apps.config import Config
from assay.apps.lab.models.labelling import columns_of, price_alone
from assay.apps.lab.models.training import read_series
from assay.apps.lab.output import appearing_together
from assay.apps.lab.runs.setup import Costs
from assay.apps.lab.trial import Look, count_before, enter_look, span_of
from assay.books.reports import ToldRegimes, write_regimes
from assay.books.trials import Trial, TrialLedger
from assay.market.series import BarSeries
from assay.model.errors import DataError, UsageError
from assay.model.regimes import CELLS, Regime
from assay.model.time import format_time
from assay.runtime.clock import Stopwatch
from assay.runtime.home import Home
from assay.signals.features import BarColumns
from assay.signals.regimes import (
    CELL_OF,
    UNKNOWN,
    Classified,
    Classifier,
    Kept,
    Score,
    count_switches,
    fit_classifier,
    last_confirmed,
    place_of,
    score_classes,
    write_classifier,
)

AHEAD = 60
REGIMES = tuple(regime.name.lower() for regime in Regime)
CELL_NAMES = tuple(cell.replace(" ", "_") for cell in CELLS)
Tell = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimesRequest:
    """Say which bars to fit on and which to judge (ns UTC, bar opens; None: from or to the end).

    Labels look `ahead` bars ahead. Judging begins at `start`, at `fit_until` where that is None.
    The look is entered in `trials`.
    """

    data: Path
    fit_until: int
    fit_from: int | None = None
    start: int | None = None
    end: int | None = None
    ahead: int = AHEAD
    seed: int = 1
    config: Config = field(default_factory=Config)
    trials: TrialLedger | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRegimes:
    """Hold the judged bars: opens, mid price, what was said and what came, and the figures.

    `kept` is the classifier as it can be saved, with its memory after the last bar.
    """

    series: BarSeries
    mid: np.ndarray
    told: Classified
    came: np.ndarray
    figures: dict[str, Any]
    kept: Kept


def judge_regimes(request: RegimesRequest, on_stage: Tell | None = None) -> JudgedRegimes:
    """Fit on the bars that closed until `fit_until` and judge on later ones.

    The whole of what comes before a judged bar settles the classifier, and none of it is refitted.
    Raises UsageError and DataError where bars and span do not fit.
    """
    tell, watch = on_stage or (lambda _stage, _share: None), Stopwatch()
    _start(request)
    series = _read(request)
    trial = _enter(request, series)
    setup = price_alone(series, request.config, Costs())
    columns = columns_of(setup.events())
    cut = int(np.searchsorted(columns.ts_close, request.fit_until, side="right"))
    classifier = fit_classifier(
        columns.cut(slice(0, cut)), int(series.timeframe), ahead=request.ahead, seed=request.seed,
        on_stage=tell,
    )  # fmt: skip
    tell("judging", 0.0)
    stream = classifier.stream()
    told, came = stream.load(columns), classifier.label(columns)
    last = last_confirmed(came, request.ahead)
    rows = _judged_rows(request, series, told, classifier)
    told = _cut(told, rows)
    figures = _figures(told, came[rows], last[rows])
    tell("judging", 1.0)
    head = {
        "symbol": series.symbol, "timeframe": series.timeframe.name, "ahead_bars": request.ahead,
        "fit": _span(series, slice(0, cut)), "judged": _span(series, rows),
        "settling": classifier.settling, "classifier": classifier.digest[:12],
        "trials_before": count_before(request.trials, trial),
    }  # fmt: skip
    figures = head | _chain_facts(classifier) | figures | {"seconds": round(watch.elapsed(), 2)}
    return JudgedRegimes(
        series=series.select(rows), mid=_mid(series, columns)[rows], told=told, came=came[rows],
        figures=figures,
        kept=Kept(
            classifier=classifier, symbol=series.symbol, timeframe=int(series.timeframe),
            digits=setup.pricing[0].digits, fitted_until=request.fit_until,
            until=int(columns.ts_close[-1]), memory=stream.snapshot(),
        ),
    )  # fmt: skip


def save_regimes(judged: JudgedRegimes, home: Home, name: str) -> Path:
    """Write the classifier into a home under a name; return its file."""
    path = place_of(home.path, name)
    home.folder(path.parent.name)
    write_classifier(path, judged.kept)
    return path


def write_report(judged: JudgedRegimes, folder: Path) -> None:
    """Write regimes.svg, telephone and paper wide, and regimes.json into a folder."""
    with appearing_together(folder) as place:
        write_regimes(
            ToldRegimes(
                symbol=judged.series.symbol, times=judged.series.ts_open, price=judged.mid,
                regime=judged.told.regime, posterior=judged.told.posterior,
            ),
            judged.figures,
            place,
        )  # fmt: skip


def _enter(request: RegimesRequest, series: BarSeries) -> Trial | None:
    start = request.fit_until if request.start is None else request.start
    look = Look(
        kind="regimes", series=[series], start=start, end=max(start, span_of([series])[1]),
        strategy="regimes",
        parameters=(request.fit_until, request.ahead, request.seed, request.config.decisive()),
    )  # fmt: skip
    return enter_look(request.trials, look)


def _read(request: RegimesRequest) -> BarSeries:
    (series,) = read_series([request.data], [])
    if request.fit_from is not None:
        series = series.select(series.ts_open >= request.fit_from)
    if request.end is not None:
        series = series.select(series.ts_open < request.end)
    if not len(series) or int(series.ts_open[0]) >= request.fit_until:
        raise DataError(
            f"{request.data} has no bar before --fit-until {format_time(request.fit_until)}"
        )
    return series


def _start(request: RegimesRequest) -> int:
    start = request.fit_until if request.start is None else request.start
    if start < request.fit_until:
        raise UsageError(
            f"--from {format_time(start)} is before --fit-until {format_time(request.fit_until)}: "
            "bars that were fitted on judge nothing"
        )
    return start


def _judged_rows(
    request: RegimesRequest, series: BarSeries, told: Classified, classifier: Classifier
) -> np.ndarray:
    start = _start(request)
    rows = np.flatnonzero((series.ts_open >= start) & told.settled)
    if len(rows) <= request.ahead:
        raise DataError(
            f"{len(rows)} bars from {format_time(start)} on have settled ({classifier.settling} "
            f"bars), too few to judge; give an earlier first bar or a later --to"
        )
    return rows


def _cut(told: Classified, rows: np.ndarray) -> Classified:
    return Classified(*(getattr(told, name)[rows] for name in Classified.__slots__))


def _mid(series: BarSeries, columns: BarColumns) -> np.ndarray:
    return (columns.close + 0.5 * columns.spread) / 10.0**series.digits


def _span(series: BarSeries, rows: np.ndarray | slice) -> dict[str, Any]:
    opens = series.ts_open[rows]
    return {
        "from": format_time(int(opens[0])), "until": format_time(int(opens[-1])),
        "bars": len(opens),
    }  # fmt: skip


def _chain_facts(classifier: Classifier) -> dict[str, Any]:
    chain = classifier.chain
    return {
        "chain": {
            "volatility": [round(float(np.exp(each)), 4) for each in chain.level],
            "drift": [round(each, 4) for each in chain.drift],
            "lasts": {
                name: round(1.0 / (1.0 - chain.follow[place][place]), 1)
                for place, name in enumerate(REGIMES)
            },
        },
        "labels": {
            "volatility": [round(float(np.exp(each)), 4) for each in classifier.rules.levels],
            "drift": round(classifier.rules.drift, 4), "tilt": classifier.forest.tilt,
            "cell_tilt": classifier.forest.cell_tilt,
        },
    }  # fmt: skip


def _figures(told: Classified, came: np.ndarray, last: np.ndarray) -> dict[str, Any]:
    known = (came != UNKNOWN) & (last != UNKNOWN)
    came, last = np.where(known, came, UNKNOWN), np.where(known, last, UNKNOWN)
    cells = {name: _cells(each) for name, each in (("came", came), ("last", last))}
    count, many = len(REGIMES), len(CELL_NAMES)
    ahead = score_classes(came, told.ahead, count)
    ahead_cells = score_classes(cells["came"], told.ahead_cell, many)
    pairs = np.bincount(told.regime[:-1] * count + told.regime[1:], minlength=count * count)
    return {
        "shares": _shares(told.regime, REGIMES),
        "cell_shares": _shares(told.cell, CELL_NAMES),
        "came_shares": _shares(came[known], REGIMES),
        "confidence": round(float(told.confidence.mean()), 4),
        "switches": count_switches(told.regime), "cell_switches": count_switches(told.cell),
        "transitions": _transitions(pairs.reshape(count, count)),
        "labelled": int(known.sum()),
        "ahead": {"regimes": _brief(ahead), "cells": _brief(ahead_cells)},
        "now": {
            "regimes": _brief(score_classes(came, told.regime, count)),
            "cells": _brief(score_classes(cells["came"], told.cell, many)),
        },
        "last_confirmed": {
            "regimes": _brief(score_classes(came, last, count)),
            "cells": _brief(score_classes(cells["came"], cells["last"], many)),
        },
        "confusion": {
            "regimes": list(REGIMES), "rows": "came", "columns": "foretold",
            "bars": ahead.confusion.tolist(),
        },
        "cell_confusion": {
            "cells": list(CELL_NAMES), "rows": "came", "columns": "foretold",
            "bars": ahead_cells.confusion.tolist(),
        },
    }  # fmt: skip


def _cells(regimes: np.ndarray) -> np.ndarray:
    return np.where(regimes >= 0, CELL_OF[regimes], UNKNOWN)


def _brief(score: Score) -> dict[str, float]:
    return {"f1": round(score.f1, 4), "accuracy": round(score.accuracy, 4)}


def _shares(said: np.ndarray, names: tuple[str, ...]) -> dict[str, float]:
    counts = np.bincount(said, minlength=len(names))
    return {
        name: round(float(count / max(1, len(said))), 4)
        for name, count in zip(names, counts, strict=True)
    }


def _transitions(pairs: np.ndarray) -> dict[str, dict[str, int]]:
    return {
        name: {
            REGIMES[after]: int(pairs[before, after])
            for after in np.argsort(-pairs[before], kind="stable")
            if after != before and pairs[before, after]
        }
        for before, name in enumerate(REGIMES)
    }
