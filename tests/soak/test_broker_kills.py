"""Thirty real kills of a program that sends orders."""

from pathlib import Path

from tests.integration.broker_kills import judge, survive

KILLS, ORDERS = 30, 240


def test_each_order_is_sent_and_booked_once_through_thirty_kills(
    tmp_path: Path, soak_seed: int
) -> None:
    rig = survive(tmp_path, seed=soak_seed, kills=KILLS, orders=ORDERS)
    judge(rig, orders=ORDERS, kills=KILLS)
