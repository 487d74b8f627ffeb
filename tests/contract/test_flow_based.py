"""Indicators of quotes: each says what it reads, and has nothing where that is absent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assay.kernel.flow import ABSENT, FLOW_COLUMNS
from assay.signals.streams.catalogue import INDICATORS
from assay.signals.streams.columns import BarColumns
from assay.signals.streams.plan import Use, use
from assay.signals.streams.stream import compute_indicators
from tests.contract.bar_columns import random_bars

USES = [use(indicator.name) for indicator in INDICATORS if indicator.inputs]
each_use = pytest.mark.parametrize("chosen", USES, ids=lambda chosen: chosen.name)


def blank(bars: BarColumns, rows: slice, *names: str) -> BarColumns:
    """Return the bars without these columns of flow in these rows."""
    assert bars.flow is not None
    flow = bars.flow.copy()
    for name in names:
        flow[rows, FLOW_COLUMNS.index(name)] = ABSENT
    return replace(bars, flow=flow)


def test_those_of_quotes_are_known() -> None:
    assert [chosen.name for chosen in USES] == [
        "depth_imbalance", "micro_price", "order_flow_imbalance", "quote_intensity",
        "quote_volatility",
    ]  # fmt: skip


@pytest.mark.parametrize("column", FLOW_COLUMNS)
def test_an_indicator_reads_the_columns_that_it_names_and_no_other(column: str) -> None:
    bars = random_bars().cut(slice(0, 300))
    everything = [use(indicator.name) for indicator in INDICATORS]
    values = compute_indicators(everything, bars)
    blanked = compute_indicators(everything, blank(bars, slice(None), column))
    reads = [column in each.indicator.inputs for each in everything for _ in each.refs]
    assert np.isnan(blanked[:, reads]).all()
    unread = [not one for one in reads]
    assert blanked[:, unread].tobytes() == values[:, unread].tobytes()


@each_use
def test_an_absent_column_starts_it_afresh(chosen: Use) -> None:
    bars = random_bars().cut(slice(0, 400))
    holes = blank(bars, slice(170, 173), *chosen.indicator.inputs)
    alone = [compute_indicators([chosen], bars.cut(part)) for part in (slice(170), slice(173, 400))]
    values = compute_indicators([chosen], holes)
    nothing = np.full((3, values.shape[1]), np.nan)
    assert values.tobytes() == np.concatenate((alone[0], nothing, alone[1])).tobytes()


def test_bars_that_nobody_counted_quotes_of_have_none_of_them() -> None:
    bars = replace(random_bars().cut(slice(0, 400)), flow=None)
    assert np.isnan(compute_indicators(USES, bars)).all()


def test_a_feed_without_sizes_has_those_of_quotes_alone() -> None:
    bars = random_bars().cut(slice(0, 400))
    sizes = FLOW_COLUMNS[FLOW_COLUMNS.index("order_flow") :]
    shown = blank(bars, slice(None), *sizes)
    known = [
        chosen.name for chosen in USES if np.isfinite(compute_indicators([chosen], shown)).any()
    ]
    assert known == ["quote_intensity", "quote_volatility"]
