"""Models as other programs run them."""

from __future__ import annotations

from pathlib import Path

from assay.model.errors import OperatorError, UsageError
from assay.model.time import SECOND
from assay.signals.labels import BRACKET
from assay.signals.models import OnnxClassifier
from assay.signals.models.mql5 import to_mql5
from assay.signals.prediction import read_artifact


def export_mql5(folder: Path, path: Path) -> None:
    """Write a model's graph as MetaTrader 5 runs it: beside, then into place.

    Its metadata name the model, the features in their order, the bars that it reads at once, and
    the label where it is no bracket.
    What it answers is the score that was calibrated, not the probability; the card has the table.
    Raises UsageError for an ensemble, which is no single graph, OperatorError where the file cannot
    be written.
    """
    artifact, graphs = read_artifact(folder)
    if len(graphs) > 1:
        raise UsageError(
            f"{artifact.id} is an ensemble of {', '.join(graphs)}, and MetaTrader 5 runs one "
            "graph; train and export a member alone"
        )
    (graph,) = graphs.values()
    about = {
        "model": artifact.id, "features": ",".join(artifact.taught.features),
        "window": str(OnnxClassifier(graph).window),
        "seconds": str(artifact.taught.timeframe // SECOND),
    }  # fmt: skip
    if artifact.taught.foretells != BRACKET:
        about["label"] = artifact.taught.foretells
    beside = path.with_name(f".{path.name}")
    try:
        beside.write_bytes(to_mql5(graph, about))
        beside.replace(path)
    except OSError as error:
        raise OperatorError(
            f"cannot write {path}: {error.strerror}; name another file with --export-mql5"
        ) from None
