"""Compile what counts the quotes inside bars, so that no tick waits for the compiler.

Run by `make install`: python -m assay.market.bars.compile
"""

from __future__ import annotations

import sys

import numpy as np

from assay.market.bars.flow import (
    flow_of_bars,
    flow_of_ticks,
    join_flow,
    new_flow,
    new_quote,
    step_flow,
)
from assay.market.series import TickSeries


def compile_all() -> None:
    """Compile the loops over columns on no rows, and the steps of one quote and one bar."""
    sys.stderr.write("compiling the flow of quotes\n")
    none = np.zeros(0, dtype=np.int64)
    ticks = TickSeries(
        symbol="", source="", digits=0, ts=none, bid=none, ask=none, fold=none.astype(np.bool_)
    )
    flow_of_bars(flow_of_ticks(ticks, none), none)
    step_flow(new_quote(), new_flow(), 1, 2, 1.0, 1.0)
    join_flow(new_flow(), new_flow())


if __name__ == "__main__":
    compile_all()
