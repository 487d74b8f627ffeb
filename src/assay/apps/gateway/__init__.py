"""The page's server: one local web process that reads the ring and the journal."""
