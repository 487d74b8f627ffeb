"""When an order that was refused may be sent again."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from assay.model.time import SECOND


class RetryClass(StrEnum):
    """Say what an answer of a broker means for sending again."""

    DONE = "done"
    REFRESH = "refresh"
    """The price moved: ask for a new one and send, a few times."""
    WAIT = "wait"
    """Nobody was there to take it: wait and send, a few times."""
    NEVER = "never"
    UNKNOWN = "unknown"
    """It may have been carried out: never again, whatever else is learnt."""


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say how often an order is sent again, and how long each wait is (it doubles)."""

    refresh: int = 3
    wait: int = 3
    first_wait_ns: int = SECOND // 4

    def may_retry(self, found: RetryClass, attempts: int) -> bool:
        """Say whether an order that was sent `attempts` times may be sent once more."""
        most = {RetryClass.REFRESH: self.refresh, RetryClass.WAIT: self.wait}.get(found, 0)
        return attempts <= most

    def wait_ns(self, attempts: int) -> int:
        """Return how long to wait after the given number of attempts.

        >>> RetryPolicy().wait_ns(1), RetryPolicy().wait_ns(3)
        (250000000, 1000000000)
        """
        return self.first_wait_ns << (attempts - 1)
