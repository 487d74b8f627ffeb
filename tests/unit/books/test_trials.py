"""The trial ledger: every line counts, none can go, and many may write at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from assay.books.audit.keys import SigningKey, open_key
from assay.books.chained import HEAD, LEDGER, carry_over, copy_ledger, write_head
from assay.books.chained.heads import NEXT, is_signed, sign_head
from assay.books.trials import TRIALS, Outcome, Trial, TrialLedger, read_head, read_ledger
from assay.model.errors import DataError, OperatorError
from assay.runtime.home import open_home

KILLED = """
import os, signal, sys
from pathlib import Path
from assay.books.trials import Trial, TrialLedger
from assay.runtime.home import open_home
trial = Trial(at=1, kind="backtest", who="w", symbols=("EURUSD",), start=0, end=9, strategy="s",
              parameters="p", data="d")
TrialLedger(open_home(Path(sys.argv[1]))).enter(trial)
os.kill(os.getpid(), signal.SIGKILL)
"""


def trial(name: str = "p", *, symbols: tuple[str, ...] = ("EURUSD",), start: int = 0) -> Trial:
    return Trial(
        at=1, kind="backtest", who="w", symbols=symbols, start=start, end=start + 10,
        strategy="s", parameters=name, data="d",
    )  # fmt: skip


def outcome(of: int, sharpe: float | None = 0.1) -> Outcome:
    return Outcome(at=2, trial=of, sharpe=sharpe, days=10, sketch="")


@pytest.fixture
def ledger(tmp_path: Path) -> TrialLedger:
    return TrialLedger(open_home(tmp_path / "home"))


@pytest.fixture
def filled(ledger: TrialLedger) -> TrialLedger:
    for name in "abc":
        entered = ledger.enter(trial(name))
        ledger.conclude(outcome(entered.number))
    return ledger


def lines_of(ledger: TrialLedger) -> list[bytes]:
    return (ledger.path / LEDGER).read_bytes().splitlines(keepends=True)


def rewrite(ledger: TrialLedger, lines: list[bytes]) -> None:
    (ledger.path / LEDGER).write_bytes(b"".join(lines))


def first_bad(ledger: TrialLedger) -> int | None:
    report = read_ledger(ledger.path).report
    assert report.ok == (report.first_bad is None)
    return report.first_bad


def test_lines_are_numbered_chained_and_private(filled: TrialLedger) -> None:
    found = filled.read()
    assert [line.number for line in found.lines] == [1, 2, 3, 4, 5, 6]
    assert [type(line) for line in found.lines] == [Trial, Outcome] * 3
    assert all(a.hash == b.previous for a, b in zip(found.lines, found.lines[1:], strict=False))
    head = read_head(filled.path)
    assert head is not None
    assert (head.lines, head.trials, head.hash) == (6, 3, found.lines[-1].hash)
    modes = {path.stat().st_mode & 0o777 for path in filled.path.rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert filled.path.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("place", range(6))
def test_a_changed_removed_or_moved_line_is_named(filled: TrialLedger, place: int) -> None:
    whole = lines_of(filled)
    changed = whole[place].replace(b'"w"', b'"v"').replace(b"0.1,", b"0.9,")
    assert changed != whole[place]
    rewrite(filled, [*whole[:place], changed, *whole[place + 1 :]])
    assert first_bad(filled) == place + 1
    rewrite(filled, [*whole[:place], *whole[place + 1 :]])
    assert first_bad(filled) == place + 1
    if place < 5:
        rewrite(filled, [*whole[:place], whole[place + 1], whole[place], *whole[place + 2 :]])
        assert first_bad(filled) == place + 1
    rewrite(filled, [*whole[: place + 1], whole[place][:-9]])
    assert first_bad(filled) == (place + 2 if place < 5 else None)
    rewrite(filled, whole)
    assert first_bad(filled) is None


def test_an_ending_cut_off_or_written_anew_is_named(filled: TrialLedger) -> None:
    whole = lines_of(filled)
    for kept in range(6):
        rewrite(filled, whole[:kept])
        assert first_bad(filled) == kept + 1
        with pytest.raises(DataError, match=f"does not hold at line {kept + 1}: it was cut off"):
            filled.enter(trial())
    rewrite(filled, whole[:4])
    forged = TRIALS.follow(trial("forged"), read_ledger(filled.path).lines[-1])
    forged_on = TRIALS.follow(outcome(5), forged)
    rewrite(filled, [*whole[:4], TRIALS.encode(forged), TRIALS.encode(forged_on)])
    assert first_bad(filled) == 6
    (filled.path / LEDGER).unlink()
    assert first_bad(filled) == 1


def test_a_head_that_was_edited_signed_by_another_or_lost_is_named(filled: TrialLedger) -> None:
    head = read_head(filled.path)
    assert head is not None
    whole, path = (filled.path / HEAD).read_bytes(), filled.path / HEAD
    path.write_bytes(whole.replace(b'"lines":6', b'"lines":5'))
    assert first_bad(filled) is not None
    write_head(filled.path, sign_head(head, SigningKey.generate(), TRIALS.head_domain))
    assert first_bad(filled) == 6
    path.write_bytes(whole + b"\n")
    assert "edited" in read_ledger(filled.path).report.reason
    path.unlink()
    assert (first_bad(filled), read_ledger(filled.path).report.reason) == (2, "the head is missing")
    path.write_bytes(whole)
    strange = SigningKey.generate().public
    assert not read_ledger(filled.path, key=strange).report.ok
    assert first_bad(filled) is None


def test_marks_kept_elsewhere_find_a_ledger_written_anew(
    filled: TrialLedger, tmp_path: Path
) -> None:
    head = read_head(filled.path)
    assert head is not None
    other = TrialLedger(open_home(tmp_path / "other"))
    for name in "xyz":
        other.conclude(outcome(other.enter(trial(name)).number))
    for marks, bad in (
        ([(6, head.hash)], 6), ([(0, "0" * 64)], None), ([(7, head.hash)], 7),
    ):  # fmt: skip
        assert read_ledger(other.path, marks=marks).report.first_bad == bad
    filled.enter(trial("later"))
    assert read_ledger(filled.path, marks=[(6, head.hash)]).report.ok


def test_a_kill_leaves_what_was_entered_and_the_next_goes_on(
    filled: TrialLedger, tmp_path: Path
) -> None:
    whole, head = lines_of(filled), (filled.path / HEAD).read_bytes()
    filled.enter(trial("killed"))
    (filled.path / HEAD).write_bytes(head)
    assert read_ledger(filled.path).report.trials == 4
    assert filled.enter(trial("next")).number == 8
    (filled.path / LEDGER).write_bytes(b"".join(whole) + b'{"line":"trial","num')
    (filled.path / HEAD).write_bytes(head)
    assert read_ledger(filled.path).report.ok
    assert filled.enter(trial("next")).number == 7
    assert first_bad(filled) is None
    home = filled.home.path
    done = subprocess.run([sys.executable, "-c", KILLED, str(home)], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert filled.read().report.trials == 5


def test_many_write_at_once(ledger: TrialLedger) -> None:
    def look(number: int) -> int:
        mine = TrialLedger(ledger.home)
        entered = mine.enter(trial(str(number)))
        mine.conclude(outcome(entered.number))
        return entered.number

    with ThreadPoolExecutor(6) as pool:
        numbers = [*pool.map(look, range(24))]
    found = ledger.read()
    assert found.report.trials == len(set(numbers)) == 24
    outcomes = [line.trial for line in found.lines if isinstance(line, Outcome)]
    assert sorted(outcomes) == sorted(numbers)


def test_what_cannot_be_written_is_refused(ledger: TrialLedger) -> None:
    ledger.path.write_text("no folder")
    with pytest.raises(OperatorError, match="nothing is looked at uncounted"):
        ledger.enter(trial())
    ledger.path.unlink()
    ledger.enter(trial())
    (ledger.path / "key.pem").unlink()
    with pytest.raises(OperatorError, match=r"key\.pem is missing; restore it from a backup"):
        ledger.enter(trial())


def test_the_key_of_a_ledger_signs_its_head(filled: TrialLedger) -> None:
    head = read_head(filled.path)
    assert head is not None
    key, domain = open_key(filled.path).public, TRIALS.head_domain
    assert is_signed(head, key, domain)
    assert not is_signed(head, key, b"another\n")
    assert not is_signed(msgspec.structs.replace(head, trials=2), key, domain)
    assert not is_signed(msgspec.structs.replace(head, signature="zz"), key, domain)


def test_a_restored_ledger_keeps_what_was_tried_since(filled: TrialLedger, tmp_path: Path) -> None:
    restored = tmp_path / "restored"
    names = copy_ledger(filled.path, restored)
    assert {name.name for name in names} == {LEDGER, "key.pem", "key.pub.pem", "ledger.json"}
    entered = filled.enter(trial("since"))
    filled.conclude(outcome(entered.number))
    assert carry_over(TRIALS, filled.path, restored, 5) == 2
    assert (restored / LEDGER).read_bytes() == (filled.path / LEDGER).read_bytes()
    assert carry_over(TRIALS, filled.path, restored, 5) == 0
    assert read_ledger(restored).report.ok


def test_a_ledger_of_another_home_takes_up_the_one_it_replaces(
    filled: TrialLedger, tmp_path: Path
) -> None:
    other = TrialLedger(open_home(tmp_path / "other"))
    entered = other.enter(trial("x", symbols=("XAUUSD",)))
    other.conclude(outcome(entered.number))
    assert carry_over(TRIALS, filled.path, other.path, 5) == 6
    found = read_ledger(other.path)
    assert (found.report.ok, found.report.trials) == (True, 4)
    trials = {line.number: line for line in found.lines if isinstance(line, Trial)}
    told = [line.trial for line in found.lines if isinstance(line, Outcome)]
    assert told == sorted(trials)
    assert [trials[number].parameters for number in told] == ["x", "a", "b", "c"]


def test_looks_overlap_by_instrument_and_time() -> None:
    here = trial(symbols=("EURUSD", "XAUUSD"), start=100)
    for symbols, start, expected in (
        (("XAUUSD",), 91, True), (("XAUUSD",), 90, False), (("USDJPY",), 100, False),
        (("USDJPY", "EURUSD"), 109, True), (("EURUSD",), 110, False),
    ):  # fmt: skip
        other = trial(symbols=symbols, start=start)
        assert here.overlaps(other) is other.overlaps(here) is expected


def test_a_folder_of_another_mode_is_left_as_it_is(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    os.chmod(home.path, 0o750)
    TrialLedger(home).enter(trial())
    assert home.path.stat().st_mode & 0o777 == 0o750


def test_trials_entered_in_one_go_are_lines_like_any(filled: TrialLedger) -> None:
    entered = filled.enter_all([trial(name) for name in "def"])
    before = filled.conclude_all([outcome(each.number) for each in entered])
    assert [each.number for each in entered] == [7, 8, 9]
    assert (before.report.trials, len(filled.read().lines)) == (6, 12)
    assert not (filled.path / NEXT).exists()


@pytest.mark.parametrize("left", [0, 1, 2, 3, 4])
def test_a_kill_among_several_lines_leaves_a_ledger_that_holds(
    filled: TrialLedger, left: int, tmp_path: Path
) -> None:
    head = (filled.path / HEAD).read_bytes()
    filled.enter_all([trial(name) for name in "defg"])
    whole, promise = lines_of(filled), (filled.path / HEAD).read_bytes()
    (filled.path / HEAD).write_bytes(head)
    (filled.path / NEXT).write_bytes(promise)
    rewrite(filled, [*whole[: 6 + left], b'{"torn'])
    assert len(filled.read().lines) == 6 + left
    copy_ledger(filled.path, tmp_path / "copy")
    assert read_ledger(tmp_path / "copy").report.ok
    assert filled.enter(trial("h")).number == 7 + left
    assert not (filled.path / NEXT).exists()
    assert first_bad(filled) is None


def test_a_promise_covers_no_other_lines(filled: TrialLedger, tmp_path: Path) -> None:
    head = (filled.path / HEAD).read_bytes()
    filled.enter_all([trial(name) for name in "def"])
    whole, promise = lines_of(filled), (filled.path / HEAD).read_bytes()
    (filled.path / HEAD).write_bytes(head)
    assert first_bad(filled) == 8
    (filled.path / NEXT).write_bytes(promise.replace(b'"lines":9', b'"lines":8'))
    assert first_bad(filled) == 8
    other = TrialLedger(open_home(tmp_path / "other"))
    other.enter_all([trial(name) for name in "abc"])
    (filled.path / NEXT).write_bytes((other.path / HEAD).read_bytes())
    assert first_bad(filled) is not None
    (filled.path / NEXT).write_bytes(promise)
    assert first_bad(filled) is None
    rewrite(filled, whole[3:])
    assert first_bad(filled) == 1
