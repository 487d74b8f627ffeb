"""A program that sends orders is killed for real: each order is sent once and booked once."""

from pathlib import Path

import pytest

from tests.integration.broker_kills import judge, survive

KILLS, ORDERS = 3, 60


@pytest.mark.running
def test_orders_outlive_kills_of_their_program(tmp_path: Path) -> None:
    rig = survive(tmp_path, seed=1, kills=KILLS, orders=ORDERS)
    judge(rig, orders=ORDERS, kills=KILLS)
