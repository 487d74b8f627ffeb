"""Who may dial in: each token opens one edge of one tenant's account."""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec

from assay.apps.link.proof import TOKEN_OCTETS
from assay.model.errors import DataError, UsageError
from assay.runtime.home import Home
from assay.runtime.ids import fresh_token

FOLDER = "bridge"
FILE = "tokens.json"
LOCK = "bridge-tokens"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,47}")
_LOCK_WAIT_S = 10.0


class EdgeGrant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hold what a token opens: an edge by name, for a tenant's account."""

    edge: str
    tenant: str
    account: str
    token: str

    @property
    def place(self) -> str:
        """Return the folder in which everything of this edge lies."""
        return f"{self.tenant}/{self.edge}"


class EdgeTokens:
    """Issue and revoke the tokens of a home; any process of it may look one up.

    A proof needs the token itself at both ends, so the file is private (mode 600) and in no
    backup's clear text; revoking one ends its edge at the next connection.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._path = home.path / FOLDER / FILE

    def issue(self, edge: str, *, tenant: str, account: str) -> str:
        """Return a fresh token of an edge; one that it had before opens nothing any more."""
        for what, name in (("edge", edge), ("tenant", tenant), ("account", account)):
            if not _NAME.fullmatch(name):
                raise UsageError(
                    f"{what} {name!r} is no name; use up to 48 of a-z, 0-9, dot, _ and -"
                )
        token = fresh_token(TOKEN_OCTETS)
        with self._home.wait_lock(LOCK, seconds=_LOCK_WAIT_S):
            others = [each for each in self.all() if each.edge != edge]
            taken = next((each for each in self.all() if each.edge == edge), None)
            if taken is not None and (taken.tenant, taken.account) != (tenant, account):
                raise UsageError(
                    f"edge {edge!r} is of tenant {taken.tenant}, account {taken.account}; revoke "
                    "it first or choose another name"
                )
            self._write([*others, EdgeGrant(edge, tenant, account, token)])
        return token

    def revoke(self, edge: str) -> None:
        """Let a token open nothing any more; raise UsageError where there is none."""
        with self._home.wait_lock(LOCK, seconds=_LOCK_WAIT_S):
            known = self.all()
            if edge not in {each.edge for each in known}:
                raise UsageError(f"edge {edge!r} has no token")
            self._write([each for each in known if each.edge != edge])

    def find(self, edge: str) -> EdgeGrant | None:
        """Return what an edge's token opens, None for a stranger."""
        return next((each for each in self.all() if each.edge == edge), None)

    def all(self) -> list[EdgeGrant]:
        """Return every grant; raise DataError for a damaged file."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=list[EdgeGrant])
        except FileNotFoundError:
            return []
        except msgspec.MsgspecError as error:
            raise DataError(f"{self._path} is damaged ({error}); issue the tokens anew") from None

    def _write(self, grants: list[EdgeGrant]) -> None:
        write_private(self._home.folder(FOLDER) / FILE, msgspec.json.encode(grants))


def write_private(path: Path, content: bytes) -> None:
    """Put a file that only its owner reads in place in one step."""
    draft = path.with_name(f".{path.name}.{fresh_token(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    os.replace(draft, path)
