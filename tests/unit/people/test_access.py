"""The local token: single use, ten minutes, hashed at rest, bounded sessions."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from assay.model.errors import DataError
from assay.model.time import SECOND
from assay.people.access import LINK_S, SESSION_S, AccessDenied, LocalAccess
from assay.runtime.clock import SimClock
from assay.runtime.home import Home, open_home


@pytest.fixture
def clock() -> SimClock:
    return SimClock(1_000 * SECOND)


@pytest.fixture
def home(tmp_path: Path, clock: SimClock) -> Home:
    return open_home(tmp_path / "home", clock)


def advance(clock: SimClock, seconds: int) -> None:
    clock.advance_to(clock.now_ns() + seconds * SECOND)


def test_a_link_opens_one_session_once(home: Home) -> None:
    access = LocalAccess(home)
    token = access.issue_link()
    assert len(token) == 64
    session = access.redeem(token)
    assert access.holds(session)
    assert session != token
    for wrong in (token, "", "0" * 64, session, "x" * 10_000):
        with pytest.raises(AccessDenied, match="assay open"):
            access.redeem(wrong)
    assert not access.holds(token)
    assert not access.holds("")


def test_a_link_expires_and_so_does_a_session(home: Home, clock: SimClock) -> None:
    access = LocalAccess(home)
    early, late = access.issue_link(), access.issue_link()
    advance(clock, LINK_S - 1)
    session = access.redeem(early)
    advance(clock, 1)
    with pytest.raises(AccessDenied):
        access.redeem(late)
    advance(clock, SESSION_S - 2)
    assert access.holds(session)
    advance(clock, 1)
    assert not access.holds(session)


def test_what_one_process_does_the_other_sees(home: Home) -> None:
    web, shell = LocalAccess(home), LocalAccess(home)
    session = web.redeem(shell.issue_link())
    assert shell.holds(session)
    shell.end(session)
    assert not web.holds(session)
    shell.end(session)


def test_links_and_sessions_are_bounded(home: Home) -> None:
    access = LocalAccess(home)
    sessions = [access.redeem(access.issue_link()) for _ in range(18)]
    assert [access.holds(session) for session in sessions] == [False] * 2 + [True] * 16
    links = [access.issue_link() for _ in range(9)]
    with pytest.raises(AccessDenied):
        access.redeem(links[0])
    access.redeem(links[1])


def test_the_file_is_private_and_holds_no_token(home: Home) -> None:
    access = LocalAccess(home)
    link = access.issue_link()
    session = access.redeem(access.issue_link())
    path = home.path / "access" / "local.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert link not in text
    assert session not in text
    path.write_text("{")
    with pytest.raises(DataError, match="assay open"):
        LocalAccess(home).holds(session)
