"""Every message that crosses rooms, one file per stage."""

from assay.model.messages.books import EntryPosted, GapFound, PostingLine
from assay.model.messages.envelope import (
    Message,
    decode_message,
    decode_messages,
    encode_message,
    encode_messages_into,
    message_types,
    tag_of,
)
from assay.model.messages.market import BarClosed, BarSetClosed, QuoteRejected, Tick
from assay.model.messages.ops import (
    HomeRestored,
    PlatformRecovered,
    PlatformStarted,
    ReplacedHead,
)
from assay.model.messages.signals import FeaturesReady, Layer, Predicted, Vote
from assay.model.messages.trading import (
    DecisionMade,
    EquityMarked,
    OrderApproved,
    OrderCancelled,
    OrderDenied,
    OrderFilled,
    OrderSubmitted,
    RuleCheck,
    SwapCharged,
    TradingHalted,
    TradingResumed,
)

__all__ = [
    "BarClosed",
    "BarSetClosed",
    "DecisionMade",
    "EntryPosted",
    "EquityMarked",
    "FeaturesReady",
    "GapFound",
    "HomeRestored",
    "Layer",
    "Message",
    "OrderApproved",
    "OrderCancelled",
    "OrderDenied",
    "OrderFilled",
    "OrderSubmitted",
    "PlatformRecovered",
    "PlatformStarted",
    "PostingLine",
    "Predicted",
    "QuoteRejected",
    "ReplacedHead",
    "RuleCheck",
    "SwapCharged",
    "Tick",
    "TradingHalted",
    "TradingResumed",
    "Vote",
    "decode_message",
    "decode_messages",
    "encode_message",
    "encode_messages_into",
    "message_types",
    "tag_of",
]
