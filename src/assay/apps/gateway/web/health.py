"""Whether the platform is well: for anybody on this machine, so without anything private."""

from __future__ import annotations

from typing import Any

from assay.apps.analytics.lag import read_lag
from assay.apps.paper.view.picture import PICTURE, read_picture
from assay.runtime.home import Home
from assay.runtime.supervisor import read_state

_WELL = ("running", "done")


def health(home: Home) -> dict[str, Any]:
    """Return the processes of a home, how far its trader is, and whether it is halted."""
    picture, state = read_picture(home.path / "run" / PICTURE), read_state(home)
    children = {each.name: each.status for each in state.children} if state else {}
    return {
        "status": "ok" if all(each in _WELL for each in children.values()) else "degraded",
        "processes": children,
        "events": picture.events if picture else 0,
        "halted": bool(picture and picture.halted),
        "analytics": read_lag(home),
    }
