"""The process `twin`: wait for the end of each day of the account, then run it again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date, timedelta

from assay.apps.child import Child, run_beside
from assay.apps.lab.twins.days import day_of, rollover_of
from assay.apps.paper.keeping import read_plan
from assay.apps.paper.view.sheet import await_sheet
from assay.model.accounts import AccountSpec
from assay.model.errors import CallerError, OperatorError, RetryError, UsageError
from assay.model.time import MINUTE
from assay.runtime.clock import Deadline
from assay.runtime.home import Home
from assay.runtime.logs import Logger
from assay.runtime.supervisor.leash import StopRequest

NAME = "twin"
NICENESS = 15
PAUSE_S = 1.0
RETRY_S = 60.0
DAYS_BACK = 3
"""Days that are looked at again at a start: on a Monday Friday is the third."""
SETTLE = 10 * MINUTE
"""After a day's end until it is run again: what the venue says late is heard by then."""


def days_past(account: AccountSpec, begun: int, now: int) -> list[str]:
    """Return the last days of an account that have been over for a while, since a time (ns UTC)."""
    rollover = rollover_of(account)
    current = date.fromisoformat(day_of(now - SETTLE, rollover))
    first = max(date.fromisoformat(day_of(begun, rollover)), current - timedelta(days=DAYS_BACK))
    return [(first + timedelta(days=each)).isoformat() for each in range((current - first).days)]


def appraise_past(home: Home, run: int, day: str, log: Logger) -> None:
    """Run a day again, write its report, record it, and pause entries above the bound.

    A day on which nothing was traded, or that is recorded already, is passed over.
    """
    from assay.apps.lab.twins.daily import TwinRequest, appraise_day, tell_appraisal
    from assay.apps.lab.twins.report import write_twin
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


def is_settled(day: str, appraise: Callable[[str], object], log: Logger) -> bool:
    """Appraise a day; return False where that may be done later, once something is mended.

    A day that cannot be run again is told, and does not keep those after it from being run.
    """
    try:
        appraise(day)
    except (OperatorError, RetryError) as error:
        log.warning(f"{day} is not run again yet: {error}")
        return False
    except CallerError as error:
        log.error(f"{day} is not run again: {error}")
    return True


def watch_days(child: Child, is_stopped: StopRequest) -> None:
    """Appraise the day just past, as it comes, until told to stop."""
    home = child.home
    sheet = await_sheet(home, is_stopped)
    if sheet is None:
        return
    plan = read_plan(home, sheet.run).plan
    venue = plan.venue
    account = child.config.account.to_spec() if venue is None else AccountSpec(id=venue.account)

    def appraise(day: str) -> None:
        appraise_past(home, sheet.run, day, child.log)

    settled, again = set[str](), Deadline(0.0)
    while not is_stopped():
        days = days_past(account, plan.begun, home.clock.now_ns()) if again.has_passed() else []
        due = next((day for day in days if day not in settled), None)
        if due is not None and is_settled(due, appraise, child.log):
            settled.add(due)
        elif due is not None:
            again = Deadline(RETRY_S)
        Deadline(PAUSE_S).pause(PAUSE_S)


def main(argv: list[str]) -> int:
    """Watch the days of the home named first until told to stop."""
    return run_beside(NAME, argv[0], watch_days, niceness=NICENESS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
