"""Scores are pooled in whole numbers, combinations chosen on rows unseen, absent members told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from onnx import TensorProto, helper

from assay.model.errors import DataError
from assay.runtime.ids import seeded_generator
from assay.signals.calibration import ONE
from assay.signals.calibration.logistic import logistic
from assay.signals.ensemble import CELLS, HeldOut, Pool, choose_combination, round_weights
from assay.signals.ensemble.weighing import fit_weights
from assay.signals.prediction import Members, read_artifact
from assay.signals.prediction.polling import recall_poll
from assay.signals.prediction.technical import SIGNALS, count_signals
from assay.signals.training.fitting import name_artifact
from assay.signals.training.folds import Fold, Labels, purged_folds
from tests.replay.taught import make_ensemble

ROWS, HORIZON = 8_000, 10
WIDTH = 49


def test_one_member_of_full_weight_is_what_it_says() -> None:
    every = np.arange(1, ONE)[:, None]
    pooled = Pool([[ONE]] * len(CELLS)).combine(every, np.zeros(len(every), np.int64))
    assert np.array_equal(pooled, every[:, 0])


def test_one_row_gives_the_bits_of_the_batch_and_a_mirror_image_its_own() -> None:
    rng = seeded_generator(3)
    scores, cells = rng.integers(1, ONE, (500, 3)), rng.integers(3, size=500)
    pool = Pool(round_weights(rng.random((len(CELLS), 3))))
    batch = pool.combine(scores, cells)
    alone = [int(pool.combine(scores[n : n + 1], cells[n : n + 1])[0]) for n in range(500)]
    assert batch.tolist() == alone
    assert np.abs(batch + pool.combine(ONE - scores, cells) - ONE).max() <= 1


def test_members_that_say_the_same_share_and_what_misleads_counts_nothing() -> None:
    rng = seeded_generator(4)
    odds, other = rng.normal(0, 0.5, (2, ROWS))
    up = rng.random(ROWS) < logistic(odds + other)
    told = np.column_stack([odds, odds, -other])
    weights = fit_weights(told, up, np.ones(ROWS))
    assert weights[0] == pytest.approx(weights[1], rel=1e-6)
    assert weights[:2].sum() == pytest.approx(1, abs=0.15)
    assert weights[2] == 0


def market(kind: str, seed: int = 5) -> tuple[HeldOut, list[Fold], np.ndarray]:
    """Return rows on which members are alike, or two repeat each other, or each has its cell."""
    rng = seeded_generator(seed)
    cell = np.repeat(rng.integers(2, size=ROWS // 40) * 2, 40)
    truth = rng.normal(0, 0.6, ROWS)
    noise = rng.normal(0, 0.6, (ROWS, 2))
    odds = truth[:, None] + noise
    if kind == "twins":
        odds = np.column_stack([noise[:, 0], noise[:, 0], noise[:, 1]])
        truth = noise.sum(axis=1)
    if kind == "cells":
        odds = np.column_stack([np.where(cell == 0, truth, noise[:, 0]),
                                np.where(cell == 2, truth, noise[:, 1])])  # fmt: skip
    time = np.arange(ROWS)
    held = HeldOut(odds=odds, up=rng.random(ROWS) < logistic(truth), weight=np.ones(ROWS),
                   age=1 - time / ROWS, cell=cell)  # fmt: skip
    folds = purged_folds(Labels(time=time, end=time + HORIZON), folds=4)
    return held, folds, time // (2 * HORIZON)


@pytest.mark.parametrize(
    ("kind", "chosen"), [("alike", {"vote"}), ("twins", {"stack"}), ("cells", {"select"})]
)
def test_another_combination_is_chosen_only_where_it_is_shown_to_be_better(
    kind: str, chosen: set[str]
) -> None:
    held, folds, block = market(kind)
    found = choose_combination(held, folds, block, seeded_generator(1))
    assert found.method in chosen, found
    assert set(found.losses) == {"vote", "stack", "best", "select"}


def broken_graph() -> bytes:
    """Return a graph that loads, and fails whenever it is run."""
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [7, WIDTH + 1])
    nodes = [
        helper.make_node("Reshape", ["features", "shape"], ["probabilities"]),
        helper.make_node("ArgMax", ["probabilities"], ["label"], axis=1, keepdims=0),
    ]
    graph = helper.make_graph(
        nodes, "broken",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, WIDTH])],
        [helper.make_tensor_value_info("label", TensorProto.INT64, [None]),
         helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, None])],
        [shape],
    )  # fmt: skip
    opset = [helper.make_opsetid("", 15)]
    return bytes(helper.make_model(graph, ir_version=8, opset_imports=opset).SerializeToString())


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_ensemble(tmp_path_factory.mktemp("ensembles"))


def test_a_member_that_breaks_is_absent_live_and_an_error_in_a_replay(ensemble: Path) -> None:
    _, graphs = read_artifact(ensemble)
    graphs = {**graphs, "xgboost": broken_graph()}
    row = seeded_generator(6).normal(size=(1, WIDTH)).astype(np.float32)
    live = Members(graphs, deadline=30.0)
    poll = live.ask(row, live=True)
    live.close()
    assert poll.voters == ("lightgbm", "random_forest")
    assert poll.absent == {"xgboost": "broken"}
    again = recall_poll(poll.votes(("lightgbm", "random_forest", "xgboost")))
    assert (again.voters, again.absent) == (poll.voters, poll.absent)
    assert np.array_equal(again.scores, poll.scores)
    with pytest.raises(Exception, match="Reshape"):
        Members(graphs).ask(row)


def test_live_members_say_what_they_say_in_a_replay(ensemble: Path) -> None:
    _, graphs = read_artifact(ensemble)
    rows = seeded_generator(7).normal(size=(5, WIDTH)).astype(np.float32)
    live = Members(graphs, deadline=30.0)
    for row in np.split(rows, len(rows)):
        told, replayed = live.ask(row, live=True), Members(graphs).ask(row)
        assert told.voters == replayed.voters
        assert np.array_equal(told.scores, replayed.scores)
    live.close()


@pytest.mark.parametrize("name", ["lightgbm.onnx", "xgboost.onnx"])
def test_an_ensemble_with_a_changed_graph_is_refused(ensemble: Path, name: str) -> None:
    path = ensemble / name
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"?")
    with pytest.raises(DataError, match=f"{name} is not the graph that was trained"):
        read_artifact(ensemble)
    path.write_bytes(whole)
    assert read_artifact(ensemble)[0].families == ("lightgbm", "random_forest", "xgboost")


def test_signals_count_up_down_or_neither() -> None:
    names = ("spread", *SIGNALS)
    row = np.array([9, 1, 1, -1, 0, np.nan, 0.5, 2], np.float32)
    assert count_signals(row, names) == (3, 1)


def test_an_id_hangs_on_all_but_how_near_the_graphs_came(ensemble: Path) -> None:
    artifact, _ = read_artifact(ensemble)
    assert artifact.ensemble is not None

    def named(**facts: float) -> str:
        assert artifact.ensemble is not None
        first, *others = artifact.ensemble.members
        told = replace(first, facts={**first.facts, **facts})
        members = replace(artifact.ensemble, members=(told, *others))
        return name_artifact(replace(artifact, id="", facts=facts, ensemble=members)).id

    assert named(onnx_parity=1e-7) == named(onnx_parity=2e-7) == named()
    assert named(rounds=7) != named()
