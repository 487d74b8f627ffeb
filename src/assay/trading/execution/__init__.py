"""What becomes of live orders: their states, when to send again, and the book of an account."""

from assay.trading.execution.book import ExecutionBook
from assay.trading.execution.lifecycle import (
    Accepted,
    Dealt,
    Ended,
    LiveOrder,
    LostSight,
    OrderEvent,
    OrderState,
    Recovered,
    Refused,
    Sent,
    Stored,
    advance,
)
from assay.trading.execution.retrying import RetryClass, RetryPolicy

__all__ = [
    "Accepted",
    "Dealt",
    "Ended",
    "ExecutionBook",
    "LiveOrder",
    "LostSight",
    "OrderEvent",
    "OrderState",
    "Recovered",
    "Refused",
    "RetryClass",
    "RetryPolicy",
    "Sent",
    "Stored",
    "advance",
]
