"""What each run of a home was asked to trade, kept so that its days can be run again."""

from __future__ import annotations

import msgspec

from assay.apps.paper.plan import Plan
from assay.apps.paper.view.sheet import write_whole
from assay.model.errors import DataError, UsageError
from assay.runtime.home import Home

FOLDER = "plans"


class KeptPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a run's plan, and the digest of all that decided its outcome as it began."""

    run: int
    plan: Plan
    setup: str


def keep_plan(home: Home, kept: KeptPlan) -> None:
    """Write down what a run trades."""
    write_whole(home.folder(FOLDER) / f"{kept.run}.json", kept)


def read_plan(home: Home, run: int) -> KeptPlan:
    """Return what a run traded; raise UsageError where nobody kept it."""
    path = home.path / FOLDER / f"{run}.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=KeptPlan)
    except FileNotFoundError:
        raise UsageError(f"nobody kept what run {run} traded; name a later --run") from None
    except msgspec.MsgspecError as error:
        raise DataError(f"{path} is damaged ({error}); restore a backup") from None
