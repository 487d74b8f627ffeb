"""The tables of the history, and a digest of what is visible in them."""

from __future__ import annotations

from importlib import resources

from assay.market.history.ports import AnalyticsStore
from assay.runtime.stores.clickhouse import Analytics, apply_migrations

_DIGESTS = {
    "bars": "SELECT count() AS rows, sumWithOverflow(cityHash64(import_id, symbol, timeframe, side,"
    " source, digits, ts_open, open, high, low, close, ifNull(ask_open, 0), ifNull(ask_high, 0),"
    " ifNull(ask_low, 0), ifNull(ask_close, 0), ifNull(volume, -1), fold, ifNull(quotes, -1),"
    " ifNull(mid_squares, -1), ifNull(order_flow, -1), ifNull(bid_depth, -1),"
    " ifNull(ask_depth, -1), ifNull(bid_depths, -1), ifNull(ask_depths, -1))) AS checksum"
    " FROM bars WHERE import_id IN (SELECT import_id FROM imports)",
    "ticks": "SELECT count() AS rows, sumWithOverflow(cityHash64(import_id, symbol, side, source,"
    " digits, place, ts, bid, ask, ifNull(bid_size, -1), ifNull(ask_size, -1), fold)) AS checksum"
    " FROM ticks WHERE import_id IN (SELECT import_id FROM imports)",
    "rejects": "SELECT count() AS rows, sumWithOverflow(cityHash64(import_id, symbol, timeframe,"
    " place, ts, rule, row_text)) AS checksum"
    " FROM rejects WHERE import_id IN (SELECT import_id FROM imports)",
    "imports": "SELECT count() AS rows, sumWithOverflow(cityHash64(import_id, sha256, symbol,"
    " timeframe, side, source, rows_read, rows_accepted, rejected)) AS checksum FROM imports",
}


def prepare_schema(store: Analytics) -> None:
    """Bring the tables to the newest schema."""
    apply_migrations(store, resources.files("assay.market.history") / "migrations")


def digest(store: AnalyticsStore) -> dict[str, dict[str, int]]:
    """Return rows and checksum of the visible rows of each table."""
    found = {}
    for table, sql in _DIGESTS.items():
        row = store.query(sql).to_pylist()[0]
        found[table] = {"rows": int(row["rows"]), "checksum": int(row["checksum"])}
    return found
