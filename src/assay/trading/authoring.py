"""Write a strategy as a class: the same memory, decisions and snapshots behind plainer names.

A file of a strategy has either `PARAMETERS`, `memory_words` and `decide`, or a class `Strategy`:
`parameters` (name -> default), `state` (name -> words, a number or the name of a parameter), and
`decide(self, state, market)`. All that it remembers is in `state`, so a snapshot holds it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import numpy as np

from assay.kernel.records import CANCEL, GO_TO, PLACE_LIMIT, PLACE_STOP
from assay.model.errors import UsageError

CLASS = "Strategy"
Places = Mapping[str, tuple[int, int]]


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


class Market:
    """Show one finished bar and what is held, and take what the strategy wants.

    `bar` has ts (its end, ns UTC), open, high, low, close and spread_close in integer points of the
    bid; `position` has quantity, waiting, stop and target; `params` the parameters by name, `units`
    being in the instrument's finest. A stop or target of 0 is none.
    """

    __slots__ = ("_intent", "bar", "params", "position")

    def __init__(
        self, bar: Record, position: Record, params: Mapping[str, int], intent: Record
    ) -> None:
        self.bar, self.position, self.params, self._intent = bar, position, params, intent

    @property
    def held(self) -> int:
        """Return the signed units that are held or on their way."""
        return self.position.quantity + self.position.waiting

    def go_to(self, quantity: int, *, stop: int = 0, target: int = 0) -> None:
        """Ask for a position of signed units at the next price."""
        self._want(GO_TO, quantity, 0, (stop, target))

    def place_limit(self, quantity: int, price: int, *, stop: int = 0, target: int = 0) -> None:
        """Ask for a resting order at a better price."""
        self._want(PLACE_LIMIT, quantity, price, (stop, target))

    def place_stop(self, quantity: int, price: int, *, stop: int = 0, target: int = 0) -> None:
        """Ask for a resting order at a worse price."""
        self._want(PLACE_STOP, quantity, price, (stop, target))

    def cancel(self) -> None:
        """Ask for all resting orders of the instrument to be cancelled."""
        self._want(CANCEL, 0, 0, (0, 0))

    def _want(self, action: int, quantity: int, price: int, ends: tuple[int, int]) -> None:
        intent = self._intent
        intent.action, intent.quantity, intent.price = action, quantity, price
        intent.stop, intent.target = ends


class Uncompiled:
    """Call a `decide` that is plain Python with records that read as compiled code reads them."""

    __slots__ = ("_decide",)

    def __init__(self, decide: Callable[..., None]) -> None:
        self._decide = decide

    def __call__(self, memory: Any, event: Any, position: Any, params: Any, intent: Any) -> None:
        self._decide(memory, Record(event), Record(position), params, Record(intent))


def adopt(module: ModuleType) -> ModuleType:
    """Return a strategy's module with the functions that drivers call.

    One that has a class `Strategy` gets them from it; a class whose `decide` is compiled takes the
    five records itself, and so sweeps. Raises UsageError where the class lacks something.
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
        memory: np.ndarray, event: Record, position: Record, params: np.ndarray, intent: Record
    ) -> None:
        named = dict(zip(names, params.tolist(), strict=True))
        author.decide(State(memory, _place(words, named)), Market(event, position, named, intent))
        if vars(author):
            # What is not in memory is in no snapshot: after a restart it would decide otherwise.
            kept = ", ".join(vars(author))
            raise UsageError(f"class {CLASS} keeps {kept} in itself; keep it in state")

    return decide
