"""Teach a generator against a critic, step by step; each block of steps is kept.

A step draws by (seed, its number), so that one that goes on and one that ran through are the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from assay.model.errors import DataError
from assay.runtime.ids import seeded_generator
from assay.signals.augmentation.gan.networks import Critic, Generator, measure_penalty
from assay.signals.augmentation.gan.table import Table
from assay.signals.augmentation.ports import Made, MakeRequest
from assay.signals.models.boosting import Pace, boost
from assay.signals.models.descent import (
    ANSWERED,
    SEEDS,
    State,
    alone,
    find_device,
    load_state,
    load_weights,
    tell_state,
)

if TYPE_CHECKING:
    from assay.runtime import ids

PENALTY = 10.0
MOMENTS = (0.0, 0.9)
TEACHING, MAKING = 1, 2
"""Streams of chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Say how it is taught: steps of the generator, each after so many of the critic, and sizes.

    The critic sees each row about `passes` times, the generator takes no more than `steps`; the
    `rate` falls to 0 over them, and `block` of them lie between checkpoints.
    """

    steps: int = 1_000
    passes: int = 200
    critics: int = 5
    batch: int = 128
    rate: float = 1e-3
    noise: int = 32
    units: int = 128
    block: int = 50

    def steps_for(self, rows: int) -> int:
        """Return how many steps the generator takes.

        >>> Course().steps_for(640), Course().steps_for(60_000)
        (200, 1000)
        """
        return min(self.steps, -(-self.passes * rows // (self.critics * self.batch)))


def make_rows(request: MakeRequest, course: Course) -> Made:
    """Teach a generator by the rows shown and let it make others; go on from a checkpoint.

    Raises DataError where all rows rose, or all fell.
    """
    like = request.like
    if like.up.min() == like.up.max():
        raise DataError("all rows to make others by moved one way; give more data")
    device = find_device()
    course = replace(course, steps=course.steps_for(len(like)))
    shown = Table(like)
    recipe = (
        f"gan, torch {torch.__version__} on {device.type}, seed {request.seed}, {course}, "
        f"{shown.digest}"
    )
    pace = Pace(least=course.steps, most=course.steps, patience=course.steps, block=course.block)
    with alone(device):
        contest = _Contest(shown, course, request.seed, device)
        found = boost(request, recipe, pace, contest.run)
        generator = contest.recall(found.model)
    with alone(torch.device("cpu")), torch.no_grad():
        rng = seeded_generator(request.seed, MAKING)
        chosen = shown.choose(rng, request.count)
        parts = []
        for at in range(0, request.count, ANSWERED):
            part = chosen[at : at + ANSWERED]
            noise = _draw_noise(rng, len(part), course.noise)
            scaled = generator(noise, torch.from_numpy(shown.given[part])).numpy()
            parts.append(shown.restore(scaled, part))
    return Made(np.concatenate(parts), like.up[chosen])


class _Kept(msgspec.Struct, frozen=True):
    generator: State
    critic: State


class _Student:
    """A network and what teaches it."""

    def __init__(self, network: nn.Module, course: Course) -> None:
        self.weights = list(network.parameters())
        self._course = course
        self.optimiser = torch.optim.Adam(self.weights, lr=course.rate, betas=MOMENTS, foreach=True)

    def step(self, loss: Tensor, number: int) -> None:
        for group in self.optimiser.param_groups:
            group["lr"] = self._course.rate * (1 - number / self._course.steps)
        for each, slope in zip(self.weights, torch.autograd.grad(loss, self.weights), strict=True):
            each.grad = slope
        self.optimiser.step()


class _Contest:
    def __init__(self, shown: Table, course: Course, seed: int, device: torch.device) -> None:
        torch.manual_seed(seed % SEEDS)
        given = shown.given.shape[1]
        self._generator = Generator(course.noise, given, shown.width, course.units).to(device)
        self._critic = Critic(shown.width, given, course.units).to(device)
        self._shown, self._course, self._seed, self._device = shown, course, seed, device
        self._maker, self._judge = (
            _Student(network, course) for network in (self._generator, self._critic)
        )

    def run(self, model: bytes, done: int, steps: int) -> tuple[bytes, list[float]]:
        """Return the state after more steps, and how far made rows were from real ones; see Grow.

        The distance is the critic's, which tells of it no more than that it learns.
        """
        if model:
            kept = msgspec.msgpack.decode(model, type=_Kept)
            load_state(self._maker.weights, self._maker.optimiser, kept.generator)
            load_state(self._judge.weights, self._judge.optimiser, kept.critic)
        apart = [self._step(number) for number in range(done, done + steps)]
        kept = _Kept(*(tell_state(each.weights, each.optimiser)
                       for each in (self._maker, self._judge)))  # fmt: skip
        return msgspec.msgpack.encode(kept), apart

    def recall(self, model: bytes) -> Generator:
        """Return the generator after its last step, on the CPU."""
        load_weights(
            self._maker.weights, msgspec.msgpack.decode(model, type=_Kept).generator.weights
        )
        return self._generator.cpu().eval()

    def _step(self, number: int) -> float:
        rng = seeded_generator(self._seed, TEACHING, number)
        apart = 0.0
        for _ in range(self._course.critics):
            real, given, known = self._batch(rng)
            with torch.no_grad():
                made = self._make(rng, given, known)
            loss = self._critic(made, given).mean() - self._critic(real, given).mean()
            apart = -float(loss.detach())
            share = torch.from_numpy(rng.random((len(real), 1), np.float32)).to(self._device)
            between = share * real + (1 - share) * made
            loss = loss + PENALTY * measure_penalty(self._critic, between, given)
            self._judge.step(loss, number)
        _, given, known = self._batch(rng)
        self._maker.step(-self._critic(self._make(rng, given, known), given).mean(), number)
        return apart

    def _make(self, rng: ids.Generator, given: Tensor, known: Tensor) -> Tensor:
        noise = _draw_noise(rng, len(given), self._course.noise).to(self._device)
        return self._generator(noise, given) * known

    def _batch(self, rng: ids.Generator) -> tuple[Tensor, Tensor, Tensor]:
        chosen = self._shown.choose(rng, self._course.batch)
        real, known = self._shown.take(chosen)
        parts = (real, self._shown.given[chosen], known)
        real, given, known = (torch.from_numpy(part).to(self._device) for part in parts)
        return real, given, known


def _draw_noise(rng: ids.Generator, count: int, size: int) -> Tensor:
    return torch.from_numpy(rng.standard_normal((count, size), np.float32))
