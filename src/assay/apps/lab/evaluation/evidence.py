"""The evidence for and against a judged model: simple rules, promises, regimes, features."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.apps.lab.evaluation.baselines import Baseline, play_baselines
from assay.apps.lab.evaluation.importance import weigh_features
from assay.apps.lab.evaluation.material import Seen
from assay.apps.lab.evaluation.regimes import regimes_before
from assay.apps.lab.evaluation.tables import measure_judged
from assay.apps.lab.evaluation.verdict import blocks_of
from assay.books.analytics.reality import judge_superiority
from assay.signals.calibration import ONE
from assay.signals.evidence import Stretches

if TYPE_CHECKING:
    from assay.apps.lab.evaluation.judging import Evaluation, Judged
    from assay.signals.prediction.artifact import Graphs

SPA_DRAWS, SPA_BLOCK = 500, 5.0
"""Resamples of Hansen's test, in blocks of so many stretches of two horizons on average."""
SPA_STRETCHES_MIN = 100
"""At 5 % it finds a difference where there is none in 11 % of spans of 100, 6 % of 300 or more."""
MODEL = "model"


def gather_evidence(
    evaluation: Evaluation, seen: Sequence[Seen], graphs: Graphs, start: int,
    tell: Callable[[str, float], None],
) -> Evaluation:  # fmt: skip
    """Return the evaluation with its evidence among the figures, as docs/models.md tells it.

    `start` is the first bar to judge (ns UTC). Money is in whole currency a lot.
    """
    judged, artifact = evaluation.judged, evaluation.artifact
    taught = artifact.taught
    block = blocks_of(judged.time, taught.horizon * taught.timeframe)
    tell("playing simple rules", 0.2)
    rules, no_line = play_baselines(judged, seen, artifact)
    tell("telling regimes", 0.4)
    regimes, ahead, no_regime = regimes_before(judged, seen, start)
    tell("weighing features", 0.6)
    importance = weigh_features(judged, seen, graphs)
    tell("resampling", 0.9)
    stretches, players = Stretches.of(block), [as_rule(judged), *rules]
    money = 10.0**evaluation.account.currency_digits
    tables = measure_judged(judged, stretches, players, regimes, money)
    figures, (own, flat_row, *_) = evaluation.figures, tables["baselines"]
    for part in ("mean", "lower", "upper"):
        # What the verdict tells is told once: resampled again it would differ in its last digits.
        own[f"net_{part}"] = flat_row[f"lead_{part}"] = figures[f"net_{part}"]
    found = {
        **tables, "superiority": judge_rules(judged, stretches, players),
        "regimes_over": ahead, "importance": importance,
        "absent": [each for each in (no_line, no_regime, importance["why"]) if each],
    }  # fmt: skip
    return replace(evaluation, figures={**figures, "evidence": found})


def as_rule(judged: Judged) -> Baseline:
    """Return what the model itself leans to and takes, as those of a rule."""
    p = judged.forecasts["p_up"] / ONE
    return Baseline(
        name=MODEL, leans=np.where(p >= 0.5, 1, -1),
        takes=np.where(judged.taken, judged.choice["side"], 0), p_up=p,
    )  # fmt: skip


def judge_rules(
    judged: Judged, stretches: Stretches, players: Sequence[Baseline], draws: int = SPA_DRAWS
) -> dict[str, Any]:
    """Return the p-values of Hansen's test of the model (the first player) against each rule.

    What each earned by its own decisions with one lot is compared by stretches of two horizons.
    `beats` holds for each rule how likely such a lead of the model is by chance, `beats_all` the
    largest of them, the test that it is better than every rule; `beaten` is small where some rule
    is better than the model, luck of the search among them included. Nothing where stretches are
    too few. Sources: P. Hansen, A test for superior predictive ability, 2005; R. Berger,
    Multiparameter hypothesis testing and acceptance sampling, Technometrics, 1982 (the largest).
    """
    if stretches.count < SPA_STRETCHES_MIN:
        return {"beats": {}, "beats_all": None, "beaten": None}
    one = np.zeros(len(judged), np.int64)
    earned = np.column_stack([
        stretches.add_up(judged.net_of(each.takes), one, 1).successes for each in players
    ])  # fmt: skip
    leads = earned[:, :1] - earned[:, 1:]
    beats = {
        rule.name: judge_superiority(lead[:, None], draws=draws, block=SPA_BLOCK).p
        for rule, lead in zip(players[1:], leads.T, strict=True)
    }
    beaten = judge_superiority(-leads, draws=draws, block=SPA_BLOCK).p
    return {"beats": beats, "beats_all": max(beats.values()), "beaten": beaten}
