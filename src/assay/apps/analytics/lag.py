"""How far analytics are behind the trader, in a small file."""

from __future__ import annotations

from typing import Any

import msgspec

from assay.runtime.home import Home

FILE = "analytics.json"


class Lag(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the place in the journal up to which analytics are written, and what is missing.

    `behind` counts messages, `seconds` is how long the oldest of them has waited; `error` says why
    nothing was written the last time, empty where it was.
    """

    position: int = 0
    behind: int = 0
    seconds: float = 0.0
    error: str = ""


def write_lag(home: Home, lag: Lag) -> None:
    """Replace the file."""
    path = home.folder("run") / FILE
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(lag))
    fresh.replace(path)


def read_lag(home: Home) -> dict[str, Any] | None:
    """Return what the store process said last, None where it has said nothing."""
    try:
        lag = msgspec.json.decode((home.path / "run" / FILE).read_bytes(), type=Lag)
    except (OSError, msgspec.DecodeError):
        return None
    return msgspec.structs.asdict(lag)
