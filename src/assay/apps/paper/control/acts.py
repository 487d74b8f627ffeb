"""Acts of risk as people read them."""

from __future__ import annotations

from msgspec import UNSET

from assay.model.messages import (
    EntriesHalted,
    EntriesReleased,
    Message,
    PositionNotFlat,
    ReductionRequested,
    SizeScaled,
)

ACTS_TOLD: tuple[type[Message], ...] = (
    EntriesHalted, EntriesReleased, PositionNotFlat, ReductionRequested, SizeScaled,
)  # fmt: skip
AUTO_TRADING_OFF = 10027


def describe_act(told: Message) -> str:
    """Return an act of risk in words, empty for what is none.

    >>> describe_act(SizeScaled(id=1, ts_event=0, ts_init=0, account="a", held_back=5000,
    ...     source="band", reason="equity is below its band"))
    'a: 50 % of each size is held back by band, equity is below its band'
    """
    if isinstance(told, EntriesHalted):
        where = told.symbol or "all instruments"
        return f"entries of {where} are held back by {told.source}: {told.reason}"
    if isinstance(told, EntriesReleased):
        where = told.symbol or "all instruments"
        return f"{told.actor} lets entries of {where} go that {told.source} held: {told.reason}"
    if isinstance(told, SizeScaled):
        share = f"{told.held_back / 100:g} % of each size"
        return f"{told.account}: {share} is held back by {told.source}, {told.reason}"
    if isinstance(told, ReductionRequested):
        left = f"to {told.keep:,} units" if told.keep else "to nothing"
        return f"{_name(told)} goes {left} by {told.source}: {told.reason}"
    if isinstance(told, PositionNotFlat):
        return _describe_not_flat(told)
    return ""


def _name(told: PositionNotFlat | ReductionRequested) -> str:
    return told.symbol if told.ticket is UNSET else f"a ticket of {told.symbol}"


def _describe_not_flat(told: PositionNotFlat) -> str:
    if told.attempts == 0:
        return f"{_name(told)} is reduced as {told.source} asked"
    why = f" (retcode {told.retcode})" if told.retcode else ""
    if told.retcode == AUTO_TRADING_OFF:
        why = " (AutoTrading is off in the terminal)"
    return (
        f"NOT FLAT: {told.quantity:+,} units of {_name(told)} are open after {told.attempts} "
        f"attempts by {told.source}{why}"
    )
