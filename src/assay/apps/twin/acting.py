"""What follows from a day's appraisal: a line in the record, and a pause above the bound."""

from __future__ import annotations

import msgspec

from assay.apps.lab.accounts.books import opened_journal
from assay.apps.lab.twins.daily import Appraisal
from assay.apps.paper.control.notices import leave_notice
from assay.apps.paper.control.orders import HALT_ENTRIES, Answer, ControlOrder, ask_trader
from assay.apps.twin import BY
from assay.model.messages import TwinAppraised
from assay.runtime.home import Home
from assay.runtime.journal.reading import read_journal


def act_on(home: Home, found: Appraisal, *, seconds: float = 60.0) -> Answer | None:
    """Pause entries where a day's gap is above its bound; record the day and whether they are.

    Returns the trader's answer where it was asked.
    """
    answer = None
    if found.is_above:
        answer = pause_entries(home, describe_gap(found), seconds=seconds)
    record_appraisal(home, found, paused=answer is not None and answer.serves)
    return answer


def record_appraisal(home: Home, found: Appraisal, *, paused: bool) -> None:
    """Hand the trader a day's appraisal, who alone writes the journal."""
    told = msgspec.structs.replace(found.message(home.clock.now_ns()), paused=paused)
    leave_notice(home, f"twin-{found.run}-{found.day}", told)


def pause_entries(home: Home, reason: str, *, seconds: float = 60.0) -> Answer:
    """Hold entries back until a person lets them go.

    Exits, stops and what only reduces pass; a trader that does not run takes it up as it starts.
    """
    order = ControlOrder(action=HALT_ENTRIES, reason=reason, by=BY, source=BY)
    return ask_trader(home, order, seconds=seconds)


def describe_gap(found: Appraisal) -> str:
    """Return in words why entries are paused."""
    amounts = found.split.amounts
    worst = max(amounts, key=lambda cause: abs(amounts[cause]))
    money = 10.0**found.account.currency_digits
    return (
        f"{found.day} earned {found.split.gap / money:+,.2f} {found.account.currency} beside its "
        f"twin, {found.share:.2%} of equity (bound {found.bound:.2%}); most by {worst}: "
        f"{amounts[worst] / money:+,.2f}"
    )


def is_recorded(home: Home, run: int, day: str) -> bool:
    """Say whether the journal holds the appraisal of a day."""
    with opened_journal(home) as connection:
        if connection is None:
            return False
        for recorded in read_journal(connection, kinds=("TwinAppraised",)):
            told = recorded.message
            if isinstance(told, TwinAppraised) and (told.run, told.day) == (str(run), day):
                return True
    return False
