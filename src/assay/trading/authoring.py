"""Write a strategy as a class: the same memory, decisions and snapshots behind plainer names.

A file of a strategy has either `PARAMETERS`, `memory_words` and `decide`, or a class `Strategy`:
`parameters` (name -> default), `state` (name -> words, a number or the name of a parameter), and
`decide(self, state, market)`. All that it remembers is in `state`, so a snapshot holds it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from inspect import signature
from types import ModuleType
from typing import Any

import numpy as np

from assay.kernel.records import (
    CANCEL,
    GO_TO,
    PLACE_CLOSE_BY,
    PLACE_LIMIT,
    PLACE_MARKET,
    PLACE_STOP,
    PROTECT,
    REMOVE,
)
from assay.kernel.rounding import divide_half_even
from assay.model.errors import UsageError

CLASS = "Strategy"
Places = Mapping[str, tuple[int, int]]
WANTED = ("price", "stop", "target", "trail", "ticket", "order")
"""What a wish says beside its action and quantity; what one does not say the last one's goes."""


class State:
    """Hold what a strategy remembers of one instrument: whole numbers, 0 at the start.

    A name of one word is a number, of more an array that is changed in place.
    """

    __slots__ = ("_memory", "_places")
    _memory: np.ndarray
    _places: Places

    def __init__(self, memory: np.ndarray, places: Places) -> None:
        object.__setattr__(self, "_memory", memory)
        object.__setattr__(self, "_places", places)

    def __getattr__(self, name: str) -> Any:  # Any: a number or an array of numbers
        start, size = self._find(name)
        if size == 1:
            return int(self._memory[start])
        return self._memory[start : start + size]

    def __setattr__(self, name: str, value: Any) -> None:
        start, size = self._find(name)
        if np.asarray(value).dtype.kind not in "iub":
            raise UsageError(f"state.{name} = {value!r} is no whole number; round it first")
        self._memory[start : start + size] = value

    def _find(self, name: str) -> tuple[int, int]:
        try:
            return self._places[name]
        except KeyError:
            raise AttributeError(f"state has {', '.join(self._places)}, not {name!r}") from None


class Record:
    """Show a record's fields by name, `record.close` as `record["close"]`, like compiled code."""

    __slots__ = ("_fields",)
    _fields: Any

    def __init__(self, fields: Any) -> None:  # Any: a record of NumPy
        object.__setattr__(self, "_fields", fields)

    def __getattr__(self, name: str) -> int:
        return self[name]

    def __setattr__(self, name: str, value: int) -> None:
        self[name] = value

    def __getitem__(self, name: str) -> int:
        try:
            return int(self._fields[name])
        except (ValueError, IndexError):
            raise AttributeError(f"there is no {name!r} among {self._fields.dtype.names}") from None

    def __setitem__(self, name: str, value: int) -> None:
        self._fields[name] = value


class Ticket:
    """Show one open ticket of a hedging account, as it is at the close of a bar.

    `id` refers to it for as long as it is open; `quantity` is signed, `price` the mean open price
    (points), `opened` when (ns UTC), `profit` the points that it is ahead at the price that would
    close it, before costs. A stop, target or trail of 0 is none.
    """

    __slots__ = ("id", "opened", "price", "profit", "quantity", "stop", "target", "trail")

    def __init__(self, fields: Record, bar: Record) -> None:
        self.id, self.opened = fields.number + 1, fields.opened_ns
        self.quantity, units = fields.quantity, abs(fields.quantity)
        self.stop, self.target, self.trail = fields.stop, fields.target, fields.trail
        self.price = int(divide_half_even(abs(fields.cost), units))
        exit_price = bar.close if self.quantity > 0 else bar.close + bar.spread_close
        self.profit = (self.quantity * exit_price - fields.cost) // units


class Market:
    """Show one finished bar and what is held, and take what the strategy wants.

    `bar` has ts (its end, ns UTC), open, high, low, close and spread_close in integer points of the
    bid; `position` has quantity, waiting, stop and target; `params` the parameters by name, `units`
    being in the instrument's finest. A stop or target of 0 is none. `tickets` are those of a
    hedging account in this instrument, the oldest first; a netting one has none.
    """

    __slots__ = ("_intent", "bar", "params", "position", "tickets")

    def __init__(
        self, seen: tuple[Record, Record], params: Mapping[str, int], intent: Record,
        tickets: Sequence[Record] = (),
    ) -> None:  # fmt: skip
        self.bar, self.position = seen
        self.params, self._intent = params, intent
        self.tickets = [Ticket(each, self.bar) for each in tickets]

    @property
    def held(self) -> int:
        """Return the signed units that are held or on their way."""
        return self.position.quantity + self.position.waiting

    def go_to(self, quantity: int, *, stop: int = 0, target: int = 0) -> None:
        """Ask for a position of signed units at the next price."""
        self._want(GO_TO, quantity, stop=stop, target=target)

    def open(self, quantity: int, *, stop: int = 0, target: int = 0) -> None:
        """Ask for signed units more at the next price; on a hedging account they are a ticket."""
        self._want(PLACE_MARKET, quantity, stop=stop, target=target)

    def ticket(self, reference: int) -> Ticket | None:
        """Return the open ticket with an id, None where it is closed."""
        return next((each for each in self.tickets if each.id == reference), None)

    def close(self, ticket: Ticket, units: int = 0) -> None:
        """Ask for a ticket to be closed at the next price, or so many units (above 0) of it."""
        held = abs(ticket.quantity)
        kept = held - min(units, held) if units else 0
        self._want(GO_TO, kept if ticket.quantity > 0 else -kept, ticket=ticket.id)

    def close_by(self, ticket: Ticket, other: Ticket) -> None:
        """Ask for two opposite tickets to be closed by each other, as far as the smaller goes."""
        self._want(PLACE_CLOSE_BY, 0, ticket=ticket.id, order=other.id)

    def protect(
        self, ticket: Ticket | None = None, *, stop: int | None = None, target: int | None = None,
        trail: int | None = None,
    ) -> None:  # fmt: skip
        """Ask for another stop, target or trail of a ticket, or of the position; 0 is none."""
        wanted = {"stop": stop, "target": target, "trail": trail}
        told = {name: value or REMOVE for name, value in wanted.items() if value is not None}
        self._want(PROTECT, 0, ticket=ticket.id if ticket else 0, **told)

    def place_limit(self, quantity: int, price: int, *, stop: int = 0, target: int = 0) -> None:
        """Ask for a resting order at a better price."""
        self._want(PLACE_LIMIT, quantity, price=price, stop=stop, target=target)

    def place_stop(self, quantity: int, price: int, *, stop: int = 0, target: int = 0) -> None:
        """Ask for a resting order at a worse price."""
        self._want(PLACE_STOP, quantity, price=price, stop=stop, target=target)

    def cancel(self) -> None:
        """Ask for all resting orders of the instrument to be cancelled."""
        self._want(CANCEL, 0)

    def _want(self, action: int, quantity: int, **told: int) -> None:
        self._intent.action, self._intent.quantity = action, quantity
        for name in WANTED:
            self._intent[name] = told.get(name, 0)


class Uncompiled:
    """Call a `decide` that is plain Python with records that read as compiled code reads them."""

    __slots__ = ("_decide", "takes_tickets")

    def __init__(self, decide: Callable[..., None]) -> None:
        self._decide, self.takes_tickets = decide, sees_tickets(decide)

    def __call__(
        self, memory: Any, event: Any, position: Any, params: Any, intent: Any, tickets: Any = ()
    ) -> None:
        shown = ([Record(each) for each in tickets],) if self.takes_tickets else ()
        self._decide(memory, Record(event), Record(position), params, Record(intent), *shown)


def sees_tickets(decide: Any) -> bool:  # Any: compiled, or of a class, or plain
    """Say whether a strategy's `decide` takes the open `tickets` of a hedging account."""
    if isinstance(decide, Uncompiled):
        return decide.takes_tickets
    return "tickets" in signature(getattr(decide, "py_func", decide)).parameters


def adopt(module: ModuleType) -> ModuleType:
    """Return a strategy's module with the functions that drivers call.

    One that has a class `Strategy` gets them from it; a class whose `decide` is compiled takes the
    records itself, and so sweeps. Raises UsageError where the class lacks something.
    """
    kind = getattr(module, CLASS, None)
    if isinstance(kind, type) and not hasattr(module, "decide"):
        _adopt_class(module, kind)
    found = getattr(module, "decide", None)
    if found is not None and not hasattr(found, "py_func") and not isinstance(found, Uncompiled):
        module.decide = Uncompiled(found)  # type: ignore[attr-defined]
    return module


def _adopt_class(module: ModuleType, kind: Any) -> None:  # Any: the user's own class
    for needed in ("parameters", "state", "decide"):
        if not hasattr(kind, needed):
            raise UsageError(f"{module.__file__}: class {CLASS} needs {needed}")
    words = dict(kind.state)

    def memory_words(params: Mapping[str, int]) -> int:
        return sum(_size(each, params) for each in words.values())

    for name, value in (
        ("PARAMETERS", dict(kind.parameters)),
        ("memory_words", memory_words),
        ("decide", kind.decide if hasattr(kind.decide, "py_func") else _bind(kind, words)),
    ):
        setattr(module, name, value)


def _size(words: int | str, params: Mapping[str, int]) -> int:
    return params[words] if isinstance(words, str) else words


def _place(words: Mapping[str, int | str], params: Mapping[str, int]) -> Places:
    places, start = {}, 0
    for name, each in words.items():
        size = _size(each, params)
        places[name] = (start, size)
        start += size
    return places


def _bind(kind: type[Any], words: Mapping[str, int | str]) -> Callable[..., None]:
    names, author = tuple(kind.parameters), kind()

    def decide(
        memory: np.ndarray, event: Record, position: Record, params: np.ndarray, intent: Record,
        tickets: Sequence[Record],
    ) -> None:  # fmt: skip
        named = dict(zip(names, params.tolist(), strict=True))
        market = Market((event, position), named, intent, tickets)
        author.decide(State(memory, _place(words, named)), market)
        if vars(author):
            # What is not in memory is in no snapshot: after a restart it would decide otherwise.
            kept = ", ".join(vars(author))
            raise UsageError(f"class {CLASS} keeps {kept} in itself; keep it in state")

    return decide
