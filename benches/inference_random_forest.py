"""Batch inference of the family random_forest: its ONNX graph against the library itself."""

from __future__ import annotations

from pathlib import Path

from benches.harness import Bench
from benches.workload.inference import compare_inference


def build(folder: Path) -> Bench:
    """Fit the family and serve it."""
    return compare_inference(folder, "random_forest")
