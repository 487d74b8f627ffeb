"""A small model made by hand: a real graph, with a calibration so sure that it trades a lot."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from itertools import combinations
from pathlib import Path

import numpy as np
import onnx
from msgspec import structs

from assay.apps.config import Config
from assay.apps.lab.models.labelling import read_instrument
from assay.apps.lab.runs.setup import Costs
from assay.model.time import Timeframe
from assay.runtime.ids import seeded_generator
from assay.signals.calibration import StepTable, to_score
from assay.signals.ensemble import CELLS, Combination
from assay.signals.features import FeatureSet, Lead, follow, standard_set, tell_set
from assay.signals.labels import went_up
from assay.signals.models import (
    Examples,
    Features,
    FitRequest,
    OnnxClassifier,
    Windows,
    find_family,
)
from assay.signals.models.drawing import ENTRY, Drawing
from assay.signals.prediction import (
    Artifact,
    CellSkill,
    Ensemble,
    Member,
    Panel,
    Spans,
    Taught,
    digest_graphs,
    read_artifact,
    write_artifact,
)
from tests.replay.markets import START, generate_bars, with_flow

HORIZON = 12
BARS = 1_200
"""Bars that a market needs beyond those in which features settle."""


def draw_plane(features: np.ndarray, window: int) -> bytes:
    """Return a graph of windows: the odds are a plane, drawn by chance, through all of one."""
    width, drawing = features.shape[1], Drawing()
    mean, spread = features.mean(axis=0), features.std(axis=0)
    spread[spread == 0] = 1.0
    slopes = seeded_generator(3).normal(size=(1, window * width)) / (window * width) ** 0.5
    scaled = drawing.scale(ENTRY, mean, 1 / spread, 5.0)
    flat = drawing.add("Flatten", scaled, axis=1)
    return drawing.finish(drawing.linear(flat, slopes, np.zeros(1)), window, width)


def make_model(
    folder: Path,
    *,
    ready_from: int = START,
    timeframe: Timeframe = Timeframe.H1,
    is_doubtful: bool = False,
    leaders: tuple[Lead, ...] = (),
    window: int = 1,
    recipe: Callable[[int], FeatureSet] = standard_set,
) -> Path:
    """Write a model of such bars, fair from `ready_from` on; return its folder.

    `features` are those of the standard set where none are given.

    A doubtful one abstains from the middle third of what it sees. One that reads a window of
    several bars is drawn by chance and not fitted.
    """
    features = follow(recipe(timeframe), leaders)
    count = features.settling + BARS
    series = generate_bars(
        "EURUSD", count, 1, gapped=False, quoted=True, timeframe=timeframe
    )  # fmt: skip
    if features.inputs:
        series = with_flow(series)
    bars = read_instrument(series, features, Config(), Costs()).bars
    told: Features = bars.features[-BARS:-HORIZON]
    up = went_up(bars.mid, HORIZON)[-BARS:-HORIZON]
    rows = Examples(told, up, np.ones(len(up)))
    if window > 1:
        graph = draw_plane(bars.features[-BARS:-HORIZON], window)
        told = Windows(bars.features, np.arange(count - BARS, count - HORIZON), window)
    else:
        graph = find_family("lightgbm").fit(
            FitRequest(fit=rows, stop=rows, seed=1, checkpoint=folder / "checkpoint")
        ).onnx  # fmt: skip
    scores = to_score(OnnxClassifier(graph).predict(told))
    middle = int(np.median(scores))
    sure = StepTable((0, middle), (2_500, 7_500), (2_000, 7_000), (3_000, 8_000))
    if is_doubtful:
        low, high = (int(each) for each in np.quantile(scores, [1 / 3, 2 / 3]))
        steps = ((2_500, 5_000, 7_500), (2_000, 4_500, 7_000), (3_000, 5_500, 8_000))
        sure = StepTable((0, low, high), *steps)
    artifact = Artifact(
        id="lightgbm-byhand", family="lightgbm", graph_sha256=sha256(graph).hexdigest(),
        seed=1, up=sure, long=sure, short=sure, slope=1.0, slope_bound=0.5, gain=0.8, loss=0.8,
        facts={},
        taught=Taught(
            symbols=("EURUSD",), timeframe=int(timeframe), features=features.names,
            features_digest=features.digest, horizon=HORIZON, stop=0.6, target=0.6,
            rows=len(rows), calibration_rows=len(rows), leaders=leaders,
            made_of=tell_set(features, timeframe),
        ),
        spans=Spans(
            fit_from=START - 3, fit_until=START - 2, calibrate_from=START - 1,
            calibrate_until=START, ready_from=ready_from,
        ),
    )  # fmt: skip
    write_artifact(folder / artifact.id, artifact, {"lightgbm": graph})
    return folder / artifact.id


def make_ensemble(folder: Path, quorum: int = 2, window: int = 1) -> Path:
    """Write an ensemble of three members, which are the model above and two that lean from it.

    With a window of several bars the second is drawn by chance and reads so many.
    Each set of voters takes the mean of their log odds, and is as sure as the model is.
    """
    alone, graphs = read_artifact(make_model(folder))
    (graph,) = graphs.values()
    trees = {"lightgbm": graph, "random_forest": _lean(graph, 0.4), "xgboost": _lean(graph, -0.4)}
    if window > 1:
        width = len(alone.taught.features)
        drawn = draw_plane(seeded_generator(4).normal(size=(99, width)), window)
        trees = {"cnn": drawn, **{name: trees[name] for name in ("lightgbm", "xgboost")}}
    members = tuple(
        Member(family=name, graph_sha256=sha256(each).hexdigest(), held_out_loss=0.69, facts={})
        for name, each in trees.items()
    )
    panels = tuple(
        Panel(
            voters=voters, weights=((10_000 // len(voters),) * len(voters),) * len(CELLS),
            up=alone.up, long=alone.long, short=alone.short, slope=1.0, slope_bound=0.5,
        )
        for size in range(3, quorum - 1, -1) for voters in combinations(trees, size)
    )  # fmt: skip
    cells = tuple(CellSkill(name=n, rows=9, slope=1.0, slope_bound=0.5) for n in CELLS)
    artifact = structs.replace(
        alone, id="ensemble-byhand", family="ensemble", graph_sha256=digest_graphs(trees),
        ensemble=Ensemble(
            members=members, quorum=quorum, combined_by=Combination("vote", "by hand"),
            panels=panels, cells=cells,
        ),
    )  # fmt: skip
    write_artifact(folder / artifact.id, artifact, trees)
    return folder / artifact.id


def _lean(graph: bytes, by: float) -> bytes:
    """Return the graph with the leaves of its first tree so much higher in log odds."""
    model = onnx.load_from_string(graph)
    (trees,) = (node for node in model.graph.node if "TreeEnsemble" in node.op_type)
    told = {each.name: each for each in trees.attribute}
    weights = told["class_weights"].floats
    for place, tree in enumerate(told["class_treeids"].ints):
        weights[place] += by if tree == 0 else 0.0
    return bytes(model.SerializeToString(deterministic=True))
