"""The evidence of an evaluation in words and columns, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

RULES = (
    ("rule", "rule", ""), ("taken", "taken", ",d"), ("accuracy", "accur.", ".3f"),
    ("net_mean", "net", ",.2f"), ("net_lower", "lower", ",.2f"), ("net_upper", "upper", ",.2f"),
    ("accuracy_same", "accur.*", ".3f"), ("net_same", "net*", ",.2f"),
    ("lead_mean", "lead*", ",.2f"), ("lead_lower", "lower", ",.2f"),
    ("lead_upper", "upper", ",.2f"), ("direction_accuracy_all", "direct.", ".3f"),
    ("log_loss", "log l.", ".4f"),
)  # fmt: skip
SIDES = (
    ("side", "side", ""), ("taken", "taken", ",d"), ("accuracy", "accur.", ".3f"),
    ("break_even_accuracy", "break-even", ".3f"), ("direction_accuracy", "direct.", ".3f"),
    ("net_mean", "net", ",.2f"), ("net_lower", "lower", ",.2f"), ("net_upper", "upper", ",.2f"),
    ("cost_mean", "cost", ",.2f"), ("break_even_cost", "b.-e. cost", ",.2f"),
)  # fmt: skip
DECILES = (
    ("promised", "promised", ",.2f"), ("realised_mean", "realised", ",.2f"),
    ("realised_lower", "lower", ",.2f"), ("realised_upper", "upper", ",.2f"), ("n", "bars", ",d"),
    ("taken", "taken", ",d"),
)  # fmt: skip
GROUPS = (
    ("n", "bars", ",d"), ("taken", "taken", ",d"), ("accuracy", "accur.", ".3f"),
    ("net_mean", "net", ",.2f"), ("net_lower", "lower", ",.2f"), ("net_upper", "upper", ",.2f"),
    ("direction_accuracy_all", "direct.", ".3f"), ("log_loss", "log l.", ".4f"),
)  # fmt: skip
MONTHS, REGIMES = (("month", "month", ""), *GROUPS), (("regime", "regime", ""), *GROUPS)
FEATURES = (
    ("feature", "feature", ""), ("rise", "rise", ".5f"), ("error", "error", ".5f"),
    ("shap", "shap", ".4f"),
)  # fmt: skip
FEATURES_MOST = 10
Columns = Sequence[tuple[str, str, str]]


def word_evidence(found: dict[str, Any]) -> list[str]:
    """Return the lines that follow the figures of an evaluation."""
    features = found["importance"]["features"][:FEATURES_MOST]
    tables: tuple[tuple[str, Columns, list[dict[str, Any]]], ...] = (
        ("beside simple rules, on the same bars (*: where the model took; net a lot)", RULES,
         found["baselines"]),
        ("by side", SIDES, found["sides"]),
        ("promised and realised, by deciles of the promise (net a lot)", DECILES, found["deciles"]),
        ("by month", MONTHS, found["months"]),
        (f"by regime of the {found['regimes_over']} bars before", REGIMES, found["regimes"]),
        ("features worth most: rise of the log loss without one", FEATURES, features),
    )  # fmt: skip
    lines = [""]
    for title, columns, rows in tables:
        if rows:
            lines += [title, *_align(columns, rows), ""]
    return [*lines, *word_superiority(found["superiority"]), *found["absent"]]


def word_superiority(found: dict[str, Any]) -> list[str]:
    """Return what Hansen's test says, in two lines; none where there is none."""
    if found["beats_all"] is None:
        return []
    return [
        f"better than every simple rule by chance alone: p = {found['beats_all']:.3f}",
        f"some simple rule better than the model by chance alone: p = {found['beaten']:.3f}",
    ]


def _align(columns: Columns, rows: Sequence[dict[str, Any]]) -> list[str]:
    cells = [[head for _, head, _ in columns]]
    cells += [[_cell(row[name], form) for name, _, form in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    left = [not form for _, _, form in columns]
    return [
        "  " + "  ".join(
            text.ljust(width) if to_left else text.rjust(width)
            for text, width, to_left in zip(line, widths, left, strict=True)
        ).rstrip()
        for line in cells
    ]  # fmt: skip


def _cell(value: Any, form: str) -> str:
    return "-" if value is None else format(value, form)
