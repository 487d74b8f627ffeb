CREATE TABLE IF NOT EXISTS import_starts
(
    import_id String
)
ENGINE = MergeTree ORDER BY import_id;

CREATE TABLE IF NOT EXISTS imports
(
    import_id String,
    format String,
    path String,
    sha256 String,
    symbol String,
    timeframe Int64,
    side String,
    source String,
    digits UInt8,
    rows_read UInt64,
    rows_accepted UInt64,
    rejected String,
    first_ns Int64,
    last_ns Int64,
    imported_ns Int64
)
ENGINE = MergeTree ORDER BY (symbol, timeframe, import_id);

CREATE TABLE IF NOT EXISTS bars
(
    import_id LowCardinality(String),
    symbol LowCardinality(String),
    timeframe Int64,
    side LowCardinality(String),
    source LowCardinality(String),
    digits UInt8,
    ts_open Int64 CODEC(DoubleDelta, ZSTD(1)),
    open Int64 CODEC(Delta, ZSTD(1)),
    high Int64 CODEC(Delta, ZSTD(1)),
    low Int64 CODEC(Delta, ZSTD(1)),
    close Int64 CODEC(Delta, ZSTD(1)),
    ask_open Nullable(Int64),
    ask_high Nullable(Int64),
    ask_low Nullable(Int64),
    ask_close Nullable(Int64),
    volume Nullable(Float64),
    fold UInt8
)
ENGINE = MergeTree ORDER BY (symbol, timeframe, source, side, ts_open);

CREATE TABLE IF NOT EXISTS ticks
(
    import_id LowCardinality(String),
    symbol LowCardinality(String),
    side LowCardinality(String),
    source LowCardinality(String),
    digits UInt8,
    place UInt64,
    ts Int64 CODEC(DoubleDelta, ZSTD(1)),
    bid Int64 CODEC(Delta, ZSTD(1)),
    ask Int64 CODEC(Delta, ZSTD(1)),
    bid_size Nullable(Float64),
    ask_size Nullable(Float64),
    fold UInt8
)
ENGINE = MergeTree ORDER BY (symbol, source, side, ts, place);

CREATE TABLE IF NOT EXISTS rejects
(
    import_id LowCardinality(String),
    symbol LowCardinality(String),
    timeframe Int64,
    place UInt64,
    ts Int64,
    rule LowCardinality(String),
    row_text String
)
ENGINE = MergeTree ORDER BY (symbol, timeframe, import_id, place);
