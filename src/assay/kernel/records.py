"""The structured arrays that the engine works on.

Times are nanoseconds UTC, prices integer points, volumes integer units, money integer minor units.
Every record is a plain copy of memory, so a snapshot is the arrays' bytes.
"""

from __future__ import annotations

import numpy as np

ORDER_SLOTS = 8
"""Orders that one account may have waiting in one instrument."""

TICKET_SLOTS = 32
"""Tickets that one hedging account may have open in one instrument."""

TICK, HIGHER_BAR, BASE_BAR = 2, 3, 4
"""Event classes, in the order in which events of one instant are handled."""

MATCHED_ON_TICKS = 1
"""Event flag: the ticks inside this bar went before it."""

MARKET, LIMIT, STOP = 1, 2, 3
STOP_LIMIT, TRAILING_STOP = 16, 17
TWAP, VWAP, ICEBERG = 18, 19, 20
CLOSE_BY = 21
"""Order types; the fill reasons below lie between them. TWAP, VWAP and ICEBERG fill through
children; CLOSE_BY closes two tickets of a hedging account against each other."""

STOP_LOSS, TAKE_PROFIT, STOP_OUT, TIME_STOP = 4, 5, 6, 7
EXITS = range(STOP_LOSS, STOP_LIMIT)
"""Fill reasons of what the engine closes by itself, without an order of the strategy."""

FREE, PENDING, RESTING, WORKING, AWAY = 0, 1, 2, 3, 4
"""States of an order slot: empty, to fill at the next price, waiting for its price, sending
children; or a venue has it, and it is here what it is wanted to be there."""

SESSION_OPENS, SESSION_CLOSES, ROLLOVER, WEEK, NEWS = 0, 1, 2, 3, 4
"""Kinds of schedule entries; a week begins with the rollover into its Monday."""

OUTSIDE, INSIDE, UNKNOWN = 0, 1, 2
"""Where a moment lies of a window: unknown where nothing says when the next one is."""

HOLD, GO_TO, PLACE_LIMIT, PLACE_STOP, CANCEL = 0, 1, 2, 3, 4
PLACE_STOP_LIMIT, PLACE_TRAILING, CANCEL_ONE, MODIFY, PROTECT = 5, 6, 7, 8, 9
PLACE_TWAP, PLACE_VWAP, PLACE_ICEBERG = 10, 11, 12
PLACE_MARKET, PLACE_CLOSE_BY = 13, 14
"""What a strategy asks for."""

OPENS, OLDEST, OLDEST_FIRST = 0, -1, -2
"""What an order of a hedging account does where it names no ticket: it opens one; it closes those
of the other side, the oldest first; or it closes them and opens one with what is left."""

GTC, GTD, DAY, IOC, FOK = 0, 1, 2, 3, 4
TIMES_IN_FORCE = ("gtc", "gtd", "day", "ioc", "fok")
"""How long an order lives: until cancelled, until a time, until the account's rollover; or it fills
at the next price as far as it can, or as a whole, and what is left is cancelled."""

REMOVE = -1
"""Instead of a price: the stop, target or trail that is there goes."""

PROTECTION = 32
"""Instead of an order type: a change of what protects a position."""
NEW_ORDER, ORDER_CHANGE, POSITION_CHANGE, CHILD_ORDER, RISK_ACT = 0, 1, 2, 3, 4
"""What a row of the order log tells of; the last is an order of risk itself, which asks no rule."""

CANCELLED, SWAP, CANCEL_WANTED = 1, 2, 15
EXPIRED, OTHER_FILLED, UNFILLED, WORKED = 11, 12, 13, 14
"""Kinds of notes: an order cancelled, overnight charge; an order that came to the end of its time,
whose partner filled, that found no fill, whose children took all of it. An order at a venue is
cancelled once the venue says so; until then that is wanted."""

ORDER_TERMS = (
    "limit", "time_in_force", "expires", "group", "distance", "trail", "break_after", "break_keep",
    "hold", "slices", "every", "shown",
)  # fmt: skip
"""What an order may say beside its price, stop and target; 0 is none (docs/orders.md).

`limit` is the price of a stop-limit once it is triggered, `expires` a time, `group` a number that
orders of which one fills share, `distance` how far a trailing order stays behind the price. The
rest goes to the position that it opens: the distance at which its stop trails, the points in favour
after which the stop goes to the entry and `break_keep` points more, and the nanoseconds it is held.
An order over time goes in `slices`, one `every` so many ns; of an iceberg so much is `shown`.
"""

NO_VENUE, VENUE_OPEN, VENUE_AWAY = 0, 1, 2
"""Who fills an account's orders: the engine, or a venue that takes orders now or does not."""

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
            "leg_scale", "depth", "size_units", "hedged_num", "hedged_den",
        )
    ]
)  # fmt: skip
"""Constants of one instrument in one account currency.

value: account minor units = raw x value_num / value_den, where raw = units x points, and the leg
instrument's bid multiplies or (leg_divides) divides; leg -1 is none. `depth` are the units that a
bar, or a quote of unknown size, offers on either side; `size_units` those of a quoted size of 1; 0
asks nobody. `hedged` is the margin of what is held on both sides; a `hedged_den` of 0 is the larger
side's.
"""

MARKET_STATE = np.dtype(
    [
        (name, "i8")
        for name in (
            "ts", "bid", "ask", "spread", "session_open", "schedule_next", "next_turn", "leg_bid",
            "leg_ask", "events", "bid_units", "ask_units",
        )
    ]
)  # fmt: skip

ACCOUNT = np.dtype(
    [
        (name, "i8")
        for name in (
            "balance", "unrealised", "margin", "peak", "day_start", "day_ts", "order_next",
            "fill_next", "halted", "overflow", "exposure", "stopped_out",
            "week_start", "week_ts", "second_debt", "minute_debt", "pace_ts", "correlations_ts",
            "value_at_risk", "shortfall", "measured_ts", "alarms", "order_value",
            "currency_exposure", "cluster_exposure", "correlation", "stop_risk",
            "near_rollover", "near_weekend", "near_news", "venue", "entries_halted", "held_back",
            "hedges", "gross_units", "open_positions",
        )
    ]
)  # fmt: skip
"""An account; what follows `alarms`, and `exposure`, is worked out anew for each order.

Debts are nanoseconds that the orders until `pace_ts` still use of a second and of a minute.
`alarms` keeps two bits for each measure of trading.engine.watching, `entries_halted` one for each
source of model.halts; `held_back` is the share of a strategy's size that is not traded (bp).
"""

POSITION = np.dtype(
    [
        (name, "i8")
        for name in (
            "quantity", "cost", "unrealised", "margin", "stop", "target", "waiting",
            "waiting_orders", "resting_orders", "key_ts", "key_ordinal", "trail", "break_after",
            "break_keep", "close_at", "guarded", "watch", "group_filled", "last_order", "taken_at",
            "bought", "sold", "last_ts", "last_type", "last_quantity", "last_price", "foreign",
            "entries_halted", "tickets", "hedged", "long_cost", "first_ticket", "last_ticket",
        )
    ]
)  # fmt: skip
"""An account's net position in one instrument, and what waits there.

`close_at` is when it is closed for having been held so long; `guarded` says that its stop moves or
its time ends, `watch` counts what must see every event: that, and orders that trail or expire.
`group_filled` is the last group of which an order filled, `last_order` refers to the last order;
`bought` and `sold` were taken from what the event numbered `taken_at` offered; `last_ts` and the
three after it are of the order that passed last.

On a hedging account it is the sum of its `tickets`, of which `hedged` units are held on both sides
and the long ones cost `long_cost`; `first_ticket` and `last_ticket` refer to the oldest and the
newest. What protects it is the tickets' own; `watch` counts each of them.
"""

TICKET = np.dtype(
    [
        (name, "i8")
        for name in (
            "quantity", "cost", "stop", "target", "trail", "break_after", "break_keep", "close_at",
            "guarded", "watch", "number", "order_ts", "order_ordinal", "opened_ns", "entered_at",
        )
    ]
)  # fmt: skip
"""One position of a hedging account, as MetaTrader 5 has them; quantity 0 is a free slot.

`number`, `order_ts` and `order_ordinal` are those of the order that opened it; `entered_at` is the
number of the event on whose path an order last made or enlarged it.
"""

ORDER = np.dtype(
    [
        (name, "i8")
        for name in (
            "state", "type", "quantity", "price", "stop", "target", "ts", "number", "ordinal",
            "reduces", "notional", "margin", "passive", "asleep", "parent", "due",
            *ORDER_TERMS, "ticket", "by",
        )
    ]
)  # fmt: skip
"""One order in its slot. `passive` waits for a better price, as a limit does; `asleep` is passed by
until the next stage of the path (1), or until the next event (2). A child refers to its `parent`,
whose next child is `due` at a time. `ticket` refers to what it closes, or is OPENS, OLDEST or
OLDEST_FIRST; it closes that `by` another."""

INTENT = np.dtype(
    [
        (name, "i8")
        for name in (
            "action", "quantity", "price", "stop", "target", "outcome", "reason", "side",
            "probability", "lower", "upper", "cost", "expected", "spread", "usual_spread", "entry",
            "worth", "at_risk", "sharpe", *ORDER_TERMS, "order", "ticket",
        )
    ]
)  # fmt: skip
"""What a strategy wants; one that trades on forecasts also says what it decided and why.

`cost` and `expected` are minor units a lot; outcome and reason are in trading.decision.choice.
Spreads and the price that an entry looks at are points; `worth` and `at_risk` are of the whole
order (minor units), its Sharpe ratio a trade is in thousandths.
`order` refers to an order as POSITION.last_order did when it was placed, `ticket` to what an order
of a hedging account closes by the order that opened it, or is OPENS or OLDEST.
"""

LIMITS = np.dtype(
    [
        (name, "i8")
        for name in (
            "position_max", "exposure_max", "daily_loss_max", "drawdown_max_bp", "age_max",
            "spread_max", "session_only", "margin_use_max_bp", "stop_out_level_bp", "wait_max",
            "instrument_halted", "restricted", "order_max", "order_value_max", "collar_bp",
            "second_orders_max", "minute_orders_max", "duplicate_window",
            "rollover_before", "rollover_after", "weekend_before", "weekend_after",
            "news_before", "news_after", "news_known_to", "base", "quote", "clusters",
            "currency_exposure_max", "cluster_exposure_max", "correlation_max", "measure_age_max",
            "margin_level_min_bp", "weekly_loss_max", "daily_risk_max", "var_max_bp",
            "shortfall_max_bp", "gross_max", "positions_max",
        )
    ]
)  # fmt: skip
"""Risk limits of one account in one instrument; 0 is no limit.

`base` and `quote` number the currencies (from 1), `clusters` has a bit for each cluster that the
instrument belongs to, and the calendar of releases is whole until `news_known_to`.
"""

CHECK = np.dtype([(name, "i8") for name in ("verdict", "relation", "value", "limit")])
"""What one risk rule answered of an order; the codes are those of trading.risk.verdict."""

ORDER_LOG = np.dtype(
    [
        (name, "i8")
        for name in (
            "ts", "account", "instrument", "number", "ordinal", "type", "quantity", "price",
            "stop", "target", "denied", "position", "wanted", "tells", "key_ts",
            "parent_ts", "parent_ordinal", "ticket", "ticket_ts", "ticket_ordinal", "by_ts",
            "by_ordinal", "sequence",
            *ORDER_TERMS,
        )
    ]
)  # fmt: skip
"""One row of what was asked for: a new order, or by `tells` a change; the key is of `key_ts`.

It came after the fills and notes up to and with its `sequence`. `ticket` is that of the order, and
of `ticket_ts` the key of what it names, of `by_ts` that of what closes it.
"""

FILL_LOG = np.dtype(
    [
        (name, "i8")
        for name in (
            "ts", "account", "instrument", "order", "number", "quantity", "price", "commission",
            "profit", "spread_cost", "slippage_cost", "rate_num", "rate_den", "position",
            "modelled", "reason", "order_ts", "order_ordinal", "ticket", "ticket_ts",
            "ticket_ordinal", "sequence",
        )
    ]
)  # fmt: skip

NOTE_LOG = np.dtype(
    [
        (name, "i8")
        for name in (
            "ts", "account", "instrument", "kind", "order", "amount", "nights", "position",
            "order_ts", "order_ordinal", "ticket", "sequence",
        )
    ]
)  # fmt: skip

DEPTH = np.dtype([("bid", "i8"), ("ask", "i8")])
"""Units that a quote offers to who sells and to who buys; 0 where it does not tell."""

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
