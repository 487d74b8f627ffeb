"""Models that may serve in a run: loaded, held to be fit for it, and brought up to its bars."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from assay.apps.lab.champions.serving import describe_damage
from assay.apps.lab.models.forecasting import build_predictor, check_features, with_past
from assay.apps.lab.runs.setup import Setup
from assay.model.errors import DataError
from assay.signals.prediction import Artifact, Forecaster, Predictor, read_artifact

Identify = Callable[[Setup], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Hold a model that knows what it would know had it served from a run's first bar on.

    `setup_id` is what a start with it would be known by.
    """

    digest: str
    predictor: Predictor
    setup_id: str

    @property
    def model(self) -> str:
        """Return its id."""
        return self.predictor.forecaster.artifact.id


class Candidates:
    """Bring models of a home up to the bars of a run.

    `setup` is what the run trades, with the model that serves, and `events` its feed; `deadline`
    (s) is what members of an ensemble have to answer.
    """

    def __init__(
        self, models: Path, setup: Setup, events: np.ndarray, identify: Identify,
        deadline: float | None = None,
    ) -> None:  # fmt: skip
        self._models, self.setup, self._events = models, setup, events
        self.identify, self._deadline = identify, deadline

    def prepare(self, model: str, digest: str, place: int) -> Candidate:
        """Return a model that has seen so many events, as if it had served from the first on.

        It has forecast once, so that nothing is left to be made at the first bar. Raises DataError
        where its files are not those of this digest, or it does not see what the run shows.
        """
        damage = describe_damage(self._models, model, digest)
        if damage:
            raise DataError(f"{model} cannot be loaded: {damage}")
        forecaster = self._load(model)
        past = with_past(self.setup, self._events[:place])
        predictor = build_predictor(past, forecaster, _no_id)
        forecaster.warm_up()
        known_by = self.identify(replace(self.setup, forecaster=forecaster))
        return Candidate(digest=digest, predictor=predictor, setup_id=known_by)

    def dress(self, setup: Setup, model: str) -> Setup:
        """Return a setup with a model of the home in the place of its own; raise DataError."""
        return replace(setup, forecaster=self._load(model))

    def _load(self, model: str) -> Forecaster:
        artifact, graphs = read_artifact(self._models / model)
        serving = self.setup.forecaster
        assert serving is not None  # a run without a model has no candidates
        check_features(artifact, self.setup.symbols)
        require_alike(serving.artifact, artifact)
        return Forecaster(artifact, graphs, self._deadline)


def require_alike(serving: Artifact, candidate: Artifact) -> None:
    """Raise DataError where a model does not read what another is shown, bar by bar."""
    for name, word in (
        ("symbols", "instruments"), ("timeframe", "bars"), ("features_digest", "features"),
    ):  # fmt: skip
        ours, theirs = (getattr(one.taught, name) for one in (serving, candidate))
        if ours != theirs:
            raise DataError(
                f"{candidate.id} was taught by other {word} than {serving.id} ({_shown(theirs)}, "
                f"not {_shown(ours)}), so it cannot go on with this run; the next start trades it"
            )


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return f"{value}"[:12]


def _no_id() -> int:
    """Return the number of what nobody hears: a candidate follows in silence."""
    return 0
