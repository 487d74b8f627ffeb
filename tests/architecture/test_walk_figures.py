"""What documents say of real markets are the figures that are kept beside them."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from assay.apps.lab.evaluation.walkforwardreport import tabulate_walk
from tools.tidy import ROOT

WALKS = sorted((ROOT / "docs" / "walk-forward").glob("*.json"))


def test_gold_by_three_families_and_three_majors_are_walked() -> None:
    assert [path.stem for path in WALKS] == [
        "majors_m1", "xauusd_m5", "xauusd_m5_cnn", "xauusd_m5_lstm",
    ]  # fmt: skip


def test_kept_models_are_of_kept_walks() -> None:
    walked = {fold["model"] for path in WALKS for fold in json.loads(path.read_bytes())["folds"]}
    kept = sorted((ROOT / "docs" / "walk-forward" / "models").iterdir())
    assert kept
    assert {folder.name for folder in kept} <= walked


@pytest.mark.parametrize("path", WALKS, ids=lambda path: path.stem)
def test_the_document_shows_the_table_and_the_digest(path: Path) -> None:
    document = (ROOT / "docs" / "walk-forward.md").read_text(encoding="utf-8")
    assert tabulate_walk(json.loads(path.read_bytes())) in document
    assert sha256(path.read_bytes()).hexdigest() in document


@pytest.mark.parametrize(
    "path", [path for path in WALKS if len(json.loads(path.read_bytes())["folds"]) > 1],
    ids=lambda path: path.stem,
)  # fmt: skip
def test_the_readme_tells_how_it_ended(path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = json.loads(path.read_bytes())
    pooled = found["pooled"]
    cells = (
        f"{pooled['n']:,}",
        f"{pooled['auc']:.3f}",
        f"{pooled['coverage']:.2%}".replace("%", " %"),
    )
    (line,) = [line for line in readme.splitlines() if f"walk-forward/{path.name})" in line]
    assert all(cell in line for cell in cells), (line, cells)
    assert found["verdict"].partition(":")[0].lower() in line
