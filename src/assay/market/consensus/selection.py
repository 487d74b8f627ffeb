"""Which source of a symbol serves: the first that is there and believed, with hysteresis.

Everything follows from the quotes and the links in the order in which the bridge took them in, so
that who reads them again comes to the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from assay.kernel.sanity import MEMORY, SANITY, judge_tick
from assay.market.consensus.agreement import find_apart, tolerance_of
from assay.market.consensus.sighting import AHEAD, Sighting
from assay.model.time import SECOND

LAG = 3 * SECOND // 2
"""A quote so far behind the newest that was passed on is of the past: its source catches up."""
PATIENCE = SECOND
"""So long may a source depart before it is suspected, or the silence of the others is taken ill."""
SKEW = 5 * SECOND
"""Quotes that came further apart than this are not held to each other."""
RETURN, RETURN_QUOTES = 30 * SECOND, 10
"""A source of higher rank serves again once it was fit for so long and gave so many quotes."""
ACQUITTAL = 5 * SECOND
"""A suspect is believed again once it has said for so long what the others say."""
PARDON = 30 * SECOND
"""A suspect that is alone is believed again after so long."""
NOBODY = -1
"""In the place of a source: none serves."""


class Switched(NamedTuple):
    """Tell that another source serves, -1 for nobody."""

    source: int
    before: int
    reason: str


class Suspected(NamedTuple):
    """Tell that a source is believed no more, or again; it lies so far (points) off the others."""

    source: int
    suspected: bool
    departure: int
    tolerance: int


class Disputed(NamedTuple):
    """Tell that the sources differ by so many points and none can be believed, or that they can."""

    disputed: bool
    departure: int


class Skewed(NamedTuple):
    """Tell that a source's clock is off, or right again.

    `offset` (ns) is how far it is ahead of the clock of `beside`, below 0 for behind. That is
    another source, or itself where it left the time that it kept before.
    """

    source: int
    skewed: bool
    offset: int
    beside: int


Change = Switched | Suspected | Disputed | Skewed


class Verdict(NamedTuple):
    """Say whether a quote is passed on, whether another source says the same, and what changed."""

    passes: bool
    confirmed: bool
    changes: list[Change]


class Standing(msgspec.Struct, array_like=True):
    """Hold everything that the next verdicts depend on.

    `passed` are time and source of the last quote that was passed on; `agreed` is the mid (doubled
    points) at which all last said the same, and `calm` since when nothing speaks for a dispute.
    """

    sightings: list[Sighting]
    marks: list[tuple[int, ...]]
    serving: int
    passed: tuple[int, int]
    agreed: int
    disputed: bool
    calm: int


class SourceSelector:
    """Judge the quotes of one symbol by several sources, in the order of their rank.

    Prices are points of the same digits. Of what passes, no time lies before the one before it.
    """

    def __init__(self, sources: int) -> None:
        self._seen = [Sighting() for _ in range(sources)]
        self._marks = np.zeros(sources, SANITY)
        self.serving, self.disputed = 0, False
        self._passed_ts, self._passed_by, self._agreed, self._calm = 0, 0, 0, 0

    def snapshot(self) -> Standing:
        """Return what the next verdicts depend on."""
        return Standing(
            [msgspec.structs.replace(each) for each in self._seen], self._marks.tolist(),
            self.serving, (self._passed_ts, self._passed_by), self._agreed, self.disputed,
            self._calm,
        )  # fmt: skip

    def restore(self, state: Standing) -> None:
        """Take up a snapshot."""
        self._seen = [msgspec.structs.replace(each) for each in state.sightings]
        self._marks = np.array([tuple(each) for each in state.marks], SANITY)
        self.serving, self.disputed, self._agreed = state.serving, state.disputed, state.agreed
        (self._passed_ts, self._passed_by), self._calm = state.passed, state.calm

    @property
    def time(self) -> int:
        """Return the time (ns UTC) of the last quote that was passed on."""
        return self._passed_ts

    def link(self, source: int, at: int, *, linked: bool) -> list[Change]:
        """Take in that the bridge and a source met, or that their link ended."""
        one = self._seen[source]
        if one.linked != linked:
            one.linked, one.good, one.skew = linked, 0, one.skew.begin_anew()
        return self._choose(at)

    def quote(self, source: int, at: int, ts: int, bid: int, ask: int) -> Verdict:
        """Take in a quote that came at `at` (ns of the bridge) with a time `ts` (ns UTC)."""
        one, is_refused = self._seen[source], self._is_refused(source, at, ts)
        skewed = self._follow_clock(source, at, ts, is_refused=is_refused)
        if is_refused:
            return Verdict(passes=False, confirmed=False, changes=skewed)
        streak = int(judge_tick(self._marks, source, ts, bid, ask))
        self._tell_others(one, at)
        one.hear(at, ts)
        if streak:
            one.bid, one.ask = bid, ask
        changes = skewed + self._compare(at)
        self._count_good(source, at)
        changes += self._choose(at)
        passes = streak > 0 and self._may_pass(source, ts)
        if passes:
            self._passed_ts, self._passed_by = ts, source
        return Verdict(passes, passes and self._is_confirmed(source, at), changes)

    def _is_refused(self, source: int, at: int, ts: int) -> bool:
        """Say whether a quote is of the past, or leaps ahead where no other source bears it out."""
        if ts < self._passed_ts - LAG:
            return True
        if not self._seen[source].is_ahead(at, ts):
            return False
        beside = self._clock_beside(source, is_refused=True)
        return beside == source or abs(self._offset(beside, at, ts)) > AHEAD

    def _follow_clock(self, source: int, at: int, ts: int, *, is_refused: bool) -> list[Change]:
        """Tell of a source whose quotes are always stamped too early or too late."""
        one = self._seen[source]
        if source == self.serving and not is_refused and not one.skew.told:
            return []  # the others are held to it
        beside, off = self._clock_beside(source, is_refused=is_refused), 0
        if beside != source:
            off = self._offset(beside, at, ts)
            off = off if is_refused or off < -LAG or off > AHEAD else 0
        elif is_refused:
            off = ts - at - one.lead
        before, one.skew = one.skew.told, one.skew.hear(at, off)
        if one.skew.told == before:
            return []
        return [Skewed(source, one.skew.told, off, beside)]

    def _clock_beside(self, source: int, *, is_refused: bool) -> int:
        """Return the source whose clock another's is held to, itself where there is none."""
        passed = (self._passed_by,) if is_refused else ()
        others = (self.serving, *passed, *range(source))
        return next((k for k in others if k not in (NOBODY, source) and self._seen[k].at), source)

    def _offset(self, beside: int, at: int, ts: int) -> int:
        other = self._seen[beside]
        return (ts - at) - (other.ts - other.at)

    def _tell_others(self, one: Sighting, at: int) -> None:
        for each in self._seen:
            if each is not one:
                last = max(other.at for other in self._seen if other is not each)
                each.miss(at, at - last)

    def _may_pass(self, source: int, ts: int) -> bool:
        one = self._seen[source]
        if source != self.serving or one.apart:
            return False
        return ts >= self._passed_ts if source == self._passed_by else ts > self._passed_ts

    def _is_confirmed(self, source: int, at: int) -> bool:
        return any(k != source and not self._seen[k].apart for k in self._comparable(at))

    def _comparable(self, at: int) -> list[int]:
        """Return the sources that are there and spoke a moment ago."""
        return [
            k for k, each in enumerate(self._seen)
            if each.bid and each.is_fresh(at) and at - each.at <= SKEW
        ]  # fmt: skip

    def _compare(self, at: int) -> list[Change]:
        """Hold what the sources say to each other."""
        group = self._comparable(at)
        seen = [self._seen[k] for k in group]
        if len(group) < 2:
            return self._pardon(group, at)
        mids, spreads = [each.mid for each in seen], [self._spread_of(k) for k in group]
        # What was agreed before a dispute tells nothing of who is right after it.
        apart, off = find_apart(mids, spreads, 0 if self.disputed else self._agreed)
        suspects = [each.suspect for each in seen]
        if len(group) == 2 and any(apart) and sum(suspects) == 1:
            apart = suspects  # who was found to be wrong is, until both say the same
        if not any(apart):
            self._agreed = sum(mids) // len(mids)
        for each, is_apart in zip(seen, apart, strict=True):
            each.apart = (each.apart or at) if is_apart else 0
        limit = tolerance_of(max(spreads))
        if all(apart):
            return self._dispute(seen, at, off)
        self._age_silent(seen, at)
        return self._suspect(group, at, off, limit) + self._settle(at, ACQUITTAL)

    def _spread_of(self, k: int) -> int:
        return max(self._seen[k].spread, int(self._marks[k]["spread"]) // MEMORY)

    def _age_silent(self, seen: Sequence[Sighting], at: int) -> None:
        """Let go of who said nothing since another left its price, so that it bears no witness."""
        since = [each.apart for each in seen if each.apart and at - each.apart >= PATIENCE]
        for each in seen:
            if since and not each.apart and each.at <= min(since):
                each.stale = True

    def _suspect(self, group: Sequence[int], at: int, off: int, limit: int) -> list[Change]:
        found: list[Change] = []
        witnesses = [k for k in group if not (self._seen[k].apart or self._seen[k].stale)]
        for k in group:
            one = self._seen[k]
            if one.apart and not one.suspect and witnesses and at - one.apart >= PATIENCE:
                one.suspect, one.good = True, 0
                found.append(Suspected(k, True, off // 2, limit // 2))
            elif one.suspect and one.apart:
                one.good = 0
            elif one.suspect and one.good and at - one.good >= ACQUITTAL:
                one.suspect = False
                found.append(Suspected(k, False, off // 2, limit // 2))
        return found

    def _dispute(self, seen: Sequence[Sighting], at: int, off: int) -> list[Change]:
        """Note that nobody can be told to be right, once all have said so for a while."""
        self._calm = 0
        since = max(each.apart for each in seen)
        if self.disputed or at - since < PATIENCE:
            return []
        silent = [each for each in seen if each.at <= since]
        for each in silent:
            each.stale = True
        if silent:
            return []
        self.disputed = True
        return [Disputed(True, off // 2)]

    def _pardon(self, group: Sequence[int], at: int) -> list[Change]:
        """Believe who is alone: a suspect, and who was in a dispute, after a while."""
        found: list[Change] = []
        for k in group:
            one = self._seen[k]
            one.apart = 0
            if one.suspect and one.good and at - one.good >= PARDON:
                one.suspect = False
                found.append(Suspected(k, False, 0, 0))
        return found + (self._settle(at, PARDON) if group else [])

    def _settle(self, at: int, after: int) -> list[Change]:
        """End a dispute for which nothing has spoken for a while."""
        self._calm = self._calm or at
        if not self.disputed or at - self._calm < after:
            return []
        self.disputed = False
        return [Disputed(False, 0)]

    def _count_good(self, source: int, at: int) -> None:
        for k, each in enumerate(self._seen):
            is_good = each.is_fresh(at) and not (each.suspect and each.apart)
            if not is_good or not each.good:
                each.good, each.quotes = at if is_good and each.at else 0, 0
            each.quotes += k == source

    def _is_fit(self, k: int, at: int) -> bool:
        return self._seen[k].is_fresh(at) and not self._seen[k].suspect

    def _choose(self, at: int) -> list[Change]:
        """Let another source serve where it must, or where one of higher rank has come back."""
        target, before = self._best(at), self.serving
        if target == before:
            return []
        reason = "returned"
        if self.disputed:
            reason = "disputed"
        elif before != NOBODY and not self._is_fit(before, at):
            reason = self._seen[before].why_gone()
        self.serving = target
        return [Switched(target, before, reason)]

    def _best(self, at: int) -> int:
        if self.disputed:
            return NOBODY
        if self.serving != NOBODY and self._is_fit(self.serving, at):
            above = (k for k in range(self.serving) if self._has_returned(k, at))
            return next(above, self.serving)
        fit = (k for k, each in enumerate(self._seen) if each.at and self._is_fit(k, at))
        return next(fit, NOBODY)

    def _has_returned(self, k: int, at: int) -> bool:
        one = self._seen[k]
        is_steady = one.good and at - one.good >= RETURN and one.quotes >= RETURN_QUOTES
        return bool(is_steady) and self._is_fit(k, at)
