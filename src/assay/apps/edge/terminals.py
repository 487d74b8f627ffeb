"""Find the terminal: the official package where it is, or the simulated one at an address."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from assay.model.errors import OperatorError, UsageError
from assay.model.time import SECOND
from assay.runtime.clock import Clock
from assay.trading.brokers.mt5.blocking import BoundedTerminal

PACKAGE = "MetaTrader5"
SIMULATED = "sim:"
AWAY_EVERY = 2 * SECOND


def open_terminal(name: str) -> Any:  # Any: a module here, an object there, of one API
    """Return the API of `mt5` or of `sim:ADDRESS`, connected to; raise OperatorError."""
    if name == "mt5":
        terminal = _official()
    elif name.startswith(SIMULATED):
        from assay.trading.terminal import connect_terminal

        terminal = connect_terminal(name.removeprefix(SIMULATED))
    else:
        raise UsageError(f"terminal {name!r} is unknown; use mt5 or sim:ADDRESS")
    # A terminal may hang in any call, and the connector must go on to say so.
    terminal = BoundedTerminal(terminal)
    if not terminal.initialize():
        number, text = terminal.last_error()
        raise OperatorError(
            f"terminal {name} does not answer ({number} {text}); start it, log in, and allow "
            "algorithmic trading"
        )
    return terminal


def _official() -> Any:
    try:
        return import_module(PACKAGE)
    except ImportError:
        raise OperatorError(
            f"package {PACKAGE} is not installed; it runs on Windows beside the terminal "
            "(pip install MetaTrader5)"
        ) from None


class WakingTerminal:
    """Give quotes of a terminal that may be restarted: one that is away is connected to again."""

    def __init__(self, terminal: Any, clock: Clock) -> None:
        self._terminal, self._clock, self._tried = terminal, clock, 0

    def copy_ticks_from(self, symbol: str, date_from: int, count: int, flags: int, /) -> Any:
        """Return ticks; None where there are none or the terminal is away."""
        found = self._terminal.copy_ticks_from(symbol, date_from, count, flags)
        now = self._clock.now_ns()
        if found is None and now - self._tried >= AWAY_EVERY:
            self._tried = now
            if self._terminal.terminal_info() is None:
                self._terminal.initialize()
        return found
