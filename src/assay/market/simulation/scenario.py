"""What is asked of the simulated market, checked."""

from __future__ import annotations

from dataclasses import dataclass

from assay.market.simulation.assets import ASSETS, SYMBOLS
from assay.model.errors import UsageError
from assay.model.time import Timeframe

KINDS = ("linear", "regime", "lagged", "volatility", "mixed", "switching", "none")
FULL_DRIVE = {
    "linear": 0.12, "regime": 0.127, "lagged": 0.115, "volatility": 0.15, "mixed": 0.18,
    "switching": 0.5, "none": 0.0,
}  # fmt: skip
"""What strength 1 makes of the coefficient b of the signal in the next standardised return.

With kind `switching` b is the drift of a trend in a bar's own volatility.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Say which market to simulate: `bars` of each symbol, the truth `horizon` bars ahead.

    From bar `invert_at` of each symbol on, its signal means the opposite. Raises UsageError for an
    unknown kind, symbol or timeframe, for bars, a horizon or an inversion below 1, and for a
    strength outside 0..1.
    """

    seed: int
    bars: int
    kind: str = "linear"
    strength: float = 0.5
    timeframe: Timeframe = Timeframe.M5
    horizon: int = 30
    symbols: tuple[str, ...] = SYMBOLS
    invert_at: int | None = None

    @property
    def drive(self) -> float:
        """Return the coefficient b of the signal in the next standardised return."""
        return self.strength * FULL_DRIVE[self.kind]

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UsageError(f"kind {self.kind!r} is unknown; use one of {', '.join(KINDS)}")
        if self.seed < 0:
            raise UsageError(f"seed {self.seed} is negative; use 0 or more")
        if self.bars < 1:
            raise UsageError(f"bars {self.bars} is none; use 1 or more")
        if self.horizon < 1:
            raise UsageError(f"horizon {self.horizon} is none; use 1 bar or more")
        if self.kind == "mixed" and self.horizon > 1:
            raise UsageError(
                f"kind mixed tells of the next bar, not {self.horizon} ahead; use a horizon of 1"
            )
        if self.invert_at is not None and self.invert_at < 1:
            raise UsageError(f"an inversion at bar {self.invert_at} is none; use bar 1 or later")
        if not 0 <= self.strength <= 1:
            raise UsageError(f"strength {self.strength:g} is outside 0..1")
        if self.timeframe < Timeframe.M1:
            raise UsageError(f"timeframe {self.timeframe.name} is too short; use M1 or longer")
        _check_symbols(self.symbols)


def _check_symbols(symbols: tuple[str, ...]) -> None:
    if not symbols:
        raise UsageError(f"no symbol given; use some of {', '.join(SYMBOLS)}")
    for symbol in symbols:
        if symbol not in ASSETS:
            raise UsageError(
                f"symbol {symbol!r} is not simulated; use some of {', '.join(SYMBOLS)}"
            )
    if len(set(symbols)) < len(symbols):
        raise UsageError(f"a symbol is given twice among {', '.join(symbols)}; give each once")
