"""The judges of a run, as its settings appoint them."""

from __future__ import annotations

import numpy as np

from assay.apps.lab.risk.acts import Acts
from assay.apps.lab.runs.setup import Setup
from assay.kernel.records import SESSION_CLOSES, SESSION_OPENS
from assay.model.errors import UsageError
from assay.trading.engine.world import World
from assay.trading.risk.acts.clusters import ClusterJudge
from assay.trading.risk.acts.judge import Judge
from assay.trading.risk.acts.margin import MarginJudge
from assay.trading.risk.acts.pauses import PAUSE, PauseJudge, Span
from assay.trading.risk.acts.prop import PropJudge
from assay.trading.risk.acts.regimes import RegimeJudge
from assay.trading.risk.acts.volatility import VolatilityJudge
from assay.trading.risk.groups import usual_clusters

NEVER = 2**62
SLACK_SHARE = 20
"""A cluster is brought to a twentieth below its share."""


def appoint_judges(setup: Setup, acts: Acts, world: World) -> list[Judge]:
    """Return the judges that a run asks for, the strictest first."""
    lots = {spec.symbol: spec.lot_units for spec in setup.instruments}
    found: list[Judge] = []
    if acts.margin_level:
        found.append(MarginJudge(acts.margin_level))
    if acts.prop is not None:
        found.append(
            PropJudge(
                acts.prop, lots, flatten_percent=acts.prop_flatten, initial=acts.prop_initial,
                releases=dict(acts.releases),
            )
        )  # fmt: skip
    if acts.band is not None:
        from assay.apps.lab.risk.banding import BandJudge

        found.append(BandJudge(acts.band))
    if acts.pauses is not None:
        found.append(PauseJudge(acts.pauses, find_pauses(setup, world)))
    if acts.volatility is not None:
        at_venue = bool(setup.account.venue)
        found.append(VolatilityJudge(acts.volatility, setup.symbols, at_venue=at_venue))
    if acts.cluster_share or acts.weights:
        share, members = acts.cluster_share, cluster_members(setup)
        found.append(ClusterJudge(share, members, share // SLACK_SHARE, dict(acts.weights)))
    if acts.regime_sizes:
        found.append(RegimeJudge(dict(acts.regime_sizes), setup.symbols))
    return found


def find_pauses(setup: Setup, world: World) -> dict[str, list[Span]]:
    """Return when each market is shut for a day or more, from the schedule of its session.

    Raises UsageError for a market whose session never turns: nobody knows of its weekends.
    """
    found: dict[str, list[Span]] = {}
    for symbol, terms in zip(setup.symbols, world.instruments, strict=True):
        rows = world.schedule[int(terms["schedule_from"]) : int(terms["schedule_to"])]
        turns = rows[np.isin(rows["kind"], (SESSION_OPENS, SESSION_CLOSES))]
        spans, shut = list[Span](), None
        for ts, kind in zip(turns["ts"].tolist(), turns["kind"].tolist(), strict=True):
            if kind == SESSION_CLOSES:
                shut = ts if shut is None else shut
            elif shut is not None:
                spans.append(Span(shut, ts))
                shut = None
        if shut is not None:
            spans.append(Span(shut, NEVER))
        found[symbol] = [span for span in spans if span.opens - span.shuts >= PAUSE]
        if not found[symbol]:
            raise UsageError(
                f"{symbol} is never shut by its sessions, so no weekend of it is known; set "
                f'[instruments.{symbol}] sessions, or weekend = "hold" under [acts]'
            )
    return found


def cluster_members(setup: Setup) -> dict[str, tuple[str, ...]]:
    """Return the clusters of each symbol, as the rule of cluster exposure counts them."""
    given = dict(setup.profile.clusters) or usual_clusters(setup.instruments)
    return {
        symbol: tuple(name for name, symbols in sorted(given.items()) if symbol in symbols)
        for symbol in setup.symbols
    }
