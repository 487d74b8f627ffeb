"""Every model family found by folder: repeatable, resumable, served as it was fitted, honest.

Those of several bars are fitted by PyTorch, in small; where that is not installed they are NOT RUN.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from assay.model.errors import UsageError
from assay.runtime.ids import seeded_generator
from assay.signals.features.rounding import round_mantissa
from assay.signals.models import (
    Examples,
    Family,
    FitRequest,
    Fitted,
    OnnxClassifier,
    Windows,
    family_names,
    find_family,
)

WIDTH, WINDOW = 20, 4
SKILL_AUC, CHANCE_AUC = 0.62, 0.03
SMALL = {"cnn": {"channels": 8}, "lstm": {"units": 8}, "transformer": {}}
HAS_PYTORCH = find_spec("torch") is not None
each_family = pytest.mark.parametrize(
    "name", [name for name in family_names() if HAS_PYTORCH or name not in SMALL]
)


def family_of(name: str) -> Family:
    """Return the family; one of several bars in small, so that it is fitted in a second."""
    found = find_family(name)
    if found.window == 1:
        return found
    course = replace(found.course, epochs=6, batch=150, rate=1.2e-2)
    sizes = (
        {"sizes": replace(found.sizes, layers=1, width=8, between=8)}
        if name == "transformer"
        else {}
    )
    return replace(found, window=WINDOW, course=course, **SMALL[name], **sizes)


def examples(rows: int, seed: int, window: int = 1) -> Examples:
    """Return rows whose direction hangs on two features, and is mostly noise.

    Of windows the one feature is of the last bar and the other of the bar before.
    """
    rng = seeded_generator(seed)
    bars = round_mantissa(rng.normal(size=(rows + window - 1, WIDTH)).astype(np.float32))
    last = np.arange(window - 1, len(bars))
    lean = 0.4 * bars[last, 0] - 0.3 * bars[last - (window > 1), 1]
    up = (rng.normal(size=rows) < lean).astype(np.int8)
    told = bars if window == 1 else Windows(bars, last, window)
    return Examples(told, up, rng.random(rows) + 0.5)


def shuffled(told: Examples, seed: int) -> Examples:
    """Return the same rows with labels that say nothing of them."""
    return replace(told, up=seeded_generator(seed).permutation(told.up))


def request(checkpoint: Path, family: Family) -> FitRequest:
    fit, stop = examples(3_000, 1, family.window), examples(600, 2, family.window)
    return FitRequest(fit=fit, stop=stop, seed=5, checkpoint=checkpoint)


def auc(scores: np.ndarray, up: np.ndarray) -> float:
    """Return the chance that a row that rose scores above one that fell (Mann-Whitney)."""
    _, at, counts = np.unique(scores, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[at]
    rose, fell = int(up.sum()), int((up == 0).sum())
    return float((rank[up == 1].sum() - rose * (rose + 1) / 2) / (rose * fell))


@cache
def fitted(name: str, folder: Path) -> Fitted:
    family = family_of(name)
    return family.fit(request(folder / name, family))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("families")


class StoppedError(Exception):
    pass


def test_no_library_is_loaded_before_its_family_is_asked_for() -> None:
    code = (
        "import sys, assay.apps.cli.main, assay.apps.topology, assay.apps.lab.models.training\n"
        "from assay.signals.models import family_names\n"
        "libraries = {'lightgbm', 'onnx', 'sklearn', 'torch', 'xgboost'}\n"
        "print(*family_names(), *libraries & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == family_names()


@pytest.mark.parametrize("name", SMALL)
def test_families_of_several_bars_are_held_to_all_of_this(name: str) -> None:
    if not HAS_PYTORCH:
        pytest.skip("NOT RUN: no PyTorch to fit it; `make test EXTRA=deep` installs it")
    assert find_family(name).window > 1
    assert family_of(name).window == WINDOW


@each_family
def test_equal_requests_give_equal_graphs(name: str, folder: Path, tmp_path: Path) -> None:
    family, first = family_of(name), fitted(name, folder)
    other = replace(request(tmp_path / "other", family), seed=6)
    assert family.fit(other).onnx != first.onnx
    again = family.fit(request(tmp_path / "again", family))
    assert again.onnx == first.onnx
    assert again.facts == first.facts


@each_family
@pytest.mark.parametrize("stops_after", [1, 3])
def test_an_interrupted_fit_goes_on_to_the_same_graph(
    name: str, folder: Path, tmp_path: Path, stops_after: int
) -> None:
    family = family_of(name)
    calls: list[tuple[int, int]] = []

    def stop(done: int, most: int) -> None:
        calls.append((done, most))
        if len(calls) == stops_after:
            raise StoppedError

    asked = replace(request(tmp_path / "halved", family), on_progress=stop)
    with pytest.raises(StoppedError):
        family.fit(asked)
    resumed = family.fit(asked)
    whole = fitted(name, folder)
    assert resumed.onnx == whole.onnx
    assert resumed.facts == whole.facts
    done = [done for done, _ in calls]
    assert done == sorted(set(done))
    assert len(done) > stops_after
    rows = examples(500, 4, family.window).features
    assert np.array_equal(resumed.predict(rows), whole.predict(rows))


@each_family
def test_what_was_hidden_while_it_learnt_moves_nothing_later(name: str, tmp_path: Path) -> None:
    family = family_of(name)
    asked = request(tmp_path / "checkpoint", family)
    hide = np.arange(1, WIDTH, 2)

    def hidden(told: Examples, by: float) -> Examples:
        whole = told.features.rows if isinstance(told.features, Windows) else told.features
        rows = whole.copy()
        rows[:, hide] = by * rows[:, hide]
        features = replace(told.features, rows=rows) if family.window > 1 else rows
        return replace(told, features=features)

    unseen = hidden(asked.fit, np.nan), hidden(asked.stop, np.nan)
    served = OnnxClassifier(family.fit(replace(asked, fit=unseen[0], stop=unseen[1])).onnx)
    later = examples(500, 4, family.window)
    answers = [served.predict(hidden(later, by).features) for by in (np.nan, 1.0, -50.0)]
    assert np.ptp(answers[0]) > 0.05
    assert np.array_equal(answers[0], answers[1])
    assert np.array_equal(answers[0], answers[2])


@each_family
def test_a_finished_fit_asked_again_grows_nothing(name: str, folder: Path) -> None:
    family = family_of(name)
    whole, calls = fitted(name, folder), []
    asked = request(folder / name, family)
    asked = replace(asked, on_progress=lambda *done: calls.append(done))
    assert family.fit(asked).onnx == whole.onnx
    assert not calls


@each_family
@pytest.mark.parametrize("found", ["torn", "of another seed"])
def test_a_checkpoint_of_no_use_is_a_fresh_start(
    name: str, folder: Path, tmp_path: Path, found: str
) -> None:
    family, whole = family_of(name), fitted(name, folder)
    asked = request(tmp_path / "checkpoint", family)
    if found == "torn":
        kept = (folder / name).read_bytes()
        asked.checkpoint.write_bytes(kept[: len(kept) // 2])
    else:
        family.fit(replace(asked, seed=6))
    assert family.fit(asked).onnx == whole.onnx


@each_family
def test_the_graph_repeats_the_fitted_model(name: str, folder: Path) -> None:
    found, window = fitted(name, folder), family_of(name).window
    rows = examples(20_000, 4, window).features
    gap = np.abs(OnnxClassifier(found.onnx).predict(rows) - found.predict(rows))
    assert gap.max() <= found.parity_most <= 1e-5


@each_family
def test_one_row_is_answered_as_in_a_batch_to_the_bit(name: str, folder: Path) -> None:
    model, window = OnnxClassifier(fitted(name, folder).onnx), family_of(name).window
    assert (model.window, model.width) == (window, WIDTH)
    rows = examples(700, 3, window).features
    whole = model.predict(rows)
    alone = np.concatenate([model.predict(rows[k : k + 1]) for k in range(len(rows))])
    assert whole.tobytes() == alone.tobytes()
    assert model.predict(rows[5:]).tobytes() == whole[5:].tobytes()
    assert whole.dtype == np.float32
    assert len(model.predict(rows[:0])) == 0


@each_family
def test_it_learns_what_there_is_to_learn(name: str, folder: Path) -> None:
    unseen = examples(4_000, 7, family_of(name).window)
    up = OnnxClassifier(fitted(name, folder).onnx).predict(unseen.features)
    assert auc(up, unseen.up) > SKILL_AUC
    assert 0 <= up.min() < 0.5 < up.max() <= 1


@each_family
def test_where_there_is_nothing_to_learn_it_has_no_skill(name: str, tmp_path: Path) -> None:
    family = family_of(name)
    asked = request(tmp_path / "nothing", family)
    asked = replace(asked, fit=shuffled(asked.fit, 8), stop=shuffled(asked.stop, 9))
    unseen = shuffled(examples(4_000, 7, family.window), 10)
    up = OnnxClassifier(family.fit(asked).onnx).predict(unseen.features)
    assert abs(auc(up, unseen.up) - 0.5) < CHANCE_AUC


@each_family
def test_labels_of_rows_without_weight_change_nothing(name: str, tmp_path: Path) -> None:
    family = family_of(name)
    asked, weightless = request(tmp_path / "one", family), np.arange(3_000) % 3 == 0
    told = replace(asked.fit, weight=np.where(weightless, 0.0, asked.fit.weight))
    lied = replace(told, up=np.where(weightless, 1 - told.up, told.up).astype(np.int8))
    fits = [
        family.fit(replace(asked, fit=fit, checkpoint=tmp_path / label))
        for fit, label in ((told, "told"), (lied, "lied"))
    ]
    assert fits[0].onnx == fits[1].onnx


@each_family
def test_rows_of_more_weight_win_against_those_of_less(name: str, tmp_path: Path) -> None:
    family = family_of(name)
    asked, light = request(tmp_path / "contradicted", family), np.arange(3_000) % 2 == 0
    up = np.where(light, 1 - asked.fit.up, asked.fit.up).astype(np.int8)
    fit = Examples(asked.fit.features, up, np.where(light, 0.1, 1.0))
    unseen = examples(4_000, 7, family.window)
    model = OnnxClassifier(family.fit(replace(asked, fit=fit)).onnx)
    assert auc(model.predict(unseen.features), unseen.up) > SKILL_AUC - 0.04


@each_family
def test_its_usual_settings_are_those_of_its_space(name: str, folder: Path) -> None:
    plain = find_family(name)
    names = [each.name for each in plain.space]
    assert len(set(names)) == len(names) > 2
    for bounds in plain.space:
        assert bounds.low < bounds.high
        assert bounds.holds(bounds.usual)
        assert not bounds.by_ratio or bounds.low > 0
    usual = plain.tuned({each.name: each.usual for each in plain.space})
    if plain.window > 1:
        assert usual == plain
        return
    again = usual.fit(request(folder / f"{name}-usual", usual))
    assert again.onnx == fitted(name, folder).onnx


@each_family
def test_every_setting_of_its_space_changes_it(name: str, folder: Path) -> None:
    plain = find_family(name)
    for bounds in plain.space:
        ends = (find_family(name, {bounds.name: end}) for end in (bounds.high, bounds.low))
        if plain.window > 1:
            assert any(tuned != plain for tuned in ends), bounds.name
            continue
        asked = request(folder / f"{name}-{bounds.name}", plain)
        usual = fitted(name, folder).onnx
        # Few rows: that leaves are large may already bind what another setting would.
        assert any(tuned.fit(asked).onnx != usual for tuned in ends), bounds.name
    with pytest.raises(UsageError):
        find_family(name, {"luck": 1})
