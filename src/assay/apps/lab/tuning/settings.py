"""Settings that a search chose, as a training reads them: without the search's own library."""

from __future__ import annotations

from pathlib import Path

import msgspec

from assay.model.errors import DataError, UsageError
from assay.runtime.home import Home
from assay.signals.prediction import Tuned

STUDIES, BEST = "tuning", "best.json"
"""Where a home keeps its studies, and what in the folder of each holds the best settings."""


def read_settings(path: Path) -> Tuned:
    """Read settings that a search wrote; raise UsageError where there are none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Tuned)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read ({error.strerror}); `assay tune` writes settings"
        ) from None
    except msgspec.MsgspecError as error:
        raise DataError(f"{path}: {error}; give a file that `assay tune` wrote") from None


def find_settings(home: Home, study: str) -> Tuned:
    """Read the best settings of a study of the home; raise UsageError where it has none."""
    path = home.path / STUDIES / study / BEST
    if not path.exists():
        known = sorted(each.parent.name for each in (home.path / STUDIES).glob(f"*/{BEST}"))
        raise UsageError(
            f"study {study!r} has no best settings yet; "
            + (f"there are {', '.join(known)}" if known else "`assay tune` makes one")
        )
    return read_settings(path)
