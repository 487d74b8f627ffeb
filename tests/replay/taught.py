"""A small model made by hand: a real graph, with a calibration so sure that it trades a lot."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import numpy as np

from assay.apps.config import Config
from assay.apps.lab.labelling import read_instrument
from assay.apps.lab.setup import Costs
from assay.model.time import Timeframe
from assay.runtime.ids import seeded_generator
from assay.signals.calibration import StepTable, to_score
from assay.signals.features import Lead, standard_set
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
from assay.signals.prediction import Artifact, Spans, Taught, write_artifact
from tests.replay.markets import START, generate_bars

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
) -> Path:
    """Write a model of such bars, fair from `ready_from` on; return its folder.

    A doubtful one abstains from the middle third of what it sees. One that reads a window of
    several bars is drawn by chance and not fitted.
    """
    features = standard_set(timeframe, leaders)
    count = features.settling + BARS
    series = generate_bars(
        "EURUSD", count, 1, gapped=False, quoted=True, timeframe=timeframe
    )  # fmt: skip
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
        ),
        spans=Spans(
            fit_from=START - 3, fit_until=START - 2, calibrate_from=START - 1,
            calibrate_until=START, ready_from=ready_from,
        ),
    )  # fmt: skip
    write_artifact(folder / artifact.id, artifact, graph)
    return folder / artifact.id
