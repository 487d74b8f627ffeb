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


class OrderApproved(Message, frozen=True, kw_only=True):
    """Carry an order that every risk rule let pass."""

    key: int
    account: str
    symbol: str
    quantity: int
    rules: int
    checks: tuple[RuleCheck, ...] = ()


class OrderDenied(Message, frozen=True, kw_only=True):
    """Carry an order that a risk rule refused, with the reason code of the first that did."""

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


class OrderSubmitted(Message, frozen=True, kw_only=True):
    """Carry an order about to be sent; its key is committed before the broker sees it."""

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


class OrderCancelled(Message, frozen=True, kw_only=True):
    """Carry a resting order that will not fill."""

    key: int
    account: str
    symbol: str
    reason: str


class OrderFilled(Message, frozen=True, kw_only=True):
    """Carry one execution.

    `profit` is realised by what the fill closed, before `commission` (a cost, >= 0); `spread_cost`
    and `slippage_cost` are contained in the price. `rate_num / rate_den` turned the quote currency
    into the account's. `kind` is exact (a tick) or modelled (a bar).
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


class SwapCharged(Message, frozen=True, kw_only=True):
    """Carry the overnight charge of a position; a negative amount is a cost."""

    account: str
    symbol: str
    position: int
    nights: int
    amount: int


class EquityMarked(Message, frozen=True, kw_only=True):
    """Carry an account's worth at the close of a bar."""

    account: str
    balance: int
    equity: int
    margin: int


class TradingHalted(Message, frozen=True, kw_only=True):
    """Stop all new orders of a tenant until it is resumed by name; survives restarts."""

    reason: str
    by: str


class TradingResumed(Message, frozen=True, kw_only=True):
    """Lift a halt."""

    reason: str
    by: str
