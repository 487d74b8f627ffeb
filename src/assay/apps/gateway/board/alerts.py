"""Alerts as the page shows them."""

from __future__ import annotations

from assay.apps.gateway.board.scale import Scale, moment
from assay.apps.gateway.views import Alert, AlertName
from assay.apps.paper.control.acts import ACTS_TOLD
from assay.apps.paper.control.notices import describe_notice
from assay.apps.paper.control.sources import SOURCES_TOLD
from assay.model.messages import (
    CorrelationBroke,
    CorrelationReturned,
    DriftFound,
    ForeignActivity,
    GatewayAlarm,
    Message,
    RegimeChanged,
    RiskThresholdBreached,
)

NAMES: dict[type[Message], AlertName] = {
    RegimeChanged: "regime", CorrelationBroke: "correlation", CorrelationReturned: "correlation",
    DriftFound: "drift", GatewayAlarm: "account", ForeignActivity: "account",
    **dict.fromkeys((RiskThresholdBreached, *ACTS_TOLD), "risk"),
    **dict.fromkeys(SOURCES_TOLD, "source"),
}  # fmt: skip
ALERT_KINDS = tuple(kind.__name__ for kind in NAMES)
PERCENT = 100


def alert_view(place: int, message: Message, scale: Scale) -> Alert:
    """Return the alert at a place of the journal, in words."""
    return Alert(
        id=str(place), time=moment(message.ts_event), kind=NAMES[type(message)],
        text=_word(message, scale), urgent=_is_urgent(message),
    )  # fmt: skip


def _is_urgent(message: Message) -> bool:
    is_reached = isinstance(message, RiskThresholdBreached) and not message.warning
    return is_reached or isinstance(message, GatewayAlarm)


def _word(message: Message, scale: Scale) -> str:
    if isinstance(message, RiskThresholdBreached):
        reached = "is near its limit" if message.warning else "REACHED its limit"
        value, limit = (_figure(each, message.unit, scale) for each in (message.value,
                                                                        message.limit))  # fmt: skip
        return f"{message.rule.replace('_', ' ')} {reached}: {value} of {limit}"
    if isinstance(message, GatewayAlarm):
        return f"{message.code.replace('_', ' ')}: {message.text}"
    if isinstance(message, ForeignActivity):
        told = f"; {message.text}" if message.text else ""
        whose = "an order of ours" if message.key else "nothing of ours"
        return (
            f"{message.symbol or 'the account'}: somebody else {message.what.replace('_', ' ')}, "
            f"ticket {message.ticket}, concerning {whose}{told}"
        )
    return describe_notice(message)


def _figure(value: int, unit: str, scale: Scale) -> str:
    if unit == "money":
        return f"{scale.money(value):,.{scale.currency_digits}f} {scale.currency}"
    if unit == "basis points":
        return f"{value / PERCENT:.2f} %"
    return f"{value:,} {unit}"
