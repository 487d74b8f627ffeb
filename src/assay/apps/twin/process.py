"""The process `twin`: wait for the end of each day of the account, then run it again."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from assay.apps.config import Config
from assay.apps.lab.twindays import day_of, rollover_of, span_of
from assay.apps.paper.keeping import read_plan
from assay.apps.paper.sheet import Sheet, await_sheet
from assay.model.accounts import AccountSpec
from assay.model.errors import AssayError, UsageError
from assay.model.time import MINUTE
from assay.runtime.clock import Deadline
from assay.runtime.faults import record_fault
from assay.runtime.home import Home, open_home
from assay.runtime.logs import Logger, open_log
from assay.runtime.settings import load_settings
from assay.runtime.supervisor import stop_signals, watch_parent

NAME = "twin"
NICENESS = 15
PAUSE_S = 1.0
SETTLE = 10 * MINUTE
"""After a day's end until it is run again: what the venue says late is heard by then."""


def day_past(account: AccountSpec, now: int) -> str:
    """Return the last day of an account that has been over for a while."""
    current = date.fromisoformat(day_of(now - SETTLE, rollover_of(account)))
    return (current - timedelta(days=1)).isoformat()


def appraise_past(home: Home, run: int, day: str, log: Logger) -> None:
    """Run a day again, write its report, record it, and pause entries above the bound.

    A day on which nothing was traded, or that is recorded already, is passed over.
    """
    from assay.apps.lab.twin import TwinRequest, appraise_day, tell_appraisal
    from assay.apps.lab.twinreport import write_twin
    from assay.apps.twin.acting import act_on, describe_gap, is_recorded

    if is_recorded(home, run, day):
        return
    try:
        found = appraise_day(TwinRequest(home=home, run=run, day=day))
    except UsageError as error:
        log.info(f"{day} is not run again: {error}")
        return
    write_twin(tell_appraisal(found), home.folder(NAME) / f"{run}-{day}")
    answer = act_on(home, found)
    log.info("appraised", day=day, gap=found.split.gap, unexplained=found.split.unexplained)
    if answer is not None:
        log.error(f"entries are paused: {describe_gap(found)}; the trader says: {answer.text}")


def watch_days(home: Home, sheet: Sheet, log: Logger, is_stopped: Callable[[], bool]) -> None:
    """Appraise the day just past, as it comes, until told to stop."""
    plan = read_plan(home, sheet.run).plan
    config = load_settings(Config, home).value
    venue = plan.venue
    account = config.account.to_spec() if venue is None else AccountSpec(id=venue.account)
    done = ""
    while not is_stopped():
        day = day_past(account, home.clock.now_ns())
        if day != done:
            # What a run did not trade at all needs no engine to be told.
            if plan.begun < span_of(day, rollover_of(account)).end:
                appraise_past(home, sheet.run, day, log)
            done = day
        Deadline(PAUSE_S).pause(PAUSE_S)


def main(argv: list[str]) -> int:
    """Watch the days of the home named first until told to stop."""
    watch_parent()
    os.nice(NICENESS)
    home = open_home(Path(argv[0]))
    config = load_settings(Config, home).value
    log = open_log(home, NAME, level=config.log.level, file_bytes=config.log.bytes)
    try:
        with stop_signals() as is_stopped:
            sheet = await_sheet(home, is_stopped)
            if sheet is not None:
                watch_days(home, sheet, log, is_stopped)
    except AssayError as error:
        log.error(str(error))
        return error.exit_code
    except Exception as error:
        log.error("fault", fingerprint=record_fault(home, error).fingerprint, error=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
