"""The answers of risk rules in the units that people read."""

from __future__ import annotations

import pytest

from assay.apps.gateway.board.checks import tell_checks
from assay.apps.gateway.board.scale import Scale
from assay.apps.paper.view.sheet import Sheet, Traded
from assay.model.messages import RuleCheck

TRADED = Traded(
    symbol="EURUSD", digits=5, pip_points=10, lot_units=100_000, timeframe=60, position_max=0,
    spread_max=0,
)  # fmt: skip
SHEET = Sheet(
    tenant="local", account="paper", run=1, currency="USD", currency_digits=2, source="sample",
    strategy="ai", model=None, speed=None, version="1", traded=(TRADED,), exposure_max=0,
    daily_loss_max=0, drawdown_max_bp=0, margin_use_max_bp=0, rules=(),
)  # fmt: skip


@pytest.mark.parametrize(
    ("unit", "value", "limit", "shown"),
    [
        ("window", 2, 0, ("unknown", "outside", "")),
        ("list", 1, 0, ("listed", "not listed", "")),
        ("basis points", 19_500, 20_000, (195.0, 200.0, "%")),
        ("ten-thousandths", 7_001, 7_000, (0.7001, 0.7, "")),
        ("orders", 11, 10, (11.0, 10.0, "orders")),
        ("money", None, 500, (None, 5.0, "USD")),
    ],
)
def test_figures_are_in_the_units_of_people(
    unit: str, value: int | None, limit: int, shown: tuple[object, object, str]
) -> None:
    told = RuleCheck("a_rule", "denied", "at_most", value, limit, unit)
    (found,) = tell_checks(
        [told], "EURUSD", Scale(SHEET.traded, SHEET.currency, SHEET.currency_digits)
    )
    assert (found.value, found.limit, found.unit) == shown
    assert not found.passed
