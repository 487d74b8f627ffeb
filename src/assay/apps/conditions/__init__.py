"""The process `conditions`: regimes, correlations and drift of what is traded, beside it."""
