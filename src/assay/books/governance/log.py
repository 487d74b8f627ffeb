"""Enter what is done with champions; a line that is whole and flushed is the act itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from assay.books.chained import ChainedLedger
from assay.books.chained.ledger import append_lines
from assay.books.governance.lines import (
    ACTS,
    FIRST,
    PROMOTED,
    ROLLED_BACK,
    Act,
    ActsHead,
    Comparison,
    Fallback,
    GovernanceLine,
    Refusal,
    Retraining,
    Scope,
)
from assay.books.governance.standing import Standing, count_tries, stand
from assay.model.errors import RetryError, UsageError
from assay.runtime.home import Home

LineT = TypeVar("LineT", Comparison, Refusal, Fallback, Retraining)


class GovernanceLog(ChainedLedger[GovernanceLine, ActsHead]):
    """Keep the governance log of a home, for one command among several at once.

    Whoever is champion follows from its lines alone, so that there can be only one: an act is one
    line behind the others under the lock, and until it is whole it has not happened.
    """

    def __init__(self, home: Home) -> None:
        super().__init__(home, ACTS)

    def lines(self) -> Sequence[GovernanceLine]:
        """Return every line; raise DataError where the log does not hold."""
        if not self.path.is_dir():
            return ()
        with self.open() as (_, found):
            return found.lines

    def standing(self, scope: Scope) -> Standing:
        """Return who is and was champion of a scope."""
        return stand(self.lines()).get(scope, Standing(scope, ()))

    def enter(self, line: LineT) -> LineT:
        """Write a line that decides nothing, flushed to the disk."""
        with self.open() as (folder, found):
            append_lines(ACTS, folder, found, [line], now=self.home.clock.now_ns())
        return line

    def compare(self, draft: Comparison, weigh: Callable[[int], Comparison]) -> Comparison:
        """Write a comparison; `weigh` makes it of how many tries there were with this one."""
        with self.open() as (folder, found):
            mine = draft.challenger, draft.start
            line = weigh(count_tries(found.lines, draft.scope, draft.champion, mine))
            append_lines(ACTS, folder, found, [line], now=self.home.clock.now_ns())
        return line

    def promote(self, act: Act, *, expected: str | None) -> Act:
        """Make a model champion, in the place of the `expected` one; None takes whoever it is.

        Raises UsageError for one that is champion already, RetryError where another than the
        expected one is; both are entered as refusals.
        """

        def decide(now: Standing) -> Act:
            if now.champion == act.model:
                raise UsageError(f"{act.model} is champion of {act.scope} already")
            if expected is not None and now.champion != expected:
                raise RetryError(
                    f"the champion of {act.scope} is {now.champion or 'nobody'} by now, not "
                    f"{expected or 'nobody'}; compare with that one"
                )
            kind = PROMOTED if now.champion else FIRST
            return msgspec.structs.replace(act, act=kind, before=now.champion)

        return self._decide(act, decide)

    def roll_back(self, act: Act) -> Act:
        """Make the champion before champion again, in the place of `act.before`.

        Raises UsageError where there is none before, RetryError where another is champion by now;
        both are entered as refusals.
        """

        def decide(now: Standing) -> Act:
            if now.champion != act.before:
                raise RetryError(
                    f"the champion of {act.scope} is {now.champion or 'nobody'} by now; roll that "
                    "one back"
                )
            if now.before != act.model or not act.model:
                raise UsageError(f"there was no champion of {act.scope} before {act.before}")
            return msgspec.structs.replace(act, act=ROLLED_BACK)

        return self._decide(act, decide)

    def _decide(self, act: Act, decide: Callable[[Standing], Act]) -> Act:
        with self.open() as (folder, found):
            now = self.home.clock.now_ns()
            try:
                line = decide(stand(found.lines).get(act.scope, Standing(act.scope, ())))
            except (UsageError, RetryError) as error:
                refusal = Refusal(
                    at=now, act=act.act, who=act.who, scope=act.scope, model=act.model,
                    reason=str(error),
                )  # fmt: skip
                append_lines(ACTS, folder, found, [refusal], now=now)
                raise
            (entered,) = append_lines(ACTS, folder, found, [line], now=now)
        assert isinstance(entered, Act)
        return entered
