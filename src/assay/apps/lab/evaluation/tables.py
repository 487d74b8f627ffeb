"""The tables of an evaluation: rules, sides, deciles of what was promised, months and regimes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.apps.lab.evaluation.baselines import Baseline
from assay.apps.lab.evaluation.verdict import SEED, blocks_of
from assay.kernel.records import READY
from assay.model.regimes import Regime
from assay.runtime.ids import seeded_generator
from assay.signals.calibration import ONE
from assay.signals.calibration.resampling import BlockCounts
from assay.signals.calibration.scoring import log_losses
from assay.signals.evidence import Mean, Stretches, bound_means, calibration_band

if TYPE_CHECKING:
    from assay.apps.lab.evaluation.judging import Judged
    from assay.model.accounts import AccountSpec
    from assay.signals.prediction import Taught

DECILES = 10
MEANS, SCORES, BAND = 31, 32, 33
"""Streams of chance, one each."""
SIDES = ("long", "short")


def judge_chance(judged: Judged, taught: Taught, account: AccountSpec) -> dict[str, Any]:
    """Return what chance does to the scores, and the cost at which nothing would be earned.

    Brier score and log loss have 95 % intervals by resampling stretches of two horizons; `ece_band`
    is where the calibration error would lie were every probability true, `ece_p` how often it would
    be as large. Costs are in currency a lot, as decisions reckon with them.
    """
    p = judged.forecasts["p_up"] / ONE
    block = blocks_of(judged.time, taught.horizon * taught.timeframe)
    stretches, rows = Stretches.of(block), np.zeros(len(judged), np.int64)
    losses = (p - judged.up) ** 2, log_losses(p, judged.up)
    (brier,), (loss,) = bound_means(
        [stretches.add_up(each, rows, 1) for each in losses], seeded_generator(SEED, SCORES)
    )
    chance = calibration_band(p, judged.up, block, seeded_generator(SEED, BAND))
    return {
        "brier_lower": brier.lower, "brier_upper": brier.upper, "log_loss_lower": loss.lower,
        "log_loss_upper": loss.upper, "ece_band_lower": chance.lower,
        "ece_band_upper": chance.upper, "ece_p": chance.p,
        **_costs(judged, judged.taken, 10.0**account.currency_digits),
    }  # fmt: skip


def measure_judged(
    judged: Judged, stretches: Stretches, players: Sequence[Baseline], regimes: np.ndarray,
    money: float,
) -> dict[str, Any]:  # fmt: skip
    """Return the tables by name; the model is the first player.

    `regimes` [n] are below 0 where unknown; `money` is minor units to one. All intervals come from
    the same resampled stretches.
    """
    net = judged.side_net.astype(np.float64)
    months, months_of = _months(judged)
    deciles, decile_of = _deciles(judged)
    mine, taken = players[0], judged.taken
    groups = {
        "sides": (np.where(judged.choice["side"] > 0, 0, 1), len(SIDES)),
        "months": (months_of, len(months)), "regimes": (regimes, len(Regime)),
    }  # fmt: skip
    counts: list[BlockCounts] = [
        stretches.add_up(net, decile_of, deciles),
        *(stretches.add_up(net, np.where(taken, group, -1), size)
          for group, size in groups.values()),
        *(stretches.add_up(judged.net_of(each.takes), np.where(each.takes != 0, 0, -1), 1)
          for each in players),
        *(stretches.add_up(net - judged.net_of(each.leans), np.where(taken, 0, -1), 1)
          for each in players[1:]),
    ]  # fmt: skip
    kept, *rest = bound_means(counts, seeded_generator(SEED, MEANS))
    split, rest = dict(zip(groups, rest, strict=False)), rest[len(groups) :]
    owns = [each for (each,) in rest[: len(players)]]
    leads = [None, *(each for (each,) in rest[len(players) :])]
    return {
        "baselines": [
            _tell_rule(judged, each, taken, (own, lead), money)
            for each, own, lead in zip(players, owns, leads, strict=True)
        ],
        "sides": [
            {"side": name, **_tell_side(judged, taken & (groups["sides"][0] == k), money),
             **_bounds("net", split["sides"][k], money)}
            for k, name in enumerate(SIDES)
        ],
        "deciles": _tell_deciles(judged, decile_of, kept, money),
        "months": [
            {"month": name, **_tell_group(judged, mine, months_of == k),
             **_bounds("net", split["months"][k], money)}
            for k, name in enumerate(months)
        ],
        "regimes": [
            {"regime": regime.label, **_tell_group(judged, mine, regimes == regime),
             **_bounds("net", split["regimes"][regime], money)}
            for regime in Regime if (regimes == regime).any()
        ],
    }  # fmt: skip


def _bounds(name: str, found: Mean | None, money: float) -> dict[str, float | None]:
    values = (None, None, None) if found is None else (found.mean, found.lower, found.upper)
    return {
        f"{name}_{part}": None if value is None else value / money
        for part, value in zip(("mean", "lower", "upper"), values, strict=True)
    }


def _tell_rule(
    judged: Judged, rule: Baseline, taken: np.ndarray, bounds: tuple[Mean, Mean | None],
    money: float,
) -> dict[str, Any]:  # fmt: skip
    """Return a rule's row: what it took, how it would have done where the model took, and all."""
    own, lead = bounds
    acts, leans = rule.takes != 0, rule.leans != 0
    net, there = judged.net_of(rule.takes), taken & leans
    same = judged.net_of(rule.leans)
    return {
        "rule": rule.name, "taken": int(acts.sum()), "accuracy": _mean((net > 0)[acts]),
        **_bounds("net", own, money),
        "accuracy_same": _mean((same > 0)[there]),
        "net_same": None if not taken.any() else float(same[taken].mean()) / money,
        **_bounds("lead", lead, money),
        "direction_accuracy_all": _mean(((rule.leans > 0) == judged.up)[leans]),
        "log_loss": None if rule.p_up is None else _mean(log_losses(rule.p_up, judged.up)),
    }  # fmt: skip


def _tell_side(judged: Judged, mine: np.ndarray, money: float) -> dict[str, Any]:
    from assay.apps.lab.evaluation.judging import break_even

    net = judged.side_net[mine]
    right = ((judged.choice["side"] > 0) == judged.up)[mine]
    return {
        "taken": int(mine.sum()), "accuracy": _mean(net > 0),
        "break_even_accuracy": break_even(net), "direction_accuracy": _mean(right),
        **_costs(judged, mine, money),
    }  # fmt: skip


def _costs(judged: Judged, mine: np.ndarray, money: float) -> dict[str, float | None]:
    """Return the mean cost a lot that was reckoned with, and the one at which nothing is earned."""
    cost, net = _mean(judged.choice["cost"][mine]), _mean(judged.side_net[mine])
    if cost is None or net is None:
        return {"cost_mean": None, "break_even_cost": None}
    return {"cost_mean": cost / money, "break_even_cost": (cost + net) / money}


def _tell_group(judged: Judged, model: Baseline, mine: np.ndarray) -> dict[str, Any]:
    """Return the figures of a month or regime: all its bars, and those taken."""
    acts = mine & judged.taken
    p = judged.forecasts["p_up"] / ONE
    return {
        "n": int(mine.sum()), "taken": int(acts.sum()),
        "direction_accuracy_all": _mean(((model.leans > 0) == judged.up)[mine]),
        "log_loss": _mean(log_losses(p[mine], judged.up[mine])),
        "accuracy": _mean((judged.side_net > 0)[acts]),
    }  # fmt: skip


def _months(judged: Judged) -> tuple[list[str], np.ndarray]:
    month = judged.time.astype("datetime64[ns]").astype("datetime64[M]")
    names, place = np.unique(month, return_inverse=True)
    return [str(each) for each in names], place


def _deciles(judged: Judged) -> tuple[int, np.ndarray]:
    """Return how many groups of about equal mass of what was promised, and each bar's, or -1.

    Bars on which the model said nothing have none; equal promises stay together.
    """
    ready = judged.forecasts["state"] == READY
    promised = judged.choice["expected"][ready]
    found = np.full(len(judged), -1)
    if not len(promised):
        return 0, found
    edges = np.unique(np.quantile(promised, np.linspace(0, 1, DECILES + 1)[1:-1], method="nearest"))
    _, found[ready] = np.unique(np.searchsorted(edges, promised, "right"), return_inverse=True)
    return int(found.max()) + 1, found


def _tell_deciles(
    judged: Judged, decile_of: np.ndarray, kept: Sequence[Mean], money: float
) -> list[dict[str, Any]]:
    return [
        {
            "n": each.rows, "taken": int((judged.taken & (decile_of == k)).sum()),
            "promised": float(judged.choice["expected"][decile_of == k].mean()) / money,
            **_bounds("realised", each, money),
        }
        for k, each in enumerate(kept)
    ]  # fmt: skip


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None
