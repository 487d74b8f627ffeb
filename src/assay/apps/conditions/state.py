"""What the process `conditions` knows now, in a file that the web process answers from as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from assay.model.time import format_time
from assay.runtime.home import Home

FILE = "conditions.json"
PARTS = ("regimes", "correlations", "drift")
NOTHING: dict[str, Any] = {"regimes": [], "correlations": None, "drift": []}  # Any: as JSON
_TIMES = ("time", "since", "broke_since")


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Hold each part as JSON, the place in the journal that it is of, and why a part is off.

    The web process loads none of what makes the parts, so it passes them on unread.
    """

    position: int
    regimes: msgspec.Raw
    correlations: msgspec.Raw
    drift: msgspec.Raw
    off: dict[str, str] = {}


def write_state(
    home: Home, position: int, parts: Mapping[str, Any], off: Mapping[str, str]
) -> None:
    """Replace the file; `parts` are structs whose times become texts."""
    given = {name: msgspec.Raw(msgspec.json.encode(tell_times(parts[name]))) for name in PARTS}
    path = home.folder("run") / FILE
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(State(position=position, off=dict(off), **given)))
    fresh.replace(path)


def read_state(home: Home) -> State | None:
    """Return what is known now, None where nothing was told yet."""
    try:
        return msgspec.json.decode((home.path / "run" / FILE).read_bytes(), type=State)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def tell_times(part: Any) -> Any:
    """Return structs as plain values, times (ns UTC) as texts, 0 as none."""
    return _tell(msgspec.to_builtins(part))


def _tell(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _moment(each) if name in _TIMES else _tell(each) for name, each in value.items()
        }
    return [_tell(each) for each in value] if isinstance(value, list | tuple) else value


def _moment(time: int | None) -> str | None:
    return format_time(time) if time else None
