-- What models expected, by place in the journal; probabilities are ten-thousandths.
CREATE TABLE IF NOT EXISTS live_predictions
(
    position UInt64 CODEC(DoubleDelta, ZSTD(1)),
    symbol LowCardinality(String),
    digits UInt8,
    timeframe Int64,
    ts Int64 CODEC(DoubleDelta, ZSTD(1)),
    model LowCardinality(String),
    state LowCardinality(String),
    p_up Int64,
    up_lower Int64,
    up_upper Int64,
    p_long Int64,
    long_lower Int64,
    long_upper Int64,
    p_short Int64,
    short_lower Int64,
    short_upper Int64,
    gain Int64,
    loss Int64,
    stop Int64,
    target Int64,
    horizon Int64
)
ENGINE = MergeTree ORDER BY (symbol, timeframe, model, ts, position);
