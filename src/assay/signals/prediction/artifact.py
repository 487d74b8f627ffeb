"""A trained model as it is kept: what it was taught, how it was calibrated, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import msgspec

from assay.model.errors import DataError, UsageError
from assay.signals.augmentation import Augmented
from assay.signals.calibration import FEWEST_PARTS, Choice, StepTable
from assay.signals.ensemble import Combination
from assay.signals.features import (
    DescribedSet,
    FeatureSet,
    Lead,
    build_set,
    follow,
    standard_set,
)
from assay.signals.guard import Guard, Watch
from assay.signals.labels import BRACKET

DESCRIPTION, GRAPH, INDICATORS = "model.json", "model.onnx", "indicators"
Graphs = Mapping[str, bytes]
"""The ONNX graph of each member, by its family; a model of one family has one."""


class Spans(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold the spans of a training (ns UTC, bar closes); `ready_from` is the first fair test."""

    fit_from: int
    fit_until: int
    calibrate_from: int
    calibrate_until: int
    ready_from: int


class Taught(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold what a model learnt from: instruments, bars, features by name and digest, labels.

    `leaders` say who follows whom; a symbol that is not named there follows itself. With a `label`
    other than the bracket, `stop` and `target` say nothing. A set other than the standard one is
    told whole in `made_of`, a tenant's own indicators included, so that what a model sees hangs on
    no file that may change.
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
    label: str | msgspec.UnsetType = msgspec.UNSET
    made_of: DescribedSet | msgspec.UnsetType = msgspec.UNSET

    @property
    def foretells(self) -> str:
        """Return the name of the label, which is BRACKET where none is told."""
        return BRACKET if self.label is msgspec.UNSET else str(self.label)

    @property
    def sources(self) -> dict[str, bytes]:
        """Return the sources of indicators that are not the program's, by the name of the file."""
        told = self.made_of.sources if isinstance(self.made_of, DescribedSet) else ()
        return {f"{each.name}.py": each.text.encode() for each in told}

    @property
    def feature_set(self) -> FeatureSet:
        """Return the features of these bars and leaders, as this program makes them."""
        return follow(self.own_features(self.timeframe), self.leaders)

    def own_features(self, timeframe: int) -> FeatureSet:
        """Return the set without leaders; one that is not the standard is of its own bars alone."""
        if isinstance(self.made_of, DescribedSet):
            return build_set(self.made_of)
        return standard_set(timeframe)


class Member(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Describe a member of an ensemble; `held_out_loss` is its log loss on rows unseen by it.

    `augmented` is as in Artifact.
    """

    family: str
    graph_sha256: str
    held_out_loss: float
    facts: dict[str, float | int | str]
    augmented: Augmented | msgspec.UnsetType = msgspec.UNSET


class Panel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold how the scores of some members become one, and its calibration; see Artifact.

    `weights` [cells, voters] are ten-thousandths of the log odds of the `voters`.
    """

    voters: tuple[str, ...]
    weights: tuple[tuple[int, ...], ...]
    up: StepTable
    long: StepTable
    short: StepTable
    slope: float
    slope_bound: float


class CellSkill(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold what calibration showed in one cell of volatility; bound None where too few rows."""

    name: str
    rows: int
    slope: float | None
    slope_bound: float | None

    @property
    def is_confirmed(self) -> bool:
        """Say whether skill was shown in this cell alone."""
        return self.slope_bound is not None and self.slope_bound > 0


class Tuned(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold the settings of each family that a search chose, and what the search was.

    It judged `trials` of them by `metric`, on labels that were known by `seen_until` (ns UTC).
    """

    study: str
    metric: str
    trials: int
    seen_until: int
    settings: dict[str, dict[str, int | float]]


class Ensemble(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold the members, how they were combined and why, and a panel for each set of voters.

    The first panel is that of all members; the others are those of at least `quorum` of them.
    `base` (millionths) is what log odds are beside, where one outcome is the likelier from the
    outset.
    """

    members: tuple[Member, ...]
    quorum: int
    combined_by: Combination
    panels: tuple[Panel, ...]
    cells: tuple[CellSkill, ...]
    base: int | msgspec.UnsetType = msgspec.UNSET


class Artifact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Describe a trained model; its graphs lie beside, named by their digests.

    `up` calibrates the direction, `long` and `short` the chance that a bracket earns after costs.
    `gain` and `loss` are what a bracket earns before costs where its side is right about the
    direction, and loses where it is wrong, in stop distances. `watch` is what a guard holds it to.
    `graph_sha256` is the digest of the graph, of an ensemble that of its members' digests; a model
    of one family has no `ensemble`, one of usual settings is not `tuned`. A model of another label
    than the bracket tells in `up` whether that comes out LONG, nothing in `long` and `short`, and
    gains and loses 0: nobody trades it. Where made rows were asked for, `augmented` tells whether
    they proved their worth; of an ensemble each member does.
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
    ensemble: Ensemble | msgspec.UnsetType = msgspec.UNSET
    tuned: Tuned | msgspec.UnsetType = msgspec.UNSET
    augmented: Augmented | msgspec.UnsetType = msgspec.UNSET

    def guard(self) -> Guard:
        """Return a fresh guard for one symbol."""
        return Guard(self.watch, self.taught.horizon)

    @property
    def is_skilled(self) -> bool:
        """Say whether calibration found skill; a model without it always abstains."""
        return self.slope_bound > 0

    @property
    def families(self) -> tuple[str, ...]:
        """Return the families of its members; a model of one family is its own member."""
        if isinstance(self.ensemble, Ensemble):
            return tuple(each.family for each in self.ensemble.members)
        return (self.family,)

    @property
    def augmentations(self) -> dict[str, Augmented]:
        """Return of each member what was found of made rows; nothing where none were asked for."""
        parts = self.ensemble.members if isinstance(self.ensemble, Ensemble) else (self,)
        return {
            each.family: each.augmented for each in parts if isinstance(each.augmented, Augmented)
        }


def digest_graphs(graphs: Graphs) -> str:
    """Return the digest of a graph; of several, that of their digests by family."""
    if len(graphs) == 1:
        return sha256(*graphs.values()).hexdigest()
    lines = [f"{family} {sha256(graph).hexdigest()}\n" for family, graph in graphs.items()]
    return sha256("".join(lines).encode()).hexdigest()


def _graph_files(artifact: Artifact) -> dict[str, str]:
    if isinstance(artifact.ensemble, Ensemble):
        return {family: f"{family}.onnx" for family in artifact.families}
    return {artifact.family: GRAPH}


def write_artifact(folder: Path, artifact: Artifact, graphs: Graphs) -> None:
    """Write indicators and graphs, then description: a folder with a description is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    if artifact.taught.sources:
        (folder / INDICATORS).mkdir(exist_ok=True)
    for name, content in (
        *((f"{INDICATORS}/{name}", text) for name, text in artifact.taught.sources.items()),
        *((name, graphs[family]) for family, name in _graph_files(artifact).items()),
        (DESCRIPTION, msgspec.json.format(msgspec.json.encode(artifact), indent=1)),
    ):
        beside = (folder / name).with_name(f".{Path(name).name}")
        beside.write_bytes(content)
        beside.replace(folder / name)


def read_artifact(folder: Path) -> tuple[Artifact, Graphs]:
    """Return description and graphs; raise UsageError where there is none, DataError when torn."""
    try:
        text = (folder / DESCRIPTION).read_bytes()
    except FileNotFoundError:
        raise _unknown(folder) from None
    try:
        artifact = msgspec.json.decode(text, type=Artifact)
    except msgspec.MsgspecError as error:
        raise DataError(f"{folder / DESCRIPTION}: {error}; train the model again") from None
    files = _graph_files(artifact)
    try:
        graphs = {family: (folder / name).read_bytes() for family, name in files.items()}
    except FileNotFoundError:
        raise _unknown(folder) from None
    if isinstance(artifact.ensemble, Ensemble):
        for member in artifact.ensemble.members:
            if sha256(graphs[member.family]).hexdigest() != member.graph_sha256:
                raise _refused(folder / files[member.family])
    if digest_graphs(graphs) != artifact.graph_sha256:
        raise _refused(folder / next(iter(files.values())))
    for name, source in artifact.taught.sources.items():
        _require_source(folder / INDICATORS / name, source)
    return artifact, graphs


def _require_source(path: Path, source: bytes) -> None:
    """Raise DataError where an indicator beside a model is not the one that it was taught with."""
    try:
        found = path.read_bytes()
    except OSError as error:
        why = f"cannot be read ({error.strerror})"
    else:
        if found == source:
            return
        why = "is not the indicator that the model was taught with"
    raise DataError(
        f"{path} {why}; bring back that of SHA-256 {sha256(source).hexdigest()[:12]}, or train the "
        "model again"
    )


def _unknown(folder: Path) -> UsageError:
    return UsageError(f"model {folder.name} is unknown; `assay train` makes one")


def _refused(path: Path) -> DataError:
    return DataError(f"{path} is not the graph that was trained; train it again")
