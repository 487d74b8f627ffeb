"""Find the terminal: the official package where it is, or the simulated one at an address."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from assay.model.errors import OperatorError, UsageError
from assay.model.time import SECOND
from assay.runtime.clock import Clock
from assay.runtime.environment import read_variable
from assay.trading.brokers.mt5.blocking import BoundedTerminal

PACKAGE = "MetaTrader5"
SIMULATED, PROVIDED = "sim:", "feed:"
AWAY_EVERY = 2 * SECOND


@dataclass(frozen=True)
class Login:
    """Hold the account that a terminal is to be logged in to; what is None is as it keeps it."""

    number: int
    password: str | None = field(repr=False)
    server: str | None

    def words(self) -> dict[str, Any]:
        """Return what `initialize` takes."""
        named = {"login": self.number, "password": self.password, "server": self.server}
        return {key: value for key, value in named.items() if value is not None}


def read_login() -> Login | None:
    """Return the login of $MT5_LOGIN, $MT5_PASSWORD and $MT5_SERVER; None where none is named."""
    number, password, server = map(read_variable, ("MT5_LOGIN", "MT5_PASSWORD", "MT5_SERVER"))
    if number is None:
        if password or server:
            raise UsageError("$MT5_PASSWORD or $MT5_SERVER is set and $MT5_LOGIN is not; set it")
        return None
    if not number.isdecimal():
        raise UsageError(f"$MT5_LOGIN {number!r} is no account's number")
    return Login(int(number), password, server)


class LoggingIn:
    """Be a terminal that logs in to one account whenever it is connected to."""

    def __init__(self, terminal: Any, login: Login) -> None:
        self._terminal, self._login = terminal, login

    def __getattr__(self, name: str) -> Any:
        """Return the function of the terminal."""
        return getattr(self._terminal, name)

    def initialize(self) -> bool:
        """Connect, and log in."""
        return bool(self._terminal.initialize(**self._login.words()))


def open_terminal(name: str) -> Any:  # Any: a module here, an object there, of one API
    """Return the API of `mt5` or of `sim:ADDRESS`, connected to; raise OperatorError.

    A terminal is logged in to the account that the environment names, else it stays with the one
    it has; `feed:FILE` has none.
    """
    if name.startswith(PROVIDED):
        from assay.apps.edge.provider import open_provider

        return open_provider(Path(name.removeprefix(PROVIDED)))
    if name == "mt5":
        terminal = _official()
    elif name.startswith(SIMULATED):
        from assay.trading.terminal import connect_terminal

        terminal = connect_terminal(name.removeprefix(SIMULATED))
    else:
        raise UsageError(f"terminal {name!r} is unknown; use mt5, sim:ADDRESS or feed:FILE")
    login = read_login()
    # A terminal may hang in any call, and the connector must go on to say so.
    terminal = BoundedTerminal(LoggingIn(terminal, login) if login else terminal)
    if not terminal.initialize():
        number, text = terminal.last_error()
        terminal.shutdown()
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
        # A clock that was set back holds nothing up.
        if found is None and not 0 <= now - self._tried < AWAY_EVERY:
            self._tried = now
            if self._terminal.terminal_info() is None:
                self._terminal.initialize()
        return found
