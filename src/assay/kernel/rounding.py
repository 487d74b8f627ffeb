"""Half-even division and the 128-bit product, on 64-bit integers."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from assay.kernel.compiling import compiled, inlined

OVERFLOW = -(2**63)
"""Returned where a result does not fit 63 bits; a caller turns it into a denial."""

_FLOAT_EXACT = 2.0**52
"""Below it a product of floats is that of the integers, and its quotient has a bit for the half."""
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_ONE = np.uint64(1)
_ZERO = np.uint64(0)
_TOP = np.uint64(63)
_LIMIT = np.uint64(2**63 - 1)


@intrinsic
def _checked_product(_: Any, a: Any, b: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pair = builder.smul_with_overflow(*arguments)
        members = [builder.extract_value(pair, 0), builder.extract_value(pair, 1)]
        return context.make_tuple(builder, signature.return_type, members)

    answer = types.Tuple((types.int64, types.boolean))  # type: ignore[attr-defined]
    whole = isinstance(a, types.Integer) and isinstance(b, types.Integer)
    return (answer(types.int64, types.int64) if whole else None), generate


@intrinsic
def _nearest(_: Any, value: Any) -> Any:
    """Return the whole number nearest to a float, of two the even one."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds = [context.get_value_type(each) for each in (signature.return_type, value)]
        shape = ir.FunctionType(kinds[0], kinds[1:])
        return builder.call(builder.module.declare_intrinsic("llvm.lrint", kinds, shape), arguments)

    return (types.int64(value) if value == types.float64 else None), generate


@compiled
def divide_half_even(numerator: int, denominator: int) -> int:
    """Return numerator / denominator (> 0) rounded half-even.

    >>> divide_half_even(5, 2), divide_half_even(7, 2), divide_half_even(-5, 2)
    (2, 4, -2)
    """
    quotient = numerator // denominator
    # No branch: half of all remainders round up, which no processor foresees.
    twice, odd = (numerator - quotient * denominator) * 2, quotient & 1
    return quotient + (twice + odd > denominator)


@inlined
def muldiv(a: int, b: int, denominator: int) -> int:
    """Return a x b / denominator (> 0) rounded half-even; OVERFLOW where it does not fit.

    The product has 128 bits. Bounds: |a|, |b| < 2^63 and 0 < denominator < 2^62.

    >>> muldiv(10**18, 10**18, 10**18) == 10**18, muldiv(10**18, 10**18, 1) == OVERFLOW
    (True, True)
    """
    product = float(a) * float(b)
    if abs(product) >= _FLOAT_EXACT:
        return muldiv_wide(a, b, denominator)
    # What is no half is further from one, 1 / (2 x denominator) at least, than the division errs.
    nearest: int = _nearest(product / float(denominator))
    return nearest


@compiled
def muldiv_wide(a: int, b: int, denominator: int) -> int:
    """Return what `muldiv` does, in less code and more time: for what is rare or large."""
    product, passes = _checked_product(a, b)
    if not passes:
        return divide_half_even(product, denominator)
    negative = (a < 0) != (b < 0)
    quotient = _divide_wide(np.uint64(abs(a)), np.uint64(abs(b)), np.uint64(denominator))
    if quotient > _LIMIT:
        return OVERFLOW
    signed: int = np.int64(quotient)  # type: ignore[assignment]
    return -signed if negative else signed


@compiled
def _divide_wide(a: Any, b: Any, denominator: Any) -> Any:
    a_low, a_high = a & _LOW, a >> _HALF
    b_low, b_high = b & _LOW, b >> _HALF
    low_low = a_low * b_low
    middle = a_high * b_low + (low_low >> _HALF)
    cross = a_low * b_high + (middle & _LOW)
    high = a_high * b_high + (middle >> _HALF) + (cross >> _HALF)
    low = (cross << _HALF) | (low_low & _LOW)
    if high >= denominator:
        return np.uint64(2**64 - 1)
    remainder, quotient = high, _ZERO
    for _ in range(64):
        remainder = (remainder << _ONE) | (low >> _TOP)
        low = low << _ONE
        quotient = quotient << _ONE
        if remainder >= denominator:
            remainder -= denominator
            quotient |= _ONE
    twice = remainder << _ONE
    if twice > denominator or (twice == denominator and quotient & _ONE):
        quotient += _ONE
    return quotient
