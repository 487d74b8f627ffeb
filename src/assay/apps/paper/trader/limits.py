"""The limits that a tenant has set by hand, and which others may be set in a run."""

from __future__ import annotations

from collections.abc import Mapping

from assay.apps.lab.runs.setup import Setup
from assay.model.errors import UsageError
from assay.model.messages import LimitsChanged, LimitSet
from assay.runtime.journal import Journal
from assay.trading.risk.limits import read_changes


def limits_set(journal: Journal, tenant: str) -> dict[str, str]:
    """Return the limits that a tenant has set so far, in whichever run, as they were written."""
    found: dict[str, str] = {}
    for recorded in journal.read(kinds=("LimitsChanged",)):
        told = recorded.message
        if isinstance(told, LimitsChanged) and told.tenant == tenant:
            found |= {each.name: each.value for each in told.limits}
    return found


def tell_limits(limits: Mapping[str, str], reason: str, by: str, now: int) -> LimitsChanged:
    """Return the message that limits change now; whoever takes it says for whom."""
    told = tuple(LimitSet(*each) for each in limits.items())
    return LimitsChanged(id=0, ts_event=now, ts_init=now, limits=told, reason=reason, by=by)


def check_changes(setup: Setup, limits: Mapping[str, str]) -> dict[str, str]:
    """Return limits as they are recorded; raise UsageError for what a run cannot hold to."""
    texts = [f"{name}={value}" for name, value in limits.items()]
    changes = read_changes(texts, setup.symbols)
    wanted = setup.profile.changed(changes)
    if wanted.minds_news and not setup.profile.minds_news:
        raise UsageError(
            "this run knows of no releases, so every new risk would be denied; set news_before or "
            "news_after under [risk.limits] in config.toml and start anew with --calendar"
        )
    if wanted.needs_measures and setup.measures is None:
        raise UsageError(
            "this run does not measure value at risk, so every new risk would be denied; set "
            '[risk] measure = "historical" in config.toml and start anew'
        )
    return changes
