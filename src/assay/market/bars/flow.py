"""What the quotes inside each bar did, by one compiled step: a quote at a time, or over columns.

A move, and the order flow that goes with it, is from the quote before, in whichever bar that was:
so the sums of short bars add up to those of long ones. Integers wrap: what might is ABSENT.
"""

from __future__ import annotations

import numpy as np

from assay.kernel.compiling import allocation_free
from assay.kernel.flow import (
    ABSENT,
    ASK_DEPTH,
    ASK_DEPTHS,
    BID_DEPTH,
    BID_DEPTHS,
    FLOW_COLUMNS,
    MID_SQUARES,
    ORDER_FLOW,
    QUOTES,
    SIZE_SCALE,
    SUM_MOST,
)
from assay.market.series import Int64s, TickSeries
from assay.model.messages.market import QuoteFlow

SEEN, BID, ASK, BID_SIZE, ASK_SIZE = range(5)
"""Words of the last quote; a size is 0 where it was absent."""

MOVE_MOST, SIZE_MOST = 2**30, 2**58
"""A move and a size beyond these are ABSENT, so that no square and no sum wraps."""


def new_quote() -> Int64s:
    """Return the last quote [5] before the first one."""
    return np.zeros(5, dtype=np.int64)


def new_flow() -> Int64s:
    """Return the flow [7] of a bar before its first quote."""
    return np.zeros(len(FLOW_COLUMNS), dtype=np.int64)


@allocation_free
def add_known(total, more):  # type: ignore[no-untyped-def]
    """Return a sum; ABSENT where a part is, or where it passes SUM_MOST."""
    if ABSENT in (total, more):
        return ABSENT
    total += more
    return total if -SUM_MOST <= total <= SUM_MOST else ABSENT


@allocation_free
def size_units(size):  # type: ignore[no-untyped-def]
    """Return a size in millionths, 0 where it is absent: NaN, not above 0, or beyond SIZE_MOST."""
    units = np.rint(size * SIZE_SCALE)
    return np.int64(units) if 0 < units <= SIZE_MOST else 0


@allocation_free
def order_flow(last, bid, ask, bid_size, ask_size):  # type: ignore[no-untyped-def]
    """Return what a quote added to the best bid and took from the best ask, less the other way.

    The contribution e_n of Cont, Kukanov and Stoikov (2014): a side that improved counts its new
    size, one that gave way the size that was there, one that stayed the change of its size.
    """
    # No branch: which way a quote goes no processor foresees.
    bids = (bid >= last[BID]) * bid_size - (bid <= last[BID]) * last[BID_SIZE]
    asks = (ask <= last[ASK]) * ask_size - (ask >= last[ASK]) * last[ASK_SIZE]
    return bids - asks


@allocation_free
def step_flow(last, flow, bid, ask, bid_size, ask_size):  # type: ignore[no-untyped-def]
    """Add one quote to the flow [7] of its bar and keep it as the last [5]; sizes as they came."""
    bid_units, ask_units = size_units(bid_size), size_units(ask_size)
    is_sized = bid_units > 0 and ask_units > 0
    flow[QUOTES] += 1
    if last[SEEN]:
        move = bid + ask - last[BID] - last[ASK]
        square = move * move if -MOVE_MOST < move < MOVE_MOST else ABSENT
        flow[MID_SQUARES] = add_known(flow[MID_SQUARES], square)
        is_told = is_sized and last[BID_SIZE] > 0
        told = order_flow(last, bid, ask, bid_units, ask_units) if is_told else ABSENT
        flow[ORDER_FLOW] = add_known(flow[ORDER_FLOW], told)
    elif not is_sized:
        flow[ORDER_FLOW] = ABSENT
    flow[BID_DEPTH] = bid_units if is_sized else ABSENT
    flow[ASK_DEPTH] = ask_units if is_sized else ABSENT
    flow[BID_DEPTHS] = add_known(flow[BID_DEPTHS], flow[BID_DEPTH])
    flow[ASK_DEPTHS] = add_known(flow[ASK_DEPTHS], flow[ASK_DEPTH])
    last[SEEN], last[BID], last[ASK] = 1, bid, ask
    last[BID_SIZE] = bid_units if is_sized else 0
    last[ASK_SIZE] = ask_units if is_sized else 0


@allocation_free
def join_flow(flow, more):  # type: ignore[no-untyped-def]
    """Add the flow [7] of the next bar to that of a longer one."""
    for column in (QUOTES, MID_SQUARES, ORDER_FLOW, BID_DEPTHS, ASK_DEPTHS):
        flow[column] = add_known(flow[column], more[column])
    flow[BID_DEPTH], flow[ASK_DEPTH] = more[BID_DEPTH], more[ASK_DEPTH]


@allocation_free
def run_flow(last, bid, ask, sizes, ends, rows):  # type: ignore[no-untyped-def]
    """Step over quotes and write the flow of each bar into rows [bars, 7], which come as zeros.

    `ends` [bars] tell how many quotes there are until each bar's end; sizes [2, quotes] are those
    of bid and ask, [2, 0] where the source has none.
    """
    is_sized, at = sizes.shape[1] > 0, 0
    for row in range(len(ends)):
        flow = rows[row]
        while at < ends[row]:
            bid_size = sizes[0, at] if is_sized else 0.0
            ask_size = sizes[1, at] if is_sized else 0.0
            step_flow(last, flow, bid[at], ask[at], bid_size, ask_size)
            at += 1


@allocation_free
def run_joins(parts, ends, rows):  # type: ignore[no-untyped-def]
    """Join the flow of short bars [parts, 7] into that of longer ones [bars, 7], zeros before."""
    at = 0
    for row in range(len(ends)):
        while at < ends[row]:
            join_flow(rows[row], parts[at])
            at += 1


def flow_of_ticks(ticks: TickSeries, ends: Int64s) -> Int64s:
    """Return the flow [bars, 7] of bars that each end after so many quotes."""
    rows = np.zeros((len(ends), len(FLOW_COLUMNS)), dtype=np.int64)
    sizes = np.zeros((2, 0))
    if ticks.bid_size is not None and ticks.ask_size is not None:
        sizes = np.stack((ticks.bid_size, ticks.ask_size))
    run_flow(new_quote(), ticks.bid, ticks.ask, sizes, ends, rows)
    return rows


def flow_of_bars(parts: Int64s, ends: Int64s) -> Int64s:
    """Return the flow [bars, 7] of bars that each end after so many shorter ones [parts, 7]."""
    rows = np.zeros((len(ends), len(FLOW_COLUMNS)), dtype=np.int64)
    run_joins(parts, ends, rows)
    return rows


def to_message(flow: Int64s) -> QuoteFlow:
    """Return the flow [7] of a bar as a message carries it."""
    return QuoteFlow(*(None if value == ABSENT else value for value in flow.tolist()))


def of_message(told: QuoteFlow) -> Int64s:
    """Return the flow [7] of a bar as a message carried it."""
    values = (getattr(told, name) for name in FLOW_COLUMNS)
    return np.array([ABSENT if value is None else value for value in values], dtype=np.int64)
