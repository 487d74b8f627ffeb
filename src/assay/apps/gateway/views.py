"""What the page is sent: plain numbers and texts, one struct a thing.

Times are ISO-8601 texts in UTC, but `time` of a chart's point is seconds since 1970. Prices are in
the quote currency, money in the account's currency, volumes in lots. The page's types are
generated from this file by `python -m tools.generate_page_types`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from assay.apps.gateway.figures import PerformancePage, TwinPage

Side = Literal["long", "short", "flat"]
OutcomeName = Literal["enter", "exit", "hold", "abstain", "denied", "change"]
OrderState = Literal[
    "submitted", "accepted", "unknown", "working", "partly_filled", "cancelling", "filled",
    "cancelled", "expired", "rejected", "denied",
]  # fmt: skip
Verdict = Literal["allowed", "denied", "exempt", "no_limit"]
AlertName = Literal["regime", "correlation", "drift", "risk", "account", "source"]
PatternVerdictName = Literal["confirmed", "not confirmed", "unknown"]
Relation = Literal["at_most", "below", "at_least", "exactly", "multiple_of", "permitted_by"]
FeedState = Literal["live", "stale", "ended", "lost"]
Value = float | str


class _View(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Problem(_View):
    """Say what went wrong and what to do about it."""

    code: str
    message: str
    remedy: str


class SessionView(_View):
    """Name the account on show and what trades it."""

    tenant: str
    account: str
    version: str
    source: str
    strategy: str
    model: str | None


class Feed(_View):
    """Say how fresh the market is: `age_ms` since the last event, `speed` None for max."""

    source: str
    state: FeedState
    age_ms: int
    speed: float | None
    events: int
    events_per_second: float


class SymbolView(_View):
    """Hold a symbol's last quote; `change_day` is a fraction since the day's first price."""

    symbol: str
    digits: int
    pip: float
    bid: float
    ask: float
    spread_pips: float
    time: str
    change_day: float


class AccountView(_View):
    """Hold an account's worth, and who holds entries back; `drawdown` is a fraction of the peak."""

    tenant: str
    account: str
    currency: str
    currency_digits: int
    balance: float
    equity: float
    margin: float
    margin_level: float | None
    day_profit: float
    drawdown: float
    peak: float
    entries_halted: tuple[str, ...] = ()


class Limit(_View):
    """Hold how much of a risk limit is used; `share` is value / limit, None where there is none."""

    name: str
    value: float
    limit: float | None
    unit: str
    share: float | None
    reason_code: str


class Position(_View):
    """Hold an open position at its last price; `opened` is None where that was long ago."""

    symbol: str
    side: Side
    lots: float
    entry: float
    price: float
    stop: float | None
    target: float | None
    profit: float
    opened: str | None


class Order(_View):
    """Hold an order and what became of it: `filled` of `lots`, `changes` to it since it was sent.

    One that is sent in parts is `working` until its first fill; each part names it as `parent`.
    """

    key: str
    parent: str | None
    time: str
    symbol: str
    type: str
    side: Side
    lots: float
    filled: float
    price: float | None
    stop: float | None
    target: float | None
    state: OrderState
    reason: str
    changes: int


class Fill(_View):
    """Hold one execution; `order` is its order's key."""

    id: str
    order: str
    time: str
    symbol: str
    side: Side
    lots: float
    price: float
    commission: float
    profit: float
    kind: str
    reason: str


class Reason(_View):
    """Hold one link of the chain that led to a decision."""

    code: str
    text: str


class Decision(_View):
    """Hold what was decided, how sure, at what cost, and why; `denied_by` is a rule's code."""

    id: str
    time: str
    symbol: str
    timeframe: str
    strategy: str
    outcome: OutcomeName
    side: Side
    lots: float
    probability: float | None
    lower: float | None
    upper: float | None
    cost: float | None
    expected: float | None
    reasons: tuple[Reason, ...]
    denied_by: str | None


class DecisionInput(_View):
    """Hold one number or word that a decision was made from."""

    name: str
    value: Value


class RuleCheck(_View):
    """Hold what a risk rule measured of an order and held it against, in `unit`.

    Numbers have `digits` decimals, words none. `relation` is how the value must stand to the
    limit; it and the figures are None where the journal holds the verdict alone.
    """

    rule: str
    verdict: Verdict
    relation: Relation | None
    value: Value | None
    limit: Value | None
    unit: str
    digits: int
    passed: bool


class Rate(_View):
    """Say how often something came true, with its 95 % interval; `share` is None of nothing."""

    share: float | None
    low: float
    high: float
    count: int


class Pattern(_View):
    """Hold a pattern that a bar completed, and what was known of its like at the close.

    `history` is of this pattern and side, `neighbours` of the nearest shapes, `chance` of any bar;
    `confidence` is the probability of being better than that. Nothing was traded on it.
    """

    name: str
    side: Side
    verdict: PatternVerdictName
    confidence: float | None
    chance: float
    history: Rate
    neighbours: Rate


class AuditRef(_View):
    """Name the audit entry of a decision."""

    entry: int
    hash: str


class DecisionDetail(Decision):
    """Hold a decision with all that belongs to it."""

    inputs: tuple[DecisionInput, ...]
    checks: tuple[RuleCheck, ...]
    patterns: tuple[Pattern, ...]
    order: Order | None
    parts: tuple[Order, ...]
    fills: tuple[Fill, ...]
    audit: AuditRef | None


class EquityPoint(_View):
    """Hold an account's worth at the close of a bar."""

    time: int
    equity: float
    balance: float
    drawdown: float


class Halt(_View):
    """Hold the state of the kill switch."""

    engaged: bool
    reason: str
    by: str
    since: str | None


class Bar(_View):
    """Hold one bar of bid prices; `spread` is in price at its close."""

    time: int
    open: float
    high: float
    low: float
    close: float
    spread: float
    volume: float | None
    forming: bool


class Alert(_View):
    """Hold what was found beside the trading, a limit reached, or an alarm, in words.

    What is `urgent` is for a person to act upon: a limit reached, an alarm of the account.
    """

    id: str
    time: str
    kind: AlertName
    text: str
    urgent: bool


class Snapshot(_View):
    """Hold everything the page opens with; `seq` is the number of the stream's message."""

    seq: int
    time: str
    feed: Feed
    symbols: tuple[SymbolView, ...]
    account: AccountView
    limits: tuple[Limit, ...]
    positions: tuple[Position, ...]
    orders: tuple[Order, ...]
    fills: tuple[Fill, ...]
    decisions: tuple[Decision, ...]
    equity: tuple[EquityPoint, ...]
    halt: Halt
    alerts: tuple[Alert, ...]


class BarsPage(_View):
    """Answer GET /api/bars."""

    symbol: str
    timeframe: str
    digits: int
    bars: tuple[Bar, ...]


class DecisionsPage(_View):
    """Answer GET /api/decisions, the newest first; `next` is the `before` of the next page."""

    decisions: tuple[Decision, ...]
    next: str | None


class EquityPage(_View):
    """Answer GET /api/equity, the oldest first."""

    points: tuple[EquityPoint, ...]


class FillsPage(_View):
    """Answer GET /api/fills, the newest first."""

    fills: tuple[Fill, ...]


class AlertsPage(_View):
    """Answer GET /api/alerts, the newest first; `next` is the `before` of the next page."""

    alerts: tuple[Alert, ...]
    next: str | None


class ConditionPage(_View):
    """Answer GET /api/regimes, /api/correlations and /api/drift.

    `now` is what the process `conditions` wrote last, of the journal's place `position`; `off` says
    why there is nothing, or less than was asked.
    """

    position: int
    off: str
    now: msgspec.Raw


class KillSwitch(_View, forbid_unknown_fields=True):
    """Ask to engage the kill switch, or to release it; `lifts` is the reason of the halt shown."""

    engaged: bool
    reason: str
    lifts: str = ""


class QuoteChange(_View, tag_field="kind", tag="quote"):
    """Carry a new quote."""

    symbol: str
    bid: float
    ask: float
    time: str


class BarChange(_View, tag_field="kind", tag="bar"):
    """Carry a bar that closed or goes on forming."""

    symbol: str
    timeframe: str
    bar: Bar
    forming: bool


class DecisionChange(_View, tag_field="kind", tag="decision"):
    """Carry a new decision, or one that was denied since."""

    decision: Decision


class OrderChange(_View, tag_field="kind", tag="order"):
    """Carry an order in its new state."""

    order: Order


class FillChange(_View, tag_field="kind", tag="fill"):
    """Carry an execution."""

    fill: Fill


class PositionsChange(_View, tag_field="kind", tag="positions"):
    """Carry all open positions."""

    positions: tuple[Position, ...]


class AccountChange(_View, tag_field="kind", tag="account"):
    """Carry the account's worth."""

    account: AccountView


class EquityChange(_View, tag_field="kind", tag="equity"):
    """Carry the newest point of the equity curve."""

    point: EquityPoint


class LimitsChange(_View, tag_field="kind", tag="limits"):
    """Carry how far the limits are used."""

    limits: tuple[Limit, ...]


class HaltChange(_View, tag_field="kind", tag="halt"):
    """Carry the state of the kill switch."""

    halt: Halt


class AlertChange(_View, tag_field="kind", tag="alert"):
    """Carry a new alert."""

    alert: Alert


class FeedChange(_View, tag_field="kind", tag="feed"):
    """Carry the freshness of the market."""

    feed: Feed


Change = (
    QuoteChange
    | BarChange
    | DecisionChange
    | OrderChange
    | FillChange
    | PositionsChange
    | AccountChange
    | EquityChange
    | LimitsChange
    | HaltChange
    | AlertChange
    | FeedChange
)


class SnapshotMessage(_View, tag_field="type", tag="snapshot"):
    """Open a stream, or answer a resync."""

    seq: int
    data: Snapshot


class DeltaMessage(_View, tag_field="type", tag="delta"):
    """Carry what changed since the message before; empty as a heartbeat."""

    seq: int
    data: tuple[Change, ...]


class ResyncMessage(_View, tag_field="type", tag="resync", forbid_unknown_fields=True):
    """Ask for a snapshot because a number was missing."""


StreamMessage = SnapshotMessage | DeltaMessage
PAGE_TYPES = (
    Problem,
    SessionView,
    Snapshot,
    BarsPage,
    DecisionsPage,
    DecisionDetail,
    EquityPage,
    FillsPage,
    PerformancePage,
    TwinPage,
    KillSwitch,
    SnapshotMessage,
    DeltaMessage,
    ResyncMessage,
)
"""The roots from which the page's types are generated; what they hold comes along."""
