"""How the command line reaches a running trader: one small file an order, answered by removal."""

from __future__ import annotations

from pathlib import Path

import msgspec

from assay.model.errors import RetryError, UsageError
from assay.runtime.clock import wait_for
from assay.runtime.home import Home
from assay.runtime.ids import fresh_token

ACTIONS = ("halt", "resume")


class ControlOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hold one order to the trader."""

    action: str
    reason: str
    by: str


def control_folder(home: Home) -> Path:
    """Return the folder of orders, made on first use."""
    folder = home.folder("run") / "control"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def give_order(home: Home, order: ControlOrder, *, seconds: float = 10.0) -> None:
    """Hand an order to the running trader and wait until it is durable; else RetryError."""
    if order.action not in ACTIONS:
        raise UsageError(f"action {order.action!r} is unknown; use {' or '.join(ACTIONS)}")
    path = control_folder(home) / f"{fresh_token(8)}.json"
    unfinished = path.with_suffix(".new")
    unfinished.write_bytes(msgspec.json.encode(order))
    unfinished.replace(path)
    if not wait_for(lambda: not path.exists(), seconds=seconds):
        raise RetryError(
            f"the trader did not answer {order.action} in {seconds:g} s; see assay logs"
        )


def pending_orders(home: Home) -> list[tuple[Path, ControlOrder]]:
    """Return the orders that wait, the oldest first; remove each file once it is carried out."""
    waiting = sorted(control_folder(home).glob("*.json"), key=lambda path: path.stat().st_mtime)
    return [(path, msgspec.json.decode(path.read_bytes(), type=ControlOrder)) for path in waiting]
