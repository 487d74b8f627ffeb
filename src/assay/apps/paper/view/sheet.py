"""What the trader tells the web process beside its messages: what it trades, and its risk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from assay.runtime.clock import Deadline
from assay.runtime.home import Home

SHEET = "desk.json"
STANDING = "standing.json"
PAST = "past.json"
LIMITS = "limits.json"
TIMES = "forecasts.json"
RING = "ring"
LOOK_S = 0.05


class Traded(msgspec.Struct, frozen=True, kw_only=True):
    """Hold how one symbol is traded: digits and points are the engine's, `timeframe` in ns."""

    symbol: str
    digits: int
    pip_points: int
    lot_units: int
    timeframe: int
    position_max: int
    spread_max: int


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what seldom changes while the trader runs; limits of 0 are none, money is minor."""

    tenant: str
    account: str
    run: int
    currency: str
    currency_digits: int
    source: str
    strategy: str
    model: str | None
    speed: float | None
    version: str
    traded: tuple[Traded, ...]
    exposure_max: int
    daily_loss_max: int
    drawdown_max_bp: int
    margin_use_max_bp: int
    rules: tuple[str, ...]
    challenger: str | None = None


class InForce(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the limits of a tenant as they are written, and the symbols that they are about."""

    profile: str
    limits: dict[str, str]
    symbols: tuple[str, ...]


class Serving(msgspec.Struct, frozen=True):
    """Hold which model trades, and which one forecasts beside it."""

    model: str | None = None
    challenger: str | None = None


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one open position: integer units and points, and `cost` in units x points."""

    symbol: str
    quantity: int
    cost: int
    unrealised: int
    stop: int
    target: int


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what risk rules look at now: money in minor units, `next` the place in the feed."""

    next: int
    done: bool
    balance: int
    unrealised: int
    margin: int
    peak: int
    day_start: int
    exposure: int
    positions: tuple[Held, ...]
    entries_halted: tuple[str, ...] = ()


PastBar = tuple[int, int, int, int, int, int]
"""Open time in ns UTC; open, high, low and close of the bid, spread at the close, in points."""


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the bars before the first event of a run, by symbol, the oldest first."""

    bars: dict[str, list[PastBar]]


def read_serving(home: Home) -> Serving:
    """Return which models the trader forecasts by; none before it says so, or without any."""
    try:
        return msgspec.json.decode((home.path / "run" / SHEET).read_bytes(), type=Serving)
    except (OSError, msgspec.MsgspecError):
        return Serving()


def read_limits(home: Home) -> InForce | None:
    """Return the limits of the newest run as it last had them; None where there was none."""
    try:
        return msgspec.json.decode((home.path / "run" / LIMITS).read_bytes(), type=InForce)
    except (OSError, msgspec.MsgspecError):
        return None


def read_traded(home: Home) -> tuple[Traded, ...]:
    """Return how the symbols of the newest run are traded; nothing where there was none."""
    try:
        return msgspec.json.decode((home.path / "run" / SHEET).read_bytes(), type=Sheet).traded
    except (OSError, msgspec.MsgspecError):
        return ()


def await_sheet(home: Home, is_stopped: Callable[[], bool]) -> Sheet | None:
    """Wait until the trader has said what it trades; None when told to stop first."""
    while not is_stopped():
        try:
            return msgspec.json.decode((home.path / "run" / SHEET).read_bytes(), type=Sheet)
        except (FileNotFoundError, msgspec.DecodeError):
            Deadline(LOOK_S).pause(LOOK_S)
    return None


def read_past(home: Home) -> Past:
    """Return the bars before the run; none where the trader knows of none."""
    try:
        return msgspec.json.decode((home.path / "run" / PAST).read_bytes(), type=Past)
    except (FileNotFoundError, msgspec.MsgspecError):
        return Past(bars={})


def write_whole(path: Path, value: msgspec.Struct) -> None:
    """Replace a file in one step."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(value))
    fresh.replace(path)
