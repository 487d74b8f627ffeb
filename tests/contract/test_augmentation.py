"""Every way to make rows that is found by folder: like the real ones, repeatable, resumable.

They are taught by PyTorch, in small; where that is not installed they are NOT RUN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from assay.model.errors import DataError
from assay.runtime.ids import seeded_generator
from assay.signals.augmentation import (
    Augmentation,
    Made,
    MakeRequest,
    augmentation_names,
    find_augmentation,
)
from assay.signals.features.rounding import round_mantissa
from assay.signals.models import Examples, Windows

ROWS, MADE, WIDTH, WINDOW = 1_200, 2_000, 8, 3
LIFT, LACKING = 3, 5
"""The feature that tells the direction, and one that a third of the rows lack; the next all do."""
SHAPES = ("rows", "windows")
each_way = pytest.mark.parametrize("name", augmentation_names())
each_shape = pytest.mark.parametrize("shape", SHAPES)


class StoppedError(Exception):
    pass


@pytest.fixture(scope="module", autouse=True)
def library() -> None:
    if find_spec("torch") is None:
        pytest.skip("NOT RUN: no PyTorch to teach it; `make test EXTRA=deep` installs it")


def way_of(name: str, steps: int = 375) -> Augmentation:
    """Return the way with fewer steps, so that it is taught in seconds."""
    found = find_augmentation(name)
    return replace(found, course=replace(found.course, steps=steps, block=10))


def like(shape: str, seed: int = 1) -> Examples:
    """Return rows that hang together, of unequal spread, of which one feature tells the way."""
    rng = seeded_generator(seed)
    bars = rng.normal(size=(ROWS + WINDOW - 1, WIDTH))
    bars[:, 1] = 0.8 * bars[:, 0] + 0.6 * bars[:, 1]
    bars[:, 2] = 100 + 20 * bars[:, 2]
    bars[rng.random(len(bars)) < 1 / 3, LACKING] = np.nan
    bars[:, LACKING + 1] = np.nan
    bars = round_mantissa(bars.astype(np.float32))
    last = np.arange(WINDOW - 1, len(bars))
    up = (rng.normal(size=ROWS) < 1.2 * bars[last, LIFT]).astype(np.int8)
    features = Windows(bars, last, WINDOW) if shape == "windows" else bars[last]
    return Examples(features, up, rng.random(ROWS) + 0.5)


def request(place: Path, shape: str = "rows", seed: int = 5) -> MakeRequest:
    return MakeRequest(like=like(shape), count=MADE, seed=seed, checkpoint=place)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("made")


@cache
def made(name: str, folder: Path, shape: str) -> Made:
    return way_of(name).make(request(folder / shape, shape))


def told(found: Made) -> bytes:
    return np.asarray(found.features).tobytes() + found.up.tobytes()


@each_way
@each_shape
def test_made_rows_are_like_the_real_ones(name: str, shape: str, folder: Path) -> None:
    found, real = made(name, folder, shape), like(shape)
    rows, model = (np.asarray(each).reshape(len(each), -1, WIDTH)[:, -1]
                   for each in (found.features, real.features))  # fmt: skip
    assert np.asarray(found.features).shape == (MADE, *real.features.shape[1:])
    assert rows.dtype == np.float32
    assert np.array_equal(rows, round_mantissa(rows), equal_nan=True)
    whole = [place for place in range(WIDTH) if place not in (LACKING, LACKING + 1)]
    rows, model = rows[:, whole], model[:, whole]
    assert np.isfinite(rows).all()
    spread = model.std(axis=0)
    assert (np.abs(rows.mean(axis=0) - model.mean(axis=0)) / spread).max() < 0.25
    assert np.abs(np.log(rows.std(axis=0) / spread)).max() < 0.35
    assert np.abs(np.corrcoef(rows.T) - np.corrcoef(model.T)).max() < 0.25
    assert (rows >= model.min(axis=0)).all()
    assert (rows <= model.max(axis=0)).all()


@each_way
@each_shape
def test_both_directions_are_made_and_mean_what_they_did(
    name: str, shape: str, folder: Path
) -> None:
    found, real = made(name, folder, shape), like(shape)

    def lift(features: np.ndarray, up: np.ndarray) -> float:
        column = features.reshape(len(up), -1, WIDTH)[:, -1, LIFT]
        return float(column[up == 1].mean() - column[up == 0].mean())

    share = np.average(real.up, weights=real.weight)
    assert found.up.mean() == pytest.approx(share, abs=0.05)
    assert set(found.up.tolist()) == {0, 1}
    expected = lift(np.asarray(real.features), real.up)
    assert lift(np.asarray(found.features), found.up) == pytest.approx(expected, rel=0.3)


@each_way
@each_shape
def test_what_rows_lack_made_ones_lack(name: str, shape: str, folder: Path) -> None:
    rows = np.asarray(made(name, folder, shape).features).reshape(MADE, -1, WIDTH)
    assert np.isnan(rows[:, :, LACKING + 1]).all()
    assert np.isnan(rows[:, :, LACKING]).mean(axis=0) == pytest.approx(1 / 3, abs=0.06)


@each_way
def test_equal_requests_give_equal_rows_and_other_seeds_others(name: str, tmp_path: Path) -> None:
    way = way_of(name, steps=20)
    one, again, other = (
        told(way.make(request(tmp_path / place, seed=seed)))
        for place, seed in (("one", 5), ("again", 5), ("other", 6))
    )
    assert one == again
    assert one != other


@each_way
@pytest.mark.parametrize("stops_after", [1, 3])
def test_one_that_was_stopped_goes_on_to_the_same_rows(
    name: str, tmp_path: Path, stops_after: int
) -> None:
    way, calls, place = way_of(name, steps=50), [], tmp_path / "halved"

    def stop(done: int, most: int) -> None:
        calls.append((done, most))
        if len(calls) == stops_after:
            raise StoppedError

    asked = replace(request(place), on_progress=stop)
    with pytest.raises(StoppedError):
        way.make(asked)
    resumed = way.make(asked)
    assert told(resumed) == told(way.make(request(tmp_path / "whole")))
    assert calls == [(done, 50) for done in range(10, 51, 10)]
    finished: list[tuple[int, int]] = []
    known = way.make(replace(asked, on_progress=lambda *done: finished.append(done)))
    assert told(known) == told(resumed)
    assert not finished


@each_way
@pytest.mark.parametrize("found", ["torn", "of another seed", "of other rows"])
def test_a_checkpoint_of_no_use_is_a_fresh_start(name: str, tmp_path: Path, found: str) -> None:
    way, asked = way_of(name, steps=20), request(tmp_path / "checkpoint")
    spoil: dict[str, Callable[[], object]] = {
        "torn": lambda: asked.checkpoint.write_bytes(asked.checkpoint.read_bytes()[:500]),
        "of another seed": lambda: way.make(replace(asked, seed=6)),
        "of other rows": lambda: way.make(replace(asked, like=like("rows", seed=2))),
    }
    whole = way.make(asked)
    spoil[found]()
    assert told(way.make(asked)) == told(whole)


@each_way
def test_rows_of_no_weight_are_not_learnt_from(name: str, tmp_path: Path) -> None:
    asked, way = request(tmp_path / "one"), way_of(name, steps=5)
    up = asked.like.up
    weight = np.where(up == 1, asked.like.weight, 0.0)
    found = way.make(replace(asked, like=replace(asked.like, weight=weight)))
    assert (found.up == 1).all()


@each_way
def test_rows_that_moved_one_way_alone_are_refused(name: str, tmp_path: Path) -> None:
    asked = request(tmp_path / "one")
    with pytest.raises(DataError, match="moved one way; give more data"):
        way_of(name).make(replace(asked, like=replace(asked.like, up=0 * asked.like.up)))
