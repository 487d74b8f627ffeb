"""From a closed bar to its decision with six models: what a commit and a page wait for, no more."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from assay.apps.config import Config
from assay.apps.lab.models.forecasting import with_model
from assay.apps.lab.models.labelling import columns_of
from assay.apps.lab.runs.drivers import PLATFORM, feed_messages, start_message
from assay.apps.lab.runs.setup import Setup, prepare
from assay.apps.topology import build_topology
from assay.model.messages import DecisionMade, Predicted
from assay.runtime.ids import IdSource
from assay.signals.regimes import Classifier, fit_classifier
from assay.trading.engine.loading import load_strategy
from benches.harness import Bench, time_each
from benches.workload.panels import write_ensemble
from benches.workload.six import TIMEFRAME, WINDOW, Six, fit_six

ROWS = 500
FLOOR_US = 4_000.0
TAUGHT, AHEAD = 24_000, 60


def build(folder: Path) -> Bench:
    """Fit six models and the regimes, let features settle; rounds go on where one stopped."""
    six = fit_six(folder)
    setup = prepare([six.series], load_strategy("ai"), given={})
    model = write_ensemble(six, folder)
    setup = with_model(setup, model, Config().ensemble.deadline)
    assert setup.forecaster is not None
    classifier = _fit_regimes(setup)
    desk = _Desk(setup, classifier)
    desk.settle(six.features.settling + WINDOW)
    rows = _Rows(six)
    return Bench(
        what=(
            f"closed bar through features, {six.told}, pooling, regimes, calibration, guard, "
            "decision, risk and books in memory"
        ),
        items="bars",
        figure="latency",
        reference_what=f"own Python APIs of {six.told} alone, one row at a time, one thread",
        subject=lambda: time_each(ROWS, desk.decide),
        reference=lambda: time_each(ROWS, rows.ask_libraries),
        floor=None if six.absent else FLOOR_US,
        close=setup.forecaster.close,
        notes={"seen": desk.seen},
    )


class _Desk:
    """Push bars through the modules of a live desk; `seen` counts what came of them."""

    def __init__(self, setup: Setup, classifier: Classifier) -> None:
        self._runner = build_topology(setup, IdSource(PLATFORM).next).runner()
        events = setup.events()
        self._runner.push(start_message(int(events["ts"][0])))
        self._bars = feed_messages(setup, events)
        self._regimes, self._settling = classifier.stream(), classifier.settling
        self.seen = {"voted": 0, "entered": 0, "absent": 0}

    def settle(self, count: int) -> None:
        """Pass the bars on which regimes settle, the last `count` of them to the modules too."""
        for place, bar in enumerate(islice(self._bars, self._settling)):
            self._regimes.push(bar)
            if place >= self._settling - count:
                self._runner.push(bar)

    def decide(self, _: int) -> None:
        bar = next(self._bars)
        self._regimes.push(bar)
        for message in self._runner.push(bar):
            if isinstance(message, Predicted):
                absent = sum(vote.score is None for vote in message.votes)
                self.seen["voted"] += len(message.votes) - absent
                self.seen["absent"] += absent
            elif isinstance(message, DecisionMade):
                self.seen["entered"] += message.outcome == "enter"


class _Rows:
    """Ask the libraries for the rows that come after those they were fitted on."""

    def __init__(self, six: Six) -> None:
        features, self._answers = six.bars.features, six.libraries.values()
        first = len(features) - ROWS
        self._windows = [features[at - WINDOW + 1 : at + 1] for at in range(first, len(features))]

    def ask_libraries(self, row: int) -> None:
        for answer in self._answers:
            answer(self._windows[row])


def _fit_regimes(setup: Setup) -> Classifier:
    """Return the twelve regimes, which the live path does not ask yet; here they are beside it."""
    return fit_classifier(
        columns_of(setup.events()).cut(slice(0, TAUGHT)), int(TIMEFRAME), ahead=AHEAD
    )
