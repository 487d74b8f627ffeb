-- What the quotes inside bars did, where bars were made of quotes; columns of assay.kernel.flow.
ALTER TABLE bars
    ADD COLUMN IF NOT EXISTS quotes Nullable(Int64),
    ADD COLUMN IF NOT EXISTS mid_squares Nullable(Int64),
    ADD COLUMN IF NOT EXISTS order_flow Nullable(Int64),
    ADD COLUMN IF NOT EXISTS bid_depth Nullable(Int64),
    ADD COLUMN IF NOT EXISTS ask_depth Nullable(Int64),
    ADD COLUMN IF NOT EXISTS bid_depths Nullable(Int64),
    ADD COLUMN IF NOT EXISTS ask_depths Nullable(Int64);
