"""Decimal prices to integer points, and how many digits a file's prices need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from assay.kernel.flow import ABSENT, FLOW_COLUMNS, MID_SQUARES, QUOTES, SIZE_SCALE, SUM_MOST
from assay.market.series import Bools, Float64s, Int64s
from assay.model.errors import UsageError
from assay.model.instruments import instrument_for

EXTRA_DIGITS = 3
MOST_DIGITS = 9
FLOW_LEAST = np.array([1.0, 0.0, -np.inf, 1.0, 1.0, 1.0, 1.0])
"""What a column of flow is at least, where it is told at all."""

LARGEST_POINTS = 2.0**52
"""Above this a float64 price no longer tells its neighbours apart."""


def catalogue_digits(symbol: str) -> int | None:
    """Return the digits of a catalogued symbol, None for one nobody has described."""
    try:
        return instrument_for(symbol).digits
    except UsageError:
        return None


def fits_grid(prices: Float64s, digits: int) -> Bools:
    """Tell which prices are whole points of 10^-digits, within what float64 can tell."""
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = prices * 10.0**digits
        slack = np.maximum(1e-6, np.abs(scaled) * 1e-15)
        near = np.abs(scaled - np.rint(scaled)) <= slack
        return np.asarray(near & (np.abs(scaled) < LARGEST_POINTS))


def to_points(prices: Float64s, digits: int) -> Int64s:
    """Round prices to whole points of 10^-digits; what is not finite becomes 0."""
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = np.rint(prices * 10.0**digits)
        good = np.abs(scaled) < LARGEST_POINTS
    return np.where(good, scaled, 0.0).astype(np.int64)


def flow_scales(digits: int) -> Float64s:
    """Return by how much each flow column of a file is multiplied to be whole."""
    scales = np.full(len(FLOW_COLUMNS), float(SIZE_SCALE))
    # A move of the mid is counted twice, so that it is whole.
    scales[QUOTES], scales[MID_SQUARES] = 1.0, (2 * 10.0**digits) ** 2
    return scales


def to_flow(columns: Mapping[str, Float64s], digits: int) -> Int64s:
    """Return the flow [bars, 7] of decimal columns; what is missing or makes no sense is ABSENT.

    It is the one that was written up to 2^51, and beyond that within what float64 can tell.
    """
    nothing = np.full(len(columns[FLOW_COLUMNS[QUOTES]]), np.nan)
    decimal = np.column_stack([columns.get(name, nothing) for name in FLOW_COLUMNS])
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = np.rint(decimal * flow_scales(digits))
        good = (np.abs(scaled) <= SUM_MOST) & (scaled >= FLOW_LEAST)
    return np.where(good, np.where(good, scaled, 0.0).astype(np.int64), ABSENT)


def from_flow(flow: Int64s, digits: int) -> dict[str, Float64s]:
    """Return the columns of a flow [bars, 7] that tell something, as decimals; NaN where ABSENT."""
    decimal = np.where(flow == ABSENT, np.nan, flow / flow_scales(digits))
    return {
        name: column
        for name, column in zip(FLOW_COLUMNS, decimal.T, strict=True)
        if not np.isnan(column).all()
    }


def _fit_rows(columns: Sequence[Float64s], digits: int) -> Bools:
    fit = fits_grid(columns[0], digits)
    for column in columns[1:]:
        fit &= fits_grid(column, digits)
    return fit


def choose_digits(symbol: str, columns: Sequence[Float64s]) -> tuple[int, Bools]:
    """Choose the digits of a file and tell which of its rows fit them.

    The catalogue's digits serve unless more than a few rows need up to three more; a row that
    still does not fit is off the grid. A symbol without catalogue entry takes what it needs.
    """
    known = catalogue_digits(symbol)
    start = 0 if known is None else known
    stop = min(MOST_DIGITS, MOST_DIGITS if known is None else known + EXTRA_DIGITS)
    best: tuple[int, int, Bools] | None = None
    for digits in range(start, stop + 1):
        fit = _fit_rows(columns, digits)
        misses = int(len(fit) - np.count_nonzero(fit))
        if misses <= _few(len(fit)):
            return digits, fit
        if best is None or misses < best[0]:
            best = (misses, digits, fit)
    assert best is not None
    return best[1], best[2]


def _few(rows: int) -> int:
    return min(rows // 2, max(3, rows // 2000)) if rows > 3 else 0
