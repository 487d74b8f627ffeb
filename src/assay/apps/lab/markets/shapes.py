"""Where the shapes of a scan are kept: in memory, or in the PostgreSQL of a home."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from assay.apps.config import Config
from assay.model.errors import UsageError
from assay.runtime.home import Home
from assay.runtime.settings import load_settings
from assay.signals.recognition import MemoryShapes, ShapeStore, Terms

STORES = ("memory", "postgres")
OpenShapes = Callable[[str], AbstractContextManager[ShapeStore]]


@contextmanager
def in_memory(series: str) -> Iterator[ShapeStore]:  # noqa: ARG001  each opening is empty
    """Give an empty store that ends with the scan."""
    yield MemoryShapes()


def open_live(name: str, dsn: str, terms: Terms) -> Callable[[str], ShapeStore]:
    """Return what opens the empty store of a symbol beside a run.

    One of PostgreSQL is filled anew by each start, one shape at a time, so that nothing waits long.
    """
    if name == "memory":
        return lambda _symbol: MemoryShapes()

    def in_postgres(symbol: str) -> ShapeStore:
        from assay.signals.recognition.postgres import PostgresShapes

        store = PostgresShapes(dsn, series=f"live.{symbol}.{terms.horizon}", batch=1)
        store.clear()
        return store

    return in_postgres


def choose_shapes(name: str, home: Home) -> OpenShapes:
    """Return what opens the store of this name; raise UsageError for an unknown one.

    That of PostgreSQL forgets the shapes of the series first: a scan knows no later ones.
    """
    if name == "memory":
        return in_memory
    if name != "postgres":
        raise UsageError(f"store {name!r} is unknown; use one of {', '.join(STORES)}")

    @contextmanager
    def in_postgres(series: str) -> Iterator[ShapeStore]:
        from assay.runtime.stores.postgres import open_postgres
        from assay.signals.recognition.postgres import PostgresShapes

        dsn = load_settings(Config, home).value.postgres.dsn or None
        server = open_postgres(home.path, dsn)
        try:
            store = PostgresShapes(server.dsn, series=series)
            store.clear()
            yield store
            store.close()
        finally:
            server.stop()

    return in_postgres
