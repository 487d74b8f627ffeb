"""Boost in blocks of rounds, keep each block, and stop where later rows gain nothing more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from assay.signals.models.checkpoints import Checkpoint, open_checkpoint, save_checkpoint


class Asked(Protocol):
    """What asks for something long: where its progress is kept, and whom to tell of it."""

    @property
    def checkpoint(self) -> Path:
        """Return where progress is kept."""
        ...

    @property
    def on_progress(self) -> Callable[[int, int], None] | None:
        """Return who is told rounds done, and of how many."""
        ...


@dataclass(frozen=True, slots=True)
class Pace:
    """Say how many rounds to grow; later rows choose between `least` and `most` of them.

    Among these alone, because their labels overlap, so that their loss is mostly chance. Growing
    ends where `patience` rounds gained nothing; `block` rounds lie between checkpoints.
    """

    least: int
    most: int
    patience: int
    block: int


Grow = Callable[[bytes, int, int], tuple[bytes, list[float]]]
"""Given a model (none at first), the rounds it has and those to add: the model, and the log loss
of later rows after each round added. It draws by chance as if each block began anew."""


def boost(request: Asked, recipe: str, pace: Pace, grow: Grow) -> Checkpoint:
    """Return the model of all rounds grown, and the best of them; go on from a checkpoint."""
    found = open_checkpoint(request.checkpoint, recipe)
    while found.rounds < pace.most and found.rounds - found.best.rounds < pace.patience:
        done, best = found.rounds, found.best
        model, later = grow(found.model, done, min(pace.block, pace.most - done))
        best = best.improve(done, later) if done >= pace.least else best.follow(done, later)
        found = Checkpoint(model, done + len(later), best)
        save_checkpoint(request.checkpoint, recipe, found)
        if request.on_progress:
            request.on_progress(found.rounds, pace.most)
    return found
