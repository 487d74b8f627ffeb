"""Train a model: fit on the first span, stop on the second, calibrate on the third."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType
from numpy.typing import NDArray

from assay.model.errors import DataError, InvariantError
from assay.model.time import format_time
from assay.signals.augmentation import Augmentation, Augmented, widen
from assay.signals.calibration import FEWEST_PARTS
from assay.signals.ensemble import AUTO
from assay.signals.features import FeatureSet, see_as, tell_set
from assay.signals.guard import Watch
from assay.signals.labels import BRACKET, Bracket, Label, find_label
from assay.signals.models import (
    Features,
    FitRequest,
    Fitted,
    OnnxClassifier,
    Settings,
    find_family,
    narrow_windows,
)
from assay.signals.prediction.artifact import Artifact, Graphs, Spans, Taught, Tuned
from assay.signals.training.augmenting import Proof, choose_seat
from assay.signals.training.calibrating import (
    Calibration,
    calibrate,
    measure_promise,
    measure_reach,
)
from assay.signals.training.rows import Bars, Rows
from assay.signals.training.sequences import choose_examples, cut_windows
from assay.signals.training.splits import Split, split_rows
from assay.signals.training.stacking import Seat, tell_making

Tell = Callable[[str, float], None]
PARITY = "onnx_parity"
"""The fact that tells the largest difference between a graph's probabilities and the library's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """Say what to teach: family, instruments, bars, features, bracket, calibration, seed.

    With another `label` the bracket's horizon is the label's, and its distances say nothing. An
    ensemble names its members, how many of them are a quorum, and the combination. `tuned` are
    settings that a search chose, where one did. Rows made by `augment` must prove their worth.
    """

    family: str
    symbols: tuple[str, ...]
    timeframe: int
    features: FeatureSet
    bracket: Bracket
    seed: int = 1
    calibration: str = FEWEST_PARTS
    members: tuple[str, ...] = ()
    quorum: int = 1
    combination: str = AUTO
    label: str = BRACKET
    tuned: Tuned | UnsetType = UNSET
    augment: Augmentation | None = None

    @property
    def marked_by(self) -> Label | None:
        """Return the label that rows were marked by; None for brackets."""
        return None if self.label == BRACKET else find_label(self.label)

    @property
    def is_lopsided(self) -> bool:
        """Say whether one outcome may be the likelier before anybody spoke."""
        return self.marked_by is not None and not self.marked_by.symmetric

    @property
    def span(self) -> int:
        """Return the horizon in ns."""
        return self.bracket.horizon * self.timeframe

    def settings_of(self, member: str) -> Settings:
        """Return the settings that were chosen for a member; none for the usual ones."""
        return self.tuned.settings.get(member, {}) if isinstance(self.tuned, Tuned) else {}

    def seat_of(self, member: str) -> Seat:
        """Return how a member is fitted, without made rows."""
        return Seat(self.settings_of(member), see_as(member, self.features.names))

    def proof(self, bars: Sequence[Bars], keep: Path, tell: Tell | None) -> Proof | None:
        """Return what made rows are to be held to; None where nobody asked for any."""
        if self.augment is None:
            return None
        return Proof(
            by=self.augment, horizon=self.span, seed=self.seed, bars=bars, keep=keep, tell=tell
        )


def train(
    rows: Rows, lesson: Lesson, checkpoint: Path,
    tell: Tell | None = None, *, bars: Sequence[Bars] = (),
) -> tuple[Artifact, Graphs]:  # fmt: skip
    """Return the trained model of one family and its graph; equal rows and lessons give equal ones.

    `bars` are those of each instrument, by its number, which a family of several bars reads.
    What made rows are worth is found out on the rows to fit on; where it is not shown, the graph
    is the one without them.
    Raises DataError where the rows are too few to fit, to stop or to calibrate on.
    """
    family = find_family(lesson.family)
    if family.window > 1:
        rows = cut_windows(rows, bars, family.window)
    split = split_rows(rows)
    check_unseen(rows, split, lesson.tuned)
    seat, augmented = choose_seat(
        rows.take(split.fit), lesson.family, lesson.seat_of(lesson.family),
        lesson.proof(bars, checkpoint.parent, tell),
    )  # fmt: skip
    recipe = Recipe(seed=lesson.seed, checkpoint=checkpoint, tell=tell, bars=bars, seat=seat)
    member = fit_member(lesson.family, rows, split, recipe)
    held = rows.take(split.calibrate)
    found = calibrate(
        held, member.served, horizon=lesson.span, method=lesson.calibration, seed=lesson.seed,
        label=lesson.marked_by,
    )  # fmt: skip
    gain, loss = payoffs_of(held, lesson)
    artifact = Artifact(
        id="", family=lesson.family, graph_sha256=sha256(member.onnx).hexdigest(),
        seed=lesson.seed, taught=tell_taught(rows, held, lesson),
        spans=tell_spans(rows, held, split, lesson),
        up=found.up, long=found.long, short=found.short, calibrated_by=found.choice,
        slope=found.slope.value, slope_bound=found.slope.bound, gain=gain, loss=loss,
        facts=member.facts, watch=watch_of(held, member.served, found, lesson), tuned=lesson.tuned,
        augmented=count_made(augmented, member),
    )  # fmt: skip
    return name_artifact(artifact), {lesson.family: member.onnx}


def check_unseen(rows: Rows, split: Split, tuned: Tuned | UnsetType) -> None:
    """Raise DataError where settings were chosen on labels of what calibrates or tests a model."""
    if not isinstance(tuned, Tuned):
        return
    until = int(rows.end[split.fit].max())
    if tuned.seen_until > until:
        raise DataError(
            f"the settings of study {tuned.study} were chosen on labels until "
            f"{format_time(tuned.seen_until)}, this training fits on those until "
            f"{format_time(until)}: the rest would calibrate and judge what it had chosen; tune "
            "with the same --data and --until, or train with a later one"
        )


def watch_of(
    held: Rows, probabilities: NDArray[np.float32], found: Calibration, lesson: Lesson
) -> Watch:
    """Return what a guard holds a model to that was so calibrated on these rows."""
    if lesson.marked_by is not None:
        return measure_reach(held, probabilities, found)
    return measure_promise(
        held, probabilities, found, bars=lesson.bracket.horizon, length=lesson.timeframe,
        seed=lesson.seed,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Say how to fit: seed, where to keep progress, whom to tell, the rows' bars, and the seat."""

    seed: int
    checkpoint: Path
    tell: Tell | None = None
    bars: Sequence[Bars] = ()
    seat: Seat = field(default_factory=Seat)


@dataclass(frozen=True, slots=True)
class FittedMember:
    """Hold a family's graph, the facts worth telling, and its answers on the calibration rows.

    `made` is how many made rows it learnt from.
    """

    onnx: bytes
    facts: dict[str, float | int | str]
    served: NDArray[np.float32]
    made: int = 0


def fit_member(family: str, rows: Rows, split: Split, recipe: Recipe) -> FittedMember:
    """Fit a family on the split; rows may be of windows that are wider than it reads."""
    seat, tell = recipe.seat, recipe.tell
    chosen, rows = find_family(family, seat.settings), rows.seen(seat.sees)
    fit, stop = choose_examples(chosen, rows.take(split.fit), rows.take(split.stop), recipe.bars)
    asked = FitRequest(
        fit=fit, stop=stop, seed=recipe.seed, checkpoint=recipe.checkpoint,
        on_progress=(lambda done, most: tell(f"fitting {family}", done / most)) if tell else None,
    )  # fmt: skip
    if seat.augment:
        place = recipe.checkpoint.with_name(f"{recipe.checkpoint.name}-making")
        asked = widen(asked, seat.augment, place, tell and tell_making(seat.augment, tell))
    fitted = chosen.fit(asked)
    held = narrow_windows(rows.features[split.calibrate], chosen.window)
    served = OnnxClassifier(fitted.onnx).predict(held)
    facts = {**fitted.facts, PARITY: _check_parity(fitted, held, served)}
    return FittedMember(fitted.onnx, facts, served, len(asked.fit) - len(fit))


def count_made(found: Augmented | UnsetType, member: FittedMember) -> Augmented | UnsetType:
    """Return what was found of made rows, with how many of them the member learnt from."""
    if isinstance(found, UnsetType):
        return found
    return msgspec.structs.replace(found, made=member.made)


def name_artifact(artifact: Artifact) -> Artifact:
    """Return the artifact with an id made of its family and of all that it decides by.

    How near a graph comes to the library that fitted it is measured, and may differ by a last bit
    from one kind of processor to the next, so it is no part of the id.
    """
    told = msgspec.json.decode(msgspec.json.encode(artifact))
    for part in (told, *(told.get("ensemble") or {}).get("members", ())):
        part["facts"].pop(PARITY, None)
    digest = sha256(msgspec.json.encode(told)).hexdigest()[:10]
    return msgspec.structs.replace(artifact, id=f"{artifact.family}-{digest}")


def _check_parity(fitted: Fitted, held: Features, served: NDArray[np.float32]) -> float:
    gap = float(np.abs(fitted.predict(held) - served).max())
    if gap > fitted.parity_most:
        raise InvariantError(
            f"the ONNX graph differs from the fitted model by {gap:.1e}, at most "
            f"{fitted.parity_most:.0e} is borne"
        )
    return gap


def payoffs_of(held: Rows, lesson: Lesson) -> tuple[float, float]:
    """Return what brackets gained and lost on these rows; nothing where none was booked."""
    return measure_payoffs(held) if lesson.marked_by is None else (0.0, 0.0)


def measure_payoffs(held: Rows) -> tuple[float, float]:
    """Return what a bracket gains before costs where its side was right, and loses where not.

    Given the direction, not the net result: whether costs were earned depends on volatility, and
    payoffs given that would promise an edge wherever the market is merely lively.
    """
    shares = np.concatenate([held.long_points, held.short_points]) / np.tile(held.stop, 2)
    right = np.concatenate([held.up == 1, held.up == 0])
    gain = float(shares[right].mean()) if right.any() else 0.0
    loss = float(-shares[~right].mean()) if not right.all() else 0.0
    return max(gain, 0.0), max(loss, 0.0)


def tell_taught(rows: Rows, held: Rows, lesson: Lesson) -> Taught:
    """Return what is learnt from; `held` are the rows of the calibration."""
    return Taught(
        symbols=lesson.symbols, timeframe=lesson.timeframe, features=lesson.features.names,
        features_digest=lesson.features.digest, leaders=lesson.features.leaders,
        horizon=lesson.bracket.horizon,
        stop=lesson.bracket.stop, target=lesson.bracket.target, rows=len(rows),
        calibration_rows=len(held),
        label=msgspec.UNSET if lesson.label == BRACKET else lesson.label,
        made_of=tell_set(lesson.features, lesson.timeframe),
    )  # fmt: skip


def tell_spans(rows: Rows, held: Rows, split: Split, lesson: Lesson) -> Spans:
    """Return the spans of a training; nothing before a horizon after the last is fair to judge."""
    until = int(rows.end.max())
    return Spans(
        fit_from=int(rows.time.min()), fit_until=int(rows.end[split.fit | split.stop].max()),
        calibrate_from=int(held.time.min()), calibrate_until=until,
        ready_from=until + lesson.span,
    )  # fmt: skip
