"""`assay models ablate`: whether an ensemble would forecast better by weights for each regime.

Judged on the calibration span alone, which neither the members nor their combination learnt from
and which no evaluation looks at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from assay.apps.config import Config
from assay.apps.lab.evaluation.judging import check_bars
from assay.apps.lab.models.forecasting import check_features, check_traded
from assay.apps.lab.models.labelling import (
    Instrument,
    columns_of,
    label_instrument,
    read_instrument,
    stride_of,
    told_by_leaders,
)
from assay.apps.lab.models.training import bars_until, read_series
from assay.apps.lab.runs.setup import Costs
from assay.model.errors import DataError, UsageError
from assay.model.regimes import Volatility
from assay.model.time import format_time
from assay.runtime.ids import seeded_generator
from assay.signals.calibration import ONE
from assay.signals.calibration.resampling import count_blocks
from assay.signals.ensemble import HeldOut, losses_of
from assay.signals.ensemble.choosing import Part
from assay.signals.features import compute_features
from assay.signals.labels import Bracket
from assay.signals.prediction import Artifact, Ensemble, Forecaster, read_artifact
from assay.signals.regimes import (
    AHEAD_LEAST,
    AHEAD_MOST,
    filter_bars,
    fit_chain,
    regime_set,
    seen_of,
)
from assay.signals.regimes.chain import DIRECTION_OF, LEVEL_OF, REGIMES
from assay.signals.training import Bars, Rows, cut_windows, pool
from assay.signals.training.calibrating import HORIZONS_A_BLOCK
from assay.signals.training.stacking import describe_held_out, fold_rows

PLAIN, BY_CELL = "stack", "select"
"""The combination that knows no regime, and the one that has weights for each of three cells."""
DRAWS, ABLATING = 2_000, 9
LEVEL = 0.95
"""Of the intervals of all variants together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AblationRequest:
    """Say which ensemble to ablate, on files that hold the bars that it was taught."""

    model: Path
    data: Sequence[Path]
    config: Config = field(default_factory=Config)


def ablate_regimes(
    request: AblationRequest, on_stage: Callable[[str, float], None] | None = None
) -> dict[str, Any]:
    """Return by each kind of regime what it takes off the log loss, with a paired interval.

    Weights are fitted and judged on purged folds of the calibration rows, as training does it on
    its own. Raises UsageError for what is no ensemble, DataError where bars are too few.
    """
    tell = on_stage or (lambda _stage, _share: None)
    artifact, graphs = read_artifact(request.model)
    check_traded(artifact)
    if not isinstance(artifact.ensemble, Ensemble):
        raise UsageError(f"{artifact.id} has no members to weigh; name an ensemble")
    instruments = _read(request, artifact)
    rows, probable = _calibration_rows(instruments, artifact, tell)
    tell("weighing", 0.5)
    forecaster = Forecaster(artifact, graphs)
    bars = [each.bars for each in instruments]
    held, shown, chosen = _hold(forecaster, rows, bars)
    block = shown.time // (HORIZONS_A_BLOCK * artifact.taught.horizon * artifact.taught.timeframe)
    found = weigh_regimes(_vary(held, probable[chosen]), fold_rows(shown), block)
    tell("weighing", 1.0)
    return {
        "model": artifact.id, "combined_by": artifact.ensemble.combined_by.method,
        "losses_of_training": artifact.ensemble.combined_by.losses,
        "rows": len(held.up), "blocks": len(np.unique(block)),
        "from": format_time(int(shown.time[0])), "until": format_time(int(shown.time[-1])),
        **found,
    }  # fmt: skip


def weigh_regimes(
    variants: Mapping[str, HeldOut], parts: Sequence[Part], block: np.ndarray
) -> dict[str, Any]:
    """Return the log loss without regimes, and what weights by each variant's cells take off it.

    Variants differ in their cells alone; the interval is of resampled blocks (`block` [n]), paired
    row by row, and holds for all of them together.
    """
    plain = losses_of(PLAIN, next(iter(variants.values())), parts)
    return {
        "log_loss": float(plain.mean()),
        "variants": {
            name: _judge(plain - losses_of(BY_CELL, each, parts), block, len(variants))
            for name, each in variants.items()
        },
    }


def _read(request: AblationRequest, artifact: Artifact) -> list[Instrument]:
    series = read_series(request.data, artifact.taught.symbols)
    check_bars(series, artifact)
    check_features(artifact, [each.symbol for each in series])
    past = [bars_until(each, artifact.spans.calibrate_until) for each in series]
    features = artifact.taught.feature_set
    told = told_by_leaders(past, features, request.config)
    return [read_instrument(each, features, request.config, Costs(), told) for each in past]


def _calibration_rows(
    instruments: Sequence[Instrument], artifact: Artifact, tell: Callable[[str, float], None]
) -> tuple[Rows, np.ndarray]:
    """Return the labelled rows of the calibration span and the regimes' probability [n, 12]."""
    taught, parts, told = artifact.taught, list[Rows](), list[np.ndarray]()
    bracket = Bracket(horizon=taught.horizon, stop=taught.stop, target=taught.target)
    for number, one in enumerate(instruments):
        tell(f"labelling {one.symbol}", number / (2 * len(instruments)))
        found = label_instrument(one, bracket, number=number, stride=stride_of(taught.horizon))
        found = found.take(found.time >= artifact.spans.calibrate_from)
        at = np.searchsorted(one.bars.close_time, found.time)
        parts.append(found)
        told.append(_filter(one, artifact)[at])
    rows = pool(parts)
    order = np.lexsort(
        (np.concatenate([each.symbol for each in parts]),
         np.concatenate([each.time for each in parts]))
    )  # fmt: skip
    if not len(rows):
        raise DataError(f"the files hold no bar of {artifact.id}'s calibration span; give others")
    return rows, np.concatenate(told)[order]


def _filter(instrument: Instrument, artifact: Artifact) -> np.ndarray:
    """Return the probability of each regime after each bar, by a chain of the fit span's bars."""
    taught = artifact.taught
    features = regime_set(
        taught.timeframe, min(max(taught.horizon, AHEAD_LEAST), AHEAD_MOST)
    )  # fmt: skip
    columns = columns_of(instrument.events)
    seen = seen_of(compute_features(features, columns))
    fitted = columns.ts_close <= artifact.spans.fit_until
    settled = np.arange(len(columns)) >= features.settling - 1
    chain, _ = fit_chain(seen[fitted & settled], lambda _done, _most: None)
    return filter_bars(chain, seen)[:, :REGIMES]


def _hold(
    forecaster: Forecaster, rows: Rows, bars: Sequence[Bars]
) -> tuple[HeldOut, Rows, np.ndarray]:
    """Return what the members say of the rows whose window is whole, those rows, and which."""
    shown, chosen = rows, np.arange(len(rows))
    if forecaster.window > 1:
        shown = cut_windows(rows, bars, forecaster.window)
        chosen = np.flatnonzero(np.isin(_keys(rows), _keys(shown)))
    scores = forecaster.members.ask(shown.features).scores / ONE
    names = forecaster.artifact.taught.features
    return describe_held_out(shown, scores, names), shown, chosen


def _keys(rows: Rows) -> np.ndarray:
    return rows.time + rows.symbol


def _vary(held: HeldOut, probable: np.ndarray) -> dict[str, HeldOut]:
    """Return the rows by the cells of each kind of regime: three of each."""
    level = np.minimum(LEVEL_OF, Volatility.HIGH)
    return {
        "volatility (feature)": held,
        "volatility (classifier)": replace(held, cell=_likeliest(probable, level)),
        "direction (classifier)": replace(held, cell=_likeliest(probable, DIRECTION_OF + 1)),
    }


def _likeliest(probable: np.ndarray, cell: np.ndarray) -> np.ndarray:
    sums = np.stack([probable[:, cell == each].sum(axis=1) for each in range(3)], axis=1)
    return np.argmax(sums, axis=1)


def _judge(gain: np.ndarray, block: np.ndarray, variants: int) -> dict[str, Any]:
    """Return the mean gain (nats a row) with the interval of its blocks, resampled."""
    counts = count_blocks(np.zeros(len(gain), np.int64), gain, block, 1)
    rows, sums = counts.resample(DRAWS, seeded_generator(ABLATING))
    tail = (1 - LEVEL) / variants / 2
    low, high = np.quantile(sums / rows, [tail, 1 - tail])
    return {
        "gain": float(gain.mean()), "low": float(low), "high": float(high),
        "improves": bool(low > 0),
    }  # fmt: skip
