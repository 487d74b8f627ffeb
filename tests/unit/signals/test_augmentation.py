"""Made rows are used where they prove their worth on rows unseen, and reach those alone to fit on.

The makers here are written by hand; the one that is found by name is held in tests/contract.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import pytest

from assay.apps.lab.champions.retraining import RetrainingRequest, same_lesson
from assay.apps.lab.models.card import list_facts
from assay.model.errors import InvariantError, OperatorError, UsageError
from assay.model.time import MINUTE, Timeframe
from assay.runtime.home import open_home
from assay.runtime.ids import seeded_generator
from assay.signals.augmentation import (
    Augmentation,
    Made,
    MakeRequest,
    augmentation_names,
    find_augmentation,
    weigh_gains,
    widen,
)
from assay.signals.features import standard_set
from assay.signals.labels import Bracket
from assay.signals.models import Examples, FitRequest, Windows
from assay.signals.prediction import Artifact, Ensemble, Graphs
from assay.signals.training import Lesson, Rows, train, train_ensemble
from assay.signals.training.augmenting import Proof, prove
from assay.signals.training.leaks import check_refit
from assay.signals.training.learners import family_learner
from assay.signals.training.stacking import Seat, fold_rows, widen_by
from tests.unit.signals.tuning_rows import HORIZON, labelled

SPAN = HORIZON * MINUTE
FAMILY, FEW, ENOUGH = "xgboost", 1_000, 2_300
WORDS = ("gain", "bound", "on")


class More:
    """Draw more of the very distribution that the rows are of."""

    name = "more"

    def make(self, request: MakeRequest) -> Made:
        rows = labelled(request.count, seed=1_000 + request.seed)
        return Made(rows.features, rows.up_soon)


class Noise:
    """Draw what says nothing of anything."""

    name = "noise"

    def make(self, request: MakeRequest) -> Made:
        rng = seeded_generator(request.seed)
        features = rng.normal(size=(request.count, 6)).astype(np.float32)
        return Made(features, rng.integers(0, 2, request.count).astype(np.int8))


@dataclass
class Thief:
    """Copy rows: those it is shown, or, where it took others along, those."""

    taken: Rows | None = None
    shown: list[np.ndarray] = field(default_factory=list)
    name: str = "thief"

    def make(self, request: MakeRequest) -> Made:
        self.shown.append(np.asarray(request.like.features))
        source = self.taken.examples() if self.taken else request.like
        at = np.arange(request.count) * len(source) // request.count
        return Made(source.features[at], source.up[at])


def held_to(by: Augmentation, rows: Rows, keep: Path | None = None) -> dict[str, float | bool]:
    proof = Proof(by=by, horizon=SPAN, seed=1, keep=keep)
    found = prove(rows, FAMILY, Seat(), proof)
    assert (found.method, found.tested, found.stretches) == (by.name, len(rows), len(rows) // 20)
    return {name: getattr(found, name) for name in WORDS}


@cache
def noise_alone() -> dict[str, float | bool]:
    return held_to(Noise(), labelled(FEW))


def test_true_rows_prove_their_worth_where_there_are_few_and_noise_stays_off() -> None:
    rows = labelled(FEW)
    more, noise = held_to(More(), rows), noise_alone()
    assert more["on"]
    assert more["gain"] > more["bound"] > 0
    assert not noise["on"]
    assert noise["bound"] < 0


def test_the_folds_keep_a_thief_from_the_rows_that_it_is_tested_on(tmp_path: Path) -> None:
    rows = labelled(FEW)
    luck = seeded_generator(9).integers(0, 2, FEW).astype(np.int8)
    rows = replace(rows, up=luck, up_soon=luck)
    honest = Thief()
    assert not held_to(honest, rows, tmp_path)["on"]
    # What it could do with them, were it shown them: there is nothing to know but the row itself.
    caught = held_to(Thief(taken=rows, name="caught"), rows, tmp_path)
    assert caught["on"]
    assert caught["gain"] > caught["bound"] > 0.001
    folds = fold_rows(rows)
    assert len(honest.shown) == len(folds)
    for fold, shown in zip(folds, honest.shown, strict=True):
        seen = (rows.features[:, None, 0] == shown[None, :, 0]).any(axis=1)
        assert 0 < seen.sum() == len(shown)
        assert not (seen & fold.test).any()
        first, last = rows.time[fold.test].min(), rows.end[fold.test].max()
        assert (rows.end[seen] + fold.embargo <= first).sum() + (
            rows.time[seen] >= last + fold.embargo
        ).sum() == seen.sum()


def test_a_fit_with_made_rows_passes_the_leak_check_of_refitting() -> None:
    rows = labelled(FEW)
    fold, learn = fold_rows(rows)[-1], family_learner(FAMILY, 1, widen=widen_by(Noise()))
    check_refit(learn, rows, fold)
    plain = family_learner(FAMILY, 1)(rows, fold.fit, fold.test)
    assert not np.array_equal(learn(rows, fold.fit, fold.test), plain)


def test_a_proof_is_gone_on_with_where_it_was_stopped(tmp_path: Path) -> None:
    rows, asked = labelled(FEW), []

    def stop(stage: str, share: float) -> None:
        asked.append(stage)
        if len(asked) == 6:
            raise KeyboardInterrupt

    proof = Proof(by=Noise(), horizon=SPAN, seed=1, keep=tmp_path, tell=stop)
    with pytest.raises(KeyboardInterrupt):
        prove(rows, FAMILY, Seat(), proof)
    assert asked[3:] == ["holding out of xgboost"] + 2 * ["holding out of xgboost+noise"]
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == [
        "held-out-xgboost+noise-1.npy",
        *(f"held-out-xgboost-{n}.npy" for n in range(1, 5)),
    ]
    assert held_to(Noise(), rows, tmp_path) == noise_alone()


@pytest.fixture(params=["rows", "windows"])
def asked(request: pytest.FixtureRequest, tmp_path: Path) -> FitRequest:
    bars = np.arange(400, dtype=np.float32).reshape(200, 2)
    last = np.arange(20, 60)
    features = Windows(bars, last, 3) if request.param == "windows" else bars[last]
    fit = Examples(features, (last % 2).astype(np.int8), last / 10)
    stop = Examples(features[30:], fit.up[30:], fit.weight[30:])
    return FitRequest(fit=fit, stop=stop, seed=3, checkpoint=tmp_path / "checkpoint")


def test_made_rows_stand_beside_those_to_fit_on_alone(asked: FitRequest, tmp_path: Path) -> None:
    thief = Thief()
    found, count = widen(asked, thief, tmp_path / "making"), len(asked.fit)
    assert found.stop is asked.stop
    assert len(found.fit) == 2 * count
    real, whole = (np.asarray(each.fit.features) for each in (asked, found))
    assert np.array_equal(whole[:count], real)
    assert np.array_equal(whole[count:], real)
    assert np.array_equal(found.fit.up, np.tile(asked.fit.up, 2))
    assert np.array_equal(found.fit.weight[:count], asked.fit.weight)
    assert found.fit.weight[count:].tolist() == [asked.fit.weight.mean()] * count
    assert np.array_equal(thief.shown[0], real)


def test_a_maker_is_shown_no_bars_but_those_of_its_windows(tmp_path: Path) -> None:
    bars = np.arange(50, dtype=np.float32)[:, None]
    fit = Examples(
        Windows(bars, np.array([10, 11, 30]), 3), np.array([0, 1, 1], np.int8), np.ones(3)
    )
    shown: list[Examples] = []

    class Peeping(Thief):
        def make(self, request: MakeRequest) -> Made:
            shown.append(request.like)
            return super().make(request)

    widen(FitRequest(fit=fit, stop=fit, seed=1, checkpoint=tmp_path), Peeping(), tmp_path)
    assert isinstance(shown[0].features, Windows)
    assert shown[0].features.rows[:, 0].tolist() == [8, 9, 10, 11, 28, 29, 30]
    assert np.array_equal(np.asarray(shown[0].features), np.asarray(fit.features))


def test_a_maker_that_makes_something_else_is_refused(asked: FitRequest, tmp_path: Path) -> None:
    with pytest.raises(
        InvariantError, match=r"augmentation noise made features of shape \(40, 6\)"
    ):
        widen(asked, Noise(), tmp_path)


def test_a_gain_counts_where_its_bound_is_above_nothing() -> None:
    rng, block = seeded_generator(1), np.arange(400) // 10
    weight, sure = np.ones(400), 0.01 + 0.01 * rng.normal(size=400)

    def weigh(gain: np.ndarray, count: int = 400) -> tuple[bool, str]:
        found = weigh_gains(
            gain[:count], weight[:count], block[:count], seeded_generator(2), method="m", share=0.5
        )
        return found.on, found.reason

    assert weigh(sure)[0]
    assert not weigh(-sure)[0]
    assert not weigh(np.zeros(400))[0]
    # As much in all, but of one stretch alone.
    assert not weigh(np.where(block == 3, 40 * 0.01, 0.0))[0]
    on, reason = weigh(sure, 190)
    assert not on
    assert "19 stretches of time are too few" in reason


def test_a_row_of_no_weight_proves_nothing() -> None:
    block = np.arange(400) // 10
    gain = np.where(np.arange(400) % 2, 1.0, -0.01)
    found = weigh_gains(
        gain, (gain < 0).astype(float), block, seeded_generator(2), method="m", share=0.5
    )
    assert (found.gain, found.on) == (pytest.approx(-0.01), False)


def lesson_of(by: Augmentation | None, members: tuple[str, ...] = ()) -> Lesson:
    usual = standard_set(Timeframe.M1)
    return Lesson(
        family="ensemble" if members else FAMILY, symbols=("EURUSD",), timeframe=MINUTE,
        features=replace(usual, features=usual.features[:6], leader_features=()),
        bracket=Bracket(horizon=HORIZON), members=members, augment=by,
    )  # fmt: skip


@dataclass(frozen=True)
class Taught:
    """Models of the same rows: without made ones, with noise to be proven, with true ones."""

    rows: Rows
    plain: tuple[Artifact, Graphs]
    noise: tuple[Artifact, Graphs]
    more: tuple[Artifact, Graphs]


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Taught:
    rows, place = labelled(ENOUGH), tmp_path_factory.mktemp("taught")

    def teach(by: Augmentation | None) -> tuple[Artifact, Graphs]:
        return train(rows, lesson_of(by), place / (by.name if by else "plain") / "checkpoint")

    return Taught(rows, teach(None), teach(Noise()), teach(More()))


def fit_span(rows: Rows) -> np.ndarray:
    return rows.end < np.quantile(rows.time, 0.6, method="nearest")


def test_where_nothing_is_proven_the_model_is_the_one_without(taught: Taught) -> None:
    (plain, graphs), (off, off_graphs) = taught.plain, taught.noise
    assert off_graphs == graphs
    found = off.augmentations[FAMILY]
    assert (found.on, found.made) == (False, 0)
    assert off.id != plain.id
    same = msgspec.structs.replace(off, id=plain.id, augmented=msgspec.UNSET)
    assert same == plain
    assert b"augmented" not in msgspec.json.encode(plain)
    told = dict(list_facts(off))[f"made rows for {FAMILY}"]
    assert told.startswith("off (noise): made rows spare -0.")


def test_where_it_is_proven_made_rows_are_learnt_from_and_no_span_changes(taught: Taught) -> None:
    (plain, graphs), (on, on_graphs) = taught.plain, taught.more
    assert on_graphs != graphs
    assert (on.taught, on.spans) == (plain.taught, plain.spans)
    found = on.augmentations[FAMILY]
    assert found.on
    assert found.made == fit_span(taught.rows).sum()
    assert dict(list_facts(on))[f"made rows for {FAMILY}"].startswith(
        f"on, {found.made:,} by more: "
    )
    again = msgspec.json.decode(msgspec.json.encode(on), type=Artifact)
    assert again == on


def test_a_challenger_of_such_a_model_is_to_prove_made_rows_again(
    taught: Taught, tmp_path: Path
) -> None:
    asked = RetrainingRequest(home=open_home(tmp_path), data=())
    assert same_lesson(asked, taught.noise[0], (), 1).augment == "noise"
    assert same_lesson(asked, taught.plain[0], (), 1).augment is None


def test_each_member_of_an_ensemble_has_its_own_proof(taught: Taught, tmp_path: Path) -> None:
    members = ("lightgbm", FAMILY)
    joined, graphs = train_ensemble(
        taught.rows, lesson_of(More(), members), tmp_path / "checkpoint", lambda _at, _share: None
    )
    found, (alone, graph) = joined.augmentations, taught.more
    assert tuple(found) == members
    assert found["lightgbm"].gain != found[FAMILY].gain
    assert found[FAMILY] == alone.augmentations[FAMILY]
    assert graphs[FAMILY] == graph[FAMILY]
    # What a combination learns from is said by members as they are, with made rows where on.
    p = np.concatenate([np.load(tmp_path / f"held-out-{FAMILY}+more-{n}.npy") for n in range(1, 5)])
    fit = taught.rows.take(fit_span(taught.rows))
    loss = -np.log(np.where(fit.up_soon == 1, p, 1 - p))
    assert isinstance(joined.ensemble, Ensemble)
    told = joined.ensemble.members[1].held_out_loss
    assert told == pytest.approx(np.average(loss, weights=fit.weight), abs=1e-6)


def test_what_is_unknown_or_not_installed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert augmentation_names() == ["gan"]
    with pytest.raises(UsageError, match="augmentation 'oracle' is unknown; use one of gan"):
        find_augmentation("oracle")
    for name in [name for name in sys.modules if name.startswith("assay.signals.augmentation.gan")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "assay.signals.models.descent", None)
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "assay.signals.models.descent")
    with pytest.raises(OperatorError, match="`make install EXTRA=deep` installs it"):
        find_augmentation("gan")
