"""What hangs on what: partial correlations that are significant, and a tree of near neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import minimum_spanning_tree

from assay.signals.correlation.alignment import Returns
from assay.signals.correlation.uncertainty import (
    LEVEL,
    Pair,
    fisher_interval,
    judge_pair,
)

Float64s = NDArray[np.float64]
SINGULAR = 1e-9
"""The least eigenvalue of a correlation matrix that partial correlations are taken from."""


@dataclass(frozen=True, slots=True)
class Edge:
    """Tie two instruments by the correlation that is left beside all others.

    The interval is corrected for the number of pairs; `holds` where it excludes 0.
    """

    pair: tuple[str, str]
    partial: float
    low: float
    high: float
    holds: bool


@dataclass(frozen=True, slots=True)
class Branch:
    """Tie two instruments of the tree, by their correlation and distance."""

    pair: tuple[str, str]
    correlation: float
    distance: float


@dataclass(frozen=True, slots=True)
class DependencyGraph:
    """Hold edges between `symbols`, and the minimum spanning tree of all instruments.

    `without` names what edges leave out (a proxy is a sum of others, beside which nothing is left);
    `collinear` says that there are no edges, for one of the others is a sum too, or never moves.
    """

    symbols: tuple[str, ...]
    edges: tuple[Edge, ...]
    tree: tuple[Branch, ...]
    without: tuple[str, ...]
    collinear: bool


def build_graph(returns: Returns, without: tuple[str, ...] = ()) -> DependencyGraph:
    """Return the dependencies over all rows.

    Sources: J. Whittaker, Graphical Models in Applied Multivariate Statistics, 1990 (edges); R.
    Mantegna, Hierarchical structure in financial markets, Eur. Phys. J. B 11, 1999 (tree).
    """
    chosen = [i for i, symbol in enumerate(returns.symbols) if symbol not in without]
    symbols = tuple(returns.symbols[i] for i in chosen)
    edges = find_edges(returns.values[:, chosen], symbols)
    return DependencyGraph(
        symbols, edges or (), span_tree(returns.values, returns.symbols), without, edges is None
    )


def find_edges(values: Float64s, symbols: tuple[str, ...]) -> tuple[Edge, ...] | None:
    """Return the partial correlation of every pair; None where others fix a column."""
    rows, size = values.shape
    centred = values - values.mean(axis=0)
    deviation = np.sqrt((centred**2).mean(axis=0))
    if rows <= size + 3 or not deviation.min() > 0:
        return None
    centred = centred / deviation
    correlation = centred.T @ centred / rows
    if np.linalg.eigvalsh(correlation)[0] < SINGULAR:
        return None
    precision = np.linalg.inv(correlation)
    duals = centred @ precision
    weights, pairs = np.full(rows, 1 / rows), list(combinations(range(size), 2))
    level = 1 - (1 - LEVEL) / len(pairs)
    found = []
    for i, j in pairs:
        # What is left of both beside all others, from the block of the precision alone.
        rest = duals[:, [i, j]] @ np.linalg.inv(precision[np.ix_([i, j], [i, j])])
        pair = judge_pair(rest[:, 0], rest[:, 1], weights)
        low, high = _bounds(pair, size - 2, level)
        edge = Edge((symbols[i], symbols[j]), pair.correlation, low, high, low > 0 or high < 0)
        found.append(edge)
    return tuple(found)


def _bounds(pair: Pair, given: int, level: float) -> tuple[float, float]:
    return fisher_interval(pair.correlation, pair.effective_n - given, level)


def span_tree(values: Float64s, symbols: tuple[str, ...]) -> tuple[Branch, ...]:
    """Return the tree that joins all instruments that move by the least sqrt(2 (1 - r))."""
    moves = np.flatnonzero(values.std(axis=0) > 0)
    if len(moves) < 2:
        return ()
    correlation = np.clip(np.corrcoef(values[:, moves].T), -1.0, 1.0)
    # SciPy reads a distance of 0 as no edge.
    distance = np.maximum(np.sqrt(2 * (1 - correlation)), 1e-9)
    tree = minimum_spanning_tree(np.triu(distance, 1)).tocoo()
    branches = [
        Branch(
            (symbols[moves[i]], symbols[moves[j]]), float(correlation[i, j]), float(distance[i, j])
        )
        for i, j in zip(tree.row, tree.col, strict=True)
    ]
    return tuple(sorted(branches, key=lambda branch: branch.distance))
