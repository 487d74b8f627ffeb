"""Two hundred broken lines and thirty kills beside a terminal, as far as the budget reaches."""

from __future__ import annotations

from pathlib import Path

from tests.sim.test_edge import live_through_cuts
from tests.sim.test_edge_terminal import live_through_kills

CUTS, KILLS = 200, 30
CUT_S, KILL_S = 0.5, 3.0
"""What one takes, what comes after it included."""


def test_two_hundred_cuts_lose_and_double_nothing(
    tmp_path: Path, soak_seconds: float, soak_seed: int
) -> None:
    cuts = max(20, min(CUTS, int(soak_seconds / CUT_S)))
    live_through_cuts(tmp_path, soak_seed, cuts=cuts)


def test_thirty_kills_send_each_order_once(
    tmp_path: Path, soak_seconds: float, soak_seed: int
) -> None:
    kills = max(2, min(KILLS, int(soak_seconds / KILL_S)))
    live_through_kills(tmp_path, seed=soak_seed, kills=kills, orders=8 * kills)
