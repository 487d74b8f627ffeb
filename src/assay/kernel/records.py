"""The structured arrays that the engine works on.

Times are nanoseconds UTC, prices integer points, volumes integer units, money integer minor units.
Every record is a plain copy of memory, so a snapshot is the arrays' bytes.
"""

from __future__ import annotations

import numpy as np

ORDER_SLOTS = 8
"""Orders that one account may have waiting in one instrument."""

TICK, HIGHER_BAR, BASE_BAR = 2, 3, 4
"""Event classes, in the order in which events of one instant are handled."""

MATCHED_ON_TICKS = 1
"""Event flag: the ticks inside this bar went before it."""

MARKET, LIMIT, STOP = 1, 2, 3
"""Order types; the fill reasons below go on from them."""

STOP_LOSS, TAKE_PROFIT, STOP_OUT = 4, 5, 6

FREE, PENDING, RESTING = 0, 1, 2
"""States of an order slot: empty, to fill at the next price, waiting for its price."""

SESSION_OPENS, SESSION_CLOSES, ROLLOVER = 0, 1, 2
"""Kinds of schedule entries."""

HOLD, GO_TO, PLACE_LIMIT, PLACE_STOP, CANCEL = 0, 1, 2, 3, 4
"""What a strategy asks for."""

CANCELLED, SWAP = 1, 2
"""Kinds of notes."""

EVENT = np.dtype(
    [
        ("ts", "i8"),
        ("open", "i8"),
        ("high", "i8"),
        ("low", "i8"),
        ("close", "i8"),
        ("spread_open", "i4"),
        ("spread_high", "i4"),
        ("spread_low", "i4"),
        ("spread_close", "i4"),
        ("instrument", "i2"),
        ("kind", "i1"),
        ("flags", "i1"),
        ("seconds", "i4"),
    ],
    align=True,
)
"""One tick or finished bar: bid points, and how far above them the ask is; `ts` is its end."""

INSTRUMENT = np.dtype(
    [
        (name, "i8")
        for name in (
            "value_num", "value_den", "leg", "leg_divides",
            "commission_num", "commission_den", "commission_per_lot", "commission_min",
            "margin_num", "margin_den", "lot_units", "volume_min", "volume_max", "volume_step",
            "swap_mode", "swap_long", "swap_short", "swap_num", "swap_den",
            "trade_mode", "slippage", "mark_mid", "schedule_from", "schedule_to", "price_max",
            "leg_scale",
        )
    ]
)  # fmt: skip
"""Constants of one instrument in one account currency.

value: account minor units = raw x value_num / value_den, where raw = units x points, and the leg
instrument's bid multiplies or (leg_divides) divides; leg -1 is none.
"""

MARKET_STATE = np.dtype(
    [
        (name, "i8")
        for name in (
            "ts", "bid", "ask", "spread", "session_open", "schedule_next", "next_turn", "leg_bid",
            "events",
        )
    ]
)  # fmt: skip

ACCOUNT = np.dtype(
    [
        (name, "i8")
        for name in (
            "balance", "unrealised", "margin", "peak", "day_start", "day_ts", "order_next",
            "fill_next", "halted", "overflow", "exposure", "stopped_out",
        )
    ]
)  # fmt: skip

POSITION = np.dtype(
    [
        (name, "i8")
        for name in (
            "quantity", "cost", "unrealised", "margin", "stop", "target", "waiting",
            "waiting_orders", "resting_orders", "key_ts", "key_ordinal",
        )
    ]
)  # fmt: skip

ORDER = np.dtype(
    [
        (name, "i8")
        for name in (
            "state", "type", "quantity", "price", "stop", "target", "ts", "number", "ordinal",
            "reduces", "notional", "margin",
        )
    ]
)  # fmt: skip

INTENT = np.dtype(
    [
        (name, "i8")
        for name in (
            "action", "quantity", "price", "stop", "target", "outcome", "reason", "side",
            "probability", "lower", "upper", "cost", "expected", "spread", "usual_spread", "entry",
            "worth", "at_risk", "sharpe",
        )
    ]
)  # fmt: skip
"""What a strategy wants; one that trades on forecasts also says what it decided and why.

`cost` and `expected` are minor units a lot; outcome and reason are in trading.decision.choice.
Spreads and the price that an entry looks at are points; `worth` and `at_risk` are of the whole
order (minor units), its Sharpe ratio a trade is in thousandths.
"""

LIMITS = np.dtype(
    [
        (name, "i8")
        for name in (
            "position_max", "exposure_max", "daily_loss_max", "drawdown_max_bp", "age_max",
            "spread_max", "session_only", "margin_use_max_bp", "stop_out_level_bp", "wait_max",
        )
    ]
)  # fmt: skip
"""Risk limits of one account in one instrument; 0 is no limit."""

CHECK = np.dtype([(name, "i8") for name in ("verdict", "relation", "value", "limit")])
"""What one risk rule answered of an order; the codes are those of trading.risk.verdict."""

ORDER_LOG = np.dtype(
    [
        (name, "i8")
        for name in (
            "ts", "account", "instrument", "number", "ordinal", "type", "quantity", "price",
            "stop", "target", "denied", "position", "wanted",
        )
    ]
)  # fmt: skip

FILL_LOG = np.dtype(
    [
        (name, "i8")
        for name in (
            "ts", "account", "instrument", "order", "number", "quantity", "price", "commission",
            "profit", "spread_cost", "slippage_cost", "rate_num", "rate_den", "position",
            "modelled", "reason", "order_ts", "order_ordinal", "sequence",
        )
    ]
)  # fmt: skip

NOTE_LOG = np.dtype(
    [
        (name, "i8")
        for name in (
            "ts", "account", "instrument", "kind", "order", "amount", "nights", "position",
            "order_ts", "order_ordinal", "sequence",
        )
    ]
)  # fmt: skip

SCHEDULE = np.dtype([("ts", "i8"), ("kind", "i8"), ("nights", "i8")])

EQUITY_LOG = np.dtype([("ts", "i8"), ("balance", "i8"), ("equity", "i8"), ("margin", "i8")])

FORECAST = np.dtype(
    [
        (name, "i8")
        for name in (
            "p_up", "up_lower", "up_upper", "p_long", "long_lower", "long_upper", "p_short",
            "short_lower", "short_upper", "gain", "loss", "stop", "target", "horizon", "state",
            "set_size", "evidence",
        )
    ]
)  # fmt: skip
"""What a model says at the close of a bar: probabilities x 10,000, distances in points.

`p_up` is the chance that the mid is higher a horizon on; before costs a bracket gains `gain`
where its side was right about that, else it loses `loss`. `p_long` is the chance that a long
bracket earns after costs; `state` is one of the words below. `set_size` counts the directions
that the prediction set holds, `evidence` (thousandths of a decimal logarithm) speaks against the
skill of a model that may speak, and for that of one that is silenced.
"""

READY, WARMING, UNSKILLED, HINDSIGHT, SILENCED, INQUORATE = 0, 1, 2, 3, 4, 5
FORECAST_STATES = ("ready", "warming", "unskilled", "hindsight", "silenced", "inquorate")
"""States of a forecast: usable, features not settled, no proven skill, taught by this very bar,
skill lost since, too few members of an ensemble answered."""
