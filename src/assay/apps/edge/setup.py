"""What a person says of a terminal: its symbols, its clock, its confirmed account."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from assay.apps.edge.quotes import Quoted
from assay.model.errors import OperatorError, UsageError
from assay.runtime.environment import read_variable
from assay.trading.brokers.mt5.account import read_arm
from assay.trading.brokers.mt5.servertime import ServerClock
from assay.trading.brokers.mt5.state import MT5Settings

USUAL_CLOCK, UTC_CLOCK = "2:new-york", "0:fixed"
BACKEND = "BACKEND_URL"
_SPOKEN = {"http": "ws", "https": "wss"}


def name_bridge(given: str | None) -> str:
    """Return where to dial: what is given, else $BACKEND_URL; raise UsageError for neither."""
    url = given or read_variable(BACKEND)
    if url is None:
        raise UsageError(
            f"--bridge or ${BACKEND} says where to dial, such as wss://desk.example:8001"
        )
    scheme, sign, rest = url.partition("://")
    return f"{_SPOKEN.get(scheme, scheme)}{sign}{rest}"


def read_trading(file: Path, arm: Path | None = None) -> MT5Settings:
    """Read what a person confirmed of a terminal's account, in TOML or JSON.

    Real money is traded where a private file `arm` has its login. Raises OperatorError or
    UsageError.
    """
    try:
        decode = msgspec.json.decode if file.suffix == ".json" else msgspec.toml.decode
        settings = decode(file.read_bytes(), type=MT5Settings)
    except OSError as error:
        raise OperatorError(f"{file} cannot be read: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise UsageError(f"{file} is no confirmed account: {error}") from None
    return msgspec.structs.replace(settings, armed_login=read_arm(arm)) if arm else settings


def choose_symbols(text: str, terminal: Any, settings: MT5Settings | None = None) -> list[Quoted]:
    """Return the symbols to quote, ours and the broker's names; raise UsageError for a stranger.

    The broker's name is the confirmed one where there is one, else what is given behind `=`.
    """
    links = {each.symbol: each for each in settings.links} if settings else {}
    chosen = []
    for part in filter(None, (each.strip() for each in text.split(","))):
        symbol, _, given = part.partition("=")
        link = links.get(symbol)
        name = link.name if link else given or symbol
        if not terminal.symbol_select(name, True):
            raise UsageError(f"the terminal has no symbol {name!r}; write {symbol}=ITS-NAME")
        digits = link.digits if link else int(terminal.symbol_info(name).digits)
        chosen.append(Quoted(symbol, name, digits))
    if not chosen or len({each.symbol for each in chosen}) < len(chosen):
        raise UsageError(f"--symbols {text!r} names nothing, or something twice")
    return chosen


def parse_clock(text: str | None) -> ServerClock:
    """Read hours ahead of UTC in winter and whose summer time; raise UsageError.

    Without a text it is New York's clock and seven hours, as most brokers keep.

    >>> parse_clock("2:new-york").offset_s
    7200
    """
    hours, _, family = (text or USUAL_CLOCK).partition(":")
    try:
        return msgspec.convert(
            {"offset_s": round(float(hours) * 3_600), "family": family or "fixed"}, ServerClock
        )
    except (ValueError, msgspec.ValidationError):
        raise UsageError(
            f"server clock {text!r} is none such as 2:new-york, 2:europe or 0:fixed"
        ) from None


def find_starts(terminal: Any, quoted: Sequence[Quoted]) -> dict[Quoted, int]:
    """Return the broker's time of each symbol's newest quote: nobody asked for those before."""
    ticks = {each: terminal.symbol_info_tick(each.broker_name) for each in quoted}
    return {each: int(tick.time_msc) if tick else 0 for each, tick in ticks.items()}
