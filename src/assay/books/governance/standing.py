"""Who is champion: what the lines of the governance log come to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assay.books.governance.lines import (
    ROLLED_BACK,
    Act,
    Comparison,
    GovernanceLine,
    Retraining,
    Scope,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Hold the champions of one scope in the order in which they came; the last one is it."""

    scope: Scope
    acts: tuple[Act, ...]

    @property
    def champion(self) -> str:
        """Return the champion, empty where there is none yet."""
        return self.acts[-1].model if self.acts else ""

    @property
    def before(self) -> str:
        """Return the champion before, to which a rollback returns; empty where there is none."""
        return self.acts[-2].model if len(self.acts) > 1 else ""


def stand(lines: Iterable[GovernanceLine]) -> dict[Scope, Standing]:
    """Return the standing of every scope; the log is the only place that knows of champions."""
    found: dict[Scope, Standing] = {}
    for line in lines:
        if isinstance(line, Act):
            acts = found[line.scope].acts if line.scope in found else ()
            acts = acts[:-1] if line.act == ROLLED_BACK else (*acts, line)
            found[line.scope] = Standing(line.scope, acts)
    return found


def find_comparison(
    lines: Sequence[GovernanceLine], scope: Scope, champion: str, challenger: str
) -> Comparison | None:
    """Return the last comparison of the two in a scope, None where there was none."""
    wanted = (scope, champion, challenger)
    for line in reversed(lines):
        if isinstance(line, Comparison) and (line.scope, line.champion, line.challenger) == wanted:
            return line
    return None


def find_contender(lines: Sequence[GovernanceLine], scope: Scope) -> Retraining | None:
    """Return the last retraining for the present champion of a scope; None where there was none.

    Whoever was champion since, and was rolled back, contends no more.
    """
    for line in reversed(lines):
        if isinstance(line, Act) and line.scope == scope:
            return None
        if isinstance(line, Retraining) and line.scope == scope:
            return line
    return None


def count_tries(
    lines: Iterable[GovernanceLine], scope: Scope, champion: str, mine: tuple[str, int]
) -> int:
    """Return how many challengers and starts were held against a champion, `mine` included.

    The same challenger from the same start over a longer time is the same try.
    """
    tried = {
        (line.challenger, line.start)
        for line in lines
        if isinstance(line, Comparison) and (line.scope, line.champion) == (scope, champion)
    }
    return len(tried | {mine})
