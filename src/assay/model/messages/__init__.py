"""Every message that crosses rooms, one file per stage."""

from assay.model.messages.books import EntryPosted, GapFound, PostingLine
from assay.model.messages.envelope import Message, decode_message, encode_message, message_types
from assay.model.messages.market import BarClosed, QuoteRejected, Tick
from assay.model.messages.ops import PlatformRecovered, PlatformStarted
from assay.model.messages.trading import (
    DecisionMade,
    EquityMarked,
    OrderApproved,
    OrderCancelled,
    OrderDenied,
    OrderFilled,
    OrderSubmitted,
    SwapCharged,
    TradingHalted,
    TradingResumed,
)

__all__ = [
    "BarClosed",
    "DecisionMade",
    "EntryPosted",
    "EquityMarked",
    "GapFound",
    "Message",
    "OrderApproved",
    "OrderCancelled",
    "OrderDenied",
    "OrderFilled",
    "OrderSubmitted",
    "PlatformRecovered",
    "PlatformStarted",
    "PostingLine",
    "QuoteRejected",
    "SwapCharged",
    "Tick",
    "TradingHalted",
    "TradingResumed",
    "decode_message",
    "encode_message",
    "message_types",
]
