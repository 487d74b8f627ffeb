"""`assay evaluate`: what a model says of bars it never saw, and what trading it would have made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from assay.apps.config import Config
from assay.apps.lab.evaluation.evidence import gather_evidence
from assay.apps.lab.evaluation.guard import judge_guard, sides_acted_on
from assay.apps.lab.evaluation.material import Seen
from assay.apps.lab.evaluation.tables import judge_chance
from assay.apps.lab.evaluation.verdict import blocks_of, mean_net, word_verdict
from assay.apps.lab.models.forecasting import check_features, check_traded, forecast_events
from assay.apps.lab.models.labelling import (
    Instrument,
    check_feed,
    label_instrument,
    read_instrument,
    told_by_leaders,
)
from assay.apps.lab.models.training import read_series
from assay.apps.lab.runs.drivers import sweep
from assay.apps.lab.runs.setup import Costs, prepare
from assay.apps.lab.trial import Look, enter_look, span_of, tell_trial
from assay.books.analytics.performance import max_drawdown, sharpe_ratio
from assay.books.trials import Trial, TrialLedger
from assay.kernel.records import BASE_BAR, SILENCED, WARMING
from assay.market.series import BarSeries
from assay.model.accounts import AccountSpec
from assay.model.errors import DataError
from assay.model.time import SECOND, format_time
from assay.runtime.clock import Stopwatch
from assay.signals.calibration import ONE
from assay.signals.calibration.scoring import area_under_curve, score_probabilities
from assay.signals.labels import LONG, SHORT
from assay.signals.prediction import (
    Artifact,
    Forecaster,
    Shown,
    Taught,
    forecast_guarded,
    read_artifact,
)
from assay.signals.training import Rows
from assay.trading.decision.weighing import weigh_bars
from assay.trading.engine.loading import load_strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRequest:
    """Say which model to judge on which files between which times (ns UTC, bar opens).

    With `evidence` simple rules, months, regimes and features are looked at too, which takes time.
    """

    model: Path
    data: Sequence[Path]
    start: int
    end: int | None = None
    costs: Costs = field(default_factory=Costs)
    config: Config = field(default_factory=Config)
    risk: str | None = None
    ledger: TrialLedger | None = None
    evidence: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Hold one row an evaluated bar, pooled over instruments in the order of time.

    `acted` is the side that would be taken were nothing silenced, 0 for none; `votes` [n, members]
    are the scores of up of each member, in ten-thousandths.
    """

    time: np.ndarray
    symbol: np.ndarray
    forecasts: np.ndarray
    choice: np.ndarray
    acted: np.ndarray
    outcome: np.ndarray
    up: np.ndarray
    long_net: np.ndarray
    short_net: np.ndarray
    votes: np.ndarray

    def __len__(self) -> int:
        return len(self.time)

    @property
    def taken(self) -> np.ndarray:
        """Return which bars the model would trade."""
        return self.choice["reason"] == 0

    @property
    def side_net(self) -> np.ndarray:
        """Return what the better side, taken or not, would have earned (minor units a lot)."""
        return np.where(self.choice["side"] > 0, self.long_net, self.short_net)

    def net_of(self, sides: np.ndarray) -> np.ndarray:
        """Return what these sides [n] would have earned, 0 for none (minor units a lot)."""
        net = np.where(sides > 0, self.long_net, self.short_net)
        return np.where(sides == 0, 0, net).astype(np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Hold an evaluation: its figures, every judged bar, the model, and the traded equity."""

    figures: dict[str, Any]
    judged: Judged
    artifact: Artifact
    symbols: Sequence[str]
    account: AccountSpec
    equity: np.ndarray


def evaluate_model(
    request: EvaluationRequest, on_stage: Callable[[str, float], None] | None = None
) -> Evaluation:
    """Judge a model on bars after its calibration, with evidence where asked for.

    Labels, predictions and trades are those of the engine; nothing is fitted on the span.
    """
    tell, watch = on_stage or (lambda _stage, _share: None), Stopwatch()
    seen: list[Seen] = []
    series = read_series(request.data, ())
    found = judge_series(request, series, on_stage, seen if request.evidence else None)
    if request.evidence:
        _, graphs = read_artifact(request.model)
        found = gather_evidence(found, seen, graphs, request.start, tell)
        found.figures["seconds"] = round(watch.elapsed(), 2)
    return found


def judge_series(
    request: EvaluationRequest, series: Sequence[BarSeries],
    on_stage: Callable[[str, float], None] | None = None, seen: list[Seen] | None = None,
) -> Evaluation:  # fmt: skip
    """Judge a model on these bars, whatever files the request names; note what was `seen`.

    Raises DataError for a span that is not after its calibration, UsageError for a model of a
    label that is no trade.
    """
    tell, watch = on_stage or (lambda _stage, _share: None), Stopwatch()
    artifact, graphs = read_artifact(request.model)
    check_traded(artifact)
    ready = artifact.spans.ready_from
    if request.start < ready:
        raise DataError(
            f"--from {format_time(request.start)} is before {format_time(ready)}, when the "
            f"calibration of {artifact.id} ended and one horizon had passed; begin there or later"
        )
    forecaster = Forecaster(artifact, graphs)
    shown = [until(one, request.end) for one in series]
    check_bars(shown, artifact)
    check_features(artifact, [one.symbol for one in shown])
    features, parts = artifact.taught.feature_set, []
    check_feed(features, shown)
    trial = enter_evaluation(request, shown, artifact)
    told = told_by_leaders(shown, features, request.config)
    for number, one in enumerate(shown):
        tell(f"judging {one.symbol}", number / len(shown))
        instrument = read_instrument(one, features, request.config, request.costs, told)
        rows = label_instrument(instrument, forecaster.bracket, number=number, stride=1)
        parts.append(_judge(instrument, forecaster, rows, request.start))
        if seen is not None:
            seen.append(Seen(instrument=instrument, rows=rows, forecaster=forecaster))
    judged = pool_judged(parts)
    if not len(judged):
        before = features.settling + forecaster.window - 1
        raise DataError(
            f"no bar from {format_time(request.start)} on has both settled features ({before} bars "
            "before it) and a known outcome; give more data"
        )
    tell("trading", 1.0)
    account, figures, equity = _trade(request, shown, forecaster)
    figures = {
        "verdict": "", **score(judged), **judge_chance(judged, artifact.taught, account), **figures,
        **judge_edge(judged, artifact.taught, account, skilled=artifact.is_skilled),
        **judge_guard(judged, artifact.taught, [one.symbol for one in shown]),
        **tell_trial(request.ledger, trial, equity, account.cash),
        **score_members(judged, artifact),
        "seconds": round(watch.elapsed(), 2),
    }  # fmt: skip
    return Evaluation(
        figures=figures, judged=judged, artifact=artifact, symbols=[s.symbol for s in shown],
        account=account, equity=equity,
    )  # fmt: skip


def enter_evaluation(
    request: EvaluationRequest, shown: Sequence[BarSeries], artifact: Artifact
) -> Trial | None:
    """Count the look that an evaluation is; None without a ledger or a bar in the span."""
    costs = request.costs.told()
    decides = artifact.id, costs, request.risk, request.config.decisive()
    span = [one.select(one.ts_open >= request.start) for one in shown]
    if not any(map(len, span)):
        return None
    look = Look(
        kind="evaluate", series=span, start=request.start, end=span_of(span)[1],
        strategy=artifact.family, parameters=decides,
    )  # fmt: skip
    return enter_look(request.ledger, look)


def judge_edge(
    judged: Judged, taught: Taught, account: AccountSpec, *, skilled: bool
) -> dict[str, Any]:
    """Return the verdict, and the mean net of what was taken with its bounds (currency a lot)."""
    block = blocks_of(judged.time, taught.horizon * taught.timeframe)
    found = mean_net(judged.side_net.astype(np.float64), judged.taken, block)
    money = 10.0**account.currency_digits
    bounds = {"net_mean": found.mean, "net_lower": found.lower, "net_upper": found.upper}
    verdict = word_verdict(found, account.currency, money, skilled=skilled)
    return {
        "verdict": verdict,
        **{name: None if value is None else value / money for name, value in bounds.items()},
    }


def check_bars(series: Sequence[BarSeries], artifact: Artifact) -> None:
    """Raise DataError where a model was taught by bars of another length."""
    length = int(series[0].timeframe)
    if length != artifact.taught.timeframe:
        raise DataError(
            f"{artifact.id} was taught by bars of {artifact.taught.timeframe // 10**9} s, the "
            f"files hold bars of {length // 10**9} s; give files of the same bars"
        )


def until(series: BarSeries, end: int | None) -> BarSeries:
    """Return the bars that opened before an end (ns UTC), all without one."""
    return series if end is None else series.select(series.ts_open < end)


def _judge(instrument: Instrument, forecaster: Forecaster, rows: Rows, start: int) -> Judged:
    """Return the judged bars of one instrument: settled, in the span, with a known outcome."""
    opened = rows.time - forecaster.artifact.taught.timeframe
    return judge_rows(instrument, forecaster, rows.take(opened >= start))


def judge_rows(instrument: Instrument, forecaster: Forecaster, rows: Rows) -> Judged:
    """Return what a model says of labelled bars of one instrument, and what came.

    Bars before which the model has not settled are left out.
    """
    bars = instrument.bars
    shown = Shown(
        opened=bars.close_time - forecaster.artifact.taught.timeframe,
        features=bars.features,
        close=bars.close,
        spread=bars.spread,
        settled=bars.settled,
    )
    # Of every bar, whatever is judged: a guard follows them all.
    poll = forecaster.ask(shown)
    forecasts = forecast_guarded(forecaster, shown, forecaster.artifact.guard(), poll)
    return judge_forecasts(instrument, forecasts, poll.scores, rows)


def judge_forecasts(
    instrument: Instrument, forecasts: np.ndarray, scores: np.ndarray, rows: Rows
) -> Judged:
    """Return what was said of labelled bars, and what came, where something was said.

    Of every bar there is a FORECAST, and the scores of up of its members.
    """
    bars = instrument.bars
    at = np.searchsorted(bars.close_time, rows.time)
    events = instrument.events[instrument.events["kind"] == BASE_BAR]
    fair = forecasts["state"][at] != WARMING
    at, rows = at[fair], rows.take(fair)
    length = events["seconds"][at].astype(np.int64) * SECOND
    return Judged(
        time=bars.close_time[at] - length, symbol=rows.symbol, forecasts=forecasts[at],
        choice=weigh_bars(events[at], forecasts[at], instrument.setup.terms[0]),
        acted=sides_acted_on(events[at], forecasts[at], instrument.setup.terms[0]),
        outcome=rows.outcome, up=rows.up == 1, long_net=rows.long_net, short_net=rows.short_net,
        votes=scores[at],
    )  # fmt: skip


def score_members(judged: Judged, artifact: Artifact) -> dict[str, Any]:
    """Return how each member of an ensemble foretold the direction alone; nothing for one family.

    Before calibration, which changes neither figure unless a member leans to one side.
    """
    if len(artifact.families) == 1:
        return {}
    return {
        "members": {
            family: {
                "auc": area_under_curve(score / ONE, judged.up),
                "direction_accuracy": float(((score >= ONE // 2) == judged.up).mean()),
            }
            for family, score in zip(artifact.families, judged.votes.T, strict=True)
        }
    }


def pool_judged(parts: Sequence[Judged]) -> Judged:
    """Return the judged bars of all parts in the order of time, then instrument."""
    names = Judged.__dataclass_fields__
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    order = np.lexsort((joined["symbol"], joined["time"]))
    return Judged(**{name: column[order] for name, column in joined.items()})


def score(judged: Judged) -> dict[str, Any]:
    """Return the figures of the forecasts: proper scores of the direction, accuracy of sides.

    `accuracy` is how often what was taken earned after costs, `accuracy_all` how often the side
    the model leans to was the outcome; `direction_…` count the direction alone, without costs.
    """
    n, taken = len(judged), judged.taken
    p = judged.forecasts["p_up"] / ONE
    leans = np.where(p >= 0.5, LONG, SHORT)
    right = (p >= 0.5) == judged.up
    scores = score_probabilities(p, judged.up)
    shares = np.bincount(judged.outcome, minlength=LONG + 1) / n
    won = judged.side_net > 0
    side = judged.choice["side"] > 0
    return {
        "n": n, "taken": int(taken.sum()), "coverage": float(taken.mean()),
        "accuracy": _mean(won[taken]), "accuracy_all": float((leans == judged.outcome).mean()),
        "accuracy_long": _mean(won[taken & side]), "accuracy_short": _mean(won[taken & ~side]),
        "base_rate": float(shares.max()), "neither_rate": float(1 - shares[LONG] - shares[SHORT]),
        "direction_accuracy": _mean((side == judged.up)[taken]),
        "direction_accuracy_all": float(right.mean()), "up_rate": float(judged.up.mean()),
        "brier": scores.brier, "log_loss": scores.log_loss, "ece": scores.ece, "auc": scores.auc,
        "break_even_accuracy": break_even(judged.side_net[taken]),
    }  # fmt: skip


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None


def break_even(net: np.ndarray) -> float | None:
    """Return the share of winners at which these would have earned nothing; None without both."""
    won, lost = net[net > 0], net[net <= 0]
    if not len(won) or not len(lost):
        return None
    gain, loss = float(won.mean()), float(-lost.mean())
    return loss / (gain + loss) if gain + loss else None


def _trade(
    request: EvaluationRequest, series: Sequence[BarSeries], forecaster: Forecaster
) -> tuple[AccountSpec, dict[str, Any], np.ndarray]:  # fmt: skip
    """Trade the span with strategy `ai` on one account; one bracket an instrument at a time."""
    setup = prepare(
        series, load_strategy("ai"), given={}, costs=request.costs, risk=request.risk or "default",
        config=request.config,
    )  # fmt: skip
    run = sweep(forecast_events(replace(setup, forecaster=forecaster), request.start))
    # The idle days before the span are no days without a return.
    rows, cash = run.outcome.equity, setup.account.cash
    rows = rows[rows["ts"] > request.start]
    equity = rows["equity"]
    figures = {
        "trades": int((run.outcome.fills["position"] == 0).sum()),
        "net_return": (int(equity[-1]) - cash) / cash,
        "sharpe": sharpe_ratio(rows["ts"], equity, initial=cash),
        "max_drawdown": max_drawdown(equity, cash),
    }
    return setup.account, figures, rows


def write_predictions(evaluation: Evaluation, path: Path) -> None:
    """Write the predictions as Parquet: beside, then into place."""
    import pyarrow.parquet as pq

    beside = path.with_name(f".{path.name}")
    found = evaluation
    pq.write_table(predictions_table(found.judged, found.symbols, found.artifact.id), beside)
    beside.replace(path)


def predictions_table(judged: Judged, symbols: Sequence[str], model: str) -> Any:
    """Return one row an evaluated bar, so that anyone can recompute the figures."""
    import pyarrow as pa

    share = {
        name: judged.forecasts[of] / ONE
        for name, of in (("p_up", "p_up"), ("p_lower", "up_lower"), ("p_upper", "up_upper"),
                         ("p_long", "p_long"), ("p_short", "p_short"))
    }  # fmt: skip
    names = np.array(symbols)
    columns: dict[str, Any] = {
        "time": pa.array(judged.time // 1000, pa.timestamp("us", tz="UTC")),
        "symbol": names[judged.symbol], **share,
        "edge": judged.choice["expected"], "side": judged.choice["side"], "taken": judged.taken,
        "acted": judged.acted, "set_size": judged.forecasts["set_size"],
        "evidence": judged.forecasts["evidence"] / 1_000,
        "silenced": judged.forecasts["state"] == SILENCED,
        "up": judged.up, "outcome": judged.outcome, "net_long": judged.long_net,
        "net_short": judged.short_net,
    }  # fmt: skip
    about = {"model": model, "money": "minor units of the account, one lot"}
    table = pa.table(columns)
    return table.replace_schema_metadata({"assay": msgspec.json.encode(about)})
