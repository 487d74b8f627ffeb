"""Every array of the engine behind one pointer.

Handing sixteen arrays to compiled code costs microseconds a call and, inside it, a reference each;
one structure that holds them costs neither.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.experimental import structref
from numba.extending import intrinsic
from numba.np.numpy_support import from_dtype

from assay.kernel import records
from assay.kernel.compiling import compiled

WORD = 8
"""Bytes of an integer, of which every record of state is made."""

LAYOUT: dict[str, tuple[Any, int]] = {
    "accounts": (records.ACCOUNT, 1),
    "positions": (records.POSITION, 2),
    "orders": (records.ORDER, 3),
    "memory": (np.dtype(np.int64), 3),
    "params": (np.dtype(np.int64), 3),
    "limits": (records.LIMITS, 2),
    "instruments": (records.INSTRUMENT, 1),
    "markets": (records.MARKET_STATE, 1),
    "profiles": (np.dtype(np.int64), 2),
    "schedule": (records.SCHEDULE, 1),
    "intent": (records.INTENT, 1),
    "forecasts": (records.FORECAST, 1),
    "depths": (records.DEPTH, 1),
    "scratch_orders": (records.ORDER, 1),
    "event": (records.EVENT, 1),
    "counts": (np.dtype(np.int64), 1),
    "checks": (records.CHECK, 2),
    "correlations": (np.dtype(np.int64), 2),
    "tickets": (records.TICKET, 3),
    "order_log": (records.ORDER_LOG, 1),
    "fills": (records.FILL_LOG, 1),
    "notes": (records.NOTE_LOG, 1),
    "equity": (records.EQUITY_LOG, 1),
}
"""Arrays by name: (dtype, dimensions); a = account, i = instrument, s = order slot.

accounts [a], positions [a, i], orders [a, i, s], memory [a, i, words] of the strategy,
params [a, i, words], limits [a, i], instruments [i], markets [i], profiles [i, 24] = quotes so far
in each hour (UTC), schedule [entries], intent [1], forecasts [events] and depths [events] (one each
where events come singly), scratch_orders [1], event [1] where events come singly, counts [8] = rows
in the four logs, then the most that one event may start with, checks [a, rules] of the account's
last order, correlations [i, i] in ten-thousandths, OVERFLOW where none is known, tickets [a, i, t]
where some account hedges, else empty.
"""


@structref.register
class WorldType(types.StructRef):  # type: ignore[misc,name-defined]
    """Type the structure for the compiler."""


class WorldHandle(structref.StructRefProxy):  # type: ignore[misc]
    """Hold the pointer on Python's side."""


structref.define_boxing(WorldType, WorldHandle)

_ARRAYS = [(name, types.Array(from_dtype(dtype), n, "C")) for name, (dtype, n) in LAYOUT.items()]
LOGS_BEGIN = list(LAYOUT).index("order_log")
_GROUPS = {
    "state": _ARRAYS[:4], "terms": _ARRAYS[4:LOGS_BEGIN], "logs": _ARRAYS[LOGS_BEGIN:],
}  # fmt: skip
_OWNERS = [
    (name, types.Tuple([kind for _, kind in group]))  # type: ignore[attr-defined]
    for name, group in _GROUPS.items()
]
_WORLD = WorldType(_ARRAYS + _OWNERS)


@intrinsic
def borrowed(_: Any, array: Any) -> Any:
    """Return an array's view that counts no reference; whoever lends the array keeps it alive."""

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        view = context.make_array(array)(context, builder, value=arguments[0])
        view.meminfo = cgutils.get_null_value(view.meminfo.type)
        view.parent = cgutils.get_null_value(view.parent.type)
        return view._getvalue()

    return array(array), generate


def _copy_words(builder: Any, target: Any, source: Any, size: int) -> None:
    # Word by word, not in one piece: of a copy on the stack the compiler then keeps each field
    # where it likes, and those that nobody reads not at all.
    words = [builder.bitcast(each, cgutils.intp_t.as_pointer()) for each in (target, source)]
    for at in range(size // WORD):
        to, of = (cgutils.gep_inbounds(builder, each, at) for each in words)
        builder.store(builder.load(of), to)


def _is_state(record: Any) -> bool:
    return isinstance(record, types.Record) and record.size % WORD == 0


@intrinsic
def copied(_: Any, record: Any) -> Any:
    """Return a copy of a record of whole words, on the stack of the function that asks."""

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        place = cgutils.alloca_once(builder, context.get_data_type(record))
        _copy_words(builder, place, arguments[0], record.size)
        return place

    return (record(record) if _is_state(record) else None), generate


@intrinsic
def assign(_: Any, record: Any, source: Any) -> Any:
    """Overwrite a record of whole words with another of its type."""

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        _copy_words(builder, arguments[0], arguments[1], record.size)
        return context.get_dummy_value()

    alike = record == source and _is_state(record)
    return (types.void(record, source) if alike else None), generate


@intrinsic
def rarely(_: Any, condition: Any) -> Any:
    """Return a condition, which the compiler may take to be false nearly always."""

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        kind = ir.IntType(1)
        shape = ir.FunctionType(kind, [kind, kind])
        expect = builder.module.declare_intrinsic("llvm.expect", [kind], shape)
        return builder.call(expect, [arguments[0], kind(0)])

    return (condition(condition) if condition == types.boolean else None), generate


@intrinsic
def world_at(_: Any, address: Any) -> Any:
    """Return the structure at an address that `locate` gave; whoever calls keeps its handle."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        world = cgutils.create_struct_proxy(signature.return_type)(context, builder)
        world.meminfo = builder.inttoptr(arguments[0], world.meminfo.type)
        value = world._getvalue()
        context.nrt.incref(builder, signature.return_type, value)
        return value

    return _WORLD(address), generate


@intrinsic
def _address_of(_: Any, world: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        proxy = cgutils.create_struct_proxy(signature.args[0])(context, builder, arguments[0])
        return builder.ptrtoint(proxy.meminfo, context.get_value_type(signature.return_type))

    return types.int64(world), generate


@compiled
def locate(world):  # type: ignore[no-untyped-def]
    """Return the address of a structure: one integer is handed over in a fifth of the time."""
    return _address_of(world)


@compiled
def bind(state, terms, logs):  # type: ignore[no-untyped-def]
    """Return the structure that holds three tuples of arrays, in the order of LAYOUT.

    The tuples own the arrays; the fields that compiled code reads only borrow them.
    """
    world = structref.new(_WORLD)
    world.state, world.terms, world.logs = state, terms, logs
    world.accounts = borrowed(state[0])
    world.positions = borrowed(state[1])
    world.orders = borrowed(state[2])
    world.memory = borrowed(state[3])
    world.params = borrowed(terms[0])
    world.limits = borrowed(terms[1])
    world.instruments = borrowed(terms[2])
    world.markets = borrowed(terms[3])
    world.profiles = borrowed(terms[4])
    world.schedule = borrowed(terms[5])
    world.intent = borrowed(terms[6])
    world.forecasts = borrowed(terms[7])
    world.depths = borrowed(terms[8])
    world.scratch_orders = borrowed(terms[9])
    world.event = borrowed(terms[10])
    world.counts = borrowed(terms[11])
    world.checks = borrowed(terms[12])
    world.correlations = borrowed(terms[13])
    world.tickets = borrowed(terms[14])
    world.order_log = borrowed(logs[0])
    world.fills = borrowed(logs[1])
    world.notes = borrowed(logs[2])
    world.equity = borrowed(logs[3])
    return world
