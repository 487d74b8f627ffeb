"""`assay scenario`: a strategy in a market made of one regime's bars alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from assay.apps.lab.backtests.backtest import Request, describe_look, prepare_request
from assay.apps.lab.feeds.events import CORNERS
from assay.apps.lab.markets.regimes import CELL_NAMES, REGIMES
from assay.apps.lab.models.labelling import columns_of, price_alone
from assay.apps.lab.robustness.montecarlo import describe_fan
from assay.apps.lab.runs.setup import Costs
from assay.apps.lab.sweeps.course import Course
from assay.apps.lab.sweeps.looks import Tally
from assay.apps.lab.sweeps.relay import settle, trade_on
from assay.books.analytics.fans import FALLS, Fan, gather_fan
from assay.books.analytics.resampling import stationary_rows
from assay.market.series import BarSeries
from assay.model.errors import DataError, UsageError
from assay.model.time import format_time
from assay.runtime.home import Home
from assay.runtime.ids import seeded_generator
from assay.signals.regimes import place_of, read_classifier

BARS_LEAST = 100
"""Bars of a regime below which its blocks would repeat themselves."""
REACH = 4.0
"""How far a drawn price may go from where it began, as the engine's whole numbers allow."""
Tell = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioRequest:
    """Say what to trade, the regime or cell, the saved classifier, and what to draw.

    The last `bars` bars of the data are replaced, `draws` times, by blocks of `block` bars on
    average that the classifier called by that name.
    """

    base: Request
    home: Home
    regime: str
    classifier: str
    bars: int = 500
    draws: int = 200
    block: float = 25.0
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeScenario:
    """Hold the fan in the regime and the one in bars of every kind, and what came in these bars.

    Money is in whole currency, `times` are ends of days (ns UTC); `found` counts the regime's bars.
    """

    course: Course
    regime: Fan
    every: Fan
    times: np.ndarray
    came: np.ndarray
    found: int
    settled: int


def run_scenario(request: ScenarioRequest, on_stage: Tell | None = None) -> RegimeScenario:
    """Draw markets of one regime's bars and trade each of them.

    It is one look, counted before it: drawn markets are made of the bars that it looks at. Raises
    UsageError and DataError for what does not fit.
    """
    tell = on_stage or (lambda _stage, _share: None)
    setup = prepare_request(request.base)
    if len(setup.series) != 1 or not isinstance(setup.series[0], BarSeries):
        raise UsageError("a regime is of one instrument's bars; give one file of bars with --data")
    course = Course.of(setup)
    if request.bars >= course.bars:
        raise DataError(f"{course.bars} bars are no more than the {request.bars} to be replaced")
    tally = Tally(request.base.ledger, describe_look(setup, request.base, "scenario"), course)
    marker = {request.regime: 1, "bars": request.bars, "seed": request.seed}
    tally.enter([{**setup.params, **marker}])
    rows, settled = _find_rows(request, setup.series[0])
    last = len(course.events) - request.bars
    turn = int(course.events["ts"][last - 1])
    before, after = course.cut(-1, turn), course.cut(turn, int(course.events["ts"][-1]))
    memory = settle(before, setup.params)
    start = setup.account.cash / 10.0**setup.account.currency_digits
    fans = []
    for number, chosen in enumerate((rows, settled)):
        tell("drawing markets", number / 2)
        markets = _draw_markets(course, after, chosen, request)
        curves = (_trade(market, setup.params, memory) for market in markets)
        fans.append(gather_fan(curves, start, len(after.ends)))
    return RegimeScenario(
        course=course, regime=fans[0], every=fans[1], times=after.times,
        came=_trade(after, setup.params, memory), found=len(rows), settled=len(settled),
    )  # fmt: skip


def _find_rows(request: ScenarioRequest, series: BarSeries) -> tuple[np.ndarray, np.ndarray]:
    """Return the bars that the classifier calls so, and all that it says anything of."""
    kept = read_classifier(place_of(request.home.path, request.classifier))
    if (kept.symbol, kept.timeframe) != (series.symbol, int(series.timeframe)):
        raise UsageError(
            f"classifier {request.classifier} is of other bars ({kept.symbol}); fit one of "
            f"{series.symbol} with `assay regimes --save`"
        )
    alone = price_alone(series, request.base.config, Costs())
    told = kept.classifier.stream().load(columns_of(alone.events()))
    # What a bar moved is known at its end, so its regime is the one said before it.
    said = {name: told.regime == place for place, name in enumerate(REGIMES)}
    said |= {name: told.cell == place for place, name in enumerate(CELL_NAMES)}
    if request.regime not in said:
        raise UsageError(f"regime {request.regime!r} is unknown; there are {', '.join(said)}")
    settled = np.flatnonzero(told.settled[:-1]) + 1
    rows = np.flatnonzero(said[request.regime][:-1] & told.settled[:-1]) + 1
    if len(rows) < BARS_LEAST:
        raise DataError(
            f"{len(rows)} bars of {len(settled)} are {request.regime}, fewer than {BARS_LEAST}; "
            "give more data or another regime"
        )
    return rows, settled


def _draw_markets(
    course: Course, after: Course, rows: np.ndarray, request: ScenarioRequest
) -> Iterator[Course]:
    """Yield courses over the same times whose bars are drawn in blocks from some rows."""
    events, count = course.events, len(after.events)
    first = int(events["close"][len(events) - count - 1])
    generator = seeded_generator(request.seed)
    for drawn in stationary_rows(generator, len(rows), block=request.block, draws=request.draws):
        places = rows[np.resize(drawn, count)]
        below = events["close"][places - 1].astype(np.float64)
        closes = first * np.cumprod(events["close"][places] / below)
        bases = np.concatenate([[first], closes[:-1]])
        if closes.max() > REACH * first or closes.min() < first / REACH:
            raise DataError(
                f"{count} bars of {request.regime} in a row leave every sound price; take fewer "
                "by --bars"
            )
        market = after.events.copy()
        for corner in CORNERS:
            market[corner] = np.rint(bases * events[corner][places] / below)
            spread = events[f"spread_{corner}"][places]
            market[f"spread_{corner}"] = np.rint(bases * spread / below)
        yield replace(after, events=market)


def _trade(course: Course, params: dict[str, int], memory: np.ndarray) -> np.ndarray:
    outcome = trade_on(course, params, memory)
    closes = outcome.equity["equity"][course.ends]
    return np.asarray(closes / 10.0**course.setup.account.currency_digits)


def word_verdict(found: RegimeScenario, request: ScenarioRequest) -> str:
    """Say in one line how often the strategy loses in the regime, beside bars of every kind."""
    chance, usual = found.regime.chance_of_loss, found.every.chance_of_loss
    head = "Loss likely" if chance > 0.5 else "Loss not ruled out" if chance > 0.05 else (
        "Loss unlikely"
    )  # fmt: skip
    return (
        f"{head}: {chance:.0%} of {request.draws:,} markets of {_words(request.regime)} alone "
        f"lose, {usual:.0%} of those drawn from every bar"
    )


def _words(name: str) -> str:
    return name.replace("_", " ")


def describe_scenario(found: RegimeScenario, request: ScenarioRequest) -> dict[str, Any]:
    """Return what is told of it, the verdict first."""
    return {
        "verdict": word_verdict(found, request), "regime": request.regime,
        "classifier": request.classifier, "bars": request.bars, "draws": request.draws,
        "block": request.block, "seed": request.seed, "regime_bars": found.found,
        "settled_bars": found.settled, "start": found.regime.start,
        "came": float(found.came[-1]), "from": format_time(int(found.times[0]))[:10],
        "to": format_time(int(found.times[-1]))[:10],
        "in_regime": describe_fan(found.regime, FALLS),
        "in_every_bar": describe_fan(found.every, FALLS),
    }  # fmt: skip
