"""How the command line reaches a running trader: one small file an order, answered by removal."""

from __future__ import annotations

from pathlib import Path

import msgspec

from assay.model.errors import RetryError
from assay.runtime.clock import wait_for
from assay.runtime.home import Home
from assay.runtime.ids import fresh_token

HALT, RELEASE = "halt", "release"
PROMOTE, CHALLENGE, LIMIT = "promote", "challenge", "limit"
HALT_ENTRIES, RELEASE_ENTRIES = "halt-entries", "release-entries"
TRADE, FLATTEN, LIST_ORDERS = "trade", "flatten", "list-orders"
PATIENCE_S = 60.0
"""How long whoever names a model waits for a running trader, which first loads it."""


class Promoted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Say which model is champion of what in whose place, by which line of the governance log."""

    model: str
    digest: str
    before: str
    line: int
    symbols: tuple[str, ...]
    timeframe: int
    market: str


class Challenged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say which model is to follow beside the one that serves; one without a name is to end it."""

    model: str = ""
    digest: str = ""


class ByHand(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Hold an order as a person writes it: lots, prices, and the names of docs/orders.md.

    An empty text leaves a value; `expires` is nanoseconds UTC, `every` nanoseconds. The key is a
    text, since the numbers of a page are not exact above 2^53.
    """

    action: str
    symbol: str
    lots: str = ""
    price: str = ""
    limit: str = ""
    distance: str = ""
    stop: str = ""
    target: str = ""
    shown: str = ""
    time_in_force: str = "gtc"
    expires: int = 0
    slices: int = 0
    every: int = 0
    key: str = ""


class ControlOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hold one order to the trader: which model is to serve or to challenge, which limits hold.

    One to release a halt confirms it by its code, or asks for that. Entries are held back for a
    `source`, in a `symbol` or in all; the `actor` who lets them go is that source or the operator.
    """

    action: str
    reason: str
    by: str
    promoted: Promoted | None = None
    challenged: Challenged | None = None
    limits: dict[str, str] | None = None
    confirm: str = ""
    source: str = ""
    symbol: str = ""
    actor: str = ""
    by_hand: ByHand | None = None


class Answer(msgspec.Struct, frozen=True):
    """Hold what the trader made of an order; `serves` where it was obeyed."""

    serves: bool
    text: str


def control_folder(home: Home) -> Path:
    """Return the folder of orders, made on first use."""
    folder = home.folder("run") / "control"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def order_halt(home: Home, reason: str, by: str, *, seconds: float = 10.0) -> None:
    """Have the running trader engage the kill switch; RetryError where it is not durable in time.

    It stays ordered then, and is engaged as soon as the trader looks.
    """
    path = leave_order(home, ControlOrder(HALT, reason, by))
    if not wait_for(lambda: not path.exists(), seconds=seconds):
        raise RetryError(
            f"the trader did not answer halt in {seconds:g} s; it will halt as soon as it does, "
            "see `assay logs`"
        )


def ask_trader(
    home: Home, order: ControlOrder, *, seconds: float = PATIENCE_S, is_patient: bool = True
) -> Answer:
    """Give the running trader an order that it answers; wait for what it makes of it.

    Whoever is not patient takes an order back that is not answered in time.
    """
    path = leave_order(home, order)
    wait_for(lambda: not path.exists() or not home.is_locked("up"), seconds=seconds)
    if path.exists() and not is_patient:
        try:
            path.unlink()
        except FileNotFoundError:
            pass  # it was answered this very moment
        else:
            return Answer(False, f"the trader did not answer in {seconds:g} s, see `assay logs`")
    if path.exists():
        why = "the trader is still making it ready; `assay status` tells who serves"
        if not home.is_locked("up"):
            why = "the platform has ended before; the next start carries it out"
        return Answer(False, why)
    told = path.with_suffix(".told")
    try:
        return msgspec.json.decode(told.read_bytes(), type=Answer)
    finally:
        told.unlink(missing_ok=True)


def answer_order(path: Path, answer: Answer) -> None:
    """Tell whoever gave an order what came of it, and strike it off."""
    _replace(path.with_suffix(".told"), answer)
    path.unlink(missing_ok=True)


def forget_answers(home: Home) -> None:
    """Remove the answers that nobody waited for."""
    for told in control_folder(home).glob("*.told"):
        told.unlink(missing_ok=True)


def refuse_left(home: Home) -> None:
    """Refuse what a person ordered of a trader that is no more: it may have carried it out.

    What halts or closes does no harm twice, a release names its halt; they stay.
    """
    for path, order in pending_orders(home):
        if order.action == TRADE:
            text = "the platform started anew over it; look at orders and positions, then order it"
            answer_order(path, Answer(False, f"{text} again if it is missing"))


def leave_order(home: Home, order: ControlOrder) -> Path:
    """Leave an order where the trader finds it; return its file, which it removes."""
    path = control_folder(home) / f"{fresh_token(8)}.json"
    _replace(path, order)
    return path


def _replace(path: Path, content: ControlOrder | Answer) -> None:
    unfinished = path.with_suffix(".new")
    unfinished.write_bytes(msgspec.json.encode(content))
    unfinished.replace(path)


def pending_orders(home: Home) -> list[tuple[Path, ControlOrder]]:
    """Return the orders that wait, the oldest first; remove each file once it is carried out.

    One that cannot be read, torn by a power cut, another user's or of a newer program, is left to
    its giver.
    """
    found = []
    for path in control_folder(home).glob("*.json"):
        try:
            given = path.stat().st_mtime_ns
            order = msgspec.json.decode(path.read_bytes(), type=ControlOrder)
        except (OSError, msgspec.MsgspecError):
            continue  # its giver took it back, or takes it back once nobody answers
        found.append((given, path, order))
    return [(path, order) for _, path, order in sorted(found, key=lambda each: each[:2])]
