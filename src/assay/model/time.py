"""Nanoseconds UTC and the lengths of bars."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import IntEnum

from assay.model.errors import UsageError

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Timeframe(IntEnum):
    """Name a bar length; the value is in nanoseconds.

    >>> Timeframe.parse("h1") is Timeframe.H1
    True
    """

    S1 = SECOND
    M1 = MINUTE
    M5 = 5 * MINUTE
    M15 = 15 * MINUTE
    M30 = 30 * MINUTE
    H1 = HOUR
    H4 = 4 * HOUR
    D1 = DAY

    @classmethod
    def parse(cls, text: str) -> Timeframe:
        """Read a name in any case; raise UsageError naming those that exist."""
        try:
            return cls[text.upper()]
        except KeyError:
            names = ", ".join(cls.__members__)
            raise UsageError(f"timeframe {text!r} is unknown; use one of {names}") from None


def format_time(ns: int) -> str:
    """Return ISO-8601 UTC with as many fraction digits as needed (0, 3, 6 or 9).

    >>> format_time(1_500_000_000)
    '1970-01-01T00:00:01.500Z'
    """
    seconds, fraction = divmod(ns, SECOND)
    text = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    digits = f"{fraction:09d}"
    while digits.endswith("000"):
        digits = digits[:-3]
    return f"{text}.{digits}Z" if digits else f"{text}Z"


def parse_time(text: str) -> int:
    """Read an ISO-8601 date or time, UTC unless it says otherwise; return nanoseconds.

    >>> parse_time("1970-01-02")
    86400000000000
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not an ISO-8601 time such as 2019-03-01T00:00:00Z") from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds * 1000
