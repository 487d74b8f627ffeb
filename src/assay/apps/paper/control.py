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
    if wait_for(lambda: not path.exists(), seconds=seconds):
        return
    waits = "it will halt as soon as it does"
    if order.action == "resume":
        try:
            path.unlink()
        except FileNotFoundError:
            return
        waits = "nothing was resumed"
    raise RetryError(
        f"the trader did not answer {order.action} in {seconds:g} s; {waits}, see `assay logs`"
    )


def pending_orders(home: Home) -> list[tuple[Path, ControlOrder]]:
    """Return the orders that wait, the oldest first; remove each file once it is carried out."""
    found = []
    for path in control_folder(home).glob("*.json"):
        try:
            given = path.stat().st_mtime_ns
            order = msgspec.json.decode(path.read_bytes(), type=ControlOrder)
        except FileNotFoundError:
            continue  # its giver took it back
        found.append((given, path, order))
    return [(path, order) for _, path, order in sorted(found, key=lambda each: each[:2])]
