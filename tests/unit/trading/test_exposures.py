"""What an order adds to an account's risk, worked by hand; and what denies where it is unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest

from assay.apps.config import Config, RiskConfig
from assay.apps.lab.runs.setup import Costs, Setup, prepare
from assay.kernel.records import (
    CANCEL,
    GO_TO,
    INSIDE,
    NEWS,
    OUTSIDE,
    PLACE_LIMIT,
    ROLLOVER,
    SESSION_CLOSES,
    SESSION_OPENS,
    UNKNOWN,
    WEEK,
)
from assay.kernel.rounding import OVERFLOW
from assay.market.news import Importance, Release
from assay.model.errors import UsageError
from assay.model.time import DAY, HOUR, MINUTE, SECOND, parse_time
from assay.trading.engine.loading import load_strategy
from assay.trading.engine.step import place_intent, run_schedule
from assay.trading.engine.terms import PROFILES
from assay.trading.engine.world import World
from assay.trading.risk.catalogue import RULES
from tests.replay.markets import generate_market

SYMBOLS = ("EURUSD", "GBPUSD", "USDJPY")
EUR, GBP, JPY = range(3)
PRICES = {"EURUSD": (110_000, 110_010), "GBPUSD": (125_000, 125_010), "USDJPY": (110_000, 110_010)}
NOON = parse_time("2019-03-06T17:00:00Z")
PLACES = {rule.REASON: place for place, rule in enumerate(RULES)}
REASONS = {rule.CODE: rule.REASON for rule in RULES}


@pytest.fixture(scope="module")
def setup() -> Setup:
    """Return a run of three pairs with every calendar that a rule may ask for."""
    calendar = [
        Release(NOON + 3 * HOUR, "USD", Importance.HIGH, "rates"),
        Release(NOON + 2 * HOUR, "EUR", Importance.LOW, "talk"),
        Release(NOON + 40 * DAY, "USD", Importance.HIGH, "payrolls"),
    ]
    profile = RiskConfig(limits={"news_before": "1h", "news_after": "30m"})
    series = generate_market(SYMBOLS, 1_500, 3, gapped=False, quoted=False)
    return prepare(
        series, load_strategy("breakout"), given={"units": "1000"}, risk="reference",
        costs=Costs(releases=calendar, commission_bp=Decimal(0)), config=Config(risk=profile),
    )  # fmt: skip


@dataclass
class Table:
    """Hold an engine whose prices, positions and limits a test lays out."""

    world: World
    ts: int = NOON

    def set(self, **limits: int) -> None:
        for name, value in limits.items():
            self.world.limits[name] = value

    def hold(self, i: int, units: int, *, stop: int = 0) -> None:
        row = self.world.positions[0, i]
        row["quantity"], row["stop"] = units, stop
        row["cost"] = units * self.world.markets[i]["bid"]

    def order(self, i: int, units: int, *, price: int = 0, stop: int = 0) -> str:
        """Return the reason of the denial, empty for an order that passed."""
        intent, handle = self.world.intent[0], self.world.handle
        intent["action"] = PLACE_LIMIT if price else GO_TO
        held = self.world.positions[0, i]
        intent["quantity"] = units if price else units + held["quantity"] + held["waiting"]
        intent["price"], intent["stop"], intent["target"] = price, stop, 0
        self.world.counts[:4] = 0
        place_intent(handle, 0, i, self.ts)
        return REASONS.get(int(self.world.order_log[0]["denied"]), "")

    def cancel(self, i: int) -> None:
        self.world.intent[0]["action"] = CANCEL
        place_intent(self.world.handle, 0, i, self.ts)

    def told(self, rule: str) -> int:
        return int(self.world.checks[0, PLACES[rule]]["value"])

    @property
    def account(self) -> Any:
        return self.world.accounts[0]


@pytest.fixture
def table(setup: Setup) -> Iterator[Table]:
    world, instruments = setup.world(), setup.terms[0].copy()
    for i, symbol in enumerate(SYMBOLS):
        market = world.markets[i]
        market["bid"], market["ask"] = PRICES[symbol]
        market["spread"], market["ts"] = 10, NOON
        run_schedule(world.handle, i, NOON)
    world.markets["leg_bid"] = [0, 0, PRICES["USDJPY"][0]]
    world.limits["news_before"] = world.limits["news_after"] = 0
    yield Table(world)
    world.instruments[...] = instruments


def test_a_currency_is_long_and_short_over_all_pairs(table: Table) -> None:
    table.set(currency_exposure_max=1)
    # 100,000 EURUSD long are +110,000 USD of EUR and the same short of USD; in cents.
    table.hold(EUR, 100_000)
    assert table.order(GBP, 100_000) == "currency_exposure"
    assert table.told("currency_exposure") == 11_000_000 + 12_500_000  # short of USD by both
    assert table.order(GBP, -50_000) == "currency_exposure"
    assert table.told("currency_exposure") == 6_250_000  # short of GBP; USD got better
    assert table.order(JPY, 100_000) == "currency_exposure"
    assert table.told("currency_exposure") == 10_000_000  # of JPY; USD got better
    table.set(currency_exposure_max=23_500_000)
    assert table.order(GBP, 100_000) == ""
    assert table.order(GBP, 1_000) == "currency_exposure"  # the one before waits


def test_resting_orders_count_on_the_side_that_they_may_come_to(table: Table) -> None:
    table.set(currency_exposure_max=22_000_000)
    assert table.order(EUR, 100_000, price=109_000) == ""
    assert table.order(EUR, -100_000, price=112_000) == ""
    assert table.order(EUR, 100_000) == ""
    assert table.order(EUR, 1_000) == "currency_exposure"
    assert table.told("currency_exposure") == 22_110_000
    table.cancel(EUR)
    assert table.order(EUR, 200_000) == ""


def test_a_cluster_counts_long_and_short_alike(table: Table) -> None:
    table.set(cluster_exposure_max=1)
    table.hold(EUR, 100_000)
    assert table.order(GBP, -100_000) == "cluster_exposure"
    assert table.told("cluster_exposure") == 23_500_000  # both are of the cluster USD
    assert table.order(EUR, -50_000) == ""  # only reduces
    table.set(cluster_exposure_max=23_500_000)
    assert table.order(GBP, -100_000) == ""


def test_clusters_may_be_named_in_the_settings() -> None:
    series = generate_market(SYMBOLS, 50, 3, gapped=False, quoted=False)
    europe = Config(risk=RiskConfig(clusters={"europe": ["EURUSD", "GBPUSD"]}))
    named = prepare(series, load_strategy("breakout"), given={}, config=europe)
    assert [int(row["clusters"]) for row in named.terms[1][0]] == [1, 1, 0]
    usual = prepare(series, load_strategy("breakout"), given={})
    # EUR, GBP, JPY and USD, in this order.
    assert [int(row["clusters"]) for row in usual.terms[1][0]] == [0b1001, 0b1010, 0b1100]
    many = {f"c{n}": ["EURUSD"] for n in range(63)}
    with pytest.raises(UsageError, match="63 clusters were given, 62"):
        prepare(
            series,
            load_strategy("breakout"),
            given={},
            config=Config(risk=RiskConfig(clusters=many)),
        )


def test_correlation_is_weighted_by_what_is_held(table: Table) -> None:
    table.set(correlation_max=1, measure_age_max=DAY)
    table.account["correlations_ts"] = NOON
    table.world.correlations[EUR, GBP] = table.world.correlations[GBP, EUR] = 8_000
    table.world.correlations[EUR, JPY] = table.world.correlations[JPY, EUR] = -5_000
    assert table.order(EUR, 1_000) == ""  # nothing else is held
    table.hold(GBP, 80_000)  # 100,000 USD
    assert table.order(EUR, 1_000) == "correlation"
    assert table.told("correlation") == 8_000
    table.hold(JPY, 300_000)  # 300,000 USD
    assert table.order(EUR, 1_000) == ""  # (1 x 0.8 - 3 x 0.5) / 4
    assert table.told("correlation") == -1_750
    assert table.order(EUR, -3_000) == "correlation"
    assert table.told("correlation") == 1_750


def test_the_days_risk_counts_what_every_stop_would_cost(table: Table) -> None:
    table.set(daily_risk_max=10**9)
    table.hold(EUR, 100_000, stop=109_500)  # 500 points down: 500.00
    table.account["unrealised"] = -20_000
    assert table.order(GBP, -100_000, stop=125_300) == ""  # sells at 125,000: 300.00
    assert table.told("daily_risk") == 20_000 + 50_000 + 30_000
    assert table.order(GBP, -100_000, price=126_000, stop=126_100) == ""
    assert table.told("daily_risk") == 20_000 + 50_000 + 30_000 + 10_000
    table.set(daily_risk_max=109_999)
    assert table.order(GBP, -100_000, price=126_000, stop=126_100) == "daily_risk"


def test_gross_volume_counts_what_waits_and_what_others_hold(table: Table) -> None:
    table.set(gross_max=1)
    table.hold(EUR, 100_000)
    table.world.positions[0, EUR]["foreign"] = -30_000
    assert table.order(EUR, 20_000) == "gross_volume"
    assert table.told("gross_volume") == 150_000
    assert table.order(EUR, -140_000) == "gross_volume"  # closes 100,000 and opens 40,000
    assert table.told("gross_volume") == 70_000
    assert table.order(EUR, -40_000) == ""  # only reduces
    table.set(gross_max=200_000)
    assert table.order(EUR, 60_000, price=109_000) == ""
    assert table.order(EUR, 20_000, price=109_100) == "gross_volume"
    assert table.told("gross_volume") == 210_000


def test_positions_count_over_all_instruments(table: Table) -> None:
    table.set(positions_max=2)
    table.hold(EUR, 100_000)
    assert table.order(EUR, 1_000) == ""  # the same position
    assert table.order(GBP, 1_000, price=124_000) == ""
    assert table.order(GBP, 1_000) == ""
    assert table.order(JPY, 1_000) == "open_positions"
    assert table.told("open_positions") == 3
    table.world.positions[0, JPY]["foreign"] = 1_000
    assert table.order(GBP, 1_000) == "open_positions"


def test_pace_is_paid_off_by_time(table: Table) -> None:
    table.set(second_orders_max=2, minute_orders_max=5)
    assert [table.order(EUR, 1_000) for _ in range(3)] == ["", "", "orders_per_second"]
    table.ts += SECOND // 2
    assert table.order(EUR, 1_000) == ""
    table.ts += SECOND
    assert [table.order(GBP, 1_000) for _ in range(3)] == ["", "", "orders_per_second"]
    table.ts += SECOND
    assert table.order(GBP, 1_000) == "orders_per_minute"
    table.ts += 12 * SECOND
    assert table.order(GBP, 1_000) == ""


def test_the_same_order_may_not_come_twice_at_once(table: Table) -> None:
    table.set(duplicate_window=SECOND)
    assert table.order(EUR, 1_000, price=109_000) == ""
    assert table.order(EUR, 1_000, price=109_000) == "duplicate_order"
    assert table.order(EUR, 1_000, price=109_001) == ""
    assert table.order(GBP, 1_000) == ""
    table.ts += SECOND
    assert table.order(EUR, 1_000, price=109_001) == ""


def at(table: Table, moment: str) -> None:
    """Take the clock and the schedule to a moment."""
    table.ts = parse_time(moment)
    for i in range(len(SYMBOLS)):
        table.world.markets[i]["ts"] = table.ts
        run_schedule(table.world.handle, i, table.ts)


@pytest.mark.parametrize(
    ("moment", "near"),
    [
        ("2019-03-06T21:54:59Z", OUTSIDE),  # 17:00 in New York is 22:00
        ("2019-03-06T21:55:00Z", INSIDE),
        ("2019-03-06T22:29:59Z", INSIDE),
        ("2019-03-06T22:30:00Z", OUTSIDE),
        ("2019-03-11T20:54:59Z", OUTSIDE),  # summer time: 21:00
        ("2019-03-11T20:55:00Z", INSIDE),
    ],
)
def test_no_risk_is_taken_around_the_rollover(table: Table, moment: str, near: int) -> None:
    strict = PROFILES["strict"]
    table.set(rollover_before=strict.rollover_before, rollover_after=strict.rollover_after)
    at(table, moment)
    assert table.order(EUR, 1_000) == ("rollover_window" if near == INSIDE else "")
    assert table.account["near_rollover"] == near


@pytest.mark.parametrize(
    ("moment", "near"),
    [
        ("2019-03-07T21:30:00Z", OUTSIDE),
        ("2019-03-08T20:59:00Z", OUTSIDE),
        ("2019-03-08T21:00:00Z", INSIDE),  # Friday, an hour before the close
        ("2019-03-09T12:00:00Z", INSIDE),
        ("2019-03-10T21:29:00Z", INSIDE),  # Sunday: it opened at 21:00, summer time
        ("2019-03-10T21:30:00Z", OUTSIDE),
    ],
)
def test_no_risk_is_taken_around_the_weekend(table: Table, moment: str, near: int) -> None:
    table.set(weekend_before=HOUR, weekend_after=30 * MINUTE)
    at(table, moment)
    assert table.order(EUR, 1_000) == ("weekend_window" if near == INSIDE else "")
    assert table.account["near_weekend"] == near


@pytest.mark.parametrize(
    ("minutes", "near"),
    [(0, OUTSIDE), (119, OUTSIDE), (120, INSIDE), (209, INSIDE), (210, OUTSIDE)],
)
def test_no_risk_is_taken_around_a_release(table: Table, minutes: int, near: int) -> None:
    table.set(news_before=HOUR, news_after=30 * MINUTE)
    table.ts = NOON + minutes * MINUTE
    run_schedule(table.world.handle, EUR, table.ts)
    assert table.order(EUR, 1_000) == ("news_blackout" if near == INSIDE else "")
    assert table.account["near_news"] == near


def test_the_schedule_tells_weeks_and_releases(setup: Setup) -> None:
    entries = setup.terms[2][: setup.terms[0][0]["schedule_to"]]
    kinds = entries["kind"]
    assert {SESSION_OPENS, SESSION_CLOSES, ROLLOVER, WEEK, NEWS} == {*kinds.tolist()}
    weeks = entries["ts"][kinds == WEEK]
    assert parse_time("2019-03-10T21:00:00Z") in weeks
    assert parse_time("2019-03-03T22:00:00Z") in weeks
    assert entries["ts"][kinds == NEWS].tolist() == [NOON + 3 * HOUR, NOON + 40 * DAY]


def test_a_week_begins_with_its_monday(table: Table) -> None:
    table.set(weekly_loss_max=500)
    table.account["balance"] -= 400
    at(table, "2019-03-08T12:00:00Z")
    assert table.order(EUR, 1_000) == ""
    assert table.told("weekly_loss") == 400
    at(table, "2019-03-11T12:00:00Z")
    table.account["balance"] -= 499
    assert table.order(GBP, 1_000) == ""
    assert table.told("weekly_loss") == 499
    table.account["balance"] -= 1
    assert table.order(GBP, 1_000) == "weekly_loss"


def _forget_price(table: Table) -> None:
    table.world.markets[GBP]["bid"] = 0


def _forget_leg(table: Table) -> None:
    table.hold(GBP, 0)
    table.hold(JPY, 1_000, stop=109_000)
    table.world.markets[JPY]["leg_bid"] = 0


def _forget_matrix(table: Table) -> None:
    table.world.correlations[...] = OVERFLOW


def _forget(field: str) -> Callable[[Table], None]:
    def forget(table: Table) -> None:
        table.account[field] = 0

    return forget


def _age(field: str) -> Callable[[Table], None]:
    def age(table: Table) -> None:
        table.account[field] -= DAY + 1

    return age


def _set(field: str, value: int) -> Callable[[Table], None]:
    def change(table: Table) -> None:
        table.world.limits[field] = value

    return change


def _end_schedule(table: Table) -> None:
    for i in range(len(SYMBOLS)):
        table.world.instruments[i]["schedule_to"] = table.world.markets[i]["schedule_next"]


def _forget_stop(table: Table) -> None:
    table.world.positions[0, GBP]["stop"] = 0


WIDE = 2**60
REMOVED = [
    # the rule, the limits that ask for it, what is taken away
    ("currency_exposure", {"currency_exposure_max": WIDE}, _forget_price),
    ("currency_exposure", {"currency_exposure_max": WIDE}, _forget_leg),
    ("currency_exposure", {"currency_exposure_max": WIDE}, _set("base", 0)),
    ("cluster_exposure", {"cluster_exposure_max": WIDE}, _forget_price),
    ("cluster_exposure", {"cluster_exposure_max": WIDE}, _forget_leg),
    ("correlation", {"correlation_max": 10_000}, _forget_price),
    ("correlation", {"correlation_max": 10_000}, _forget_matrix),
    ("correlation", {"correlation_max": 10_000}, _forget("correlations_ts")),
    ("correlation", {"correlation_max": 10_000}, _age("correlations_ts")),
    ("value_at_risk", {"var_max_bp": 10_000}, _forget("measured_ts")),
    ("value_at_risk", {"var_max_bp": 10_000}, _age("measured_ts")),
    ("expected_shortfall", {"shortfall_max_bp": 10_000}, _forget("measured_ts")),
    ("expected_shortfall", {"shortfall_max_bp": 10_000}, _age("measured_ts")),
    ("news_blackout", {"news_after": 1}, _set("news_known_to", 0)),
    ("news_blackout", {"news_after": 1}, _end_schedule),
    ("rollover_window", {"rollover_before": 1}, _end_schedule),
    ("weekend_window", {"weekend_before": 1}, _end_schedule),
    ("daily_loss", {"daily_loss_max": WIDE}, _forget("day_start")),
    ("weekly_loss", {"weekly_loss_max": WIDE}, _forget("week_start")),
    ("drawdown", {"drawdown_max_bp": 10_000}, _forget("peak")),
    ("daily_risk", {"daily_risk_max": WIDE}, _forget("day_start")),
    ("daily_risk", {"daily_risk_max": WIDE}, _forget_stop),
    ("daily_risk", {"daily_risk_max": WIDE}, _forget_leg),
    ("margin_level", {"margin_level_min_bp": 1}, _forget("balance")),
]


@pytest.mark.parametrize(
    ("rule", "limits", "remove"),
    REMOVED,
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_is_not_known_denies_by_its_rule(
    table: Table, rule: str, limits: dict[str, int], remove: Callable[[Table], None]
) -> None:
    table.set(measure_age_max=DAY, **limits)
    table.hold(GBP, 1_000, stop=124_000)
    table.world.correlations[...] = 5_000
    for field in ("correlations_ts", "measured_ts"):
        table.account[field] = NOON
    assert table.order(EUR, 1_000, stop=109_000) == ""
    remove(table)
    assert table.order(EUR, 2_000, stop=109_000) == rule
    # What only reduces a position may always go.
    table.cancel(EUR)
    table.hold(EUR, 3_000, stop=109_000)
    assert table.order(EUR, -1_000) == ""


def test_a_calendar_that_is_over_denies(table: Table) -> None:
    table.set(news_before=HOUR, news_after=MINUTE)
    table.ts = NOON + 40 * DAY - HOUR - 1
    run_schedule(table.world.handle, EUR, table.ts)
    assert table.order(EUR, 1_000) == ""
    table.ts = NOON + 40 * DAY + MINUTE
    run_schedule(table.world.handle, EUR, table.ts)
    assert table.order(EUR, 1_000) == "news_blackout"
    assert table.account["near_news"] == UNKNOWN


def test_news_without_a_calendar_deny(setup: Setup) -> None:
    bare = prepare(
        setup.series, setup.strategy, given={"units": "1000"}, risk="reference",
        config=Config(risk=RiskConfig(limits={"news_before": "1h"})),
    )  # fmt: skip
    assert replace(bare.profile, name="x").minds_news
    assert not bare.terms[1]["news_known_to"].any()
