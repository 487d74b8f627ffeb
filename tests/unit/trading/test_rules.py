"""Every risk rule, found by its folder: pure, sure to deny what it does not know, and exact."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from assay.kernel.records import (
    ACCOUNT,
    CHECK,
    INSIDE,
    INSTRUMENT,
    LIMIT,
    LIMITS,
    MARKET,
    MARKET_STATE,
    OLDEST_FIRST,
    ORDER,
    OUTSIDE,
    POSITION,
    STOP,
    UNKNOWN,
)
from assay.kernel.rounding import OVERFLOW
from assay.trading.risk import catalogue, rules
from assay.trading.risk.telling import TOO_MANY, tell_checks
from assay.trading.risk.verdict import (
    DENIED,
    NO_SLOT,
    RELATIONS,
    UNCOUNTED,
    VERDICTS,
)
from tools.generate_risk_catalogue import render

FOLDER = Path(rules.__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("[a-z]*.py"))
TYPES = {
    "order": ORDER, "account": ACCOUNT, "position": POSITION, "market": MARKET_STATE,
    "instrument": INSTRUMENT, "limits": LIMITS,
}  # fmt: skip
SOUND = {
    "order": {"quantity": 1_000, "ts": 100, "notional": 100, "margin": 10},
    "account": {
        "balance": 10_000, "peak": 10_000, "day_start": 10_000, "week_start": 10_000,
        "correlations_ts": 90, "measured_ts": 90, "value_at_risk": 200, "shortfall": 300,
        "order_value": 100, "currency_exposure": 100, "cluster_exposure": 100, "stop_risk": 50,
        "gross_units": 1_000, "open_positions": 1,
    },
    "position": {},
    "market": {"ts": 100, "bid": 110_000, "ask": 110_010, "spread": 10, "session_open": 1},
    "instrument": {
        "volume_min": 1_000, "volume_max": 5_000, "volume_step": 1_000, "trade_mode": 4,
        "price_max": 1_000_000, "leg": -1,
    },
    "limits": {},
}  # fmt: skip
Records = dict[str, np.ndarray]


def load(name: str) -> ModuleType:
    return import_module(f"assay.trading.risk.rules.{name}")


def records(**changes: int) -> Records:
    """Return an order that every rule lets pass, with fields changed as `record_field=value`."""
    found = {name: np.zeros(1, dtype) for name, dtype in TYPES.items()}
    for name, values in SOUND.items():
        for field, value in values.items():
            found[name][field] = value
    for key, value in changes.items():
        name, _, field = key.partition("_")
        found[name][field] = value
    return found


def answer(name: str, given: Records) -> tuple[int, int, int, int]:
    return tuple(map(int, load(name).check(*(given[each][0] for each in TYPES))))  # type: ignore[return-value]


def allows(name: str, given: Records) -> bool:
    return answer(name, given)[0] != DENIED


def examine(given: Records) -> tuple[int, list[list[int]]]:
    checks = np.zeros(len(catalogue.RULES), CHECK)
    order, account, position, *terms = (given[each][0] for each in TYPES)
    denied = int(catalogue.examine(checks, order, account, position, tuple(terms)))
    return denied, [list(row) for row in checks.tolist()]


def first_breach(given: Records) -> int:
    return examine(given)[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_declares_itself(name: str) -> None:
    rule = load(name)
    assert 100 <= rule.CODE < 200
    assert rule.REASON.lower().replace(" ", "_") == rule.REASON
    assert set(rule.PARAMETERS) <= set(LIMITS.names or ())
    assert rule.__doc__ == rule.check.py_func.__doc__


def test_codes_and_reasons_are_unique() -> None:
    found = [load(name) for name in NAMES]
    assert len({rule.CODE for rule in found} | {NO_SLOT}) == len(NAMES) + 1
    assert len({rule.REASON for rule in found} | {TOO_MANY}) == len(NAMES) + 1


def test_the_catalogue_is_the_folder() -> None:
    assert sorted(rule.__name__.rpartition(".")[2] for rule in catalogue.RULES) == NAMES
    assert [rule.CODE for rule in catalogue.RULES] == sorted(rule.CODE for rule in catalogue.RULES)
    assert {rule.CODE: rule.REASON for rule in catalogue.RULES} == catalogue.REASONS
    assert Path(catalogue.__file__).read_text() == render()


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_is_pure(name: str) -> None:
    for given in (records(), records(limits_exposure_max=1, limits_daily_loss_max=1), zeroed()):
        before = {each: rows.tobytes() for each, rows in given.items()}
        answers = {answer(name, given) for _ in range(3)}
        assert len(answers) == 1
        assert {each: rows.tobytes() for each, rows in given.items()} == before


def zeroed() -> Records:
    return {name: np.zeros(1, dtype) for name, dtype in TYPES.items()}


def test_a_sound_order_passes_and_the_unknown_does_not() -> None:
    assert first_breach(records()) == 0
    assert first_breach(zeroed()) != 0
    for unknown in ("market", "instrument", "order"):
        given = records()
        given[unknown][...] = np.zeros(1, TYPES[unknown])
        assert first_breach(given) != 0, unknown


TWIN = {
    "position_last_quantity": 1_000, "position_last_type": LIMIT, "position_last_price": 110_000,
    "order_type": LIMIT, "order_price": 110_000,
}  # fmt: skip
FRESH = {"limits_measure_age_max": 50}
LIKE = {"limits_correlation_max": 7_000, **FRESH}
BOUNDS = [
    # rule, what lets pass, what denies
    ("halt", {}, {"account_halted": 1}),
    ("halt", {}, {"account_overflow": 1}),
    ("trade_mode", {}, {"instrument_trade_mode": 0}),
    ("trade_mode", {"instrument_trade_mode": 1}, {"instrument_trade_mode": 2}),
    ("trade_mode", {"instrument_trade_mode": 2, "order_quantity": -1_000},
     {"instrument_trade_mode": 1, "order_quantity": -1_000}),
    ("trade_mode", {"instrument_trade_mode": 3, "order_reduces": 1}, {"instrument_trade_mode": 3}),
    ("unknown_price", {}, {"market_bid": 0}),
    ("unknown_price", {"market_ask": 110_000}, {"market_ask": 109_999}),
    ("unknown_price", {"instrument_price_max": 110_010}, {"instrument_price_max": 110_009}),
    ("unknown_price", {"instrument_leg": 1, "market_leg_bid": 1}, {"instrument_leg": 1}),
    ("stale_data", {"limits_age_max": 50, "order_ts": 150},
     {"limits_age_max": 50, "order_ts": 151}),
    ("session", {"limits_session_only": 1}, {"limits_session_only": 1, "market_session_open": 0}),
    ("volume", {"order_quantity": 5_000}, {"order_quantity": 6_000}),
    ("volume", {"order_quantity": -5_000}, {"order_quantity": -6_000}),
    ("volume", {"order_quantity": 2_000}, {"order_quantity": 1_500}),
    ("volume", {"order_quantity": 1_000}, {"order_quantity": 0}),
    ("spread", {"limits_spread_max": 10}, {"limits_spread_max": 9}),
    ("position_size", {"limits_position_max": 3_000, "position_quantity": 2_000},
     {"limits_position_max": 2_999, "position_quantity": 2_000}),
    ("position_size", {"limits_position_max": 3_000, "position_waiting": 2_000},
     {"limits_position_max": 3_000, "position_waiting": 2_001}),
    ("position_size", {"limits_position_max": 1_000, "position_quantity": -2_000},
     {"limits_position_max": 1_000, "position_quantity": -2_001}),
    ("position_size", {"limits_position_max": 3_000, "position_hedged": 2_000, "account_hedges": 1},
     {"limits_position_max": 2_999, "position_hedged": 2_000, "account_hedges": 1}),
    ("position_size",
     {"limits_position_max": 3_000, "position_hedged": 2_500, "account_hedges": 1,
      "order_ticket": OLDEST_FIRST},
     {"limits_position_max": 3_000, "position_hedged": 1_500, "account_hedges": 1,
      "position_quantity": -600, "position_waiting": -1_000, "order_quantity": -1_000}),
    ("exposure", {"limits_exposure_max": 300, "account_exposure": 200},
     {"limits_exposure_max": 299, "account_exposure": 200}),
    ("exposure", {"limits_exposure_max": 2**60},
     {"limits_exposure_max": 2**60, "order_notional": OVERFLOW}),
    ("exposure", {"limits_exposure_max": 2**60},
     {"limits_exposure_max": 2**60, "account_exposure": OVERFLOW}),
    ("margin", {"limits_margin_use_max_bp": 5_000, "account_margin": 4_990},
     {"limits_margin_use_max_bp": 5_000, "account_margin": 4_991}),
    ("margin", {"limits_margin_use_max_bp": 10}, {"limits_margin_use_max_bp": 9}),
    ("margin", {"limits_margin_use_max_bp": 5_000},
     {"limits_margin_use_max_bp": 5_000, "order_margin": OVERFLOW}),
    ("margin", {"limits_margin_use_max_bp": 5_000},
     {"limits_margin_use_max_bp": 5_000, "account_balance": -1}),
    ("daily_loss", {"limits_daily_loss_max": 500, "account_unrealised": -499},
     {"limits_daily_loss_max": 500, "account_unrealised": -500}),
    ("daily_loss", {"limits_daily_loss_max": 500, "account_balance": 9_501},
     {"limits_daily_loss_max": 500, "account_balance": 9_500}),
    ("drawdown", {"limits_drawdown_max_bp": 1_000, "account_unrealised": -999},
     {"limits_drawdown_max_bp": 1_000, "account_unrealised": -1_000}),
    ("instrument_halt", {}, {"limits_instrument_halted": 1}),
    ("restricted", {}, {"limits_restricted": 1}),
    ("order_volume", {"limits_order_max": 1_000}, {"limits_order_max": 999}),
    ("order_volume", {"limits_order_max": 1_000, "order_quantity": -1_000},
     {"limits_order_max": 1_000, "order_quantity": -2_000}),
    ("order_value", {"limits_order_value_max": 100}, {"limits_order_value_max": 99}),
    ("order_value", {"limits_order_value_max": 2**60},
     {"limits_order_value_max": 2**60, "account_order_value": OVERFLOW}),
    ("price_collar", {"limits_collar_bp": 100, "order_type": LIMIT, "order_price": 111_110},
     {"limits_collar_bp": 100, "order_type": LIMIT, "order_price": 111_111}),
    ("price_collar", {"limits_collar_bp": 100, "order_type": STOP, "order_price": 108_910},
     {"limits_collar_bp": 100, "order_type": STOP, "order_price": 108_909}),
    ("price_collar", {"limits_collar_bp": 100, "order_type": MARKET},
     {"limits_collar_bp": 100, "order_type": LIMIT}),
    ("orders_per_second", {"limits_second_orders_max": 2, "account_second_debt": 500_000_100},
     {"limits_second_orders_max": 2, "account_second_debt": 500_000_101}),
    ("orders_per_second",
     {"limits_second_orders_max": 2, "account_second_debt": 10**9, "order_ts": 500_000_000},
     {"limits_second_orders_max": 2, "account_second_debt": 10**9, "order_ts": 499_999_999}),
    ("orders_per_minute", {"limits_minute_orders_max": 3, "account_minute_debt": 4 * 10**10},
     {"limits_minute_orders_max": 3, "account_minute_debt": 4 * 10**10 + 101}),
    ("duplicate_order", {"limits_duplicate_window": 50, **TWIN, "position_last_ts": 50},
     {"limits_duplicate_window": 50, **TWIN, "position_last_ts": 51}),
    ("duplicate_order", {"limits_duplicate_window": 50, **TWIN, "order_quantity": 2_000},
     {"limits_duplicate_window": 50, **TWIN, "position_last_ts": 100}),
    ("duplicate_order", {"limits_duplicate_window": 50, **TWIN, "order_price": 109_999},
     {"limits_duplicate_window": 101, **TWIN}),
    ("rollover_window", {"limits_rollover_after": 1},
     {"limits_rollover_after": 1, "account_near_rollover": INSIDE}),
    ("weekend_window", {"limits_weekend_before": 1},
     {"limits_weekend_before": 1, "account_near_weekend": UNKNOWN}),
    ("news_blackout", {"limits_news_before": 1},
     {"limits_news_before": 1, "account_near_news": UNKNOWN}),
    ("currency_exposure", {"limits_currency_exposure_max": 100},
     {"limits_currency_exposure_max": 99}),
    ("currency_exposure", {"limits_currency_exposure_max": 2**60},
     {"limits_currency_exposure_max": 2**60, "account_currency_exposure": OVERFLOW}),
    ("cluster_exposure", {"limits_cluster_exposure_max": 100},
     {"limits_cluster_exposure_max": 99}),
    ("correlation", {**LIKE, "account_correlation": 7_000},
     {**LIKE, "account_correlation": 7_001}),
    ("correlation", {**LIKE, "account_correlations_ts": 50},
     {**LIKE, "account_correlations_ts": 49}),
    ("correlation", {**LIKE, "account_correlations_ts": 100},
     {**LIKE, "account_correlations_ts": 101}),
    ("correlation", {**LIKE, "account_correlation": -9_000},
     {**LIKE, "account_correlation": OVERFLOW}),
    ("margin_level", {"limits_margin_level_min_bp": 20_000, "account_margin": 4_990},
     {"limits_margin_level_min_bp": 20_000, "account_margin": 4_991}),
    ("margin_level", {"limits_margin_level_min_bp": 20_000, "order_margin": 0},
     {"limits_margin_level_min_bp": 20_000, "order_margin": OVERFLOW}),
    ("margin_level", {"limits_margin_level_min_bp": 20_000},
     {"limits_margin_level_min_bp": 20_000, "account_balance": 0}),
    ("weekly_loss", {"limits_weekly_loss_max": 500, "account_unrealised": -499},
     {"limits_weekly_loss_max": 500, "account_unrealised": -500}),
    ("daily_risk", {"limits_daily_risk_max": 500, "account_unrealised": -450},
     {"limits_daily_risk_max": 500, "account_unrealised": -451}),
    ("daily_risk", {"limits_daily_risk_max": 2**60},
     {"limits_daily_risk_max": 2**60, "account_stop_risk": OVERFLOW}),
    ("value_at_risk", {"limits_var_max_bp": 200, **FRESH}, {"limits_var_max_bp": 199, **FRESH}),
    ("expected_shortfall", {"limits_shortfall_max_bp": 300, **FRESH},
     {"limits_shortfall_max_bp": 300, **FRESH, "account_shortfall": 301}),
    ("gross_volume", {"limits_gross_max": 3_000, "account_gross_units": 3_000},
     {"limits_gross_max": 3_000, "account_gross_units": 3_001}),
    ("gross_volume", {"limits_gross_max": 3_000, "order_reduces": 1},
     {"limits_gross_max": 3_000, "account_gross_units": 0}),
    ("open_positions", {"limits_positions_max": 3, "account_open_positions": 3},
     {"limits_positions_max": 3, "account_open_positions": 4}),
    ("open_positions", {"limits_positions_max": 3, "order_reduces": 1},
     {"limits_positions_max": 3, "account_open_positions": 0}),
    ("entries_halted", {}, {"account_entries_halted": 2}),
    ("entries_halted", {}, {"position_entries_halted": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "within", "beyond"), BOUNDS)
def test_a_rule_allows_up_to_its_limit(
    name: str, within: dict[str, int], beyond: dict[str, int]
) -> None:
    assert allows(name, records(**within))
    assert not allows(name, records(**beyond))
    assert first_breach(records(**beyond)) != 0


def test_every_rule_has_a_bound_above() -> None:
    assert {name for name, _, _ in BOUNDS} == set(NAMES)


ALWAYS_BOUND = ("halt", "trade_mode", "unknown_price", "stale_data", "volume", "instrument_halt")


@pytest.mark.parametrize(
    ("name", "beyond"),
    [(name, beyond) for name, _, beyond in BOUNDS
     if name not in ALWAYS_BOUND],
)  # fmt: skip
def test_what_only_reduces_passes_the_limits_of_new_risk(name: str, beyond: dict[str, int]) -> None:
    assert allows(name, records(**beyond, order_reduces=1))


def test_a_halt_denies_even_what_reduces() -> None:
    given = records(account_halted=1, order_reduces=1)
    assert first_breach(given) == load("halt").CODE


@pytest.mark.parametrize("name", NAMES)
def test_limits_of_zero_do_not_bind(name: str) -> None:
    given = records(
        account_balance=1, account_exposure=2**60, market_spread=10**6, market_session_open=0,
        position_quantity=4_000, order_ts=2**60,
    )  # fmt: skip
    assert allows(name, given)


def test_the_first_breach_is_the_lowest_code() -> None:
    given = records(account_halted=1, market_bid=0, instrument_trade_mode=0)
    assert first_breach(given) == 100
    given["account"]["halted"] = 0
    assert first_breach(given) == 101


MEASURED = [
    # rule, what it sees, (verdict, relation, value, limit)
    ("halt", {}, ("allowed", "exactly", 0, 0)),
    ("halt", {"account_halted": 1, "account_overflow": 1}, ("denied", "exactly", 3, 0)),
    ("trade_mode", {"instrument_trade_mode": 2}, ("denied", "permitted_by", 1, 2)),
    ("unknown_price", {}, ("allowed", "at_most", 110_010, 1_000_000)),
    ("unknown_price", {"market_ask": 109_999}, ("denied", "at_most", 110_000, 109_999)),
    ("stale_data", {"limits_age_max": 50, "order_ts": 151}, ("denied", "at_most", 51, 50)),
    ("session", {"limits_session_only": 1}, ("allowed", "exactly", 1, 1)),
    ("volume", {"order_quantity": -6_000}, ("denied", "at_most", 6_000, 5_000)),
    ("volume", {"order_quantity": 1_500}, ("denied", "multiple_of", 1_500, 1_000)),
    ("volume", {"order_quantity": 0}, ("denied", "at_least", 0, 1_000)),
    ("spread", {"limits_spread_max": 9}, ("denied", "at_most", 10, 9)),
    ("spread", {}, ("no_limit", "at_most", 10, 0)),
    ("spread", {"limits_spread_max": 9, "order_reduces": 1}, ("exempt", "at_most", 10, 9)),
    ("position_size", {"limits_position_max": 3_000, "position_waiting": 1_500},
     ("allowed", "at_most", 2_500, 3_000)),
    ("exposure", {"limits_exposure_max": 300, "account_exposure": 250},
     ("denied", "at_most", 350, 300)),
    ("exposure", {"limits_exposure_max": 300, "account_exposure": 2**63 - 1},
     ("denied", "at_most", UNCOUNTED, 300)),
    ("exposure", {}, ("no_limit", "at_most", UNCOUNTED, 0)),
    ("margin", {"limits_margin_use_max_bp": 5_000, "account_margin": 4_991},
     ("denied", "at_most", 5_001, 5_000)),
    ("daily_loss", {"limits_daily_loss_max": 500, "account_unrealised": -499},
     ("allowed", "below", 499, 500)),
    ("drawdown", {"limits_drawdown_max_bp": 1_000, "account_unrealised": -1_000},
     ("denied", "below", 1_000, 1_000)),
    ("instrument_halt", {"limits_instrument_halted": 1}, ("denied", "exactly", 1, 0)),
    ("restricted", {}, ("allowed", "exactly", 0, 0)),
    ("order_volume", {"limits_order_max": 999}, ("denied", "at_most", 1_000, 999)),
    ("order_value", {"limits_order_value_max": 99}, ("denied", "at_most", 100, 99)),
    ("price_collar", {"limits_collar_bp": 100, "order_type": LIMIT, "order_price": 111_111},
     ("denied", "at_most", 1_101, 1_100)),
    ("price_collar", {"limits_collar_bp": 100, "order_type": MARKET},
     ("allowed", "at_most", 0, 1_100)),
    ("orders_per_second", {"limits_second_orders_max": 2, "account_second_debt": 10**9},
     ("denied", "at_most", 3, 2)),
    ("orders_per_minute", {"limits_minute_orders_max": 3}, ("allowed", "at_most", 1, 3)),
    ("duplicate_order", {"limits_duplicate_window": 50, **TWIN, "position_last_ts": 60},
     ("denied", "at_least", 40, 50)),
    ("duplicate_order", {"limits_duplicate_window": 50}, ("allowed", "at_least", UNCOUNTED, 50)),
    ("rollover_window", {"limits_rollover_after": 1, "account_near_rollover": INSIDE},
     ("denied", "exactly", INSIDE, OUTSIDE)),
    ("weekend_window", {}, ("no_limit", "exactly", 0, 0)),
    ("news_blackout", {"limits_news_after": 1, "account_near_news": UNKNOWN},
     ("denied", "exactly", UNKNOWN, OUTSIDE)),
    ("currency_exposure", {"limits_currency_exposure_max": 99}, ("denied", "at_most", 100, 99)),
    ("cluster_exposure", {"limits_cluster_exposure_max": 100}, ("allowed", "at_most", 100, 100)),
    ("correlation", {**LIKE, "account_correlation": 7_001},
     ("denied", "at_most", 7_001, 7_000)),
    ("correlation", {**LIKE, "account_correlations_ts": 0},
     ("denied", "at_most", UNCOUNTED, 7_000)),
    ("margin_level", {"limits_margin_level_min_bp": 20_000, "account_margin": 4_991},
     ("denied", "at_least", 19_996, 20_000)),
    ("weekly_loss", {"limits_weekly_loss_max": 500, "account_unrealised": -500},
     ("denied", "below", 500, 500)),
    ("daily_risk", {"limits_daily_risk_max": 500, "account_unrealised": -451},
     ("denied", "at_most", 501, 500)),
    ("value_at_risk", {"limits_var_max_bp": 199, **FRESH}, ("denied", "at_most", 200, 199)),
    ("expected_shortfall", {"limits_shortfall_max_bp": 300, **FRESH, "account_measured_ts": 49},
     ("denied", "at_most", UNCOUNTED, 300)),
    ("gross_volume", {"limits_gross_max": 900}, ("denied", "at_most", 1_000, 900)),
    ("open_positions", {"limits_positions_max": 2, "account_open_positions": 2},
     ("allowed", "at_most", 2, 2)),
    ("entries_halted", {"account_entries_halted": 2, "position_entries_halted": 5},
     ("denied", "exactly", 7, 0)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "given", "expected"), MEASURED)
def test_a_rule_says_what_it_measured_and_held_it_against(
    name: str, given: dict[str, int], expected: tuple[str, str, int, int]
) -> None:
    verdict, relation, value, limit = answer(name, records(**given))
    assert (VERDICTS[verdict], RELATIONS[relation], value, limit) == expected


def test_every_rule_says_what_it_measures() -> None:
    assert {name for name, _, _ in MEASURED} == set(NAMES)


@pytest.mark.parametrize(("name", "within", "beyond"), BOUNDS)
def test_the_engine_keeps_the_very_answers_of_the_rules(
    name: str, within: dict[str, int], beyond: dict[str, int]
) -> None:
    ordered = [rule.__name__.rpartition(".")[2] for rule in catalogue.RULES]
    for given in (records(**within), records(**beyond), records(**beyond, order_reduces=1)):
        denied, rows = examine(given)
        assert rows == [list(answer(rule, given)) for rule in ordered]
        codes = [rule.CODE for rule, row in zip(catalogue.RULES, rows, strict=True) if row[0] == 0]
        assert denied == min(codes, default=0)


def test_answers_are_told_by_name_in_their_units() -> None:
    given = records(limits_spread_max=9, limits_exposure_max=300, account_exposure=OVERFLOW)
    denied, rows = examine(given)
    told = {check.rule: check for check in tell_checks(rows, denied)}
    assert list(told) == [rule.REASON for rule in catalogue.RULES]
    spread, exposure, margin = (
        told[each] for each in ("spread_too_wide", "exposure_limit", "margin")
    )
    assert (spread.verdict, spread.value, spread.limit, spread.unit) == ("denied", 10, 9, "points")
    assert (exposure.verdict, exposure.value, exposure.limit) == ("denied", None, 300)
    assert (margin.verdict, margin.value, margin.limit) == ("no_limit", None, None)


def test_an_order_without_a_free_slot_is_told_last() -> None:
    _, rows = examine(records())
    *before, last = tell_checks(rows, NO_SLOT)
    assert {check.verdict for check in before} == {"allowed", "no_limit"}
    assert (last.rule, last.verdict, last.value, last.limit) == (TOO_MANY, "denied", 9, 8)
