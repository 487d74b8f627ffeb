"""The files of a walk-forward: figures, judged bars and chart, and its table for people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from assay.apps.lab.evaluation.judging import predictions_table
from assay.apps.lab.evaluation.walkforward import Walked
from assay.apps.lab.output import appearing_together
from assay.books.reports.charts import WIDE, with_paper
from assay.books.reports.walkforward import WalkCurves, draw_walk

FIGURES, CHART, PREDICTIONS = "walk-forward.json", "walk-forward.svg", "predictions.parquet"
COLUMNS = (
    ("n", "bars", ",d"), ("taken", "taken", ",d"), ("accuracy", "accur.", ".3f"),
    ("base_rate", "base", ".3f"), ("brier", "Brier", ".4f"), ("log_loss", "log l.", ".4f"),
    ("ece", "ECE", ".4f"), ("auc", "AUC", ".4f"), ("net_mean", "net", ",.2f"),
    ("net_lower", "lower", ",.2f"), ("net_upper", "upper", ",.2f"), ("trades", "trades", ",d"),
    ("sharpe", "Sharpe", ".2f"), ("max_drawdown", "drawd.", ".1%"),
)  # fmt: skip


def write_walk(walked: Walked, out: Path) -> None:
    """Write figures, judged bars and chart; they appear together once all are whole."""
    import pyarrow.parquet as pq

    with appearing_together(out) as folder:
        figures = msgspec.json.format(msgspec.json.encode(walked.found), indent=1)
        (folder / FIGURES).write_bytes(figures + b"\n")
        chart = with_paper(draw_walk(_curves(walked), WIDE))
        (folder / CHART).write_text(chart, encoding="utf-8")
        models = [fold["model"] for fold in walked.found["folds"]]
        table = predictions_table(walked.judged, walked.symbols, ", ".join(models))
        pq.write_table(table, folder / PREDICTIONS)


def _curves(walked: Walked) -> WalkCurves:
    scale = 10.0**-walked.account.currency_digits

    def column(name: str) -> np.ndarray:
        values = [fold[name] for fold in walked.found["folds"]]
        return np.array([np.nan if value is None else value for value in values])

    return WalkCurves(
        times=walked.times, equity=walked.equity * scale, cash=walked.account.cash * scale,
        starts=np.array([step.start for step in walked.steps]),
        ends=np.array([step.end for step in walked.steps]), net=column("net_mean"),
        lower=column("net_lower"), upper=column("net_upper"), currency=walked.account.currency,
    )  # fmt: skip


def tabulate_walk(found: dict[str, Any]) -> str:
    """Return the verdict, a line a fold and one for all, the straight line and the leak checks."""
    heads = ["fold", "from", "to", *(head for _, head, _ in COLUMNS)]
    lines = [
        [str(number), fold["from"][:10], fold["to"][:10], *_cells(fold)]
        for number, fold in enumerate(found["folds"], 1)
    ]
    lines.append(["all", lines[0][1], lines[-1][2], *_cells(found["pooled"])])
    leaks, paths = found["leaks"], found["line"]["paths_auc"]
    return "\n".join([
        found["verdict"], *_align([heads, *lines]),
        f"a straight line through the same features: AUC {min(paths):.4f} to {max(paths):.4f} "
        f"over {len(paths)} combinatorial paths",
        f"leak checks passed: overlap of {leaks['overlap']} folds, truncated history, future shift "
        f"(at most {leaks['future_shift_most']:.2f}), refit, shuffled labels (AUC "
        f"{leaks['shuffled_auc']:.4f})",
    ])  # fmt: skip


def _cells(figures: dict[str, Any]) -> list[str]:
    values = ((figures[name], form) for name, _, form in COLUMNS)
    return ["-" if value is None else format(value, form) for value, form in values]


def _align(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
