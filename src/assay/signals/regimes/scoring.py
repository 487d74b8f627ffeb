"""How well regimes are told: F1, confusion, how late a change is noticed, and how many are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.signals.regimes.chain import Int64s


@dataclass(frozen=True, slots=True)
class Score:
    """Hold how well classes were told.

    `f1` is the mean of F1 over the classes that came, each counting alike (macro F1); `confusion`
    [k, k] counts bars by what came and what was said.
    """

    f1: float
    accuracy: float
    f1_by_class: tuple[float | None, ...]
    confusion: Int64s


def score_classes(came: Int64s, said: Int64s, classes: int) -> Score:
    """Return the score of what was said [n] of what came [n], both among so many classes.

    What is below 0 is unknown: where nothing came a bar is left out, where nothing was said it
    counts as wrong.

    >>> score_classes(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), 2).f1
    0.7333333333333334
    """
    known = came >= 0
    came, said = came[known], np.where(said[known] < 0, classes, said[known])
    pairs = np.bincount(came * (classes + 1) + said, minlength=classes * (classes + 1))
    confusion = pairs.reshape(classes, classes + 1)
    right = np.diagonal(confusion)
    there, told = confusion.sum(axis=1), confusion.sum(axis=0)[:classes]
    each = [
        float(2 * hit / (was + claimed)) if was else None
        for hit, was, claimed in zip(right, there, told, strict=True)
    ]
    some = [one for one in each if one is not None]
    return Score(
        float(np.mean(some)) if some else 0.0,
        float(right.sum() / max(1, len(came))), tuple(each), confusion[:, :classes],
    )  # fmt: skip


def count_switches(said: Int64s) -> int:
    """Return how often what is said changes from one bar to the next."""
    return int(np.count_nonzero(np.diff(said)))


def measure_delays(came: Int64s, said: Int64s) -> Int64s:
    """Return how many bars late each change of what came was said.

    One that was not said before the next change is as late as that: its whole length.

    >>> measure_delays(np.array([0, 1, 1, 1, 0, 0]), np.array([0, 0, 1, 1, 1, 1])).tolist()
    [1, 2]
    """
    starts = np.flatnonzero(np.diff(came)) + 1
    ends = np.append(starts[1:], len(came))
    late = np.empty(len(starts), np.int64)
    for place, (start, end) in enumerate(zip(starts, ends, strict=True)):
        hits = np.flatnonzero(said[start:end] == came[start])
        late[place] = hits[0] if len(hits) else end - start
    return late
