"""`assay train`: files of bars to a calibrated model in the home, resumable at every step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np
from msgspec import UNSET, UnsetType, to_builtins

from assay.apps.config import Config
from assay.apps.lab.models.card import CARD, write_card
from assay.apps.lab.models.drift import measure_model
from assay.apps.lab.models.labelling import (
    Instrument,
    check_feed,
    describe_series,
    label_instrument,
    mark_instrument,
    read_instrument,
    stride_of,
)
from assay.apps.lab.models.leaders import choose_candidates, follow_leaders
from assay.apps.lab.models.membership import ENSEMBLE, Membership, choose_members
from assay.apps.lab.provenance import digest_series
from assay.apps.lab.runs.setup import Costs
from assay.apps.lab.trial import Look, enter_look, span_of
from assay.books.trials import TrialLedger
from assay.kernel.compiling import compiled_digest
from assay.market.series import BarSeries
from assay.market.sources.parquet import read_parquet
from assay.model.errors import DataError, UsageError
from assay.model.time import format_time
from assay.runtime.clock import Stopwatch
from assay.signals.augmentation import find_augmentation
from assay.signals.calibration import AUTO, FEWEST_PARTS, ONE, find_method
from assay.signals.drift import write_reference
from assay.signals.ensemble import CELLS
from assay.signals.features import FeatureSet, standard_set
from assay.signals.labels import BRACKET, RANGE_FEATURE, Bracket, find_label
from assay.signals.models import Value, find_family, widest_window
from assay.signals.prediction import (
    Artifact,
    Ensemble,
    Graphs,
    Tuned,
    read_artifact,
    write_artifact,
)
from assay.signals.training import Bars, Lesson, Rows, decided, pool, train, train_ensemble

Recipe = Callable[[int], FeatureSet]
UNFINISHED, TRAINED = ".unfinished", ".trained"
ROWS_FILE, CHECKPOINT, MODEL = "rows-{}.npz", "checkpoint", "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRequest:
    """Say what to teach, on which bars, until when (ns UTC), and where models are kept.

    `leaders` are the symbols that others may follow: None for all, empty for none.
    `calibration` names a method, AUTO to choose one. A `family` of ENSEMBLE has a `membership`,
    the usual one where none is given. `tuned` are settings that a search chose. A `label` other
    than BRACKET takes its horizon from the bracket, and nothing else. A `recipe` returns the set of
    features for a length of bars. Rows are made by `augment` where a name is given, and used where
    they prove their worth.
    """

    series: Sequence[BarSeries]
    until: int
    models: Path
    family: str = "lightgbm"
    bracket: Bracket = field(default_factory=Bracket)
    seed: int = 1
    leaders: Sequence[str] | None = None
    calibration: str = FEWEST_PARTS
    costs: Costs = field(default_factory=Costs)
    config: Config = field(default_factory=Config)
    ledger: TrialLedger | None = None
    membership: Membership | None = None
    label: str = BRACKET
    tuned: Tuned | UnsetType = UNSET
    recipe: Recipe = standard_set
    augment: str | None = None

    @property
    def features(self) -> FeatureSet:
        """Return the set of features, its leaders not sought yet.

        Raises UsageError where it cannot be made of these bars, or lacks what brackets need.
        """
        made = self.recipe(int(self.series[0].timeframe))
        if self.label == BRACKET and RANGE_FEATURE not in made.own_names:
            raise UsageError(
                f"set {made.name} has no feature {RANGE_FEATURE}, by which brackets are measured; "
                f"add it as the standard set has it, 1000 x average true range / close"
            )
        return made

    @property
    def joined(self) -> Membership | None:
        """Return the members of an ensemble; None for one family alone."""
        return (self.membership or choose_members()) if self.family == ENSEMBLE else None

    @property
    def families(self) -> tuple[str, ...]:
        """Return every family that is taught."""
        return self.joined.members if self.joined else (self.family,)


def train_model(
    request: TrainingRequest, on_stage: Callable[[str, float], None] | None = None
) -> dict[str, Any]:
    """Train a model and return where it is.

    What was done before an interrupt is not done again, and a training that is done already is
    answered from what it made. Raises UsageError and DataError where bars and span do not fit.
    """
    tell, watch = on_stage or (lambda _stage, _share: None), Stopwatch()
    _check_families(request)
    if request.calibration != AUTO:
        find_method(request.calibration)
    if request.label != BRACKET:
        find_label(request.label)
    features = request.features
    check_feed(features, request.series)
    digest = digest_training(request, features)
    known = request.models / TRAINED / digest
    if not _is_whole(request.models, known):
        work = request.models / UNFINISHED / digest
        _teach(request, features, work, tell)
        known.parent.mkdir(exist_ok=True)
        (work / MODEL).replace(known)
        rmtree(work)
    artifact, _ = read_artifact(request.models / known.read_text())
    return {
        "model": artifact.id, "label": artifact.taught.foretells,
        "card": str(request.models / artifact.id / CARD), "rows": artifact.taught.rows,
        "from": format_time(artifact.spans.fit_from),
        "until": format_time(artifact.spans.calibrate_until),
        "evaluate_from": format_time(artifact.spans.ready_from),
        **_tell_ensemble(artifact), **_tell_augmented(artifact),
        "calibrated_by": artifact.calibrated_by.method, "skilled": artifact.is_skilled,
        "seconds": round(watch.elapsed(), 2),
    }  # fmt: skip


def _check_families(request: TrainingRequest) -> None:
    tuned = request.tuned
    chosen: dict[str, dict[str, Value]] = tuned.settings if isinstance(tuned, Tuned) else {}
    if isinstance(tuned, Tuned) and set(chosen) != set(request.families):
        raise UsageError(
            f"study {tuned.study} chose settings of {', '.join(chosen)}, this training is of "
            f"{', '.join(request.families)}; name the same with --model or --members"
        )
    for family in request.families:
        find_family(family, chosen.get(family))
    if request.augment is not None:
        find_augmentation(request.augment)


def _is_whole(models: Path, known: Path) -> bool:
    if not known.exists():
        return False
    try:
        read_artifact(models / known.read_text())
    except (UsageError, DataError):
        return False
    return True


def _teach(
    request: TrainingRequest, features: FeatureSet, work: Path, tell: Callable[[str, float], None]
) -> None:
    """Train in a folder of its own; its file MODEL says that all is written, and under what id."""
    work.mkdir(parents=True, exist_ok=True)
    series, parts = [bars_until(one, request.until) for one in request.series], []
    candidates = choose_candidates(request.leaders, [one.symbol for one in series], features)
    start, end = span_of(series)
    look = Look(
        kind="train", series=series, start=start, end=end, strategy=request.family,
        parameters=work.name,
    )  # fmt: skip
    enter_look(request.ledger, look)
    for number, one in enumerate(series):
        tell(f"labelling {one.symbol}", number / len(series))
        parts.append(keep_rows(one, number, request, features, work))
    tell("looking for leaders", 1.0)
    features, rows = follow_leaders(pool(parts), series, candidates, features, request.config)
    lesson, bars = _lesson_of(request, features), ()
    if widest_window(request.families) > 1:
        bars = describe_series(series, features, request.config, request.costs)
    artifact, graphs = _fit(rows, lesson, work / CHECKPOINT, tell, bars)
    folder = request.models / artifact.id
    write_artifact(folder, artifact, graphs)
    write_reference(folder, measure_model(artifact, graphs, rows, bars))
    write_card(folder, artifact, rows)
    (work / MODEL).write_text(artifact.id)


def _lesson_of(request: TrainingRequest, features: FeatureSet) -> Lesson:
    joined = request.joined
    shared = Lesson(
        family=request.family, symbols=tuple(one.symbol for one in request.series),
        timeframe=int(request.series[0].timeframe), features=features, bracket=request.bracket,
        seed=request.seed, calibration=request.calibration, label=request.label,
        tuned=request.tuned,
        augment=None if request.augment is None else find_augmentation(request.augment),
    )  # fmt: skip
    if joined is None:
        return shared
    return replace(
        shared, members=joined.members, quorum=joined.quorum, combination=joined.combination
    )


def _fit(
    rows: Rows, lesson: Lesson, checkpoint: Path, tell: Callable[[str, float], None],
    bars: Sequence[Bars],
) -> tuple[Artifact, Graphs]:  # fmt: skip
    if lesson.members:
        return train_ensemble(rows, lesson, checkpoint, tell, bars=bars)
    return train(rows, lesson, checkpoint, tell, bars=bars)


def _tell_ensemble(artifact: Artifact) -> dict[str, Any]:
    if not isinstance(artifact.ensemble, Ensemble):
        return {}
    ensemble = artifact.ensemble
    return {
        "members": list(artifact.families), "quorum": ensemble.quorum,
        "combined_by": ensemble.combined_by.method,
        "weights": {
            cell: dict(zip(artifact.families, [share / ONE for share in row], strict=True))
            for cell, row in zip(CELLS, ensemble.panels[0].weights, strict=True)
        },
    }  # fmt: skip


def _tell_augmented(artifact: Artifact) -> dict[str, Any]:
    found = artifact.augmentations
    return {"augmented": to_builtins(found)} if found else {}


def read_series(paths: Sequence[Path], symbols: Sequence[str]) -> list[BarSeries]:
    """Read files of bars of one length, sorted by symbol, only those symbols where any is named."""
    if not paths:
        raise UsageError("no data given; name at least one Parquet file with --data")
    found = [one for one in map(read_parquet, paths) if not symbols or one.symbol in symbols]
    absent = sorted(set(symbols) - {one.symbol for one in found})
    if absent:
        raise UsageError(f"no file holds {', '.join(absent)}; give one with --data")
    series = [one for one in found if isinstance(one, BarSeries)]
    if len(series) < len(found):
        raise UsageError("models learn from bars, a file holds ticks; give a file of bars")
    lengths = sorted({int(one.timeframe) for one in series})
    if len(lengths) > 1:
        raise UsageError("the files hold bars of several lengths; give one length")
    names = [one.symbol for one in series]
    if len(set(names)) < len(names):
        raise UsageError(f"a symbol is given twice among {', '.join(names)}; give each once")
    return sorted(series, key=lambda one: one.symbol)


def digest_training(request: TrainingRequest, features: FeatureSet) -> str:
    """Return 16 hex digits over everything that a training depends on."""
    facts = (
        digest_series(request.series), compiled_digest(), request.until, request.family,
        request.seed, features.digest, request.bracket, stride_of(request.bracket.horizon),
        request.costs, request.leaders,
        request.calibration, request.config.decisive(),
        *([request.joined] if request.joined else []),
        *([request.label] if request.label != BRACKET else []),
        *([request.tuned] if isinstance(request.tuned, Tuned) else []),
        *([("augment", request.augment)] if request.augment is not None else []),
        *([request.costs.broker] if request.costs.broker is not None else []),
    )  # fmt: skip
    return sha256(repr(facts).encode()).hexdigest()[:16]


def teach_rows(
    instrument: Instrument, request: TrainingRequest, *, number: int, stride: int
) -> Rows:
    """Return the rows of every `stride`-th bar that a training of the request may learn from."""
    if request.label == BRACKET:
        return label_instrument(instrument, request.bracket, number=number, stride=stride)
    label, horizon = find_label(request.label), request.bracket.horizon
    return decided(mark_instrument(instrument, label, horizon, number=number, stride=stride))


def bars_until(series: BarSeries, until: int) -> BarSeries:
    """Return the bars that closed by then (ns UTC); raise DataError where there are none."""
    past = series.select(series.ts_open + int(series.timeframe) <= until)
    if not len(past):
        raise DataError(f"{series.symbol} has no bar before --until {format_time(until)}")
    return past


def keep_rows(
    series: BarSeries, number: int, request: TrainingRequest, features: FeatureSet, work: Path
) -> Rows:
    """Return the labelled rows of one instrument, from the folder `work` where they lie there."""
    kept = work / ROWS_FILE.format(series.symbol)
    if kept.exists():
        with np.load(kept) as columns:
            return Rows(**{each.name: columns[each.name] for each in fields(Rows)})
    instrument = read_instrument(series, features, request.config, request.costs)
    rows = teach_rows(instrument, request, number=number, stride=stride_of(request.bracket.horizon))
    beside = kept.with_suffix(".part.npz")
    np.savez(beside, **{each.name: getattr(rows, each.name) for each in fields(Rows)})
    beside.replace(kept)
    return rows
