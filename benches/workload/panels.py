"""An ensemble of given graphs, its panels and calibration made by hand: whoever votes is heard."""

from __future__ import annotations

from hashlib import sha256
from itertools import combinations
from pathlib import Path

import numpy as np

from assay.signals.calibration import ONE, StepTable
from assay.signals.ensemble import CELLS, Combination
from assay.signals.prediction import (
    Artifact,
    CellSkill,
    Ensemble,
    Member,
    Panel,
    Spans,
    Taught,
    digest_graphs,
    write_artifact,
)
from benches.workload.six import Six

HORIZON, MULTIPLE = 30, 1.25
STEPS, REACH = 200, 150
"""Steps of the calibration, and how far each of its bounds lies from the middle."""


def write_ensemble(six: Six, folder: Path) -> Path:
    """Write the six as one model with a panel for every set of voters; return its folder.

    Its claims are as sure as its scores are, so that some bars are traded and others are not.
    """
    names = tuple(six.graphs)
    quorum = len(names) // 2 + 1
    table = _draw_table()
    panels = tuple(
        Panel(
            voters=voters, weights=((ONE // len(voters),) * len(voters),) * len(CELLS),
            up=table, long=table, short=table, slope=1.0, slope_bound=0.5,
        )
        for size in range(len(names), quorum - 1, -1) for voters in combinations(names, size)
    )  # fmt: skip
    members = tuple(
        Member(family=name, graph_sha256=sha256(graph).hexdigest(), held_out_loss=0.69, facts={})
        for name, graph in six.graphs.items()
    )
    artifact = Artifact(
        id="ensemble-six", family="ensemble", graph_sha256=digest_graphs(six.graphs), seed=1,
        up=table, long=table, short=table, slope=1.0, slope_bound=0.5, gain=0.8, loss=0.8,
        facts={}, spans=Spans(
            fit_from=0, fit_until=1, calibrate_from=2, calibrate_until=3, ready_from=4
        ),
        taught=Taught(
            symbols=(six.series.symbol,), timeframe=int(six.series.timeframe),
            features=six.features.names, features_digest=six.features.digest, horizon=HORIZON,
            stop=MULTIPLE, target=MULTIPLE, rows=1, calibration_rows=1,
        ),
        ensemble=Ensemble(
            members=members, quorum=quorum, combined_by=Combination("vote", "by hand"),
            panels=panels,
            cells=tuple(CellSkill(name=n, rows=9, slope=1.0, slope_bound=0.5) for n in CELLS),
        ),
    )  # fmt: skip
    write_artifact(folder / artifact.id, artifact, six.graphs)
    return folder / artifact.id


def _draw_table() -> StepTable:
    start = np.arange(STEPS) * (ONE // STEPS)
    middle = start + ONE // STEPS // 2
    columns = (start, middle, np.maximum(middle - REACH, 0), np.minimum(middle + REACH, ONE))
    return StepTable(*(tuple(column.tolist()) for column in columns))
