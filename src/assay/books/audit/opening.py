"""Open the audit of a home to look at it: chains and heads that belong to one moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeVar

from assay.books.audit.heads import Head, HeadFolder
from assay.books.audit.ports import Chains
from assay.books.audit.verifying import Heads
from assay.model.errors import DataError

Opened = TypeVar("Opened", bound=Chains)
_TRIES = 5


def read_heads(folder: HeadFolder) -> dict[str, Head | str]:
    """Return every head of a folder, or why it cannot be read."""
    found: dict[str, Head | str] = {}
    for tenant in folder.tenants():
        try:
            head = folder.read(tenant)
        except DataError as error:
            found[tenant] = str(error)
        else:
            if head is not None:
                found[tenant] = head
    return found


@contextmanager
def open_view(
    folder: Path, view: Callable[[], AbstractContextManager[Opened]]
) -> Iterator[tuple[Opened, Heads]]:
    """Open heads and chains together, beside a keeper that may be sealing.

    The heads are read first, so that they never lead; should several seals come in between, both
    are read again.
    """
    heads = HeadFolder(folder)
    for _ in range(_TRIES - 1):
        before = read_heads(heads)
        with view() as chains:
            if _fit(chains, before):
                yield chains, before
                return
    before = read_heads(heads)
    with view() as chains:
        yield chains, before


def _fit(chains: Chains, heads: Heads) -> bool:
    for tenant, (_, seals) in chains.lengths().items():
        head = heads.get(tenant)
        known = head.seal if isinstance(head, Head) else 0
        if seals - known > 1 or (seals and head is None):
            return False
    return True
