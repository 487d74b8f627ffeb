"""What the gateway reads of the journal, as a role that may only read one tenant's part."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any

import psycopg

from assay.apps.gateway.board.alerts import ALERT_KINDS, alert_view
from assay.apps.gateway.board.cases import Case, Cases
from assay.apps.gateway.board.content import Board
from assay.apps.gateway.board.explaining import Basis
from assay.apps.gateway.board.meter import METER_KINDS
from assay.apps.gateway.board.refill import DESK_KINDS, Reading, refill
from assay.apps.gateway.board.scale import moment
from assay.apps.gateway.views import Alert, AuditRef, Halt, OutcomeName
from assay.apps.paper.view.sheet import Past, Sheet, Standing
from assay.books.audit import AuditEntry
from assay.books.audit.entries import hash_entry
from assay.model.messages import DecisionMade, FeaturesReady, PatternsJudged, Predicted
from assay.runtime.journal import Halt as KeptHalt
from assay.runtime.journal import Recorded, read_journal
from assay.runtime.journal.tenant import read_as
from assay.runtime.stores.postgres import Postgres

CASE_KINDS = tuple(
    kind for kind in DESK_KINDS
    if kind.startswith(("Decision", "Order")) or kind in ("PositionChanged", "CancelRequested")
)  # fmt: skip
BATCH_FROM_DECISION = 64
FILLS_WITHIN = 5_000
"""How far behind a decision its fills are looked for, in places of the journal."""
FIRST_WINDOW = 4_096
WIDEST_WINDOW = 65_536
READ_MAX = 1_000_000
"""Places of the journal read through for one page of decisions; the next is left to the caller."""
BASIS_WITHIN = 512
"""How far before a decision its forecast and features are looked for."""
PATTERNS_WITHIN = 20_000
"""How far behind a decision what was said of its bar is looked for: that is said in a pause."""

METERED_WITHIN = 65_536
"""How far before the end of the journal the figures of models begin."""


class Records:
    """Read the journal of one tenant; each call uses a connection of its own."""

    def __init__(self, postgres: Postgres, tenant: str) -> None:
        self._postgres, self._tenant = postgres, tenant

    def _connected(self) -> AbstractContextManager[psycopg.Connection[Any]]:
        return read_as(self._postgres.tenant_dsn, self._tenant)

    def kept_halt(self) -> KeptHalt:
        """Return the kill switch as it is durable."""
        with self._connected() as connection:
            row = connection.execute(
                "select engaged, reason, by, ts from halt where tenant = %s", (self._tenant,)
            ).fetchone()
        return KeptHalt(self._tenant, *(row or (False, "", "", 0)))

    def halt(self) -> Halt:
        """Return the kill switch as a person sees it."""
        kept = self.kept_halt()
        since = moment(kept.ts) if kept.ts else None
        return Halt(engaged=kept.engaged, reason=kept.reason, by=kept.by, since=since)

    def board(self, sheet: Sheet, standing: Standing | None, past: Past | None = None) -> Board:
        """Return the state of a run; `past` are bars before it."""
        halt = self.halt()
        with self._connected() as connection:
            board = refill(Reading(connection), sheet, halt, past)
        if standing is not None:
            board.stand(standing)
        board.take_changes(None)
        return board

    def metered(self, board: Board) -> list[Recorded]:
        """Return the last messages of a board's run that figures of models are made of."""
        low = max(board.start, board.place - METERED_WITHIN)
        with self._connected() as connection:
            found = read_journal(connection, low, kinds=METER_KINDS)
            return list(_until(found, board.place))

    def after(self, place: int, limit: int) -> list[Recorded]:
        """Return up to `limit` messages behind a place."""
        found = []
        with self._connected() as connection:
            for recorded in read_journal(connection, place):
                found.append(recorded)
                if len(found) >= limit:
                    break
        return found

    def booked(self, after: int, limit: int, kinds: Collection[str]) -> list[Recorded]:
        """Return up to `limit` messages of the kinds behind a place."""
        with self._connected() as connection:
            return list(islice(read_journal(connection, after, kinds=kinds), limit))

    def cases(
        self, board: Board, before: int, limit: int, outcome: OutcomeName | None = None
    ) -> tuple[list[Case], int | None]:
        """Return the decisions before a place, the newest first, with what became of them.

        Only those of an outcome, or all but those to hold. The second value is the place before
        which to go on, None at the start of the run.
        """
        window, high = FIRST_WINDOW, before
        found: list[Case] = []
        with self._connected() as connection:
            start = board.start
            while high > start and len(found) < limit and before - high < READ_MAX:
                low = max(start, high - window)
                cases = _cases_between(connection, board, low, high)[::-1]
                found += [case for case in cases if _is_listed(case, outcome)]
                high = low + 1 if low > start else start
                window = min(4 * window, WIDEST_WINDOW)
        if len(found) > limit:
            return found[:limit], found[limit - 1].place
        return found, high if high > start else None

    def case(self, board: Board, place: int) -> tuple[Cases, Case] | None:
        """Return the decision at a place with all it led to soon after, None where there is none.

        A decision of an earlier run is another account's and is not found.
        """
        if place <= board.start:
            return None
        with self._connected() as connection:
            cases = _read_cases(connection, board, place - 1, place + FILLS_WITHIN)
        case = cases.cases.get(place)
        return (cases, case) if case else None

    def basis(self, made: DecisionMade, place: int) -> Basis:
        """Return the forecast behind the decision at a place, and the features behind that."""
        kinds = ("FeaturesReady", "Predicted")
        known: dict[int, FeaturesReady | Predicted] = {}
        with self._connected() as connection:
            recent = read_journal(connection, max(place - BASIS_WITHIN, 0), kinds=kinds)
            for recorded in _until(recent, place):
                if isinstance(recorded.message, FeaturesReady | Predicted):
                    known[recorded.message.id] = recorded.message
        predicted = known.get(made.cause)
        if not isinstance(predicted, Predicted):
            return Basis()
        ready = known.get(predicted.cause)
        return Basis(ready if isinstance(ready, FeaturesReady) else None, predicted)

    def alerts(self, board: Board, before: int, limit: int) -> tuple[list[Alert], int | None]:
        """Return the run's alerts before a place, the newest first, and where to go on from."""
        window, high = FIRST_WINDOW, before
        found: list[Alert] = []
        with self._connected() as connection:
            while high > board.start and len(found) < limit and before - high < READ_MAX:
                low = max(board.start, high - window)
                records = _until(read_journal(connection, low, kinds=ALERT_KINDS), high - 1)
                found += [alert_view(each.position, each.message, board.scale) for each in records][
                    ::-1
                ]
                high = low + 1 if low > board.start else board.start
                window = min(4 * window, WIDEST_WINDOW)
        if len(found) > limit:
            return found[:limit], int(found[limit - 1].id)
        return found, high if high > board.start else None

    def patterns(self, made: DecisionMade, place: int) -> PatternsJudged | None:
        """Return what was said of the patterns of a decision's bar; None where it showed none."""
        with self._connected() as connection:
            told = read_journal(connection, place, kinds=("PatternsJudged",))
            for recorded in _until(told, place + PATTERNS_WITHIN):
                judged = recorded.message
                if not isinstance(judged, PatternsJudged) or judged.ts_event > made.ts_bar:
                    break
                if (judged.symbol, judged.ts_event) == (made.symbol, made.ts_bar):
                    return judged
        return None

    def audit(self, place: int) -> AuditRef | None:
        """Return the audit's entry of the message at a place, None while it is not entered."""
        with self._connected() as connection:
            row = connection.execute(
                "select tenant, number, position, kind, ts_event, message_id, cause, payload "
                "from audit_entry where tenant = %s and position = %s",
                (self._tenant, place),
            ).fetchone()
        if row is None:
            return None
        entry = AuditEntry(*row)
        return AuditRef(entry=entry.number, hash=hash_entry(entry).hex())


def _until(records: Iterator[Recorded], end: int) -> Iterator[Recorded]:
    for recorded in records:
        if recorded.position > end:
            return
        yield recorded


def _is_listed(case: Case, outcome: OutcomeName | None) -> bool:
    return case.outcome == outcome if outcome else case.made.outcome != "hold"


def _cases_between(
    connection: psycopg.Connection[Any], board: Board, low: int, high: int
) -> list[Case]:
    # What follows from a decision lies in the same batch, so a little behind it.
    found = _read_cases(connection, board, low, high + BATCH_FROM_DECISION)
    return [case for case in found.cases.values() if case.place < high]


def _read_cases(connection: psycopg.Connection[Any], board: Board, low: int, end: int) -> Cases:
    reading = Board(board.sheet, board.halt, kept=end - low, with_holds=True)
    for recorded in _until(read_journal(connection, low, kinds=CASE_KINDS), end):
        reading.apply(recorded.position, recorded.message)
    return reading.cases
