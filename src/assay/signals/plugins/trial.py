"""Try an indicator in this process, which exists for that alone, and say what is wrong with it.

Run by `checking`: a request on stdin, an answer on stdout. With the compiler switched off the
steps run as Python, where a place beyond an array is an error and not a stranger's memory.
"""

from __future__ import annotations

import sys

import msgspec
import numba
import numpy as np

from assay.model.errors import AssayError, DataError
from assay.signals.plugins.checking import GIGABYTE
from assay.signals.plugins.checks import (
    check_absence,
    check_finite,
    check_future,
    check_settling,
    check_snapshot,
    check_stream,
    check_time,
    check_warm_up,
)
from assay.signals.plugins.loading import load_own
from assay.signals.plugins.markets import ODD, RANDOM_BARS, USUAL, bars_from, walk
from assay.signals.streams.columns import BarColumns
from assay.signals.streams.own import Own
from assay.signals.streams.plan import Use, use_own

SNAPSHOT_BARS, STREAM_BARS, PLAIN_BARS = 120, 600, 1_500
SETTLED_BARS = 800
"""Bars beyond the settling, so that some are left to look at."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Say what to try, with which parameters, and what it may take (bytes, microseconds a bar)."""

    name: str
    source: str
    given: dict[str, float]
    memory: int
    seconds: int
    bar_most: float


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what is wrong, empty where nothing is, and what a bar takes (microseconds)."""

    fault: str
    bar: float = 0.0


def try_indicator(request: Request) -> Answer:
    """Hold an indicator to every check; the first that it breaks is named."""
    try:
        own = load_own(request.name, request.source)
        chosen = use_own(own, **request.given)
        check_numbers(chosen)
        if numba.config.DISABLE_JIT:
            for bars in (*_some(USUAL), *_some(ODD)):
                check_bounds(own, chosen, bars)
            return Answer(fault="")
        return Answer(fault="", bar=hold(own, chosen, request.bar_most))
    except MemoryError:
        limit = request.memory / GIGABYTE
        return Answer(
            fault=f"memory: {request.name} takes more than {limit:g} GB; have it hold less"
        )
    except AssayError as error:
        return Answer(fault=str(error))
    except Exception as error:
        return Answer(fault=f"{request.name}: {type(error).__name__}: {error}")


def _some(markets: dict[str, object]) -> list[BarColumns]:
    return [make() for make in markets.values()]  # type: ignore[operator]


def check_numbers(chosen: Use) -> None:
    """Hold an indicator to whole numbers where it says how long it is and takes."""
    for name in ("state_size", "warm_up", "settling"):
        told = getattr(chosen.indicator, name)(chosen.values)
        least = 0 if name == "state_size" else 1
        if not isinstance(told, int) or not least <= told <= 1_000_000:
            raise DataError(
                f"declaration: `{name}` of {chosen.label} is {told!r}; return a whole number from "
                f"{least} to 1,000,000"
            )


def check_bounds(own: Own, chosen: Use, bars: BarColumns) -> None:
    """Hold steps to the places of what they are given, and to writing state and outputs alone."""
    state = np.zeros(chosen.indicator.state_size(chosen.values))
    params, rows = np.array(chosen.params), bars.to_rows()[:PLAIN_BARS]
    params.flags.writeable = rows.flags.writeable = False
    out = np.empty((len(rows), len(chosen.refs)))
    try:
        with np.errstate(all="ignore"):
            own.run(state, params, rows, out, 0, out.shape[1])
    except (IndexError, ValueError, ZeroDivisionError, OverflowError, TypeError) as error:
        raise DataError(
            f"bounds: {chosen.label}: {error}; stay within the state that `state_size` asks for, "
            "the seven columns of a bar, the parameters and the outputs, and write to state and "
            "outputs alone"
        ) from None


def check_compiles(own: Own, chosen: Use) -> None:
    """Hold a step to what compiles without Python's objects and without memory of its own."""
    from assay.signals.streams.stream import IndicatorStream

    try:
        IndicatorStream([chosen])
    except numba.core.errors.NumbaError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise DataError(
            f"compile: {own.name}: {' '.join(lines[:3])[:300]}; keep to numbers, `state`, "
            "`params`, `bar` and `out`, and make no array"
        ) from None


def hold(own: Own, chosen: Use, bar_most: float) -> float:
    """Hold a compiled indicator to everything else; return what a bar takes (microseconds)."""
    check_compiles(own, chosen)
    usual = _some(USUAL)
    settling = chosen.indicator.settling(chosen.values)
    if settling + SETTLED_BARS > min(map(len, usual)):
        usual = [bars_from(walk(1, max(RANDOM_BARS, settling + SETTLED_BARS)), gap=3)]
    check_warm_up(chosen, usual[0])
    for bars in usual:
        check_settling(chosen, bars)
    for bars in (*usual, *_some(ODD)):
        check_future([chosen], bars)
        check_stream([chosen], bars.cut(slice(0, STREAM_BARS)))
        check_finite(chosen, bars)
    check_absence(chosen, usual[0])
    check_snapshot([chosen], usual[0].cut(slice(0, SNAPSHOT_BARS)))
    return check_time(chosen, usual[0], bar_most)


def _limit(request: Request) -> None:
    """Ask the system to end this process where it takes more than it may."""
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (request.seconds, request.seconds + 1))
    if sys.platform == "linux":  # elsewhere the address space counts what nobody uses
        resource.setrlimit(resource.RLIMIT_AS, (request.memory, request.memory))


def main() -> None:
    """Answer the one request on stdin."""
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=Request)
    _limit(request)
    sys.stdout.buffer.write(msgspec.json.encode(try_indicator(request)))


if __name__ == "__main__":
    main()
