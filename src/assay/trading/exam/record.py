"""What an exam has seen so far; kept in one file, so that a long exam goes on after a stop."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from assay.model.errors import OperatorError
from assay.trading.terminal.profile import AccountTerms, SymbolTerms

Kind = Literal["market", "stop", "limit"]
Level = Literal["stops", "freeze"]


class FillSeen(msgspec.Struct, frozen=True, array_like=True):
    """Hold one fill: how far it lay beyond the quote, and beyond what was asked, in points.

    `slip` is against the quote at which it was made, `felt` against the quote that was seen when a
    market order was sent or against the order's own price; both positive where it hurts.
    """

    symbol: str
    kind: Kind
    side: int
    slip: int
    felt: int
    spread: int


class LevelSeen(msgspec.Struct, frozen=True, array_like=True):
    """Hold one try: an order so many points from the market, and whether it was refused."""

    symbol: str
    level: Level
    distance: int
    refused: bool


class MoneySeen(msgspec.Struct, frozen=True, array_like=True):
    """Hold what was charged for some lots, in minor units as the broker rounded it."""

    symbol: str
    lots: float
    minor: int


class NightSeen(msgspec.Struct, frozen=True, array_like=True):
    """Hold the swap of one night: the weekday that ended (Sunday 0), and when it was charged.

    `before` and `after` are seconds from the server's midnight between which it appeared.
    """

    symbol: str
    side: int
    weekday: int
    lots: float
    minor: int
    before: float
    after: float


class HourSeen(msgspec.Struct, frozen=True, array_like=True):
    """Hold the spread of one hour: its place in the server's week and its minutes' means."""

    symbol: str
    hour: int
    ticks: int
    minutes: tuple[float, ...]


class TriedFilling(msgspec.Struct, frozen=True, array_like=True):
    """Hold whether a filling policy was taken."""

    symbol: str
    filling: int
    taken: bool


class ExamRecord(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Hold all that was seen and what was spent.

    `told` is what the terminal says of each symbol, `latencies` milliseconds from sending to the
    answer, `worked` from an order's arrival to its fill by the server's clock. `ahead` are times
    (s UTC) and the minutes that a fresh quote was ahead of them, `opens` server times of weekly
    opens in seconds. `open_tickets` are what a stop may have left open, `minutes` those of the week
    that have bars, `closed` those in which orders were refused because the market was.
    """

    server: str
    company: str
    build: int = 0
    max_bars: int = 0
    account: AccountTerms
    told: dict[str, SymbolTerms]
    orders: int = 0
    paid: int = 0
    elapsed: int = 0
    latencies: list[float] = []
    worked: list[float] = []
    fills: list[FillSeen] = []
    levels: list[LevelSeen] = []
    commissions: list[MoneySeen] = []
    nights: list[NightSeen] = []
    hours: list[HourSeen] = []
    fillings: list[TriedFilling] = []
    read_until: dict[str, int] = {}
    asked_instantly: int = 0
    requoted: int = 0
    divisible: int = 0
    partial: int = 0
    refusals: dict[int, int] = {}
    depths: dict[str, list[float]] = {}
    limits_beyond: int = 0
    limits_improved: int = 0
    comments: dict[str, int] = {}
    magics: dict[str, int] = {}
    ahead: list[tuple[int, float]] = []
    opens: list[int] = []
    open_tickets: list[int] = []
    minutes: dict[str, list[int]] = {}
    closed: dict[str, list[int]] = {}


def read_record(file: Path) -> ExamRecord | None:
    """Return what was kept, None where there is no file; raise OperatorError for another's."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=ExamRecord)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise OperatorError(f"{file} is no exam's record: {error}") from None


def write_record(record: ExamRecord, file: Path) -> None:
    """Write a record whole or not at all."""
    part = file.with_name(f"{file.name}.part")
    part.write_bytes(msgspec.json.encode(record))
    part.replace(file)
