"""A search for settings as a run of MLflow, its trials as runs within it."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from assay.apps.lab.tuning.finding import Finding
from assay.apps.mirror.outbox import Entry
from assay.apps.mirror.telling import numbers_of
from assay.signals.tuning import FAILED, OPEN

TUNE, TRIAL = "tune", "trial"


def tell_study(found: Finding, told: Mapping[str, Any], span: tuple[int, int]) -> list[Entry]:
    """Tell of a study and of each of its trials that was settled, as runs within it.

    `found` is a Finding, `told` what `assay tune` prints. A study that went on adds to its runs.
    """
    at, until = span
    key = f"{TUNE} {found.study} {found.digest}"
    counts = {state: told[state] for state in ("judged", "pruned", "failed", "open")}
    gain = {name: told[name] for name in ("gain", "gain_lower", "gain_upper", "p")}
    study = Entry(
        key=key, name=found.study, kind=TUNE, at=at, until=until,
        params={"study": found.study, "families": ",".join(found.families),
                "metric": found.metric, "seen_until": told["seen_until"]},
        metrics=numbers_of({**counts, **gain, "best_cost": told["best"]["cost"],
                          "usual_cost": told["usual"]["cost"], "trials": told["trials"]}),
        tags={"verdict": told["verdict"], "best": str(told["best"]["number"]),
              "settings_sha256": sha256(repr(found.tuned.settings).encode()).hexdigest()},
    )  # fmt: skip
    trials = [
        Entry(
            key=f"{TRIAL} {found.study} {found.digest} {each.number}", kind=TRIAL,
            name=f"{found.study} {each.number}", at=at, until=until, parent=key,
            params={name: f"{value:.10g}" for name, value in each.settings.items()},
            metrics={} if each.cost is None else {"cost": each.cost},
            tags={"state": each.state, **({"reason": each.reason} if each.reason else {})},
            failed=each.state == FAILED,
        )
        for each in found.attempts if each.state != OPEN
    ]  # fmt: skip
    return [study, *trials]
