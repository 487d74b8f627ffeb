"""The trainer process: teach the model of a plan before the desk opens, and tell how far it is."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from assay.apps.config import Config
from assay.apps.lab.champions import enter_taught
from assay.apps.lab.training import TrainingRequest, train_model
from assay.apps.paper.championing import market_of
from assay.apps.paper.lessons import TAUGHT, Teaching
from assay.apps.paper.plan import Plan
from assay.apps.paper.preparing import check_plan, past_series
from assay.apps.paper.refusal import FILE, write_refusal
from assay.model.errors import AssayError
from assay.runtime.faults import record_fault
from assay.runtime.home import Home, open_home
from assay.runtime.logs import open_log
from assay.runtime.settings import load_settings
from assay.runtime.supervisor.leash import watch_parent
from assay.signals.labels import Bracket


def _tell(home: Home, teaching: Teaching) -> None:
    path = home.folder("run") / TAUGHT
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(teaching))
    fresh.replace(path)


def teach(home: Home, plan: Plan) -> None:
    """Train on the simulated market before its feed begins, and make that its champion.

    Raises AssayError families.
    """
    _tell(home, Teaching(stage="simulating the past", share=0.0))
    config = load_settings(Config, home).value
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
    watch_parent()
    home = open_home(Path(argv[0]))
    config = load_settings(Config, home).value
    log = open_log(home, "trainer", level=config.log.level, file_bytes=config.log.bytes)
    try:
        teach(home, msgspec.json.decode(argv[1], type=Plan))
    except AssayError as error:
        log.error(str(error))
        write_refusal(home.folder("run") / FILE, error)
        return error.exit_code
    except Exception as error:
        log.error("fault", fingerprint=record_fault(home, error).fingerprint, error=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
