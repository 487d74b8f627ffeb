"""A card names what calibrated the model, by which figures, and why; old models have one too."""

from __future__ import annotations

import msgspec

from assay.apps.lab.models.card import list_facts
from assay.kernel.flow import FLOW_COLUMNS
from assay.model.time import Timeframe
from assay.signals.calibration import Choice, StepTable
from assay.signals.features.description import describe_set
from assay.signals.features.flow import flow_set
from assay.signals.prediction import Artifact, Spans, Taught

TABLE = StepTable((0,), (5_000,), (4_000,), (6_000,))
OLD = Artifact(
    id="lightgbm-byhand", family="lightgbm", graph_sha256="0" * 64, seed=1, up=TABLE, long=TABLE,
    short=TABLE, slope=1.0, slope_bound=0.5, gain=0.8, loss=0.8, facts={},
    taught=Taught(
        symbols=("EURUSD",), timeframe=int(Timeframe.H1), features=(), features_digest="0" * 64,
        horizon=12, stop=1.0, target=1.0, rows=10, calibration_rows=3,
    ),
    spans=Spans(fit_from=0, fit_until=1, calibrate_from=2, calibrate_until=3, ready_from=4),
)  # fmt: skip
LOSSES = "log loss on later rows of the span"


def test_the_card_tells_how_the_method_was_chosen() -> None:
    losses = {"isotonic": 0.69, "platt": 0.68125}
    chosen = msgspec.structs.replace(OLD, calibrated_by=Choice("platt", "it is better", losses))
    facts = dict(list_facts(chosen))
    assert facts["calibrated by"] == "platt: it is better"
    assert facts[LOSSES] == "isotonic 0.690000, platt 0.681250"
    again = msgspec.json.decode(msgspec.json.encode(chosen), type=Artifact)
    assert again == chosen


def test_a_model_of_before_there_was_a_choice_is_still_read() -> None:
    text = msgspec.json.encode(OLD).replace(b"calibrated_by", b"unknown")
    fields = {name: value for name, value in msgspec.json.decode(text).items() if name != "unknown"}
    facts = dict(list_facts(msgspec.json.decode(msgspec.json.encode(fields), type=Artifact)))
    assert facts["calibrated by"] == "isotonic: there was no other when it was taught"
    assert LOSSES not in facts


def test_a_model_of_flow_says_what_it_needs_of_a_feed() -> None:
    assert "reads of the feed" not in dict(list_facts(OLD))
    made = describe_set(flow_set(OLD.taught.timeframe))
    taught = msgspec.structs.replace(OLD.taught, made_of=made)
    facts = dict(list_facts(msgspec.structs.replace(OLD, taught=taught)))
    assert "set flow.1" in facts["features"]
    assert facts["reads of the feed"] == ", ".join(FLOW_COLUMNS)
