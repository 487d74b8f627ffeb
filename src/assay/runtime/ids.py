"""The one home of identity and chance: numbered ids, seeded randomness, fresh seeds."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from itertools import chain
from operator import length_hint
from typing import TYPE_CHECKING

from assay.model.errors import InvariantError

if TYPE_CHECKING:
    from numpy.random import Generator as Generator  # noqa: PLC0414 - others name the type by us

COUNTER_BITS = 48
PRODUCER_MAX = (1 << 15) - 1
_COUNTER_MAX = (1 << COUNTER_BITS) - 1


class IdSource:
    """Number messages of one producer: 15 bits of producer, 48 bits of counter, 63 in all.

    Two producers of a home never meet; `IdSource(producer, source.state)` goes on where the
    first stopped, so a replay gives the same ids.

    >>> ids = IdSource(0, start=41)
    >>> ids.next(), ids.state
    (42, 42)
    """

    __slots__ = ("_left", "next")

    def __init__(self, producer: int, start: int = 0) -> None:
        if not 0 <= producer <= PRODUCER_MAX:
            raise InvariantError(f"producer {producer} is outside 0..{PRODUCER_MAX}")
        if not 0 <= start <= _COUNTER_MAX:
            raise InvariantError(f"counter {start} is outside 0..{_COUNTER_MAX}")
        prefix = producer << COUNTER_BITS
        self._left = iter(range(prefix + start + 1, prefix + _COUNTER_MAX + 1))

        def refuse() -> int:
            raise InvariantError(f"producer {producer} has used all its ids")

        # An iterator's own step costs a third of a method, and every bar takes an id.
        self.next: Callable[[], int] = chain(self._left, iter(refuse, 0)).__next__
        """Return the next id, never 0."""

    @property
    def state(self) -> int:
        """Return how many ids have been given, the start included."""
        return _COUNTER_MAX - length_hint(self._left)


class Rng(random.Random):
    """Draw from a seed that the caller names; equal seeds give equal draws."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)


def seeded_generator(*seed: int) -> Generator:
    """Return a generator of arrays; equal seeds (one number or several) give equal draws.

    >>> seeded_generator(1, 2).integers(9).item() == seeded_generator(1, 2).integers(9).item()
    True
    """
    from numpy.random import default_rng

    return default_rng(list(seed))


def fresh_seed() -> int:
    """Return 63 bits of the machine's entropy, to be logged beside what is drawn from them."""
    return secrets.randbits(63)


def fresh_token(octets: int = 16) -> str:
    """Return an unguessable hexadecimal token."""
    return secrets.token_hex(octets)
