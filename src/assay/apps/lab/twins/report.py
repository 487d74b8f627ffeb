"""The files of a daily twin: its figures, its page and its waterfall."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from assay.apps.lab.output import appearing_together
from assay.books.reports.page import write_page
from assay.books.reports.twin import describe_twin


def write_twin(told: dict[str, Any], out: Path) -> list[str]:
    """Write twin.json, report.html and waterfall.svg into a folder; return their paths."""
    with appearing_together(out) as folder:
        (folder / "twin.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        write_page(describe_twin(told), folder)
        names = sorted(path.name for path in folder.iterdir())
    return [str(out / name) for name in names]
