"""What a search came to: the best settings beside the usual ones, and how to train with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from assay.apps.lab.evaluation.verdict import DRAWS, LEVEL, SEED
from assay.apps.lab.tuning.settings import BEST
from assay.books.analytics.reality import judge_superiority
from assay.model.time import format_time
from assay.runtime.ids import seeded_generator
from assay.signals.calibration.resampling import BlockCounts
from assay.signals.prediction import Tuned
from assay.signals.tuning import JUDGED, LOG_LOSS, Attempt, Bench, FoldScore, group_settings

Float64s = NDArray[np.float64]
STRETCHES_LEAST = 20
STRETCHES_A_BLOCK = 2.0
"""Labels of neighbouring stretches overlap a little, so they are resampled in twos on average."""
LUCK = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """Hold by how much less the best settings cost than the usual ones, a row, on the same folds.

    `lower` and `upper` are 95 % bounds of that pair alone; `p` is how often the best of as many
    settings that are worth nothing would gain as much. None where stretches are too few.
    """

    mean: float
    lower: float | None
    upper: float | None
    p: float | None

    @property
    def is_shown(self) -> bool:
        """Say whether there is a gain, the luck of having tried so many left aside."""
        return self.lower is not None and self.p is not None and self.lower > 0 and self.p < LUCK


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Hold a study as it stands: every attempt, the best and the usual one, and the gain.

    `folds` are the mean costs of the usual and the best settings, fold by fold. `times` [stretches]
    (ns UTC) and `gained` are the summed gain by time; `digest` is of all that the study hangs on.
    """

    study: str
    families: tuple[str, ...]
    metric: str
    seen_until: int
    attempts: Sequence[Attempt]
    best: Attempt
    gain: Gain
    folds: Sequence[tuple[float, float]]
    times: NDArray[np.int64]
    gained: Float64s
    importances: Mapping[str, float] = field(default_factory=dict)
    folder: Path = Path()
    digest: str = ""
    seconds: float = 0.0

    @property
    def usual(self) -> Attempt:
        """Return the attempt with the usual settings."""
        return self.attempts[0]

    @property
    def judged(self) -> list[Attempt]:
        """Return the attempts that were judged on every fold."""
        return [each for each in self.attempts if each.state == JUDGED]

    @property
    def tuned(self) -> Tuned:
        """Return the best settings as a training takes them."""
        return Tuned(
            study=self.study, metric=self.metric, trials=len(self.attempts),
            seen_until=self.seen_until, settings=group_settings(self.best.settings),
        )  # fmt: skip

    @property
    def verdict(self) -> str:
        """Return in a sentence whether the search found anything."""
        if self.best.number == 0:
            return "No gain shown: none of the settings tried costs less than the usual ones"
        gain = self.gain
        unit, style = ("of log loss", "+.3g") if self.metric == LOG_LOSS else (
            "minor units a lot", "+,.0f"
        )  # fmt: skip
        told = f"{gain.mean:{style}} {unit} a row on the same folds"
        if gain.lower is None or gain.upper is None or gain.p is None:
            return f"No gain shown: {told}, but too few stretches of time for an interval"
        luck = "p below 0.001" if gain.p < 0.001 else f"p = {gain.p:.3f}"
        told += (
            f" (95 % interval {gain.lower:{style}} to {gain.upper:{style}}; by luck of "
            f"{len(self.judged) - 1} tries {luck})"
        )
        return f"{'Gain' if gain.is_shown else 'No gain'} shown: {told}"


def weigh_attempts(
    attempts: Sequence[Attempt], scores: Callable[[int], list[FoldScore]], bench: Bench, *,
    name: str, importances: Mapping[str, float],
) -> Finding:  # fmt: skip
    """Hold the best attempt against the usual settings, and its gain against luck.

    `scores` returns what an attempt cost, fold by fold.
    """
    judged = [each for each in attempts if each.state == JUDGED]
    best = min(judged, key=lambda each: (each.cost, each.number))
    usual, found = scores(0), scores(best.number)
    pairs = _join(usual), _join(found)
    rivals = [_join(scores(each.number)) for each in judged if each.number]
    gained = _by_stretch(pairs[0], pairs[1])
    order = np.argsort(pairs[0].stretch, kind="stable")
    return Finding(
        study=name, families=bench.families, metric=bench.metric,
        seen_until=int(bench.rows.end.max()), attempts=attempts, best=best,
        gain=_measure_gain(pairs, [_by_stretch(pairs[0], each)[order] for each in rivals]),
        folds=[(one.mean, other.mean) for one, other in zip(usual, found, strict=True)],
        times=pairs[0].stretch[order] * 2 * bench.horizon, gained=np.cumsum(gained[order]),
        importances=importances,
    )  # fmt: skip


def _join(scores: Sequence[FoldScore]) -> FoldScore:
    """Return all folds as one; a stretch that lies in two of them counts in each."""
    columns = (
        np.concatenate([getattr(each, name) for each in scores])
        for name in ("stretch", "cost", "weight")
    )
    return FoldScore(*columns)


def _by_stretch(usual: FoldScore, other: FoldScore) -> Float64s:
    """Return what the other saved in each stretch, in parts of the mean gain a row."""
    saved = usual.cost / usual.weight.mean() - other.cost / other.weight.mean()
    return np.asarray(saved / len(saved))


def _measure_gain(pair: tuple[FoldScore, FoldScore], rivals: Sequence[Float64s]) -> Gain:
    mean = pair[0].mean - pair[1].mean
    if len(pair[0].stretch) < STRETCHES_LEAST or not rivals:
        return Gain(mean=mean, lower=None, upper=None, p=None)
    counts = BlockCounts(
        np.column_stack([each.weight for each in pair]),
        np.column_stack([each.cost for each in pair]),
    )
    rows, costs = counts.resample(DRAWS, seeded_generator(SEED))
    means = costs / rows
    tail = (1 - LEVEL) / 2
    lower, upper = np.quantile(means[:, 0] - means[:, 1], [tail, 1 - tail])
    luck = judge_superiority(np.column_stack(rivals), block=STRETCHES_A_BLOCK)
    return Gain(mean=mean, lower=float(lower), upper=float(upper), p=luck.p)


def describe_finding(found: Finding) -> dict[str, Any]:
    """Return what `assay tune` tells."""
    states = [each.state for each in found.attempts]
    gain = found.gain
    return {
        "study": found.study, "verdict": found.verdict, "families": list(found.families),
        "metric": found.metric, "trials": len(found.attempts),
        **{state: states.count(state) for state in ("judged", "pruned", "failed", "open")},
        "best": {"number": found.best.number, "cost": found.best.cost,
                 "settings": found.tuned.settings},
        "usual": {"cost": found.usual.cost, "settings": group_settings(found.usual.settings)},
        "gain": gain.mean, "gain_lower": gain.lower, "gain_upper": gain.upper, "p": gain.p,
        "folds": [{"usual": usual, "best": best} for usual, best in found.folds],
        "importances": dict(found.importances), "seen_until": format_time(found.seen_until),
        "failures": [
            {"number": each.number, "reason": each.reason}
            for each in found.attempts if each.reason
        ],
        "settings": str(found.folder / BEST), "seconds": round(found.seconds, 2),
    }  # fmt: skip


def write_best(path: Path, found: Finding) -> None:
    """Write the best settings, beside and then into place."""
    beside = path.with_name(f".{path.name}")
    beside.write_bytes(msgspec.json.format(msgspec.json.encode(found.tuned), indent=1))
    beside.replace(path)
