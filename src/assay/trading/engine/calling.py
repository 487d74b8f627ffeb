"""The two steps that every strategy's loop takes, each called by its address.

Numba compiles all that a function calls into the binary of that function. The loop of each strategy
would hold the whole engine and take as long to compile; what is called by an address that the
world carries is compiled once, for every loop.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from numba.core import cgutils, types
from numba.extending import intrinsic

from assay.trading.engine.arrays import ARRAY, RECORD, WORLD, load_word
from assay.trading.engine.entry import enter_event
from assay.trading.engine.step import place_intent

_WHOLE = types.int64
CALLED: dict[Any, Any] = {
    enter_event: types.boolean(WORLD, _WHOLE, RECORD["event"]),
    place_intent: types.none(WORLD, _WHOLE, _WHOLE, _WHOLE),
}
"""What is called by address, in the order in which a world carries the addresses."""


@cache
def find_addresses() -> tuple[int, ...]:
    """Return where the code of each lies, compiled or read from disk on first use."""
    found = []
    for function, signature in CALLED.items():
        function.compile(signature.args)
        compiled = function.overloads[signature.args]
        name = compiled.fndesc.llvm_func_name
        found.append(compiled.library.get_pointer_to_function(name))
    return tuple(found)


def _call(function: Any) -> tuple[Any, Any]:
    """Return the signature of what is called, and what generates the call."""
    told, place = CALLED[function], ARRAY + list(CALLED).index(function)

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        convention = context.call_conv
        kind = convention.get_function_type(told.return_type, told.args).as_pointer()
        address = builder.inttoptr(load_word(builder, arguments[0], place), kind)
        status, result = convention.call_function(
            builder, address, told.return_type, told.args, arguments
        )
        with cgutils.if_unlikely(builder, status.is_error):
            convention.return_status_propagate(builder, status)
        return result

    return told, generate


@intrinsic
def enter(_: Any, _world: Any, _i: Any, _event: Any) -> Any:
    """Call `enter_event`."""
    return _call(enter_event)


@intrinsic
def place(_: Any, _world: Any, _a: Any, _i: Any, _ts: Any) -> Any:
    """Call `place_intent`."""
    return _call(place_intent)
