-- What was found beside the trading, by place in the journal; confidences and correlations are
-- ten-thousandths, statistics of drift thousandths of what alarms.
CREATE TABLE IF NOT EXISTS live_regimes
(
    position UInt64 CODEC(DoubleDelta, ZSTD(1)),
    ts Int64 CODEC(DoubleDelta, ZSTD(1)),
    symbol LowCardinality(String),
    timeframe Int64,
    classifier LowCardinality(String),
    before LowCardinality(String),
    regime LowCardinality(String),
    confidence Int64
)
ENGINE = MergeTree ORDER BY (symbol, timeframe, classifier, ts, position);

-- Of each window the upper triangle of the matrix of `symbols`, row by row.
CREATE TABLE IF NOT EXISTS live_correlations
(
    position UInt64 CODEC(DoubleDelta, ZSTD(1)),
    ts Int64 CODEC(DoubleDelta, ZSTD(1)),
    symbols Array(String),
    timeframe Int64,
    returns Int64,
    correlations Array(Nullable(Int64))
)
ENGINE = MergeTree ORDER BY (timeframe, ts, position);

CREATE TABLE IF NOT EXISTS live_correlation_breaks
(
    position UInt64 CODEC(DoubleDelta, ZSTD(1)),
    ts Int64 CODEC(DoubleDelta, ZSTD(1)),
    pair Array(String),
    timeframe Int64,
    correlation Int64,
    usual Int64,
    low Int64,
    high Int64
)
ENGINE = MergeTree ORDER BY (timeframe, ts, position);

CREATE TABLE IF NOT EXISTS live_correlation_returns
(
    position UInt64 CODEC(DoubleDelta, ZSTD(1)),
    ts Int64 CODEC(DoubleDelta, ZSTD(1)),
    pair Array(String),
    timeframe Int64,
    since Int64,
    outcome LowCardinality(String),
    correlation Int64,
    usual Int64,
    furthest Int64
)
ENGINE = MergeTree ORDER BY (timeframe, ts, position);

CREATE TABLE IF NOT EXISTS live_drift
(
    position UInt64 CODEC(DoubleDelta, ZSTD(1)),
    ts Int64 CODEC(DoubleDelta, ZSTD(1)),
    model LowCardinality(String),
    detector LowCardinality(String),
    stream LowCardinality(String),
    statistic Int64,
    labels Int64,
    alarmed Int64
)
ENGINE = MergeTree ORDER BY (model, detector, ts, position);
