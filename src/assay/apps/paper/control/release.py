"""The second step of a release: a code that names the halt, so that it lifts no other one."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from assay.model.errors import UsageError
from assay.runtime.journal import Halt

DIGITS = 6


def release_code(halt: Halt) -> str:
    """Return the code of a halt; another halt, or the same one engaged anew, has another.

    Raise UsageError where nothing is halted.
    """
    if not halt.engaged:
        raise UsageError("trading is not halted, so there is nothing to resume")
    told = msgspec.json.encode([halt.tenant, halt.reason, halt.by, halt.ts])
    return sha256(told).hexdigest()[:DIGITS]


def require_code(halt: Halt, given: str) -> None:
    """Raise UsageError where a code is not that of the halt as it stands."""
    if given.strip().lower() != release_code(halt):
        raise UsageError(
            f"code {given!r} does not name the halt of now ({halt.reason!r} by {halt.by}); ask "
            "for its code with `assay resume` without --confirm"
        )
