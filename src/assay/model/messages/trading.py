"""Trading: from decision to fill.

Volumes are signed integer units (positive buys), prices integer points, money integer minor units
of the account's currency. A stop or target of 0 is none.
"""

import msgspec

from assay.model.messages.envelope import Message


class DecisionMade(Message, frozen=True, kw_only=True):
    """Carry the position that a strategy wants and why.

    One that trades on forecasts decides at every bar: `outcome` is enter, exit, hold or abstain,
    the probability that `side` is right (ten-thousandths, with its bounds), `cost` and `expected`
    (minor units a lot, the latter after costs at the lower bound), and the chain of `reasons`.
    An entry also tells its order: `quantity` (signed units), `order_type`, the `price` it looks at
    (points) and the `instruction` for sending it; `confidence` (0 to 100), what the whole order is
    `worth`, its 95 % `value_at_risk` (minor units) and `sharpe` (thousandths a trade).
    """

    account: str
    strategy: str
    symbol: str
    ts_bar: int
    target: int
    position: int
    reason: str
    outcome: str = ""
    side: str = ""
    probability: int | None = None
    lower: int | None = None
    upper: int | None = None
    cost: int | None = None
    expected: int | None = None
    reasons: tuple[str, ...] = ()
    confidence: int | None = None
    quantity: int | None = None
    order_type: str = ""
    price: int | None = None
    instruction: str = ""
    worth: int | None = None
    value_at_risk: int | None = None
    sharpe: int | None = None


class RuleCheck(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Hold what one risk rule measured of an order, and what it was held against.

    `verdict` is allowed, denied, exempt (only reduces a position) or no_limit; `relation` is how
    the value must stand to the limit: at_most, below, at_least, exactly, multiple_of or
    permitted_by. Integers of the rule's `unit`; None where nothing was worked out, or where it
    passed 63 bits.
    """

    rule: str
    verdict: str
    relation: str
    value: int | None
    limit: int | None
    unit: str


class OrderTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Hold what an order says beside its price, stop and target; 0 is none (docs/orders.md).

    `limit` is the price of a stop-limit once it is triggered, `expires` a time (ns UTC), `group`
    shared by orders of which one fills, `distance` how far a trailing order stays behind the price.
    The rest is for the position that it opens: how far its stop trails, the points in favour after
    which the stop goes to the entry and `break_keep` beyond, and the nanoseconds it is held. An
    order over time goes in `slices`, one `every` so many ns; of an iceberg so much is `shown`.
    """

    limit: int = 0
    time_in_force: str = "gtc"
    expires: int = 0
    group: int = 0
    distance: int = 0
    trail: int = 0
    break_after: int = 0
    break_keep: int = 0
    hold: int = 0
    slices: int = 0
    every: int = 0
    shown: int = 0


class OrderApproved(Message, frozen=True, kw_only=True):
    """Carry an order that every risk rule let pass."""

    key: int
    account: str
    symbol: str
    quantity: int
    rules: int
    checks: tuple[RuleCheck, ...] = ()


class OrderDenied(Message, frozen=True, kw_only=True):
    """Carry an order that a risk rule refused, with the reason code of the first that did.

    `ticket` and `by` as OrderSubmitted has them.
    """

    key: int
    account: str
    symbol: str
    ordinal: int
    order_type: str
    quantity: int
    price: int
    stop: int
    target: int
    reason: str
    checks: tuple[RuleCheck, ...] = ()
    terms: OrderTerms | msgspec.UnsetType = msgspec.UNSET
    parent: int | msgspec.UnsetType = msgspec.UNSET
    ticket: int | msgspec.UnsetType = msgspec.UNSET
    by: int | msgspec.UnsetType = msgspec.UNSET


class OrderSubmitted(Message, frozen=True, kw_only=True):
    """Carry an order about to be sent; its key is committed before the broker sees it.

    `parent` is the key of the order of which it is a part; that one is not sent itself. `margin`
    is what it is expected to tie up (minor units), told where a venue is to be held to it. On a
    hedging account `ticket` is the key of the order whose position it closes (`by` that of the
    position that closes it), -1 where it closes the oldest of the other side, -2 where it opens one
    with what is left then; without it opens one. At a venue `position` and `position_by` are the
    numbers there of those two positions.
    """

    key: int
    account: str
    strategy: str
    symbol: str
    ts_bar: int
    ordinal: int
    order_type: str
    quantity: int
    price: int
    stop: int
    target: int
    terms: OrderTerms | msgspec.UnsetType = msgspec.UNSET
    parent: int | msgspec.UnsetType = msgspec.UNSET
    margin: int | msgspec.UnsetType = msgspec.UNSET
    ticket: int | msgspec.UnsetType = msgspec.UNSET
    by: int | msgspec.UnsetType = msgspec.UNSET
    position: int | msgspec.UnsetType = msgspec.UNSET
    position_by: int | msgspec.UnsetType = msgspec.UNSET


class OrderChanged(Message, frozen=True, kw_only=True):
    """Carry a resting order as it is from now on; its key stays, its quantity is what is left."""

    key: int
    account: str
    symbol: str
    ts_bar: int
    ordinal: int
    order_type: str
    quantity: int
    price: int
    stop: int
    target: int
    terms: OrderTerms | msgspec.UnsetType = msgspec.UNSET


class PositionChanged(Message, frozen=True, kw_only=True):
    """Carry what protects an open position from now on; the stop stays `trail` points behind.

    On a hedging account it is the one that the order with the key `ticket` opened.
    """

    account: str
    symbol: str
    stop: int
    target: int
    trail: int
    ticket: int | msgspec.UnsetType = msgspec.UNSET


class OrderCancelled(Message, frozen=True, kw_only=True):
    """Carry an order that will not fill, or not fill any more.

    The reason is cancelled, halted, expired, unfilled (at once, as a whole or in parts, as it was
    asked for), other_filled (the order whose group it shares) or worked (its parts filled it).
    """

    key: int
    account: str
    symbol: str
    reason: str


class CancelRequested(Message, frozen=True, kw_only=True):
    """Ask a venue to cancel an order, by its `ticket` there; it is open until the venue says so."""

    key: int
    account: str
    symbol: str
    ticket: int
    reason: str


class ChangeRequested(Message, frozen=True, kw_only=True):
    """Ask a venue to change an order, by its `key` and its `ticket` there, or a position (key 0).

    Each value is the wanted one, 0 for none; all stands as it was until the venue says so.
    """

    key: int
    account: str
    symbol: str
    ticket: int
    price: int
    limit: int
    stop: int
    target: int


class OrderFilled(Message, frozen=True, kw_only=True):
    """Carry one execution.

    `profit` is realised by what the fill closed, before `commission` (a cost, >= 0); `spread_cost`
    and `slippage_cost` are contained in the price. `rate_num / rate_den` turned the quote currency
    into the account's. `kind` is exact (a tick) or modelled (a bar). On a hedging account `ticket`
    is the key of the order that opened the position it changed; `position` is the sum of all.
    """

    key: int
    fill: int
    account: str
    symbol: str
    quantity: int
    price: int
    price_digits: int
    commission: int
    profit: int
    spread_cost: int
    slippage_cost: int
    rate_num: int
    rate_den: int
    position: int
    kind: str
    reason: str
    ticket: int | msgspec.UnsetType = msgspec.UNSET


class SwapCharged(Message, frozen=True, kw_only=True):
    """Carry the overnight charge of a position; a negative amount is a cost.

    On a hedging account `ticket` is the key of the order that opened it.
    """

    account: str
    symbol: str
    position: int
    nights: int
    amount: int
    ticket: int | msgspec.UnsetType = msgspec.UNSET


class EquityMarked(Message, frozen=True, kw_only=True):
    """Carry an account's worth at the close of a bar."""

    account: str
    balance: int
    equity: int
    margin: int


class RiskMeasured(Message, frozen=True, kw_only=True):
    """Carry what an account may lose by the next bar, from what it holds and joint past returns.

    With probability `confidence` (ten-thousandths) the loss is at most `value_at_risk`; where it is
    more it is `shortfall` on average. `returns` counts those that were looked at.
    """

    account: str
    method: str
    confidence: int
    value_at_risk: int
    shortfall: int
    returns: int


class RiskThresholdBreached(Message, frozen=True, kw_only=True):
    """Carry that a measure of an account reached its limit, or (`warning`) 80 % of it.

    It is told once, until the measure has been below 70 %. Integers of `unit`.
    """

    account: str
    rule: str
    value: int
    limit: int
    unit: str
    warning: bool


class TradeRequested(Message, frozen=True, kw_only=True):
    """Ask for an order by hand, of which every risk rule is asked.

    `action` is the type of an order (market, limit, stop, stop_limit, trailing_stop, twap, vwap,
    iceberg), or close (`quantity` units at most, 0 for all), cancel, change or protect. `key` names
    the order to be changed or cancelled, 0 every one that waits. In a change 0 leaves a value, -1
    takes it away.
    """

    account: str
    symbol: str
    action: str
    reason: str
    by: str
    quantity: int = 0
    price: int = 0
    stop: int = 0
    target: int = 0
    key: int = 0
    terms: OrderTerms | msgspec.UnsetType = msgspec.UNSET


class LimitSet(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Hold a limit by its name in docs/risk.md, and its value as it is written there."""

    name: str
    value: str


class LimitsChanged(Message, frozen=True, kw_only=True):
    """Change risk limits of a tenant, from the next order on; they stay until changed again."""

    limits: tuple[LimitSet, ...]
    reason: str
    by: str


class TradingHalted(Message, frozen=True, kw_only=True):
    """Stop all new orders of a tenant until it is resumed by name; survives restarts."""

    reason: str
    by: str


class TradingReleaseRequested(Message, frozen=True, kw_only=True):
    """Carry that somebody asked for the code that lifts a halt; it goes on until that is given."""

    reason: str
    by: str


class TradingResumed(Message, frozen=True, kw_only=True):
    """Lift a halt."""

    reason: str
    by: str


class EntriesHalted(Message, frozen=True, kw_only=True):
    """Deny an account new risk until it is released; other sources may hold it back at once.

    `source` is one of assay.model.halts. Without an account all of the tenant's are meant, without
    a symbol every instrument. It survives restarts.
    """

    source: str
    reason: str
    by: str
    account: str = ""
    symbol: str = ""


class EntriesReleased(Message, frozen=True, kw_only=True):
    """Lift the halt of one source; the `actor` is that source itself, or the operator."""

    source: str
    reason: str
    by: str
    actor: str
    account: str = ""
    symbol: str = ""


class ReductionRequested(Message, frozen=True, kw_only=True):
    """Ask for a position to be brought down to at most `keep` units, as an act of risk of a source.

    What waits in the instrument is cancelled. It goes as a market order that no rule is asked
    about, and queues for the next price. With `ticket` it is of the one that the order with that
    key opened on a hedging account, and what waits stays.
    """

    account: str
    symbol: str
    keep: int
    source: str
    reason: str
    ticket: int | msgspec.UnsetType = msgspec.UNSET


class SizeScaled(Message, frozen=True, kw_only=True):
    """Let an account trade what its strategy asks for less the share `held_back` (basis points)."""

    account: str
    held_back: int
    source: str
    reason: str


class StopTightened(Message, frozen=True, kw_only=True):
    """Move the stop of an open position to a price (points), never away from the market.

    On a hedging account it is the one that the order with the key `ticket` opened.
    """

    account: str
    symbol: str
    stop: int
    source: str
    reason: str
    ticket: int | msgspec.UnsetType = msgspec.UNSET


class PositionNotFlat(Message, frozen=True, kw_only=True):
    """Carry that a position is NOT FLAT though an act of risk asked for it `attempts` times.

    `quantity` is what is open still, `keep` what was to be left; of 0 in `attempts` it is as asked
    for again.
    """

    account: str
    symbol: str
    quantity: int
    keep: int
    source: str
    reason: str
    attempts: int
    retcode: int = 0
    ticket: int | msgspec.UnsetType = msgspec.UNSET
