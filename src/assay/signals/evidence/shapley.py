"""Shapley values of trees: how much each feature moved each forecast away from the usual one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.signals.evidence.trees import Branch, Leaf, Trees

Float64s = NDArray[np.float64]
Features = NDArray[np.float32]
Bools = NDArray[np.bool_]
LEAST = 1e-12


def explain_trees(trees: Trees, features: Features, background: Features) -> Float64s:
    """Return the Shapley value of each feature [n, k] for each row of features [n, k].

    They add up to the row's answer (log odds or probability, as the leaves do) less the mean answer
    that the trees give where no feature is known; a split on an unknown feature sends the row both
    ways, by the shares in which it parts the rows of `background`. Each leaf adds its value times
    the integral over t of products of (o t + z (1 - t)) over the features of its way, o being
    whether the row's feature leads there and z its share, which Gauss-Legendre points give exactly.
    Sources: S. Lundberg et al., From local explanations to global understanding with explainable AI
    for trees, Nature Machine Intelligence, 2020 (the values); P. Yu et al., Linear TreeShap, 2022,
    and G. Owen, Multilinear extensions of games, Management Science, 1972 (the integral).
    """
    found = np.zeros((features.shape[1], len(features)))
    most = max((len(leaf.way) for leaves in trees.leaves for leaf in leaves), default=0)
    points = [np.polynomial.legendre.leggauss(count // 2 + 1) for count in range(most + 1)]
    for leaves in trees.leaves:
        nodes = {branch.node: branch for leaf in leaves for branch, _ in leaf.way}
        left = {node: branch.goes_left(features) for node, branch in nodes.items()}
        shares = _shares(nodes, leaves, background)
        for leaf in leaves:
            if leaf.way:
                _add_leaf(found, _follow(leaf, left, shares), leaf.value, points)
    return np.ascontiguousarray(found.T)


def _shares(
    nodes: dict[int, Branch], leaves: tuple[Leaf, ...], background: Features
) -> dict[int, float]:
    # Of each split: the share of the background rows reaching it that go left.
    reaching: dict[int, Bools] = {}
    for leaf in leaves:
        here = np.ones(len(background), dtype=bool)
        for branch, to_left in leaf.way:
            reaching.setdefault(branch.node, here)
            here = here & (branch.goes_left(background) == to_left)
    return {
        node: float(branch.goes_left(background)[reaching[node]].mean())
        if reaching[node].any() else 0.5
        for node, branch in nodes.items()
    }  # fmt: skip


def _follow(
    leaf: Leaf, left: dict[int, Bools], shares: dict[int, float]
) -> dict[int, tuple[Bools, float]]:
    # Of each feature of a leaf's way: which rows it leads there, and its share.
    told: dict[int, tuple[Bools, float]] = {}
    for branch, to_left in leaf.way:
        leads = left[branch.node] == to_left
        share = shares[branch.node] if to_left else 1 - shares[branch.node]
        before = told.get(branch.feature)
        told[branch.feature] = (
            (leads, share) if before is None else (before[0] & leads, before[1] * share)
        )
    return told


def _add_leaf(
    found: Float64s, told: dict[int, tuple[Bools, float]], value: float,
    points: list[tuple[Float64s, Float64s]],
) -> None:  # fmt: skip
    places = list(told)
    leads = np.array([told[place][0] for place in places], dtype=np.float64)[:, None]
    share = np.maximum([told[place][1] for place in places], LEAST)[:, None, None]
    at, weights = points[len(places)]
    t = (at + 1)[:, None] / 2
    parts = leads * t + share * (1 - t)
    rest = parts.prod(axis=0) / parts
    integral = (rest * weights[:, None]).sum(axis=1) / 2
    found[places] += value * (leads[:, 0] - share[:, 0]) * integral
