"""Every pattern, in order of names. Made by tools/generate_pattern_catalogue.py."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.patterns import (
    channel,
    double_bottom,
    double_top,
    dragonfly_doji,
    engulfing,
    evening_star,
    flag,
    gravestone_doji,
    hammer,
    hanging_man,
    harami,
    head_and_shoulders,
    inverse_head_and_shoulders,
    marubozu,
    morning_star,
    shooting_star,
    three_black_crows,
    three_inside,
    three_outside,
    three_white_soldiers,
    triangle,
)
from assay.signals.recognition.pattern import Pattern

PATTERNS: tuple[Pattern, ...] = (
    channel.PLUGIN,
    double_bottom.PLUGIN,
    double_top.PLUGIN,
    dragonfly_doji.PLUGIN,
    engulfing.PLUGIN,
    evening_star.PLUGIN,
    flag.PLUGIN,
    gravestone_doji.PLUGIN,
    hammer.PLUGIN,
    hanging_man.PLUGIN,
    harami.PLUGIN,
    head_and_shoulders.PLUGIN,
    inverse_head_and_shoulders.PLUGIN,
    marubozu.PLUGIN,
    morning_star.PLUGIN,
    shooting_star.PLUGIN,
    three_black_crows.PLUGIN,
    three_inside.PLUGIN,
    three_outside.PLUGIN,
    three_white_soldiers.PLUGIN,
    triangle.PLUGIN,
)
find_channel = channel.find
find_double_bottom = double_bottom.find
find_double_top = double_top.find
find_dragonfly_doji = dragonfly_doji.find
find_engulfing = engulfing.find
find_evening_star = evening_star.find
find_flag = flag.find
find_gravestone_doji = gravestone_doji.find
find_hammer = hammer.find
find_hanging_man = hanging_man.find
find_harami = harami.find
find_head_and_shoulders = head_and_shoulders.find
find_inverse_head_and_shoulders = inverse_head_and_shoulders.find
find_marubozu = marubozu.find
find_morning_star = morning_star.find
find_shooting_star = shooting_star.find
find_three_black_crows = three_black_crows.find
find_three_inside = three_inside.find
find_three_outside = three_outside.find
find_three_white_soldiers = three_white_soldiers.find
find_triangle = triangle.find


@allocation_free
def find_one(code, bars, t, swings):  # type: ignore[no-untyped-def]
    """Return what the pattern at place `code` of PATTERNS finds at bar t."""
    if code == 0:
        return find_channel(bars, t, swings)
    if code == 1:
        return find_double_bottom(bars, t, swings)
    if code == 2:
        return find_double_top(bars, t, swings)
    if code == 3:
        return find_dragonfly_doji(bars, t, swings)
    if code == 4:
        return find_engulfing(bars, t, swings)
    if code == 5:
        return find_evening_star(bars, t, swings)
    if code == 6:
        return find_flag(bars, t, swings)
    if code == 7:
        return find_gravestone_doji(bars, t, swings)
    if code == 8:
        return find_hammer(bars, t, swings)
    if code == 9:
        return find_hanging_man(bars, t, swings)
    if code == 10:
        return find_harami(bars, t, swings)
    if code == 11:
        return find_head_and_shoulders(bars, t, swings)
    if code == 12:
        return find_inverse_head_and_shoulders(bars, t, swings)
    if code == 13:
        return find_marubozu(bars, t, swings)
    if code == 14:
        return find_morning_star(bars, t, swings)
    if code == 15:
        return find_shooting_star(bars, t, swings)
    if code == 16:
        return find_three_black_crows(bars, t, swings)
    if code == 17:
        return find_three_inside(bars, t, swings)
    if code == 18:
        return find_three_outside(bars, t, swings)
    if code == 19:
        return find_three_white_soldiers(bars, t, swings)
    if code == 20:
        return find_triangle(bars, t, swings)
    return 0
