"""Every array of the engine behind one pointer.

Handing two dozen arrays to compiled code costs microseconds a call and, inside it, a reference
each. The pointer costs neither: a handle on Python's side keeps the arrays, and compiled code only
ever borrows them.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    NativeValue,
    infer_getattr,
    intrinsic,
    lower_getattr_generic,
    register_model,
    unbox,
)
from numba.np.arrayobj import populate_array
from numba.np.numpy_support import from_dtype

from assay.kernel import records

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


class WorldType(types.Type):
    """Type the pointer for the compiler."""

    def __init__(self) -> None:
        super().__init__("World")


register_model(WorldType)(models.OpaqueModel)
WORLD = WorldType()
_FIELDS = {name: types.Array(from_dtype(dtype), n, "C") for name, (dtype, n) in LAYOUT.items()}
_PLACES = dict(
    zip(LAYOUT, accumulate((1 + n for _, n in LAYOUT.values()), initial=0), strict=False)
)
"""Where the words of each array begin: its address and its shape."""
RECORD = {name: kind.dtype for name, kind in _FIELDS.items()}
ARRAY = sum(1 + n for _, n in LAYOUT.values())
"""Words that tell of arrays; those after them are the addresses of compiled code."""


class WorldHandle:
    """Hold arrays in the order of LAYOUT, and the words that tell compiled code where they lie.

    `called` are the addresses of what the engine's loops call, none where no loop runs.
    """

    __slots__ = ("_arrays", "_words", "address")
    _numba_type_ = WORLD

    def __init__(self, arrays: Iterable[np.ndarray], called: Iterable[int] = ()) -> None:
        self._arrays = [np.ascontiguousarray(array) for array in arrays]
        for array, (name, (dtype, n)) in zip(self._arrays, LAYOUT.items(), strict=True):
            if (array.dtype, array.ndim) != (dtype, n):
                raise TypeError(f"{name} must have {n} dimensions of {dtype}, not {array.dtype}")
        words = [word for array in self._arrays for word in (array.ctypes.data, *array.shape)]
        self._words = np.array([*words, *called], np.intp)
        self.address = self._words.ctypes.data


@unbox(WorldType)
def _take_address(_: Any, handle: Any, c: Any) -> Any:
    address = c.pyapi.object_getattr_string(handle, "address")
    pointer = c.pyapi.long_as_voidptr(address)
    c.pyapi.decref(address)
    return NativeValue(pointer, is_error=cgutils.is_not_null(c.builder, c.pyapi.err_occurred()))


@infer_getattr
class _Fields(AttributeTemplate):  # type: ignore[misc]
    key = WorldType

    def generic_resolve(self, _: Any, name: str) -> Any:
        return _FIELDS.get(name)


def load_word(builder: Any, world: Any, at: int, pointee: Any = cgutils.intp_t) -> Any:
    """Return the value of a handle's word in the code that is being generated."""
    words = builder.bitcast(world, pointee.as_pointer())
    word = builder.load(cgutils.gep_inbounds(builder, words, at))
    # A handle's words never change, whatever compiled code writes in between.
    word.set_metadata("invariant.load", builder.module.add_metadata([]))
    return word


@lower_getattr_generic(WorldType)
def _view(context: Any, builder: Any, _: Any, world: Any, name: str) -> Any:
    kind, place = _FIELDS[name], _PLACES[name]
    array = context.make_array(kind)(context, builder)

    shape = [load_word(builder, world, place + 1 + axis) for axis in range(kind.ndim)]
    size = context.get_constant(types.intp, LAYOUT[name][0].itemsize)
    strides = [size]
    for length in shape[:0:-1]:
        strides.insert(0, builder.mul(strides[0], length))
    populate_array(
        array, data=load_word(builder, world, place, array.data.type), shape=shape,
        strides=strides, itemsize=size, meminfo=None,
    )  # fmt: skip
    return array._getvalue()


@intrinsic
def world_at(_: Any, address: Any) -> Any:
    """Return the world at a handle's address; whoever calls keeps the handle."""

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return WORLD(address), generate


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
