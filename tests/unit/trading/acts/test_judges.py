"""Each judge alone: what it wishes of an account, and that it wishes the safe thing when blind."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from assay.apps.lab.markets.gaps import gaps_of
from assay.apps.lab.risk.banding import BandJudge
from assay.books.analytics.band import Evidence, draw_band
from assay.model.errors import UsageError
from assay.model.messages import EntriesReleased, OrderFilled, RegimeChanged
from assay.model.time import DAY, HOUR, parse_time
from assay.trading.risk.acts.clusters import ClusterJudge
from assay.trading.risk.acts.judge import Halt, Judge, Reduce, Release, Scale, Tighten, Wish
from assay.trading.risk.acts.margin import MarginJudge
from assay.trading.risk.acts.pauses import MILLION, PauseJudge, PauseTerms, Rule, Span
from assay.trading.risk.acts.prop import PropJudge
from assay.trading.risk.acts.regimes import RegimeJudge
from assay.trading.risk.acts.volatility import Target, VolatilityJudge, VolatilityTerms
from assay.trading.risk.prop.profile import parse_profile
from tests.replay.markets import generate_bars
from tests.unit.trading.acts.views import CASH, close_bar, hold, reductions, see, see_tickets

START = parse_time("2019-03-04T08:00:00Z")
PROFILE = parse_profile("""
zone = "Europe/Prague"
[daily_loss]
percent = 5
[maximum_loss]
percent = 10
[weekend]
flat_at = "Fri 16:30"
""")


def release(source: str, actor: str = "operator", ts: int = START) -> EntriesReleased:
    return EntriesReleased(
        id=1, tenant="local", ts_event=ts, ts_init=ts, source=source, reason="seen", by="a person",
        actor=actor,
    )  # fmt: skip


def prop(**terms: Decimal) -> PropJudge:
    given = {"flatten_percent": Decimal(90), **terms}
    return PropJudge(PROFILE, {"EURUSD": 100_000}, **given)  # type: ignore[arg-type]


def has_halt(wishes: list[Wish], symbol: str = "") -> bool:
    return any(isinstance(each, Halt) and each.symbol == symbol for each in wishes)


def test_prop_stops_entries_at_80_percent_and_closes_at_90() -> None:
    judge, held = prop(), {"EURUSD": hold(100_000)}
    steps = [(0, False, False), (399_999, False, False), (400_000, True, False),
             (449_999, True, False), (450_000, True, True)]  # fmt: skip
    for place, (lost, halts, closes) in enumerate(steps):
        wishes = judge.look(see(START + place, CASH - lost, **held))
        assert (has_halt(wishes), bool(reductions(wishes))) == (halts, closes), lost
    assert all(each.emergency for each in wishes if isinstance(each, Reduce))


def test_floating_losses_count_from_the_firms_own_day() -> None:
    judge = prop()
    judge.look(see(START))
    # 23:00 UTC is midnight in Prague: the day begins with what is floating, max(balance, equity).
    evening = parse_time("2019-03-04T22:30:00Z")
    assert not has_halt(judge.look(see(evening, CASH - 300_000, EURUSD=hold(1))))
    night = parse_time("2019-03-04T23:30:00Z")
    assert not has_halt(judge.look(see(night, CASH - 399_999, EURUSD=hold(1))))
    assert has_halt(judge.look(see(night, CASH - 400_000, EURUSD=hold(1))))
    assert has_halt(judge.look(see(night + HOUR, CASH - 400_000, balance=CASH - 400_000)))
    wishes = judge.look(see(night + DAY, CASH - 500_000, balance=CASH - 400_000))
    assert not has_halt(wishes)
    assert any(isinstance(each, Release) and not each.symbol for each in wishes)


def test_one_bad_quote_marks_no_book() -> None:
    judge = prop()
    for place, equity in enumerate((CASH, CASH, CASH // 2, CASH, CASH)):
        wishes = judge.look(see(START + place, equity, at_close=False, EURUSD=hold(1)))
        assert not has_halt(wishes)
        assert not reductions(wishes)
    for place in range(3):
        wishes = judge.look(see(START + 9 + place, CASH // 2, at_close=False, EURUSD=hold(1)))
    assert has_halt(wishes)
    assert reductions(wishes) == {"EURUSD": 0}


def test_a_person_lets_entries_go_until_another_limit_or_day() -> None:
    judge = prop()
    judge.look(see(START))
    assert has_halt(judge.look(see(START + 1, CASH - 400_000)))
    judge.hear(release("prop"))
    assert not has_halt(judge.look(see(START + 2, CASH - 410_000)))
    assert reductions(judge.look(see(START + 3, CASH - 450_000, EURUSD=hold(1)))) == {"EURUSD": 0}
    judge.hear(release("prop", actor="twin"))
    assert has_halt(judge.look(see(START + 4, CASH - 500_000)))


def test_prop_is_flat_before_the_firms_weekend() -> None:
    judge, held = prop(), {"EURUSD": hold(100_000)}
    friday = parse_time("2019-03-08T20:59:00Z")
    judge.look(see(friday))
    judge.hear(
        OrderFilled(
            id=1, tenant="local", ts_event=friday, ts_init=friday, key=1, fill=1, account="paper",
            symbol="EURUSD", quantity=100_000, price=1, price_digits=5, commission=0, profit=0,
            spread_cost=0, slippage_cost=0, rate_num=1, rate_den=1, position=100_000,
            kind="exact", reason="market",
        )
    )  # fmt: skip
    assert not reductions(judge.look(see(friday, **held)))
    wishes = judge.look(see(friday + 60 * 10**9, **held))
    assert reductions(wishes) == {"EURUSD": 0}
    assert has_halt(wishes)


def test_positions_cannot_close_before_entries_stop() -> None:
    with pytest.raises(UsageError, match="where entries stop"):
        prop(flatten_percent=Decimal(79))


def test_margin_closes_the_worst_and_waits_for_it() -> None:
    judge = MarginJudge(7_000)
    held = {"EURUSD": hold(1_000, unrealised=-5), "XAUUSD": hold(-10, unrealised=-9)}
    assert judge.look(see(START, 700, margin=1_000, **held)) == []
    wishes = judge.look(see(START, 699, margin=1_000, **held))
    assert reductions(wishes) == {"XAUUSD": 0}
    assert all(isinstance(each, Reduce) and each.emergency and each.margin for each in wishes)
    held["XAUUSD"] = hold(-10, unrealised=-9, waiting=10)
    assert judge.look(see(START, 1, margin=1_000, **held)) == []
    assert reductions(judge.look(see(START, -1, margin=1_000, EURUSD=held["EURUSD"])))


def pauses(rule: Rule, **gaps: int) -> PauseJudge:
    shut = parse_time("2019-03-08T22:00:00Z")
    spans = {"EURUSD": [Span(shut + k * 7 * DAY, shut + k * 7 * DAY + 2 * DAY) for k in range(120)]}
    return PauseJudge(PauseTerms(rule, HOUR, 100, gaps), spans)


FRIDAY = parse_time("2019-03-08T21:00:00Z")


def test_margin_closes_equal_volumes_of_both_sides_together() -> None:
    judge, pair = MarginJudge(7_000), (hold(1_000, ticket=7), hold(-1_000, ticket=8))
    view = see_tickets(START, *pair, equity=100)._replace(margin=150)
    assert [each.ticket for each in judge.look(view) if isinstance(each, Reduce)] == [7, 8]
    assert not judge.look(view._replace(margin=100))
    assert not judge.look(see(START, 100, margin=150))


def test_nothing_is_held_over_a_weekend_where_gaps_are_not_known() -> None:
    held = {"EURUSD": hold(100_000, worth=CASH)}
    for judge in (pauses("flat"), pauses("reduce")):
        assert not reductions(judge.look(see(FRIDAY - 1, **held)))
        wishes = judge.look(see(FRIDAY, **held))
        assert reductions(wishes) == {"EURUSD": 0}
        assert has_halt(wishes, "EURUSD")


def test_a_weekend_position_is_sized_on_the_gap_and_not_on_its_stop() -> None:
    # A gap of 2 % on a position worth equity costs 2 %; 1 % is allowed, so half of it stays.
    held = {"EURUSD": hold(100_000, worth=CASH, stop=99_999)}
    wishes = pauses("reduce", EURUSD=20_000).look(see(FRIDAY, **held))
    assert reductions(wishes) == {"EURUSD": 50_000}
    assert not reductions(pauses("reduce", EURUSD=9_999).look(see(FRIDAY, **held)))
    assert not reductions(pauses("hold").look(see(FRIDAY, **held)))


def test_gaps_are_measured_as_they_come_and_the_wider_counts() -> None:
    judge, week = pauses("reduce", EURUSD=10), 7 * DAY
    gaps = [100 + 10 * k for k in range(100)]
    for k, gap in enumerate(gaps):
        shut = FRIDAY + HOUR + k * week
        judge.hear(close_bar("EURUSD", shut, 100_000, 100_000, 100_000))
        opened = 100_000 + gap
        judge.hear(close_bar("EURUSD", shut + 2 * DAY + HOUR, opened, opened, opened))
        for day in range(3, 7):
            judge.hear(close_bar("EURUSD", shut + day * DAY, 100_000, 100_000, 100_000))
        known = judge.gap("EURUSD")
        assert known == (10 if k < 99 else sorted(gaps)[98] * MILLION // 100_000)
    again = pauses("reduce", EURUSD=10)
    again.restore(judge.snapshot())
    assert again.gap("EURUSD") == judge.gap("EURUSD")


def test_gaps_of_a_file_are_those_of_its_pauses() -> None:
    series = generate_bars("EURUSD", 4_000, 1, gapped=True)
    shut = np.diff(series.ts_open) - int(series.timeframe) >= DAY
    known = gaps_of(series)
    assert len(known) == shut.sum() > 20
    first = int(np.flatnonzero(shut)[0])
    before, after = int(series.close[first]), int(series.open[first + 1])
    assert known[0] == abs(after - before) * MILLION // before


def test_entries_go_on_once_the_market_is_open() -> None:
    judge = pauses("flat")
    assert has_halt(judge.look(see(FRIDAY + DAY)), "EURUSD")
    opened = judge.look(see(FRIDAY + HOUR + 2 * DAY))
    assert opened == [Release("the market is open again", "EURUSD")]


def ranging(*targets: Target, trail: int = 200, at_venue: bool = False) -> VolatilityJudge:
    judge = VolatilityJudge(VolatilityTerms(3, trail, targets), ["EURUSD"], at_venue=at_venue)
    for k in range(3):
        judge.hear(close_bar("EURUSD", START + k * HOUR, 100_050, 99_950, 100_000))
    return judge


def test_nothing_is_opened_before_the_range_is_known() -> None:
    judge = VolatilityJudge(VolatilityTerms(3, 200), ["EURUSD"], at_venue=False)
    for k in range(3):
        assert has_halt(judge.look(see(START + k)), "EURUSD")
        judge.hear(close_bar("EURUSD", START + k * HOUR, 100_050, 99_950, 100_000))
    assert judge.look(see(START + 9)) == [Release("the range is known", "EURUSD")]
    assert judge.average_range("EURUSD") == 100


def test_a_stop_trails_by_the_range_and_never_goes_back() -> None:
    judge = ranging()
    stops = []
    for price in (100_000, 100_300, 100_100):
        judge.hear(close_bar("EURUSD", START, price + 50, price - 50, price))
        found = judge.look(see(START, EURUSD=hold(1_000, price=price, stop=max([0, *stops]))))
        stops += [each.stop for each in found if isinstance(each, Tighten)]
    assert stops[0] == 99_800
    assert stops == sorted(stops)
    assert len(stops) == 2


def test_at_a_venue_a_passed_stop_closes() -> None:
    judge = ranging(at_venue=True)
    assert not reductions(judge.look(see(START, EURUSD=hold(-1_000))))
    near = see(START, at_close=False, EURUSD=hold(-1_000, price=100_199))
    assert not reductions(judge.look(near))
    passed = see(START, at_close=False, EURUSD=hold(-1_000, price=100_200))
    assert reductions(judge.look(passed)) == {"EURUSD": 0}


def test_each_ticket_has_a_stop_of_its_own() -> None:
    judge = ranging()
    long, short = hold(1_000, ticket=7), hold(-1_000, ticket=8)
    stops = {each.ticket: each.stop for each in judge.look(see_tickets(START, long, short))
             if isinstance(each, Tighten)}  # fmt: skip
    assert stops == {7: 99_800, 8: 100_200}
    judge.hear(close_bar("EURUSD", START, 100_350, 100_250, 100_300))
    size = judge.average_range("EURUSD")
    long, short = hold(1_000, price=100_300, stop=99_800, ticket=7), hold(
        -1_000, price=100_300, stop=100_200, ticket=8
    )  # fmt: skip
    moved = [each for each in judge.look(see_tickets(START, long, short))
             if isinstance(each, Tighten)]  # fmt: skip
    assert [(each.ticket, each.stop) for each in moved] == [(7, 100_300 - 2 * size)]
    # A ticket that comes later begins anew, and one that is closed is forgotten.
    later = judge.look(see_tickets(START, hold(500, price=100_300, ticket=9)))
    assert [(each.ticket, each.stop) for each in later if isinstance(each, Tighten)] == [
        (9, 100_300 - 2 * size)
    ]  # fmt: skip


def test_at_a_venue_the_ticket_whose_stop_is_passed_closes() -> None:
    judge = ranging(at_venue=True)
    assert not reductions(judge.look(see_tickets(START, hold(1_000, ticket=7))))
    passed = see_tickets(
        START, hold(1_000, price=99_800, ticket=7), hold(1_000, price=99_800, ticket=8)
    )
    assert [each.ticket for each in judge.look(passed) if isinstance(each, Reduce)] == [7]


def test_parts_go_at_the_targets_of_each_ticket() -> None:
    judge = ranging(Target(100, 50), trail=0)
    judge.look(see_tickets(START, hold(1_000, ticket=7)))
    view = see_tickets(
        START, hold(1_000, price=100_100, ticket=7),
        hold(1_000, price=100_100, entry=100_050, ticket=8),
        hold(-1_000, price=100_110, entry=100_300, ticket=9),
    )  # fmt: skip
    found = [each for each in judge.look(view) if isinstance(each, Reduce)]
    assert [(each.ticket, each.keep) for each in found] == [(7, 500), (9, 500)]


def test_prop_closes_equal_volumes_of_both_sides_ticket_by_ticket() -> None:
    judge = prop()
    judge.look(see(START))
    pair = hold(1_000, ticket=7), hold(-1_000, ticket=8)
    wishes = judge.look(see_tickets(START + 1, *pair, equity=CASH - 450_000))
    assert [each.ticket for each in wishes if isinstance(each, Reduce)] == [7, 8]
    uneven = hold(2_000, ticket=7), hold(-1_000, ticket=8)
    wishes = judge.look(see_tickets(START + 2, *uneven, equity=CASH - 450_000))
    assert [each.ticket for each in wishes if isinstance(each, Reduce)] == [0]


def test_parts_go_at_their_targets() -> None:
    judge = ranging(Target(100, 50), Target(250, 25), trail=0)
    kept = {}
    for price in (100_000, 100_099, 100_100, 100_249, 100_250):
        units = kept[max(kept)] if kept else 1_000
        found = reductions(judge.look(see(START, EURUSD=hold(units, price=price))))
        kept |= {price: found["EURUSD"]} if found else {}
    assert kept == {100_100: 500, 100_250: 250}
    judge.look(see(START))
    again = judge.look(see(START, EURUSD=hold(-800, price=99_900)))
    assert reductions(again) == {"EURUSD": 400}


def test_a_cluster_is_brought_below_its_share() -> None:
    members = {"EURUSD": ("EUR", "USD"), "GBPUSD": ("GBP", "USD"), "XAUUSD": ("metals",)}
    judge = ClusterJudge(10_000, members, 500)
    held = {"EURUSD": hold(600, worth=6_000), "GBPUSD": hold(-600, worth=6_000),
            "XAUUSD": hold(9, worth=9_000)}  # fmt: skip
    assert reductions(judge.look(see(START, 10_000, **held))) == {"EURUSD": 475, "GBPUSD": 475}
    assert judge.look(see(START, 12_000, **held)) == []
    assert reductions(judge.look(see(START, 0, **held))) == dict.fromkeys(held, 0)
    assert judge.look(see(START, 10_000, at_close=False, **held)) == []


def test_a_position_is_brought_to_the_edge_of_its_weight() -> None:
    members = {"EURUSD": ("EUR",), "GBPUSD": ("GBP",), "USDJPY": ("JPY",)}
    judge = ClusterJudge(0, members, weights={"EURUSD": 6_500, "USDJPY": 0})
    held = {"EURUSD": hold(700, worth=7_000), "GBPUSD": hold(-5, worth=50),
            "USDJPY": hold(5, worth=50)}  # fmt: skip
    wishes = judge.look(see(START, 10_000, **held))
    assert reductions(wishes) == {"EURUSD": 650, "GBPUSD": 0, "USDJPY": 0}
    assert judge.look(see(START, 10_000, EURUSD=hold(650, worth=6_500))) == []


def test_below_the_band_sizes_halve_then_nothing_is_held() -> None:
    evidence = Evidence(500, 0.001, 0.01)
    judge, lower = BandJudge(evidence), draw_band(evidence, 40).lower
    wide = draw_band(evidence, 40, 0.01).lower
    judge.look(see(START))
    held = {"EURUSD": hold(1_000)}

    def live(day: int, profit: float) -> list[Wish]:
        return judge.look(see(START + day * DAY, CASH + round(CASH * profit), **held))

    live(0, (lower[0] + wide[0]) / 2)
    wishes = live(1, (lower[0] + wide[0]) / 2)
    assert reductions(wishes) == {"EURUSD": 500}
    assert [each.held_back for each in wishes if isinstance(each, Scale)] == [5_000]
    assert not reductions(live(1, (lower[0] + wide[0]) / 2))
    live(1, -0.5)
    flat = live(2, -0.5)
    assert reductions(flat) == {"EURUSD": 0}
    assert has_halt(flat)
    judge.hear(release("band"))
    assert live(2, -0.5) == [Scale(0, "within the band")]
    assert live(3, -0.5) == [Scale(0, "within the band")]


@pytest.mark.parametrize(
    "judge",
    [prop(), MarginJudge(5_000), pauses("reduce"), ranging(Target(100, 50)),
     ClusterJudge(100, {"EURUSD": ("EUR",)}), BandJudge(Evidence(100, 0.0, 0.01))],
    ids=lambda judge: judge.source,
)  # fmt: skip
def test_a_judge_goes_on_from_a_snapshot(judge: Judge) -> None:
    rng = np.random.default_rng(1)

    def feed(first: int, last: int) -> list[list[Wish]]:
        found = []
        for k in range(first, last):
            ts, price = START + k * HOUR, 100_000 + int(steps[k])
            judge.hear(close_bar("EURUSD", ts, price + 40, price - 40, price))
            held = {"EURUSD": hold(1_000, price=price, worth=CASH // 100)} if k % 7 else {}
            found.append(judge.look(see(ts, CASH + 1_000 * int(steps[k]), margin=CASH, **held)))
        return found

    steps = np.cumsum(rng.integers(-60, 55, 160))
    feed(0, 80)
    taken = judge.snapshot()
    expected, end = feed(80, 160), judge.snapshot()
    judge.restore(taken)
    assert feed(80, 160) == expected
    assert judge.snapshot() == end


def confirm(symbol: str, regime: str) -> RegimeChanged:
    return RegimeChanged(
        id=1, ts_event=START, ts_init=START, symbol=symbol, timeframe=HOUR, classifier="c",
        before="", regime=regime, confidence=7_000,
    )  # fmt: skip


def test_sizes_follow_the_regime_and_a_crisis_opens_nothing() -> None:
    def judge_of() -> RegimeJudge:
        sizes = {"volatile crisis": 0, "breakout up": 50, "strong bull": 80, "unknown": 70}
        return RegimeJudge(sizes, ["EURUSD", "XAUUSD"])

    judge = judge_of()
    steps = [
        ("", "", 3_000, ()), ("EURUSD", "weak bull", 3_000, ()),
        ("XAUUSD", "strong bull", 2_000, ()), ("EURUSD", "breakout up", 5_000, ()),
        ("EURUSD", "volatile crisis", 2_000, ("EURUSD",)), ("USDJPY", "breakout up", 2_000, None),
        ("EURUSD", "quiet", 2_000, ()), ("XAUUSD", "quiet", 0, ()),
    ]  # fmt: skip
    for symbol, regime, held_back, shut in steps:
        if symbol:
            judge.hear(confirm(symbol, regime))
        wishes = judge.look(see(START))
        assert [each.held_back for each in wishes if isinstance(each, Scale)] == [held_back]
        halted = tuple(each.symbol for each in wishes if isinstance(each, Halt))
        assert halted == (("EURUSD",) if shut is None else shut)
        again = judge_of()
        again.restore(judge.snapshot())
        assert again.look(see(START)) == wishes
