"""The days of an account as a twin cuts them: from rollover to rollover."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np

from assay.model.accounts import AccountSpec
from assay.model.calendar import Rollover, day_start, trading_day
from assay.model.errors import UsageError
from assay.model.messages import BarClosed, Tick
from assay.model.time import HOUR

EPOCH = date(1970, 1, 1).toordinal()


class DaySpan(NamedTuple):
    """Hold where a day begins and ends, ns UTC; quotes at its end belong to the next."""

    start: int
    end: int

    def place(self, message: Tick | BarClosed) -> int:
        """Say whether a price comes before the day (-1), in it (0) or after it (1)."""
        # A bar that ends as the day begins is of the day before, whose last price it holds.
        ts = message.ts_event - isinstance(message, BarClosed)
        return -1 if ts < self.start else 1 if ts >= self.end else 0


def rollover_of(account: AccountSpec) -> Rollover:
    """Return when an account's day turns."""
    return Rollover(account.rollover_zone, account.rollover_hour * HOUR)


def span_of(day: str, rollover: Rollover) -> DaySpan:
    """Return where an account's day begins and ends; raise UsageError for what is no date."""
    try:
        number = date.fromisoformat(day).toordinal() - EPOCH
    except ValueError:
        raise UsageError(f"--day {day!r} is not a date such as 2024-03-05") from None
    start, end = day_start(np.array([number, number + 1]), rollover).tolist()
    return DaySpan(start, end)


def day_of(ts: int, rollover: Rollover) -> str:
    """Return the account's day that a time is of.

    >>> day_of(0, Rollover()), day_of(22 * HOUR, Rollover())
    ('1970-01-01', '1970-01-02')
    """
    number = int(trading_day(np.array([ts]), rollover)[0])
    return date.fromordinal(number + EPOCH).isoformat()
