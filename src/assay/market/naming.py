"""What a file's name says about its symbol, timeframe, source and side."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from assay.model.errors import UsageError
from assay.model.time import Timeframe

TICK_WORDS = frozenset({"tick", "ticks", "t"})
_SYMBOL = re.compile(r"[A-Z][A-Z0-9]{1,11}(\.[a-z]+)?")


class Naming(NamedTuple):
    """Carry what a name told; `is_tick` stands for the timeframe of tick files."""

    symbol: str | None = None
    timeframe: Timeframe | None = None
    is_tick: bool = False
    source: str | None = None
    side: str | None = None


def parse_symbol(text: str) -> str:
    """Return a symbol in its usual spelling; raise UsageError for what cannot be one.

    >>> parse_symbol("eurusd"), parse_symbol("EUR/USD"), parse_symbol("XAUUSD.mini")
    ('EURUSD', 'EURUSD', 'XAUUSD.mini')
    """
    name, dot, suffix = text.strip().replace("/", "").partition(".")
    symbol = name.upper() + dot + suffix.lower()
    if not _SYMBOL.fullmatch(symbol):
        raise UsageError(f"{text!r} is not a symbol such as EURUSD")
    return symbol


def read_timeframe(text: str) -> tuple[Timeframe | None, bool] | None:
    """Return (timeframe, is tick) of a word such as `m1` or `ticks`, None for any other word."""
    if text.lower() in TICK_WORDS:
        return None, True
    member = Timeframe.__members__.get(text.upper())
    return None if member is None else (member, False)


def name_from_words(path: Path) -> Naming:
    """Read a name like SYMBOL_TIMEFRAME_SOURCE_FROM_TO; what it does not tell stays None.

    >>> name_from_words(Path("eurusd_h1_gym-ask_20170101.parquet")).side
    'ask'
    """
    words = path.name.partition(".")[0].split("_")
    if len(words) < 2 or (found := read_timeframe(words[1])) is None:
        return Naming()
    if not _SYMBOL.fullmatch(words[0].upper()):
        return Naming()
    rest = [word for word in words[2:] if word and not word[0].isdigit()]
    source = rest[0].lower() if rest else None
    side = next((side for side in ("ask", "mid") if source and source.endswith(f"-{side}")), None)
    return Naming(words[0].upper(), found[0], found[1], source, side)
