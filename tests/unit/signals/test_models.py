"""Every model family: equal graphs, one row as a batch, parity, and fits that go on."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from assay.model.errors import DataError, UsageError
from assay.runtime.ids import seeded_generator
from assay.signals.features.rounding import round_mantissa
from assay.signals.models import (
    Examples,
    FitRequest,
    Fitted,
    OnnxClassifier,
    family_names,
    find_family,
)

WIDTH = 40
EACH = pytest.mark.parametrize("name", family_names())


def examples(rows: int, seed: int) -> Examples:
    """Return rows whose direction hangs on two features, and is mostly noise."""
    rng = seeded_generator(seed)
    features = round_mantissa(rng.normal(size=(rows, WIDTH)).astype(np.float32))
    lean = 0.5 * features[:, 0] * features[:, 1] + 0.3 * features[:, 2]
    up = (rng.normal(size=rows) < lean).astype(np.int8)
    return Examples(features, up, rng.random(rows) + 0.5)


def request(checkpoint: Path) -> FitRequest:
    return FitRequest(fit=examples(4_000, 1), stop=examples(800, 2), seed=5, checkpoint=checkpoint)


@cache
def fitted(name: str, folder: Path) -> Fitted:
    return find_family(name).fit(request(folder / "whole"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


class StoppedError(Exception):
    pass


@EACH
@pytest.mark.parametrize("stops_after", [1, 3])
def test_an_interrupted_fit_goes_on_to_the_same_graph(
    name: str, folder: Path, tmp_path: Path, stops_after: int
) -> None:
    calls: list[tuple[int, int]] = []

    def stop(done: int, most: int) -> None:
        calls.append((done, most))
        if len(calls) == stops_after:
            raise StoppedError

    asked = replace(request(tmp_path / "halved"), on_progress=stop)
    with pytest.raises(StoppedError):
        find_family(name).fit(asked)
    resumed = find_family(name).fit(asked)
    assert resumed.onnx == fitted(name, folder).onnx
    assert [done for done, _ in calls] == sorted({done for done, _ in calls})


@EACH
def test_a_torn_checkpoint_is_a_fresh_start(name: str, folder: Path, tmp_path: Path) -> None:
    asked = request(tmp_path / "torn")
    asked.checkpoint.write_bytes(b"\x84\xa5model")
    assert find_family(name).fit(asked).onnx == fitted(name, folder).onnx


@EACH
def test_one_row_is_answered_as_in_a_batch_to_the_bit(name: str, folder: Path) -> None:
    model = OnnxClassifier(fitted(name, folder).onnx)
    rows = examples(700, 3).features
    whole = model.predict(rows)
    alone = np.concatenate([model.predict(rows[k : k + 1]) for k in range(len(rows))])
    assert whole.tobytes() == alone.tobytes()
    assert whole.dtype == np.float32
    assert len(model.predict(rows[:0])) == 0


@EACH
def test_the_graph_repeats_the_fitted_model(name: str, folder: Path) -> None:
    found = fitted(name, folder)
    rows = examples(20_000, 4).features
    gap = np.abs(OnnxClassifier(found.onnx).predict(rows) - found.predict(rows))
    assert gap.max() <= 1e-6


@EACH
def test_it_learns_what_there_is_to_learn(name: str, folder: Path) -> None:
    told = examples(4_000, 6)
    leans = OnnxClassifier(fitted(name, folder).onnx).predict(told.features) > 0.5
    assert np.mean(leans == told.up) > 0.55


def test_a_family_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match=r"model 'oracle' is unknown; use one of .*lightgbm"):
        find_family("oracle")


def test_other_features_and_other_bytes_are_refused(folder: Path) -> None:
    model = OnnxClassifier(fitted("lightgbm", folder).onnx)
    with pytest.raises(DataError, match=r"the model takes \[n, 40\]"):
        model.predict(np.zeros((2, 39), np.float32))
    with pytest.raises(DataError, match="no ONNX graph"):
        OnnxClassifier(b"not a graph")
