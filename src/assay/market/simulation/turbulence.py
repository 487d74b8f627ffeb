"""What can be known of volatility to come: the chance that it exceeds a level, by drawn futures.

What is known at a bar's close is the season, the calendar of bars and releases, the present regime,
the news so far and the signal. What follows is drawn as the market draws it: the regime leaves with
its chance a bar, a release comes by its chance with an impact of its own, and each bar's return
answers to the signal. Futures are drawn once and shared by all bars, so a chance p is off by about
sqrt(p (1 - p) / FUTURES), 0.008 at most; neighbours are off alike. The realised variance is that of
the log returns of the mid over the bars after, the jumps between sessions among them; prices that
are rounded to half points move it by less than any of this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assay.kernel.compiling import compiled, inlined
from assay.market.series import Float64s, Int64s
from assay.market.simulation.schedule import IMPACT_LEAST, IMPACT_MOST, News
from assay.market.simulation.signal import DECAY, GAIN, gate
from assay.market.simulation.volatility import (
    CALM,
    NEWS_DECAY,
    REGIME_BARS,
    REGIME_VOLATILITY,
    TURBULENT,
)

if TYPE_CHECKING:
    from assay.runtime.ids import Generator

FUTURES = 4_096
BLOCK = 256
"""Futures that are followed at once: their state stays in the processor's first cache."""
REGIMES = np.array([CALM, TURBULENT])


@dataclass(frozen=True, slots=True, eq=False)
class Calm:
    """Hold what is known of an asset's bars [n] beforehand, and its state at each bar's close.

    `variance` is that of a bar's return but for regime and news, `gap` the standard deviation of
    the jump before it, `drive` what the signal counts for in the next bar but for the regime's
    gate; `regime` and `signal` are those at the close.
    """

    variance: Float64s
    gap: Float64s
    drive: Float64s
    regime: Int64s
    signal: Float64s


@dataclass(frozen=True, slots=True, eq=False)
class Due:
    """Hold releases that may come, and how the news of each bar [n] fades.

    `level` is the excess variance left at a bar's close by what has come; `fade` and `share` what
    remains of the level before a bar at its close, and on average over it. Release k, in bar
    `bar[k]` (never falling), comes with `chance[k]`; of its impact `after[k]` is left at the bar's
    close, `within[k]` is the average over it. `first` [n + 1] is the first release of each bar.
    """

    level: Float64s
    fade: Float64s
    share: Float64s
    first: Int64s
    chance: Float64s
    after: Float64s
    within: Float64s


def await_news(
    news: News, scheduled: tuple[Int64s, Float64s], opens: Int64s, closes: Int64s
) -> Due:
    """Return what bars know of the news; `scheduled` are times and chances of all releases.

    A release belongs to the first bar that closes after it, as in `news_excess`.
    """
    length = (closes - opens).astype(np.float64)
    before = np.concatenate([opens[:1], closes[:-1]])
    pause = np.exp(-(opens - before) / NEWS_DECAY)
    fade = np.exp(-length / NEWS_DECAY)
    ts, chance = scheduled
    bar = np.searchsorted(closes, ts, side="right")
    held = bar < len(opens)
    bar, ts, chance = bar[held], ts[held], chance[held]
    after = np.exp(-(closes[bar] - ts) / NEWS_DECAY)
    start = np.exp(-np.maximum(opens[bar] - ts, 0) / NEWS_DECAY)
    come = np.searchsorted(closes, news.ts, side="right")
    shown = come < len(opens)
    left = np.exp(-(closes[come[shown]] - news.ts[shown]) / NEWS_DECAY) * news.impact[shown]
    brought = np.bincount(come[shown], weights=left, minlength=len(opens))
    return Due(
        level=fade_level(brought, pause * fade), fade=pause * fade,
        share=pause * (1.0 - fade) * NEWS_DECAY / length,
        first=np.searchsorted(bar, np.arange(len(opens) + 1)), chance=chance, after=after,
        within=(start - after) * NEWS_DECAY / length[bar],
    )  # fmt: skip


@compiled
def fade_level(brought: Float64s, fade: Float64s) -> Float64s:
    """Return the level of news at each close: what is left of the one before, and what came."""
    level, now = np.empty(len(brought)), 0.0
    for row in range(len(brought)):
        now = now * fade[row] + brought[row]
        level[row] = now
    return level


@dataclass(frozen=True, slots=True, eq=False)
class Futures:
    """Hold what was drawn: shocks and jumps [horizon, futures], volatility and gate by regime.

    `square` and `gates` [2, horizon, futures] begin from either regime: the square of its
    volatility in each bar, and the signal's gate before it. `comes` and `impact` [releases,
    futures] are a uniform draw and an impact for each release within the horizon, in turn.
    """

    shocks: Float64s
    jumps: Float64s
    square: Float64s
    gates: Float64s
    comes: Float64s
    impact: Float64s


def draw_futures(
    kind: str, horizon: int, releases: int, rng: Generator, futures: int = FUTURES
) -> Futures:
    """Draw as many futures of so many bars, in which at most so many releases are due."""
    shape = (horizon, futures)
    left = np.cumsum(rng.random(shape) < 1.0 / REGIME_BARS, axis=0) % 2
    after: NDArray[np.int64] = REGIMES[:, None, None] ^ left
    start = np.broadcast_to(REGIMES[:, None, None], (len(REGIMES), 1, futures))
    before = np.concatenate([start, after[:, :-1]], axis=1)
    shocks, jumps = rng.standard_normal(shape), rng.standard_normal(shape)
    # Last, and release by release: how many there are changes nothing else.
    come = rng.random((releases, 2, futures))
    return Futures(
        shocks=shocks, jumps=jumps, square=np.square(np.array(REGIME_VOLATILITY))[after],
        gates=gate(kind, REGIMES)[before], comes=come[:, 0],
        impact=IMPACT_LEAST + (IMPACT_MOST - IMPACT_LEAST) * come[:, 1],
    )  # fmt: skip


def exceed_chance(calm: Calm, due: Due, futures: Futures, usual: Float64s) -> Float64s:
    """Return the chance at each bar that realised volatility will exceed `usual` [n].

    It is that of the bars after, as many as futures have; NaN where `usual` is, and where the data
    end before.
    """
    found = np.zeros(len(usual))
    drawn = futures.shocks.shape[1]
    for start in range(0, drawn, BLOCK):
        some = slice(start, start + BLOCK)
        found += count_above(
            (calm.variance, calm.gap, calm.drive, calm.regime, calm.signal),
            (due.level, due.fade, due.share, due.first, due.chance, due.after, due.within),
            tuple(
                np.ascontiguousarray(each[..., some])
                for each in (futures.shocks, futures.jumps, futures.square, futures.gates,
                             futures.comes, futures.impact)
            ),
            usual,
        )  # fmt: skip
    return found / drawn


@inlined
def bring(state, drawn, chance, within, after):  # type: ignore[no-untyped-def]
    """Add what a release brings, where it comes, to the bar's variance and to the level after."""
    mean, news = state
    comes, impact = drawn
    for n in range(len(mean)):
        if comes[n] < chance:
            mean[n] += impact[n] * within
            news[n] += impact[n] * after


@compiled
def count_above(calm, due, futures, usual):  # type: ignore[no-untyped-def]
    """Return how many futures exceed `usual` [n] at each bar; tuples are as in exceed_chance."""
    variance, gap, drive, regime, signal = calm
    level, fade, share, first, chance, after, within = due
    shocks, jumps, square, gates, comes, impact = futures
    horizon, drawn = shocks.shape
    rows = len(usual)
    found = np.full(rows, np.nan)
    x, z, news = np.empty(drawn), np.empty(drawn), np.empty(drawn)
    total, mean = np.empty(drawn), np.empty(drawn)
    for row in range(rows - horizon):
        if np.isnan(usual[row]):
            continue
        x[:], news[:], total[:] = signal[row], level[row], 0.0
        state, release = regime[row], 0
        for ahead in range(horizon):
            bar = row + 1 + ahead
            part, stays = share[bar], fade[bar]
            for n in range(drawn):
                mean[n] = 1.0 + news[n] * part
                news[n] = news[n] * stays
            for k in range(first[bar], first[bar + 1]):
                bring(
                    (mean, news), (comes[release], impact[release]), chance[k], within[k], after[k]
                )
                release += 1
            base, jump, pull = variance[bar], gap[bar], drive[bar - 1]
            shock, further = shocks[ahead], jumps[ahead]
            opened, wide = gates[state, ahead], square[state, ahead]
            for n in range(drawn):
                z[n] = pull * opened[n] * x[n] + shock[n]
                x[n] = DECAY * x[n] + GAIN * z[n]
            if jump > 0.0:
                for n in range(drawn):
                    move = np.sqrt(base * wide[n] * mean[n]) * z[n] + jump * further[n]
                    total[n] += move * move
            else:
                for n in range(drawn):
                    total[n] += base * wide[n] * mean[n] * z[n] * z[n]
        bound = usual[row] * usual[row]
        count = 0
        for n in range(drawn):
            count += total[n] > bound
        found[row] = count
    return found
