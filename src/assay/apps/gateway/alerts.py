"""Alerts as the page shows them."""

from __future__ import annotations

from assay.apps.gateway.scale import moment
from assay.apps.gateway.views import Alert, AlertName
from assay.apps.paper.notices import describe_notice
from assay.model.messages import (
    CorrelationBroke,
    CorrelationReturned,
    DriftFound,
    Message,
    RegimeChanged,
)

NAMES: dict[type[Message], AlertName] = {
    RegimeChanged: "regime", CorrelationBroke: "correlation", CorrelationReturned: "correlation",
    DriftFound: "drift",
}  # fmt: skip


def alert_view(place: int, message: Message) -> Alert:
    """Return the alert at a place of the journal, in words."""
    return Alert(
        id=str(place), time=moment(message.ts_event), kind=NAMES[type(message)],
        text=describe_notice(message),
    )  # fmt: skip
