"""Imported series in the analytics store: written atomically, read back by symbol and span."""

from assay.market.history.importing import (
    ImportOutcome,
    commit_import,
    fingerprint_file,
    remove_unfinished,
)
from assay.market.history.ports import AnalyticsStore
from assay.market.history.reading import (
    SeriesKey,
    choose_series,
    count_rejects,
    list_imports,
    list_series,
    read_rejects,
    read_series,
)
from assay.market.history.schema import digest, prepare_schema

__all__ = [
    "AnalyticsStore",
    "ImportOutcome",
    "SeriesKey",
    "choose_series",
    "commit_import",
    "count_rejects",
    "digest",
    "fingerprint_file",
    "list_imports",
    "list_series",
    "prepare_schema",
    "read_rejects",
    "read_series",
    "remove_unfinished",
]
