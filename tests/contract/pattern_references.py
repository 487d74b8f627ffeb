"""What each pattern must find: TA-Lib for candles, for charts plain Python from the definition."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import talib

from assay.signals.streams.columns import BarColumns

LOOK_BACK, REACH = 128, 4
Bars = list[tuple[float, float, float]]
"""High, low and close."""
Swing = tuple[str, int, float]
Formation = Callable[[Bars, list[Swing]], int]

TALIB = {
    "dragonfly_doji": "CDLDRAGONFLYDOJI", "engulfing": "CDLENGULFING",
    "evening_star": "CDLEVENINGSTAR", "gravestone_doji": "CDLGRAVESTONEDOJI",
    "hammer": "CDLHAMMER", "hanging_man": "CDLHANGINGMAN", "harami": "CDLHARAMI",
    "marubozu": "CDLMARUBOZU", "morning_star": "CDLMORNINGSTAR",
    "shooting_star": "CDLSHOOTINGSTAR", "three_black_crows": "CDL3BLACKCROWS",
    "three_inside": "CDL3INSIDE", "three_outside": "CDL3OUTSIDE",
    "three_white_soldiers": "CDL3WHITESOLDIERS",
}  # fmt: skip
FALLS_IN_OUR_BOOKS = ("gravestone_doji",)
"""TA-Lib marks a doji as 100 whatever it foretells."""


def talib_sides(name: str, bars: BarColumns) -> np.ndarray:
    """Return the side that TA-Lib gives each bar, 0 where it finds nothing."""
    prices = [
        np.asarray(each, dtype=np.float64) for each in (bars.open, bars.high, bars.low, bars.close)
    ]
    sides = np.sign(getattr(talib, TALIB[name])(*prices))
    return -sides if name in FALLS_IN_OUR_BOOKS else sides


def chart_finds(bars: BarColumns) -> dict[str, np.ndarray]:
    """Return what each chart pattern finds at each bar, each time from nothing but its window."""
    rows = list(zip(*(each.tolist() for each in (bars.high, bars.low, bars.close)), strict=True))
    finds = {name: np.zeros(len(rows), dtype=np.int64) for name in CHARTS}
    for t in range(LOOK_BACK - 1, len(rows)):
        window = rows[t + 1 - LOOK_BACK : t + 1]
        swings = find_swings(window)
        for name, find in CHARTS.items():
            finds[name][t] = find(window, swings)
    return finds


def find_swings(bars: Bars) -> list[Swing]:
    """Return at most the last six alternating swings, the oldest first."""
    runs: list[list[Swing]] = []
    highs, lows = [bar[0] for bar in bars], [bar[1] for bar in bars]
    for i in range(REACH, len(bars) - REACH):
        before, after = slice(i - REACH, i), slice(i + 1, i + 1 + REACH)
        high, low, _ = bars[i]
        is_high = high > max(highs[before]) and high >= max(highs[after])
        is_low = low < min(lows[before]) and low <= min(lows[after])
        if is_high == is_low:
            continue
        swing = ("high", i, high) if is_high else ("low", i, low)
        if runs and runs[-1][0][0] == swing[0]:
            runs[-1].append(swing)
        else:
            runs.append([swing])
    # Of equal extremes in a run the newest stays.
    chosen = [max(reversed(run), key=lambda s: s[2] if s[0] == "high" else -s[2]) for run in runs]
    return chosen[-6:]


def mean_range(bars: Bars, first: int) -> float:
    part = bars[first:]
    return sum(high - low for high, low, _ in part) / len(part)


def flip(bars: Bars, swings: list[Swing]) -> tuple[Bars, list[Swing]]:
    """Return the market upside down."""
    other = {"high": "low", "low": "high"}
    return (
        [(-low, -high, -close) for high, low, close in bars],
        [(other[kind], place, -price) for kind, place, price in swings],
    )


def line(one: Swing, two: Swing, t: int) -> float:
    return two[2] + (two[2] - one[2]) / (two[1] - one[1]) * (t - two[1])


def double_bottom(bars: Bars, swings: list[Swing]) -> int:
    if len(swings) < 4 or swings[-1][0] != "low":
        return 0
    start, first, neck, second = (price for _, _, price in swings[-4:])
    begin, height = swings[-3][1], neck - (first + second) / 2
    is_level = abs(first - second) <= 0.25 * height
    is_tall = height >= 3 * mean_range(bars, begin)
    closes = [close for *_, close in bars]
    known = swings[-1][1] + REACH
    breaks = closes[-1] > neck and all(close <= neck for close in closes[known:-1])
    return len(bars) - begin if start > neck and is_level and is_tall and breaks else 0


def inverse_head_and_shoulders(bars: Bars, swings: list[Swing]) -> int:
    if len(swings) < 5 or swings[-1][0] != "low":
        return 0
    left, one, head, two, right = swings[-5:]
    height = (one[2] + two[2]) / 2 - head[2]
    stands_out = head[2] < left[2] and head[2] < right[2]
    is_level = max(abs(left[2] - right[2]), abs(one[2] - two[2])) <= 0.25 * height
    is_tall = height >= 3 * mean_range(bars, left[1])
    past = [bars[k][2] > line(one, two, k) for k in range(right[1] + REACH, len(bars))]
    breaks = past[-1] and not any(past[:-1])
    return len(bars) - left[1] if stands_out and is_level and is_tall and breaks else 0


def two_lines(bars: Bars, swings: list[Swing]) -> tuple[float, float, int]:
    """Return the width at the oldest of four swings and now, and what leaving them gives."""
    if len(swings) < 4:
        return 0.0, 0.0, 0
    last = swings[-4:]
    highs, lows = ([s for s in last if s[0] == kind] for kind in ("high", "low"))
    first, now = last[0][1], len(bars) - 1

    def side(k: int) -> int:
        return int(bars[k][2] > line(*highs, k)) - int(bars[k][2] < line(*lows, k))

    begin, end = (line(*highs, k) - line(*lows, k) for k in (first, now))
    if begin < 3 * mean_range(bars, first) or any(map(side, range(last[-1][1] + REACH, now))):
        return begin, end, 0
    return begin, end, side(now) * (len(bars) - first)


def triangle(bars: Bars, swings: list[Swing]) -> int:
    begin, end, left = two_lines(bars, swings)
    highs, lows = ([s[2] for s in swings[-4:] if s[0] == kind] for kind in ("high", "low"))
    if not left or highs[1] >= highs[0] or lows[1] <= lows[0]:
        return 0
    return left if 0 < end < 0.75 * begin else 0


def channel(bars: Bars, swings: list[Swing]) -> int:
    begin, end, left = two_lines(bars, swings)
    return left if left and abs(end - begin) <= 0.25 * begin else 0


def flag_up(bars: Bars, _: list[Swing]) -> int:
    now = len(bars) - 1
    rest = range(now - 20, now)
    tip = max(k for k in rest if bars[k][0] == max(bars[j][0] for j in rest))
    feet = range(tip - 10, tip + 1)
    bottom = min(bars[k][1] for k in feet)
    foot = max(k for k in feet if bars[k][1] == bottom)
    pole = bars[tip][0] - bottom
    given_back = bars[tip][0] - min(low for _, low, _ in bars[tip + 1 :])
    is_flag = tip <= now - 4 and bars[now][2] > bars[tip][0] and given_back <= 0.5 * pole
    return len(bars) - foot if is_flag and pole >= 6 * mean_range(bars, 0) else 0


def flag(bars: Bars, swings: list[Swing]) -> int:
    return flag_up(bars, swings) or -flag_up(*flip(bars, swings))


CHARTS: dict[str, Formation] = {
    "channel": channel,
    "double_bottom": double_bottom,
    "double_top": lambda bars, swings: -double_bottom(*flip(bars, swings)),
    "flag": flag,
    "head_and_shoulders": lambda bars, swings: -inverse_head_and_shoulders(*flip(bars, swings)),
    "inverse_head_and_shoulders": inverse_head_and_shoulders,
    "triangle": triangle,
}
