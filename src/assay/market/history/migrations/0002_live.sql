-- What the platform traded on, by its place in the journal; prices are points of 10^-digits.
CREATE TABLE IF NOT EXISTS live_ticks
(
    position UInt64 CODEC(DoubleDelta, ZSTD(1)),
    symbol LowCardinality(String),
    digits UInt8,
    ts Int64 CODEC(DoubleDelta, ZSTD(1)),
    bid Int64 CODEC(Delta, ZSTD(1)),
    ask Int64 CODEC(Delta, ZSTD(1)),
    bid_size Nullable(Float64),
    ask_size Nullable(Float64)
)
ENGINE = MergeTree ORDER BY (symbol, ts, position);

CREATE TABLE IF NOT EXISTS live_bars
(
    position UInt64 CODEC(DoubleDelta, ZSTD(1)),
    symbol LowCardinality(String),
    digits UInt8,
    timeframe Int64,
    ts_open Int64 CODEC(DoubleDelta, ZSTD(1)),
    open Int64 CODEC(Delta, ZSTD(1)),
    high Int64 CODEC(Delta, ZSTD(1)),
    low Int64 CODEC(Delta, ZSTD(1)),
    close Int64 CODEC(Delta, ZSTD(1)),
    spread_open Int64,
    spread_high Int64,
    spread_low Int64,
    spread_close Int64,
    volume Nullable(Float64)
)
ENGINE = MergeTree ORDER BY (symbol, timeframe, ts_open, position);

-- Up to where everything above is written; a place is added after its rows.
CREATE TABLE IF NOT EXISTS live_progress
(
    position UInt64
)
ENGINE = ReplacingMergeTree(position) ORDER BY tuple();
