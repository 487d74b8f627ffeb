"""Access of the person in front of the machine, until tenants have accounts of their own."""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import msgspec

from assay.model.errors import CallerError, DataError
from assay.model.time import HOUR, MINUTE, SECOND
from assay.runtime.home import Home
from assay.runtime.ids import fresh_token

FOLDER = "access"
FILE = "local.json"
LOCK = "access"
TOKEN_OCTETS = 32
LINK_S = 10 * MINUTE // SECOND
SESSION_S = 30 * 24 * HOUR // SECOND
LINKS_MAX = 8
SESSIONS_MAX = 16
SCRAPER_S = 365 * 24 * HOUR // SECOND
SCRAPERS_MAX = 4
_LOCK_WAIT_S = 10.0
_TOKEN_CHARACTERS = 2 * TOKEN_OCTETS


class AccessDenied(CallerError):  # noqa: N818 - what the person is told
    """Report a token that opens nothing: unknown, used, expired or signed out."""


class Grant(msgspec.Struct, frozen=True):
    """Hold the SHA-256 of a token and when it expires (nanoseconds UTC); the token is nowhere."""

    digest: str
    until: int


class Grants(msgspec.Struct, frozen=True):
    """Hold the open one-time links, sessions and scrapers of a home, the oldest first."""

    links: tuple[Grant, ...] = ()
    sessions: tuple[Grant, ...] = ()
    scrapers: tuple[Grant, ...] = ()


class LocalAccess:
    """Give one-time links, turn each into one session, and end sessions; any process of the home.

    Tokens are 256 random bits, so an unsalted hash at rest is enough. At most 8 links, 16 sessions
    and 4 scrapers are open: one more ends the oldest.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._path = home.path / FOLDER / FILE
        self._read_at: tuple[int, int] = (0, 0)
        self._known = Grants()

    def issue_link(self) -> str:
        """Return a token that opens one session within ten minutes."""
        token = fresh_token(TOKEN_OCTETS)
        with self._changing() as grants:
            links = (*grants.links, self._grant(token, LINK_S))[-LINKS_MAX:]
            self._write(msgspec.structs.replace(grants, links=links))
        return token

    def redeem(self, token: str) -> str:
        """Use up a link and return the token of a new session; raise AccessDenied."""
        digest = _digest(token)
        session = fresh_token(TOKEN_OCTETS)
        with self._changing() as grants:
            left = tuple(link for link in grants.links if not _is_same(link.digest, digest))
            if len(left) == len(grants.links):
                raise AccessDenied(
                    "the link is unknown, used or older than ten minutes; run `assay open` for a "
                    "new one"
                )
            sessions = (*grants.sessions, self._grant(session, SESSION_S))[-SESSIONS_MAX:]
            self._write(msgspec.structs.replace(grants, links=left, sessions=sessions))
        return session

    def issue_scraper(self) -> str:
        """Return a token that reads metrics for a year, and opens nothing else."""
        token = fresh_token(TOKEN_OCTETS)
        with self._changing() as grants:
            scrapers = (*grants.scrapers, self._grant(token, SCRAPER_S))[-SCRAPERS_MAX:]
            self._write(msgspec.structs.replace(grants, scrapers=scrapers))
        return token

    def holds(self, session: str) -> bool:
        """Say whether a session is open."""
        return self._is_open(self._read().sessions, session)

    def may_scrape(self, token: str) -> bool:
        """Say whether a token reads metrics."""
        return self._is_open(self._read().scrapers, token)

    def _is_open(self, grants: tuple[Grant, ...], token: str) -> bool:
        digest, now = _digest(token), self._home.clock.now_ns()
        found = [each for each in grants if _is_same(each.digest, digest)]
        return bool(token) and any(each.until > now for each in found)

    def end(self, session: str) -> None:
        """End a session; one that is over already stays so."""
        digest = _digest(session)
        with self._changing() as grants:
            left = tuple(each for each in grants.sessions if not _is_same(each.digest, digest))
            self._write(msgspec.structs.replace(grants, sessions=left))

    def _grant(self, token: str, seconds: int) -> Grant:
        return Grant(_digest(token), self._home.clock.now_ns() + seconds * SECOND)

    @contextmanager
    def _changing(self) -> Iterator[Grants]:
        with self._home.wait_lock(LOCK, seconds=_LOCK_WAIT_S):
            now, grants = self._home.clock.now_ns(), self._read()
            yield Grants(
                tuple(link for link in grants.links if link.until > now),
                tuple(each for each in grants.sessions if each.until > now),
                tuple(each for each in grants.scrapers if each.until > now),
            )

    def _read(self) -> Grants:
        try:
            found = os.stat(self._path)
        except FileNotFoundError:
            return Grants()
        # A file is replaced whole, so inode and time say whether it is still the one we know.
        stamp = (found.st_ino, found.st_mtime_ns)
        if stamp != self._read_at:
            self._known = _decode(self._path)
            self._read_at = stamp
        return self._known

    def _write(self, grants: Grants) -> None:
        folder = self._home.folder(FOLDER)
        draft = folder / f".{FILE}.{fresh_token(4)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(grants))
        os.replace(draft, self._path)


def _decode(path: Path) -> Grants:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Grants)
    except msgspec.MsgspecError as error:
        raise DataError(f"{path} is damaged ({error}); delete it and run `assay open`") from None


def _digest(token: str) -> str:
    return sha256(token[: 2 * _TOKEN_CHARACTERS].encode()).hexdigest()


def _is_same(known: str, given: str) -> bool:
    return hmac.compare_digest(known, given)
