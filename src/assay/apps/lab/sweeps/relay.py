"""One account through windows of other parameters; what is open goes on, what rests is ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assay.apps.lab.runs.outcome import Outcome
from assay.apps.lab.sweeps.course import Course, run_between
from assay.trading.engine.step import cancel_all
from assay.trading.engine.world import World


@dataclass(frozen=True, slots=True)
class Window:
    """Hold the span that a variant was chosen on, and the one after it that it trades (ns UTC)."""

    inside: tuple[int, int]
    outside: tuple[int, int]


def trade_windows(
    course: Course, windows: Sequence[Window], variants: Sequence[Mapping[str, int]]
) -> Outcome:
    """Trade each window's outside with its variant, in one account from the first to the last.

    The strategy's memory is that of the variant after its inside, so that its averages have
    settled; the account was flat before the first window.
    """
    world: World | None = None
    for window, variant in zip(windows, variants, strict=True):
        memory = settle(course.cut(*window.inside), variant)
        fresh = course.world(variant)
        if world is None:
            world = fresh
        else:
            cancel_all(world.handle, 0, window.outside[0])
        world.params, world.memory = fresh.params, memory
        first, last = np.searchsorted(course.events["ts"], window.outside, side="right").tolist()
        run_between(world, course, first, last)
    assert world is not None
    return Outcome.of_world(world)


def trade_on(course: Course, variant: Mapping[str, int], memory: np.ndarray) -> Outcome:
    """Trade a course in a flat account, with the memory that the strategy has from before it."""
    world = course.world(variant)
    world.memory = memory.copy()
    run_between(world, course, 0, len(course.events))
    return Outcome.of_world(world)


def settle(inside: Course, variant: Mapping[str, int]) -> np.ndarray:
    """Return the memory of a strategy after all events of a course."""
    world = inside.world(variant)
    run_between(world, inside, 0, len(inside.events))
    return np.asarray(world.memory)
