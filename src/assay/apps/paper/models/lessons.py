"""What the trainer tells while it teaches."""

from __future__ import annotations

import msgspec

from assay.runtime.home import Home

TAUGHT = "taught.json"


class Teaching(msgspec.Struct, frozen=True, kw_only=True):
    """Say what the trainer is at, and at the end which model it made."""

    stage: str
    share: float
    model: str = ""
    skilled: bool = False
    seconds: float = 0.0


def read_teaching(home: Home) -> Teaching | None:
    """Return what the trainer last told, None before it has told anything."""
    try:
        return msgspec.json.decode((home.path / "run" / TAUGHT).read_bytes(), type=Teaching)
    except (OSError, msgspec.MsgspecError):
        return None
