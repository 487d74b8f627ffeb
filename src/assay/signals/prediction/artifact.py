"""A trained model as it is kept: what it was taught, how it was calibrated, and until when."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import msgspec

from assay.model.errors import DataError, UsageError
from assay.signals.calibration import FEWEST_PARTS, Choice, StepTable
from assay.signals.features import FeatureSet, Lead, standard_set
from assay.signals.guard import Guard, Watch

DESCRIPTION, GRAPH = "model.json", "model.onnx"


class Spans(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold the spans of a training (ns UTC, bar closes); `ready_from` is the first fair test."""

    fit_from: int
    fit_until: int
    calibrate_from: int
    calibrate_until: int
    ready_from: int


class Taught(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold what a model learnt from: instruments, bars, features by name and digest, labels.

    `leaders` say who follows whom; a symbol that is not named there follows itself.
    """

    symbols: tuple[str, ...]
    timeframe: int
    features: tuple[str, ...]
    features_digest: str
    horizon: int
    stop: float
    target: float
    rows: int
    calibration_rows: int
    leaders: tuple[Lead, ...] = ()

    @property
    def feature_set(self) -> FeatureSet:
        """Return the features of these bars and leaders, as this program makes them."""
        return standard_set(self.timeframe, self.leaders)


class Artifact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Describe a trained model; its graph lies beside, named by its digest.

    `up` calibrates the direction, `long` and `short` the chance that a bracket earns after costs.
    `gain` and `loss` are what a bracket earns before costs where its side is right about the
    direction, and loses where it is wrong, in stop distances. `watch` is what a guard holds it to.
    """

    id: str
    family: str
    graph_sha256: str
    seed: int
    taught: Taught
    spans: Spans
    up: StepTable
    long: StepTable
    short: StepTable
    slope: float
    slope_bound: float
    gain: float
    loss: float
    facts: dict[str, float | int | str]
    calibrated_by: Choice = Choice(FEWEST_PARTS, "there was no other when it was taught")
    watch: Watch = Watch()

    def guard(self) -> Guard:
        """Return a fresh guard for one symbol."""
        return Guard(self.watch, self.taught.horizon)

    @property
    def is_skilled(self) -> bool:
        """Say whether calibration found skill; a model without it always abstains."""
        return self.slope_bound > 0


def write_artifact(folder: Path, artifact: Artifact, graph: bytes) -> None:
    """Write graph, then description: a folder with a description is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (
        (GRAPH, graph),
        (DESCRIPTION, msgspec.json.format(msgspec.json.encode(artifact), indent=1)),
    ):
        beside = folder / f".{name}"
        beside.write_bytes(content)
        beside.replace(folder / name)


def read_artifact(folder: Path) -> tuple[Artifact, bytes]:
    """Return description and graph; raise UsageError where there is none, DataError when torn."""
    try:
        text = (folder / DESCRIPTION).read_bytes()
        graph = (folder / GRAPH).read_bytes()
    except FileNotFoundError:
        raise UsageError(f"model {folder.name} is unknown; `assay train` makes one") from None
    try:
        artifact = msgspec.json.decode(text, type=Artifact)
    except msgspec.MsgspecError as error:
        raise DataError(f"{folder / DESCRIPTION}: {error}; train the model again") from None
    if sha256(graph).hexdigest() != artifact.graph_sha256:
        raise DataError(f"{folder / GRAPH} is not the graph that was trained; train it again")
    return artifact, graph
