"""The trainer process: teach the model of a plan before the desk opens, and tell how far it is."""

from __future__ import annotations

import sys

import msgspec

from assay.apps.child import Child, run_child
from assay.apps.lab.champions.serving import enter_taught
from assay.apps.lab.models.training import TrainingRequest, train_model
from assay.apps.paper.models.champion import market_of
from assay.apps.paper.models.lessons import TAUGHT, Teaching
from assay.apps.paper.plan import Plan
from assay.apps.paper.preparing import check_plan, past_series
from assay.runtime.home import Home
from assay.signals.labels import Bracket

NAME = "trainer"


def _tell(home: Home, teaching: Teaching) -> None:
    path = home.folder("run") / TAUGHT
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(teaching))
    fresh.replace(path)


def teach(child: Child, plan: Plan) -> None:
    """Train on the simulated market before its feed begins, and make that its champion.

    Raises AssayError families.
    """
    home, config = child.home, child.config
    _tell(home, Teaching(stage="simulating the past", share=0.0))
    check_plan(plan, config, home.path)
    series = past_series(plan)
    bracket = Bracket()
    feed_begins = min(int(one.ts_open[-1]) for one in series)
    request = TrainingRequest(
        series=series, until=feed_begins - bracket.horizon * int(series[0].timeframe),
        models=home.folder("models"), bracket=bracket, config=config,
    )  # fmt: skip
    found = train_model(
        request, lambda stage, share: _tell(home, Teaching(stage=stage, share=share))
    )
    enter_taught(home, found["model"], market_of(plan))
    _tell(
        home,
        Teaching(
            stage="done", share=1.0, model=found["model"], skilled=found["skilled"],
            seconds=found["seconds"],
        ),
    )  # fmt: skip


def main(argv: list[str]) -> int:
    """Run the trainer of `assay up`: arguments are the home and the plan as JSON."""
    return run_child(
        NAME, argv[0], lambda child: teach(child, msgspec.json.decode(argv[1], type=Plan)),
        refuses=True,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
