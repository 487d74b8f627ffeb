"""What each layer of an ensemble says of one bar: technical, ensemble, regime, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assay.kernel.records import INQUORATE
from assay.model.messages import Layer
from assay.signals.calibration import ONE
from assay.signals.ensemble import CELLS, cells_of
from assay.signals.models.ports import Float32s
from assay.signals.prediction.artifact import Artifact, Ensemble
from assay.signals.prediction.polling import Poll
from assay.signals.prediction.technical import count_signals

TECHNICAL, ENSEMBLE, REGIME, CALIBRATION = "technical", "ensemble", "regime", "calibration"


def describe_layers(
    artifact: Artifact, poll: Poll, score: int | None, row: Float32s, record: Any
) -> tuple[Layer, ...]:
    """Return the layers' verdicts for a row of features [1, k]; none for a model of one family.

    `score` is what the voters came to (None without a quorum), `record` the FORECAST. Only
    ensemble and calibration decide; the others tell.
    """
    ensemble = artifact.ensemble
    if not isinstance(ensemble, Ensemble):
        return ()
    names = artifact.taught.features
    return (
        _technical(row, names), _ensemble(ensemble, poll, score),
        _regime(ensemble, int(cells_of(row, names)[0])), _calibration(artifact, record),
    )  # fmt: skip


def _lean(score: int) -> str:
    return "up" if score > ONE // 2 else "down" if score < ONE // 2 else "even"


def _technical(row: Float32s, names: Sequence[str]) -> Layer:
    up, down = count_signals(row[0], names)
    score = ONE * up // (up + down) if up + down else ONE // 2
    return Layer(TECHNICAL, _lean(score), score, f"{up} signals point up, {down} down")


def _ensemble(ensemble: Ensemble, poll: Poll, score: int | None) -> Layer:
    who = f"{', '.join(poll.voters) or 'nobody'} voted"
    if poll.absent:
        absent = ", ".join(f"{name} ({why})" for name, why in poll.absent.items())
        who = f"{who}, absent {absent}"
    if score is None:
        return Layer(ENSEMBLE, "no quorum", None, f"{who}; {ensemble.quorum} are needed")
    return Layer(ENSEMBLE, _lean(score), score, f"{who}, by {ensemble.combined_by.method}")


def _regime(ensemble: Ensemble, cell: int) -> Layer:
    shown = ensemble.cells[cell]
    text = f"volatility is {CELLS[cell]} for the hour; in such bars calibration showed "
    if shown.slope_bound is None:
        return Layer(REGIME, "untested", None, f"{text}too little to tell ({shown.rows} rows)")
    verdict = "confirmed" if shown.is_confirmed else "unconfirmed"
    skill = "skill" if shown.is_confirmed else "no skill"
    return Layer(REGIME, verdict, None, f"{text}{skill} (slope {shown.slope:.2f})")


def _calibration(artifact: Artifact, record: Any) -> Layer:
    if record["state"] == INQUORATE:
        return Layer(CALIBRATION, "silent", None, "there is nothing to calibrate")
    p, low, high = (int(record[name]) for name in ("p_up", "up_lower", "up_upper"))
    text = f"{artifact.calibrated_by.method}, between {low / ONE:.4f} and {high / ONE:.4f}"
    return Layer(CALIBRATION, _lean(p), p, text)
