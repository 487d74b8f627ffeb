"""Numbers and times as people read them."""

from __future__ import annotations

from assay.model.time import DAY, HOUR, MINUTE, SECOND, format_time

NOTHING = "–"


def format_number(value: float | None, digits: int, *, unit: str = "", plus: bool = False) -> str:
    """Return a number for people: thousands apart, a true minus sign, a dash for none.

    >>> format_number(-1234.5, 2, unit=" %"), format_number(-0.001, 2), format_number(None, 0)
    ('−1,234.50 %', '0.00', '–')
    """
    if value is None:
        return NOTHING
    text = f"{abs(value):,.{digits}f}"
    is_zero = not any(mark in text for mark in "123456789")
    sign = "" if is_zero else "−" if value < 0 else "+" if plus else ""
    return f"{sign}{text}{unit}"


def format_exact(value: float) -> str:
    """Return a price with the digits it has, at most nine.

    >>> format_exact(1.1374), format_exact(1300.0)
    ('1.1374', '1,300')
    """
    return f"{round(value, 9):,.9f}".rstrip("0").rstrip(".")


def format_moment(ns: int) -> str:
    """Return a UTC time to the second, as people read it.

    >>> format_moment(0)
    '1970-01-01 00:00:00'
    """
    return format_time(ns)[:19].replace("T", " ")


def format_span(ns: int | None) -> str:
    """Return a length of time in its two largest units.

    >>> format_span(90_000 * 10**9), format_span(61 * 10**9), format_span(5 * 10**8)
    ('1 d 1 h', '1 min 1 s', 'under 1 s')
    """
    if ns is None:
        return NOTHING
    parts = []
    for length, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s")):
        count, ns = divmod(ns, length)
        if count:
            parts.append(f"{count:,} {name}")
    return " ".join(parts[:2]) or "under 1 s"
