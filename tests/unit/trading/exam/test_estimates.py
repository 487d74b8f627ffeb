"""Laws are found again in drawn observations, and what was not seen is not claimed."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from assay.model.time import parse_time
from assay.runtime.ids import seeded_generator
from assay.trading.brokers.mt5.servertime import ServerClock
from assay.trading.exam.clocks import fit_clock, zone_of
from assay.trading.exam.estimates import (
    Bracket,
    bracket_level,
    bracket_rate,
    fit_slips,
    gather_slips,
    resample,
    resample_slips,
    share,
)
from assay.trading.exam.quotes import minute_means
from assay.trading.exam.record import ExamRecord, NightSeen
from assay.trading.exam.swaps import swap_findings, swap_terms
from assay.trading.exam.told import exact
from assay.trading.terminal.profile import AccountTerms, SymbolTerms

TOLD = SymbolTerms(
    name="EURUSD", currency_base="EUR", currency_profit="USD", digits=5,
    swap_long=Decimal("-6.5"), swap_short=Decimal("2.1"),
)  # fmt: skip


def draw(law: tuple[float, float, float], count: int, seed: int) -> list[tuple[int, int, bool]]:
    drawn = seeded_generator(seed)
    spread = np.where(drawn.random(count) < 0.5, drawn.integers(4, 9, count), 80)
    is_stop = drawn.random(count) < 0.3
    mean = (law[0] + law[1] * spread) * np.where(is_stop, law[2], 1.0)
    slip = np.rint(drawn.exponential(mean)).astype(int)
    return list(zip(spread.tolist(), slip.tolist(), is_stop.tolist(), strict=True))


@pytest.mark.parametrize("law", [(2.0, 0.3, 1.5), (0.4, 0.05, 3.0), (3.0, 0.0, 2.0)])
def test_a_slip_law_is_found_through_the_rounding_to_points(
    law: tuple[float, float, float],
) -> None:
    found = fit_slips(gather_slips(draw(law, 60_000, 3)))
    usual = law[0] + law[1] * 40
    assert found.points == pytest.approx(law[0], rel=0.04, abs=0.02 * usual)
    assert found.share == pytest.approx(law[1], rel=0.04, abs=0.02 * usual / 40)
    assert found.factor == pytest.approx(law[2], rel=0.03)


def test_intervals_of_a_law_hold_it_and_grow_with_fewer_observations() -> None:
    many, few = (
        resample_slips(gather_slips(draw((2.0, 0.3, 1.5), count, 8)), 1) for count in (8_000, 200)
    )
    for estimate, planted in zip(many, (2.0, 0.3, 1.5), strict=True):
        assert estimate.low < planted < estimate.high
    assert few[0].high - few[0].low > 3 * (many[0].high - many[0].low)
    assert many[1].is_sure
    assert not few[0].is_sure


def test_no_slip_at_all_is_a_law_of_none() -> None:
    law = fit_slips(gather_slips([(10, 0, False), (20, 0, True)] * 50))
    assert law.points + law.share * 20 < 0.05


def test_nothing_seen_is_no_figure() -> None:
    assert not resample(np.zeros(0), lambda part: float(np.mean(part)), 1).is_sure
    assert share(0, 0).seen == 0
    assert share(0, 30).high == pytest.approx(0.1135, abs=0.001)


def test_a_level_that_was_not_bracketed_stays_open_above() -> None:
    assert bracket_level([(3, True)]) == Bracket(3, 4_096, 1)
    assert bracket_level([(3, True)]).settle(5) == (5, True)
    # One try of many contradicts: a quote moved between the try and the answer.
    tries = [(9, True), (11, True), (10, False), (12, False), (15, False)]
    assert bracket_level(tries).low in (9, 11)


def test_a_rate_is_told_as_finely_as_its_cents_allow() -> None:
    coarse, fine = bracket_rate([(0.01, -4)]), bracket_rate([(0.01, -4), (1.0, -350)])
    assert (coarse.low, coarse.high) == (-450.0, -350.0)
    assert (fine.low, fine.high) == (-350.5, -350.0)


@pytest.mark.parametrize("zone", [
    ServerClock(offset_s=7_200, family="new-york"), ServerClock(offset_s=7_200, family="europe"),
    ServerClock(offset_s=7_200), ServerClock(offset_s=-18_000, family="new-york"),
    ServerClock(offset_s=19_800),
], ids=zone_of)  # fmt: skip
@pytest.mark.parametrize("late_s", [0, 3_600])
def test_weeks_on_both_sides_of_summer_time_tell_whose_it_is(
    zone: ServerClock, late_s: int
) -> None:
    new_york = ServerClock(offset_s=-18_000, family="new-york")
    weeks = [
        new_york.to_utc_s(int(parse_time(f"2019-{day}T17:00:00") // 10**9)) + late_s
        for day in ("03-03", "03-10", "03-17", "03-31", "04-07")
    ]
    ahead = [(weeks[-1] + 9_000, zone.offset_at(weeks[-1] + 9_000) / 60 + 0.02)]
    opens = [zone.to_server_s(week) for week in weeks]
    assert fit_clock(opens, ahead) == (zone, True)
    # Of one season alone nothing is sure but how far it is ahead now.
    clock, is_sure = fit_clock(opens[1:3], [(weeks[2], zone.offset_at(weeks[2]) / 60)])
    assert not is_sure
    assert clock is not None
    assert clock.offset_at(weeks[2]) == zone.offset_at(weeks[2])


def test_a_quote_counts_for_as_long_as_it_stood() -> None:
    columns = [("bid", "<f8"), ("ask", "<f8"), ("time_msc", "<i8")]
    ticks = np.array(
        [(1.1, 1.1001, 0), (1.1, 1.1003, 45_000), (1.1, 1.1005, 60_000), (0.0, 1.2, 70_000)],
        columns,
    )
    assert minute_means(ticks, 100_000).tolist() == [15.0, 50.0]


def test_swap_that_is_not_as_told_is_measured_and_marked() -> None:
    nights = [
        NightSeen("EURUSD", 1, day, 1.0, -900 * (3 if day == 2 else 1), -1, 0) for day in (1, 2)
    ]
    record = ExamRecord(
        server="S", company="", account=AccountTerms(login=1), told={"EURUSD": TOLD}, nights=nights
    )
    assert swap_terms(record, TOLD) == (Decimal("-9.0000"), Decimal("2.1"), 2)
    marked = {each.name: each.sure for each in swap_findings(record, TOLD)}
    assert not marked["swap long"]
    assert not marked["swap short"]
    assert not marked["threefold swap"]


def test_doubles_become_the_decimals_that_people_write() -> None:
    assert [exact(value) for value in (0.01, 3.5, 1e-05)] == [
        Decimal("0.01"), Decimal("3.5"), Decimal("0.00001"),
    ]  # fmt: skip
