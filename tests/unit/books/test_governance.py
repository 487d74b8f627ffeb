"""The governance log: one champion whatever happens at once or is killed in the middle."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from assay.books.chained import HEAD, LEDGER, carry_over, copy_ledger, read_chain
from assay.books.governance import (
    ACTS,
    FIRST,
    PROMOTED,
    ROLLED_BACK,
    Act,
    Comparison,
    GovernanceLog,
    Refusal,
    Scope,
    count_tries,
    find_comparison,
)
from assay.model.errors import DataError, RetryError, UsageError
from assay.runtime.home import open_home

SCOPE = Scope(("EURUSD",), 300_000_000_000)
PROMOTE = """
import os, signal, sys
from pathlib import Path
from assay.books.governance import Act, GovernanceLog, Scope
from assay.runtime.home import open_home
home, model, way = sys.argv[1:]
write, replace = os.write, os.replace
if way == "half":
    def torn(descriptor, content):
        write(descriptor, content[: len(content) // 2])
        os.kill(os.getpid(), signal.SIGKILL)
    os.write = torn
if way == "whole":
    os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
act = Act(at=1, act="promoted", who="w", scope=Scope(("EURUSD",), 300_000_000_000), model=model,
          digest="d" * 64, before="")
GovernanceLog(open_home(Path(home))).promote(act, expected="a")
"""


def act(model: str, *, before: str = "", scope: Scope = SCOPE) -> Act:
    return Act(
        at=1, act=PROMOTED, who="w", scope=scope, model=model, digest="d" * 64, before=before
    )


def comparison(challenger: str, *, start: int = 5, champion: str = "a") -> Comparison:
    return Comparison(
        at=2, who="w", scope=SCOPE, champion=champion, challenger=challenger, start=start, end=9,
        labels=3, log_score=1.0, profit=1.0, tries=0, proven=False, evidence="e",
    )  # fmt: skip


@pytest.fixture
def log(tmp_path: Path) -> GovernanceLog:
    found = GovernanceLog(open_home(tmp_path / "home"))
    found.promote(act("a"), expected="")
    return found


def promote_elsewhere(log: GovernanceLog, model: str, way: str = "") -> subprocess.Popen[bytes]:
    words = [sys.executable, "-c", PROMOTE, str(log.home.path), model, way]
    return subprocess.Popen(words, stderr=subprocess.PIPE)


def test_champions_come_go_back_and_are_all_told(log: GovernanceLog) -> None:
    assert log.promote(act("b"), expected="a").before == "a"
    assert (log.standing(SCOPE).champion, log.standing(SCOPE).before) == ("b", "a")
    back = log.roll_back(act("a", before="b"))
    assert (back.act, log.standing(SCOPE).champion) == (ROLLED_BACK, "a")
    with pytest.raises(UsageError, match="no champion of EURUSD at 5 minutes before a"):
        log.roll_back(act("", before="a"))
    kinds = [line.act for line in log.lines() if isinstance(line, Act)]
    assert kinds == [FIRST, PROMOTED, ROLLED_BACK]
    assert isinstance(log.lines()[-1], Refusal)
    other = Scope(("EURUSD",), 300_000_000_000, "simulated")
    assert log.promote(act("z", scope=other), expected="").act == FIRST
    assert log.standing(SCOPE).champion == "a"


def test_who_is_late_is_refused_and_that_is_told(log: GovernanceLog) -> None:
    log.promote(act("b"), expected="a")
    with pytest.raises(RetryError, match="is b by now, not a; compare with that one"):
        log.promote(act("c"), expected="a")
    with pytest.raises(UsageError, match="b is champion of EURUSD at 5 minutes already"):
        log.promote(act("b"), expected=None)
    with pytest.raises(RetryError, match="is b by now"):
        log.roll_back(act("a", before="c"))
    assert [type(line) for line in log.lines()] == [Act, Act, Refusal, Refusal, Refusal]
    assert log.promote(act("c"), expected=None).before == "b"


def test_two_at_once_leave_one_champion_one_act_and_one_refusal(log: GovernanceLog) -> None:
    both = [promote_elsewhere(log, model) for model in ("b", "c")]
    told = [each.communicate(timeout=120)[1].decode() for each in both]
    assert sorted(each.returncode for each in both) == [0, 1], told
    lines = log.lines()
    assert [type(line) for line in lines] == [Act, Act, Refusal]
    winner, loser = lines[1], lines[2]
    assert {winner.model, loser.model} == {"b", "c"}  # type: ignore[union-attr]
    assert log.standing(SCOPE).champion == winner.model  # type: ignore[union-attr]


@pytest.mark.parametrize(("way", "champion"), [("half", "a"), ("whole", "b")])
def test_a_kill_leaves_the_old_champion_or_the_new_one(
    log: GovernanceLog, way: str, champion: str
) -> None:
    killed = promote_elsewhere(log, "b", way)
    killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL
    assert log.standing(SCOPE).champion == champion
    assert read_chain(ACTS, log.path).verdict.ok
    assert log.promote(act("c"), expected=champion).before == champion
    assert read_chain(ACTS, log.path).verdict.lines == (3 if way == "whole" else 2)


def test_a_log_that_was_changed_or_cut_is_found_and_nothing_is_added(log: GovernanceLog) -> None:
    log.promote(act("b"), expected="a")
    path = log.path / LEDGER
    whole = path.read_bytes()
    for content, words in (
        (whole.replace(b'"model":"b"', b'"model":"x"'), "line 2: it was edited"),
        (whole[: whole.index(b"\n") + 1], "line 2: it was cut off: the head counts 2 lines"),
    ):
        path.write_bytes(content)
        for use in (log.lines, lambda: log.promote(act("c"), expected=None)):
            with pytest.raises(DataError, match=f"the governance log does not hold at {words}"):
                use()
    path.write_bytes(whole)
    assert (log.path / HEAD).exists()
    assert log.standing(SCOPE).champion == "b"


def test_a_restored_log_keeps_what_was_done_since(log: GovernanceLog, tmp_path: Path) -> None:
    copy_ledger(log.path, tmp_path / "restored")
    log.promote(act("b"), expected="a")
    assert carry_over(ACTS, log.path, tmp_path / "restored", 5) == 1
    assert (tmp_path / "restored" / LEDGER).read_bytes() == (log.path / LEDGER).read_bytes()


def test_tries_are_challengers_and_starts_not_repeated_looks(log: GovernanceLog) -> None:
    seen = []
    for challenger, start in (("b", 5), ("b", 5), ("c", 5), ("b", 6), ("b", 5)):
        draft = comparison(challenger, start=start)
        log.compare(draft, lambda tries, draft=draft: seen.append(tries) or draft)  # type: ignore[misc]
    assert seen == [1, 1, 2, 3, 3]
    lines = log.lines()
    assert count_tries(lines, SCOPE, "b", ("a", 5)) == 1
    found = find_comparison(lines, SCOPE, "a", "c")
    assert found is not None
    assert found.number == 4
    assert find_comparison(lines, SCOPE, "c", "a") is None
