"""Limits by name: read, written, told in the document, and changed while a desk trades."""

from __future__ import annotations

from decimal import Decimal

import pytest

from assay.apps.config import Config, RiskConfig
from assay.apps.lab.runs.setup import configured_profile
from assay.apps.paper.preparing import name_limits
from assay.kernel.records import LIMITS as RECORD
from assay.model.errors import UsageError
from assay.model.time import MINUTE
from assay.trading.engine.terms import PROFILES
from assay.trading.risk.catalogue import RULES
from assay.trading.risk.limits import (
    LIMITS,
    Scale,
    in_engine_units,
    read_changes,
    read_limit,
    write_limit,
)
from tools.generate_risk_catalogue import DOCUMENT, fill_tables


def test_the_document_has_the_rules_and_the_limits() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert fill_tables(text) == text
    assert all(f"| {rule.CODE} | `{rule.REASON}` |" in text for rule in RULES)
    assert all(f"\n| `{name}` |" in text for name in LIMITS)


def test_every_limit_of_a_rule_has_a_name() -> None:
    named = {limit.field for limit in LIMITS.values()}
    assert named <= {*(RECORD.names or ())}
    assert {field for rule in RULES for field in rule.PARAMETERS} <= named


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_is_what_it_writes(name: str) -> None:
    profile = PROFILES[name]
    assert profile.changed(profile.texts()) == profile


@pytest.mark.parametrize(
    ("text", "unit", "found"),
    [
        ("position_max_lots=2.5", 250_000, "2.5"),
        ("spread_max_pips=1.5", 15, "1.5"),
        ("weekly_loss_max_bp=800", 800_000, "800"),
        ("correlation_max=7000", 7_000, "7000"),
        ("session_only=yes", 1, "yes"),
        ("age_max=30m", 30 * MINUTE, "30m"),
        ("age_max=1800s", 30 * MINUTE, "30m"),
        ("age_max=0", 0, "0"),
        ("restricted= XAUUSD, EURUSD", 1, "XAUUSD,EURUSD"),
        ("halted=none", 0, "none"),
    ],
)
def test_a_limit_is_read_in_its_unit(text: str, unit: int, found: str) -> None:
    (name, value) = next(iter(read_changes([text]).items()))
    limit, scale = LIMITS[name], Scale("EURUSD", 100_000, 10, 10_000_000)
    assert value == found
    assert in_engine_units(limit, read_limit(limit, value), scale) == unit
    assert write_limit(limit, read_limit(limit, value)) == value


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ([], "no limit is given"),
        (["collar"], "'collar' is no limit; give NAME=VALUE"),
        (["collars_bp=1"], "limit 'collars_bp' is unknown; there are position_max_lots, "),
        (["collar_bp=-1"], "collar_bp was '-1' and takes basis points; 0 is no limit"),
        (["collar_bp=1e3"], "collar_bp was '1e3'"),
        (["drawdown_max_bp=10001"], "takes basis points, 0 to 10000"),
        (["age_max=30"], "age_max was '30' and takes time, such as 500ms, 30m or 1d"),
        (["session_only=maybe"], "takes yes or no"),
        (["position_max_lots=nan"], "position_max_lots was 'nan' and takes lots"),
        (["position_max_lots=-0.5"], "position_max_lots was '-0.5'"),
        (["collar_bp=1", "collar_bp=2"], "collar_bp is given twice"),
        (["halted=EURUSD,GPBUSD"], "halted: GPBUSD is not traded; there are EURUSD, XAUUSD"),
    ],
)
def test_what_is_no_limit_is_refused_by_value_and_remedy(texts: list[str], says: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_changes(texts, ("EURUSD", "XAUUSD"))
    assert says in str(refused.value)


def test_settings_change_single_limits_of_a_profile() -> None:
    config = Config(risk=RiskConfig(limits={"position_max_lots": 2.5, "session_only": False}))
    profile = configured_profile(config, "default")
    assert (profile.position_max_lots, profile.session_only) == (Decimal("2.5"), False)
    assert profile.daily_loss_max_bp == PROFILES["default"].daily_loss_max_bp
    assert name_limits(profile) != name_limits(PROFILES["default"]) == "default"
    with pytest.raises(UsageError, match="limit 'lots' is unknown"):
        configured_profile(Config(risk=RiskConfig(limits={"lots": 1})), "default")


def test_settings_that_change_nothing_decide_as_before() -> None:
    assert b'"risk":{"profile":"default"}' in Config().decisive()
    changed = Config(risk=RiskConfig(limits={"collar_bp": 1})).decisive()
    assert b'"limits":{"collar_bp":1}' in changed
