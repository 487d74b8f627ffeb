"""An order as the platform has it becomes the command that says the same."""

from __future__ import annotations

from typing import Any

import pytest

from assay.model.errors import InvariantError
from assay.model.messages import CancelRequested, OrderSubmitted, OrderTerms
from assay.trading.brokers.mt5.broker import make_cancel, make_command

NOW, LATER = 1_000, 9_000


def submitted(order_type: str = "market", **fields: Any) -> OrderSubmitted:
    plain: dict[str, Any] = {
        "id": 7, "ts_event": 5, "ts_init": 5, "key": 11, "account": "main", "strategy": "s",
        "symbol": "EURUSD", "ts_bar": 5, "ordinal": 3, "quantity": -2_000, "price": 110_100,
        "stop": 110_300, "target": 109_900,
    }  # fmt: skip
    return OrderSubmitted(order_type=order_type, **{**plain, **fields})


@pytest.mark.parametrize("lives", ["gtc", "gtd", "day", "ioc", "fok"])
def test_a_stop_limit_keeps_its_limit_and_its_time_in_force(lives: str) -> None:
    terms = OrderTerms(limit=110_050, time_in_force=lives, expires=LATER)
    command = make_command(submitted("stop_limit", terms=terms), 5, NOW)
    assert (command.id, command.order_type, command.quantity) == (11, "stop_limit", -2_000)
    assert (command.price, command.limit_price) == (110_100, 110_050)
    assert (command.stop, command.target, command.digits) == (110_300, 109_900, 5)
    assert command.time_in_force == lives
    # A day ends by the broker's own clock.
    assert command.expires == (LATER if lives == "gtd" else 0)
    assert command.expiry_ns > NOW


def test_a_plain_order_is_good_till_cancelled() -> None:
    command = make_command(submitted(), 5, NOW)
    assert (command.time_in_force, command.limit_price, command.expires) == ("gtc", 0, 0)


def test_what_no_terminal_has_a_name_for_is_not_sent() -> None:
    with pytest.raises(InvariantError, match="'twap' has no name at the terminal"):
        make_command(submitted("twap"), 5, NOW)


def test_a_wish_to_cancel_names_the_ticket_and_is_known_by_its_own_id() -> None:
    wish = CancelRequested(
        id=21, ts_event=5, ts_init=5, key=11, account="main", symbol="EURUSD", ticket=77,
        reason="cancelled",
    )  # fmt: skip
    command = make_cancel(wish, 5, NOW)
    assert (command.id, command.kind, command.ticket) == (21, "cancel", 77)
