from __future__ import annotations

from pathlib import Path

import pytest

from assay.runtime.clock import SimClock
from assay.runtime.faults import fingerprint_of, load_faults, record_fault
from assay.runtime.home import open_home


def caught(message: str, kind: type[Exception] = ValueError) -> Exception:
    try:
        raise kind(message)
    except kind as error:
        return error


def elsewhere(message: str) -> Exception:
    try:
        raise ValueError(message)
    except ValueError as error:
        return error


def test_numbers_and_paths_do_not_change_the_fingerprint() -> None:
    one = fingerprint_of(caught("row 17 of /a/b.csv is 'x'"))
    assert one == fingerprint_of(caught("row 93 of /tmp/other/c.csv is 'yy'"))
    assert one != fingerprint_of(caught("row 17 of /a/b.csv is 'x'", KeyError))
    assert one != fingerprint_of(caught("column 17 of /a/b.csv is 'x'"))
    assert one != fingerprint_of(elsewhere("row 17 of /a/b.csv is 'x'"))


def test_recurrences_are_counted_and_damage_is_survived(tmp_path: Path) -> None:
    clock = SimClock(10)
    home = open_home(tmp_path / "home", clock)
    record_fault(home, caught("row 1"))
    clock.advance_to(20)
    record_fault(home, caught("other"))
    with (home.path / "faults.jsonl").open("a") as file:
        file.write('{"cut')
    fault = record_fault(home, caught("row 2"))
    assert (fault.count, fault.first, fault.last) == (2, 10, 20)
    assert [each.message for each in load_faults(home)] == ["other", "row 2"]


@pytest.mark.parametrize(
    ("kind", "said"), [(MemoryError, "memory"), (PermissionError, "right"), (ValueError, "defect")]
)
def test_the_hint_fits_the_kind(tmp_path: Path, kind: type[Exception], said: str) -> None:
    assert said in record_fault(open_home(tmp_path / "home"), caught("x", kind)).hint


def test_no_secret_is_written_down(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    record_fault(home, caught("postgresql://me:hunter2@db refuses password='hunter2'"))
    assert b"hunter2" not in (home.path / "faults.jsonl").read_bytes()
