"""Which days the process of the twin runs again, and that one bad day does not end it."""

from __future__ import annotations

import pytest

from assay.apps.twin.process import days_past, is_settled
from assay.model.accounts import AccountSpec
from assay.model.errors import AssayError, DataError, OperatorError, RetryError
from assay.model.time import MINUTE, parse_time
from assay.runtime.logs import open_log

ACCOUNT = AccountSpec(id="paper")
LONG_AGO = parse_time("2024-01-02T00:00:00")


def test_on_a_monday_the_friday_before_is_looked_at_too() -> None:
    monday = parse_time("2024-03-04T12:00:00")
    assert days_past(ACCOUNT, LONG_AGO, monday) == ["2024-03-01", "2024-03-02", "2024-03-03"]


def test_days_before_the_run_began_are_not_its_own() -> None:
    monday = parse_time("2024-03-04T12:00:00")
    assert days_past(ACCOUNT, parse_time("2024-03-03T23:00:00"), monday) == []
    assert days_past(ACCOUNT, parse_time("2024-03-02T23:00:00"), monday) == ["2024-03-03"]


def test_a_day_is_past_ten_minutes_after_it_has_turned() -> None:
    turned = parse_time("2024-03-05T22:00:00")
    assert days_past(ACCOUNT, LONG_AGO, turned + 9 * MINUTE)[-1] == "2024-03-04"
    assert days_past(ACCOUNT, LONG_AGO, turned + 10 * MINUTE)[-1] == "2024-03-05"


@pytest.mark.parametrize(
    ("error", "settled"),
    [
        (None, True),
        (DataError("the journal is damaged; restore a backup"), True),
        (RetryError("the database is away; try again"), False),
        (OperatorError("the disk is full; make room"), False),
    ],
)
def test_what_may_be_mended_is_tried_again(error: AssayError | None, *, settled: bool) -> None:
    asked: list[str] = []

    def appraise(day: str) -> None:
        asked.append(day)
        if error is not None:
            raise error

    log = open_log(None, "twin", level="critical")
    assert is_settled("2024-03-04", appraise, log) == settled
    assert asked == ["2024-03-04"]


def test_a_broken_promise_ends_it() -> None:
    def appraise(_: str) -> None:
        raise AssertionError("the ledger and the engine differ")

    with pytest.raises(AssertionError):
        is_settled("2024-03-04", appraise, open_log(None, "twin", level="critical"))
