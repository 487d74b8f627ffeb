"""The bench `model_to_commit` over 10,000 bars at ten a second: 20 minutes, so only if named."""

from __future__ import annotations

from pathlib import Path

from benches import model_to_commit
from benches.harness import ROUNDS, Bench

BARS, BARS_PER_SECOND = 10_000, 10


def build(folder: Path) -> Bench:
    """Share the bars out to the rounds and the one that is thrown away."""
    return model_to_commit.build(folder, bars=BARS // (ROUNDS + 1), bars_per_second=BARS_PER_SECOND)
